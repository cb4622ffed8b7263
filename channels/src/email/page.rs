//! The HTML part: inline styles and tables, which is what readers of mail understand, and nothing from elsewhere.

use watchfire_model::ChangeKind;

use crate::html::{Html, cut_escaped};
use crate::limits::{MAIL_HTML_MAX_BYTES, MAIL_ROWS_MAX};
use crate::message::text::one_line;
use crate::message::{Align, Changes, Fact, Message, Table};

/// Room of each part, in UTF-16 units of escaped text: at most three bytes each. The table takes what is left.
const STATE_MAX: usize = 300;
const TITLE_MAX: usize = 500;
const SUMMARY_LINE_MAX: usize = 1_000;
const SUMMARY_BYTES_MAX: usize = 12_000;
const PREVIEW_MAX: usize = 200;
const FACT_NAME_MAX: usize = 100;
const FACT_MAX: usize = 500;
const FACTS_BYTES_MAX: usize = 15_000;
const CHANGE_MAX: usize = 500;
const CHANGES_BYTES_MAX: usize = 15_000;
const ERROR_MAX: usize = 4_000;
const LINKS_BYTES_MAX: usize = 6_000;
const FOOTER_MAX: usize = 500;
const CELL_MAX: usize = 300;

/// Rows that a table may have, best first; the first count that fits is taken.
const ROWS: [usize; 5] = [MAIL_ROWS_MAX, 25, 10, 3, 1];

/// The whole page; `note` stands below the rows.
pub(super) fn page(message: &Message, note: Option<&str>) -> String {
    let mut head = head(message);
    let tail = tail(message, note);
    if let Some(table) = &message.table {
        let room = MAIL_HTML_MAX_BYTES.saturating_sub(head.len() + tail.len());
        head.append(&rows(table, room));
    }
    head.append(&tail);
    head.into_string()
}

fn head(message: &Message) -> Html {
    let mut html = Html::default();
    html.markup("<!doctype html>\n<html><head><meta charset=\"utf-8\"></head>");
    html.markup("<body style=\"margin:0;padding:16px;");
    html.markup("font:14px/1.4 -apple-system,Segoe UI,Roboto,Arial,sans-serif;color:#101828\">\n");
    html.markup("<div style=\"display:none;max-height:0;overflow:hidden\">");
    html.text(&preview(message)).markup("</div>\n");
    html.markup("<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr>");
    html.markup("<td style=\"border-left:4px solid ").color(message.tone.color()).markup(";padding-left:12px\">");
    html.markup("<b style=\"color:").color(message.tone.color()).markup("\">").text(message.tone.symbol()).markup(" ");
    html.text(&cut_escaped(&message.state, STATE_MAX)).markup("</b><br><span style=\"font-size:18px\">");
    html.text(&cut_escaped(&message.title, TITLE_MAX)).markup("</span></td></tr></table>\n");
    if !message.summary.is_empty() {
        let mut lines: Vec<String> = Vec::new();
        let mut bytes = 0;
        let all: Vec<&str> = message.summary.lines().collect();
        for line in &all {
            let line = cut_escaped(line, SUMMARY_LINE_MAX);
            bytes += line.len() + "<br>".len();
            if bytes > SUMMARY_BYTES_MAX {
                lines.push(format!("… and {} more lines", all.len() - lines.len()));
                break;
            }
            lines.push(line);
        }
        html.markup("<p>").lines(&lines.join("\n")).markup("</p>\n");
    }
    html.append(&facts(&message.facts));
    html
}

/// What a list of mails shows beside the subject: the state, which a reply's subject does not have, and more.
fn preview(message: &Message) -> String {
    let words = if message.summary.is_empty() { &message.title } else { &message.summary };
    cut_escaped(&one_line(&format!("{} · {words}", message.state)), PREVIEW_MAX)
}

fn facts(facts: &[Fact]) -> Html {
    let mut rows = Html::default();
    for fact in facts {
        let mut row = Html::default();
        row.markup("<tr><td style=\"padding-right:16px;color:#667085\">").text(&cut_escaped(&fact.name, FACT_NAME_MAX));
        row.markup("</td><td>").text(&cut_escaped(&fact.value, FACT_MAX)).markup("</td></tr>\n");
        if rows.len() + row.len() > FACTS_BYTES_MAX {
            break;
        }
        rows.append(&row);
    }
    let mut html = Html::default();
    if rows.len() > 0 {
        html.markup("<table role=\"presentation\" cellpadding=\"2\" cellspacing=\"0\" style=\"margin:12px 0\">\n");
        html.append(&rows).markup("</table>\n");
    }
    html
}

/// As many rows as fit; where not even one does, only how many there are.
fn rows(table: &Table, room: usize) -> Html {
    let fitting = ROWS.into_iter().map(|max_rows| grid(table, max_rows)).find(|html| html.len() <= room);
    fitting.unwrap_or_else(|| {
        let mut html = Html::default();
        html.markup("<p>").text(&format!("{} rows", table.row_count)).markup("</p>\n");
        html
    })
}

fn grid(table: &Table, max_rows: usize) -> Html {
    let mut html = Html::default();
    html.markup(
        "<table cellpadding=\"6\" cellspacing=\"0\" style=\"border-collapse:collapse;border:1px solid #EAECF0\">",
    );
    html.markup("<thead><tr style=\"background:#F9FAFB\">");
    for column in &table.columns {
        html.markup("<th align=\"").markup(side(column.align)).markup("\">");
        html.text(&cut_escaped(&column.name, CELL_MAX)).markup("</th>");
    }
    html.markup("</tr></thead><tbody>\n");
    let shown = table.rows.len().min(max_rows);
    for row in table.rows.iter().take(shown) {
        let cells = row.iter().map(|cell| cell.text.as_str());
        html.markup("<tr>").append(&cells_of(table, cells)).markup("</tr>\n");
    }
    if let Some(total) = &table.total {
        let cells = total.iter().map(|cell| cell.text.as_str());
        html.markup("<tr style=\"font-weight:bold;border-top:2px solid #EAECF0\">");
        html.append(&cells_of(table, cells)).markup("</tr>\n");
    }
    html.markup("</tbody></table>\n");
    if shown as u64 != table.row_count {
        html.markup("<p style=\"color:#667085\">").text(&table.count_line(shown)).markup("</p>\n");
    }
    html
}

fn cells_of<'a>(table: &Table, cells: impl Iterator<Item = &'a str>) -> Html {
    let mut html = Html::default();
    for (column, text) in table.columns.iter().zip(cells) {
        html.markup("<td align=\"").markup(side(column.align)).markup("\">");
        html.text(&cut_escaped(text, CELL_MAX)).markup("</td>");
    }
    html
}

const fn side(align: Align) -> &'static str {
    match align {
        Align::Left => "left",
        Align::Right => "right",
    }
}

/// What follows the rows: note, changes, error, links, origin.
fn tail(message: &Message, note: Option<&str>) -> Html {
    let mut html = Html::default();
    if let Some(note) = note {
        html.markup("<p style=\"color:#667085\">").text(note).markup("</p>\n");
    }
    if let Some(changes) = &message.changes {
        html.append(&changed(changes));
    }
    if let Some(error) = &message.error {
        html.markup("<pre style=\"background:#F9FAFB;padding:8px;white-space:pre-wrap\">");
        html.text(&cut_escaped(error, ERROR_MAX)).markup("</pre>\n");
    }
    html.append(&links(message));
    if !message.footer.is_empty() {
        html.markup("<p style=\"color:#667085;font-size:12px\">");
        html.text(&cut_escaped(&message.footer.join(" · "), FOOTER_MAX)).markup("</p>\n");
    }
    html.markup("</body></html>\n");
    html
}

fn changed(changes: &Changes) -> Html {
    let mut lines = Html::default();
    let mut shown: u64 = 0;
    for line in changes.lines.iter().take(MAIL_ROWS_MAX) {
        let mut one = Html::default();
        one.markup(match line.kind {
            ChangeKind::Added => "<span style=\"color:#027A48\">+ ",
            ChangeKind::Removed => "<span style=\"color:#B42318\">- ",
            ChangeKind::Changed => "<span style=\"color:#B54708\">~ ",
        });
        one.text(&cut_escaped(&line.text, CHANGE_MAX)).markup("</span>\n");
        if lines.len() + one.len() > CHANGES_BYTES_MAX {
            break;
        }
        lines.append(&one);
        shown += 1;
    }
    let mut html = Html::default();
    html.markup("<pre style=\"background:#F9FAFB;padding:8px;white-space:pre-wrap\">").append(&lines);
    if shown < changes.total {
        html.text(&format!("showing {shown} of {} changes", changes.total));
    }
    html.markup("</pre>\n");
    html
}

fn links(message: &Message) -> Html {
    let mut links = Html::default();
    for link in &message.links {
        let mut one = Html::default();
        one.markup(if links.len() == 0 { "" } else { " · " }).link(&link.label, &link.url);
        // A link that is cut leads elsewhere, so it is whole or left out.
        if links.len() + one.len() <= LINKS_BYTES_MAX {
            links.append(&one);
        }
    }
    let mut html = Html::default();
    if links.len() > 0 {
        html.markup("<p>").append(&links).markup("</p>\n");
    }
    html
}
