//! The message that people send to see whether a channel works.

use std::collections::BTreeMap;

use watchfire_model::{Notification, NotificationId, NotificationKind, ProjectName, Reason, Timestamp};

/// A test message: the envelope and nothing else. It is really sent.
///
/// `event_id` names this one test (two tests are two messages), `at` is when somebody asked for it.
pub fn test_notification(project: ProjectName, event_id: &str, at: Timestamp) -> Notification {
    Notification {
        id: NotificationId::of_event(event_id),
        kind: NotificationKind::Test,
        occurred_at: at,
        project,
        rule: None,
        instance: None,
        episode: None,
        seq: None,
        thread: None,
        state: None,
        severity: None,
        since: None,
        value: None,
        last_value: None,
        peak: None,
        scheduled_for: None,
        window: None,
        reason: Reason::Test,
        columns: Vec::new(),
        rows: Vec::new(),
        row_count: 0,
        truncated: false,
        totals: BTreeMap::new(),
        changes: Vec::new(),
        change_count: 0,
        error: None,
        query: None,
        links: BTreeMap::new(),
    }
}
