//! Changed rows as lines with signs, for receivers that show text of a fixed width.

use watchfire_model::ChangeKind;

use crate::fit::{beginning, fit, graphemes, open_fences};
use crate::message::Changes;
use crate::message::text::lines;

/// Most that one line may cost.
const LINE_MAX: usize = 200;

/// What the last line may cost, which says how many changes there are.
const COUNT_LINE_MAX: usize = 60;

/// As many changes as cost at most `max`, one line each, first ones first, at most `max_lines`.
///
/// Where some are left out, a last line says how many there are.
pub(crate) fn change_lines(changes: &Changes, max_lines: usize, max: usize, cost: impl Fn(&str) -> usize) -> String {
    let mut text = String::new();
    let mut shown = 0_u64;
    let mut left = max.saturating_sub(COUNT_LINE_MAX);
    for change in changes.lines.iter().take(max_lines) {
        let words = open_fences(&lines(beginning(&change.text, LINE_MAX)).replace('\n', " "));
        let line = format!("{} {}\n", sign(change.kind), fit(graphemes(&words), LINE_MAX, &cost));
        let Some(rest) = left.checked_sub(cost(&line)) else { break };
        left = rest;
        text.push_str(&line);
        shown += 1;
    }
    if shown < changes.total {
        text.push_str(&format!("… {shown} of {} changes", changes.total));
    }
    text.trim_end().to_owned()
}

/// The sign that most programs color.
const fn sign(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Changed => '~',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::chars;
    use crate::message::ChangeLine;

    fn changes(total: u64) -> Changes {
        let line = |kind, text: &str| ChangeLine { kind, text: text.to_owned() };
        Changes {
            lines: vec![
                line(ChangeKind::Added, "gateway"),
                line(ChangeKind::Removed, "a\n```b"),
                line(ChangeKind::Changed, &"x".repeat(300)),
            ],
            total,
        }
    }

    #[test]
    fn each_change_is_one_line_with_its_sign() {
        let text = change_lines(&changes(3), 30, 1_000, chars);
        let long = format!("~ {}…", "x".repeat(199));
        assert_eq!(text, format!("+ gateway\n- a `\u{200B}`\u{200B}`b\n{long}"));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        assert_eq!(change_lines(&changes(431), 1, 1_000, chars), "+ gateway\n… 1 of 431 changes");
        assert_eq!(change_lines(&changes(3), 30, 75, chars), "+ gateway\n… 1 of 3 changes");
        assert_eq!(change_lines(&changes(3), 30, 0, chars), "… 0 of 3 changes");
    }
}
