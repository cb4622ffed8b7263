//! A message as text alone, for a mail's text part and for notes.

use crate::message::{Changes, Message, Table};
use watchfire_model::ChangeKind;

/// The whole message as text: state and title, summary, facts, rows, changes, error, links, origin.
///
/// Tables are at most `width` columns wide and have at most `max_rows` rows, and so many lines tell changes.
pub(crate) fn plain_text(message: &Message, width: usize, max_rows: usize) -> String {
    let mut head = format!("{}: {}", message.state, message.title);
    if !message.summary.is_empty() {
        head.push('\n');
        head.push_str(&message.summary);
    }
    let facts: Vec<String> = message.facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
    let links: Vec<String> = message.links.iter().map(|link| format!("{}: {}", link.label, link.url)).collect();
    let paragraphs = [
        Some(head),
        Some(facts.join("\n")),
        message.table.as_ref().map(|table| rows(table, width, max_rows)),
        message.changes.as_ref().map(|changes| changed(changes, max_rows)),
        message.error.clone(),
        Some(links.join("\n")),
        Some(message.footer.join(" · ")),
    ];
    let text: Vec<String> = paragraphs.into_iter().flatten().filter(|paragraph| !paragraph.is_empty()).collect();
    text.join("\n\n")
}

/// The changes, a line each with its sign, and how many more there are.
pub(crate) fn changed(changes: &Changes, max_lines: usize) -> String {
    let mut lines: Vec<String> =
        changes.lines.iter().take(max_lines).map(|line| format!("{} {}", sign(line.kind), line.text)).collect();
    let shown = lines.len() as u64;
    if shown < changes.total {
        lines.push(format!("showing {shown} of {} changes", changes.total));
    }
    lines.join("\n")
}

const fn sign(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Changed => '~',
    }
}

fn rows(table: &Table, width: usize, max_rows: usize) -> String {
    let mono = table.mono(width, max_rows);
    if mono.shown_rows as u64 == table.row_count {
        return mono.text;
    }
    format!("{}\n{}", mono.text, table.count_line(mono.shown_rows))
}
