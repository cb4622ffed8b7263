//! What must arrive in order. Everything else may overtake.

use watchfire_model::{ChannelClass, Notification, NotificationKind};

/// The name of the lane of a notification within its channel: of two rows in one lane the earlier goes first.
///
/// Per instance where each instance has messages of its own (webhook, mail, paging), per rule
/// in a chat, where one message lists many. `rule` is the rule's uid as text. What concerns
/// no rule (a test, a broken channel) waits for nobody.
pub fn lane(class: ChannelClass, rule: &str, notification: &Notification) -> String {
    match notification.kind {
        NotificationKind::Test | NotificationKind::ChannelBroken => return format!("event:{}", notification.id),
        NotificationKind::AlertMatches
        | NotificationKind::AlertStarted
        | NotificationKind::AlertRepeated
        | NotificationKind::AlertUpdated
        | NotificationKind::AlertResolved
        | NotificationKind::AlertChanged
        | NotificationKind::AlertNoData
        | NotificationKind::AlertFailed
        | NotificationKind::AlertRecovered
        | NotificationKind::AlertSummary
        | NotificationKind::ReportReady
        | NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest => {}
    }
    match (class, &notification.instance) {
        (ChannelClass::Webhook | ChannelClass::Mail | ChannelClass::Paging, Some(instance)) => {
            // The fingerprint comes first: its length is fixed, so no uid can imitate another lane.
            format!("instance:{}:{rule}", instance.fingerprint())
        }
        (ChannelClass::Webhook | ChannelClass::Mail | ChannelClass::Paging, None) | (ChannelClass::Chat, _) => {
            format!("rule:{rule}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_message::test_notification;
    use watchfire_model::{InstanceKey, ProjectName, Timestamp, Value};

    const EACH: [ChannelClass; 3] = [ChannelClass::Webhook, ChannelClass::Mail, ChannelClass::Paging];

    fn about(kind: NotificationKind, service: Option<&str>) -> Notification {
        let instance = service.map(|name| InstanceKey::new(vec![("service".into(), Value::String(name.to_owned()))]));
        let envelope = test_notification(ProjectName::new("default"), "ev_1", Timestamp::EPOCH);
        Notification { kind, instance, ..envelope }
    }

    #[test]
    fn start_and_end_of_one_instance_share_a_lane_and_two_instances_do_not() {
        let (start, end) = (NotificationKind::AlertStarted, NotificationKind::AlertResolved);
        for class in EACH {
            let cart = lane(class, "default/errors", &about(start, Some("cart")));
            assert_eq!(cart, lane(class, "default/errors", &about(end, Some("cart"))));
            assert_ne!(cart, lane(class, "default/errors", &about(start, Some("checkout"))));
            assert_ne!(cart, lane(class, "default/latency", &about(start, Some("cart"))));
            assert_ne!(cart, lane(class, "default/errors", &about(start, None)));
        }
    }

    #[test]
    fn a_chat_has_one_lane_per_rule() {
        let of = |rule: &str, service| lane(ChannelClass::Chat, rule, &about(NotificationKind::AlertStarted, service));
        assert_eq!(of("default/errors", Some("cart")), of("default/errors", Some("checkout")));
        assert_eq!(of("default/errors", Some("cart")), of("default/errors", None));
        assert_ne!(of("default/errors", None), of("default/latency", None));
    }

    #[test]
    fn a_test_waits_for_nobody() {
        for class in EACH.into_iter().chain([ChannelClass::Chat]) {
            for kind in [NotificationKind::Test, NotificationKind::ChannelBroken] {
                let (first, mut second) = (about(kind, None), about(kind, None));
                second.id = watchfire_model::NotificationId::of_event("ev_2");
                assert_ne!(lane(class, "default/errors", &first), lane(class, "default/errors", &second));
            }
        }
    }
}
