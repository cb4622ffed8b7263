//! Where a message comes from: rule, cadence, window, how many rows of how many.

use super::rows::Rows;
use super::{Scene, headline};
use crate::message::number_text::grouped;
use crate::message::text::one_line;
use crate::message::{clock_text, count_line, window_text};

/// The project that goes without saying.
const DEFAULT_PROJECT: &str = "default";

pub(super) fn of(scene: &Scene<'_>, rows: Option<&Rows>) -> Vec<String> {
    let notification = scene.notification;
    let mut parts = Vec::new();
    if let Some(rule) = &notification.rule {
        parts.push(format!("{} {}", headline::noun(rule.kind), one_line(rule.name.as_str())));
    }
    if notification.project.as_str() != DEFAULT_PROJECT {
        parts.push(format!("project {}", one_line(notification.project.as_str())));
    }
    parts.extend(scene.presentation.cadence.clone());
    match (notification.window, notification.scheduled_for) {
        (Some(window), _) => parts.push(format!("window {}", window_text(window, Some(scene.now()), scene.zone()))),
        (None, Some(slot)) => parts.push(format!("run {}", clock_text(slot, scene.now(), scene.zone()))),
        (None, None) => {}
    }
    if let Some(rows) = rows {
        let line = count_line(rows.table.rows.len(), rows.table.row_count);
        parts.push(line.trim_start_matches("showing ").to_owned());
        if rows.shown_columns < rows.all_columns {
            let all = grouped(&rows.all_columns.to_string());
            parts.push(format!("{} of {all} columns", rows.shown_columns));
        }
    }
    parts
}
