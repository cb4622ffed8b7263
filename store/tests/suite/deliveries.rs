//! Deliveries: done, tried again, dead, expired, retried by hand, counted and forgotten.

use std::time::Duration;

use watchfire_model::NotificationKind;
use watchfire_store::CommitOutcome::{Committed, LeaseLost};
use watchfire_store::{
    Attempt, ClaimedDelivery, CommitOutcome, DeliveryEnd, DeliveryFilter, DeliveryFinish, DeliveryId, DeliveryRow,
    DeliveryState, OutboxNotice, Store,
};

use crate::support::{at, channel, notice, on_both};

const LEASE: Duration = Duration::from_secs(600);

async fn claim(store: &Store, now: i64) -> Vec<ClaimedDelivery> {
    store.claim_deliveries(at(now), &[(channel("hook"), 9)], LEASE).await.unwrap()
}

async fn finish(store: &Store, claimed: &ClaimedDelivery, end: DeliveryEnd) -> CommitOutcome {
    let attempt = Attempt { started_at: at(1), outcome: "a word".into(), detail: Some("what it said".into()) };
    let attempt = (!matches!(end, DeliveryEnd::Postponed { .. })).then_some(attempt);
    let finish = DeliveryFinish { id: claimed.id.clone(), epoch: claimed.epoch, end, finished_at: at(2), attempt };
    store.finish_deliveries(&[finish]).await.unwrap().remove(0)
}

async fn only(store: &Store) -> DeliveryRow {
    let mut rows = store.deliveries(&DeliveryFilter::default()).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

async fn told(store: &Store) -> DeliveryId {
    store.insert_notice(&notice("n", &["hook"], "x")).await.unwrap();
    only(store).await.id
}

on_both! {
    async fn a_new_delivery_is_pending_and_due(db: TestDatabase) {
        let store = db.open().await;
        let id = told(&store).await;
        let expected = DeliveryRow {
            id,
            channel: channel("hook"),
            rule: None,
            kind: NotificationKind::Test,
            state: DeliveryState::Pending,
            attempts: 0,
            next_at: Some(at(0)),
            last_error: None,
            created_at: at(0),
            done_at: None,
        };
        assert_eq!(only(&store).await, expected);
        assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(0)));
        let claimed = claim(&store, 1).await.remove(0);
        assert_eq!((claimed.attempts, claimed.expires_at, claimed.lane.as_str()), (0, at(100_000), "x"));
        assert_eq!(only(&store).await, DeliveryRow { state: DeliveryState::Sending, next_at: None, ..expected });
    }
}

on_both! {
    async fn a_done_delivery_says_when_and_is_never_sent_again(db: TestDatabase) {
        let store = db.open().await;
        let id = told(&store).await;
        let claimed = claim(&store, 1).await.remove(0);
        assert_eq!(finish(&store, &claimed, DeliveryEnd::Done { remote: Some("ts 1".into()) }).await, Committed);
        let row = only(&store).await;
        assert_eq!((row.state, row.attempts, row.done_at), (DeliveryState::Done, 1, Some(at(2))));
        assert_eq!(finish(&store, &claimed, DeliveryEnd::Retry { at: at(3), reason: "late".into(), form: None }).await, LeaseLost);
        assert!(!store.retry_delivery(&id, at(3)).await.unwrap());
        store.insert_notice(&notice("n", &["hook"], "x")).await.unwrap();
        assert_eq!(claim(&store, 9).await, []);
    }
}

on_both! {
    async fn a_retry_keeps_its_count_its_reason_and_its_remote_id(db: TestDatabase) {
        let store = db.open().await;
        told(&store).await;
        let first = claim(&store, 1).await.remove(0);
        finish(&store, &first, DeliveryEnd::Retry { at: at(30), reason: "503".into(), form: None }).await;
        let row = only(&store).await;
        assert_eq!((row.state, row.attempts, row.next_at), (DeliveryState::Pending, 1, Some(at(30))));
        assert_eq!(row.last_error.as_deref(), Some("503"));
        let second = claim(&store, 30).await.remove(0);
        assert_eq!((second.attempts, second.epoch), (1, first.epoch + 1));
        assert_eq!(finish(&store, &first, DeliveryEnd::Done { remote: None }).await, LeaseLost);
        assert_eq!(finish(&store, &second, DeliveryEnd::Done { remote: None }).await, Committed);
        assert_eq!(only(&store).await.attempts, 2);
        assert_eq!(db.sql("DELETE FROM attempts").await.unwrap(), 2);
    }
}

on_both! {
    async fn a_postponed_delivery_was_not_tried(db: TestDatabase) {
        let store = db.open().await;
        told(&store).await;
        let claimed = claim(&store, 1).await.remove(0);
        finish(&store, &claimed, DeliveryEnd::Postponed { at: at(5) }).await;
        let row = only(&store).await;
        assert_eq!((row.attempts, row.next_at, row.last_error), (0, Some(at(5)), None));
    }
}

on_both! {
    async fn a_dead_delivery_is_retried_by_hand_under_its_old_id(db: TestDatabase) {
        let store = db.open().await;
        let id = told(&store).await;
        let claimed = claim(&store, 1).await.remove(0);
        assert!(!store.retry_delivery(&id, at(1)).await.unwrap(), "it is under way");
        finish(&store, &claimed, DeliveryEnd::Dead { reason: "400".into() }).await;
        assert_eq!(claim(&store, 9).await, []);
        assert!(store.retry_delivery(&id, at(200_000)).await.unwrap());
        let again = claim(&store, 200_000).await.remove(0);
        assert_eq!((&again.id, again.attempts), (&id, 1), "it lives again, though its time was over");
        assert!(!store.retry_delivery(&DeliveryId::parse("nt_0:hook").unwrap(), at(1)).await.unwrap());
    }
}

on_both! {
    async fn what_expires_ends_dead_and_says_why(db: TestDatabase) {
        let store = db.open().await;
        let early = OutboxNotice { expires_at: at(50), ..notice("early", &["hook", "mail"], "x") };
        store.insert_notice(&early).await.unwrap();
        store.insert_notice(&notice("late", &["hook"], "x")).await.unwrap();
        let first = claim(&store, 1).await.remove(0);
        finish(&store, &first, DeliveryEnd::Retry { at: at(60), reason: "503".into(), form: None }).await;
        assert_eq!(claim(&store, 49).await, []);
        let next = claim(&store, 50).await;
        assert_eq!(next[0].notification.query.as_deref(), Some("late"), "its lane goes on");
        let dead = DeliveryFilter { state: Some(DeliveryState::Dead), ..DeliveryFilter::default() };
        let dead = store.deliveries(&dead).await.unwrap();
        let why: Vec<_> = dead.iter().map(|row| (row.channel.as_str(), row.last_error.as_deref().unwrap())).collect();
        assert_eq!(why, [("mail", "expired"), ("hook", "expired; before that: 503")]);
    }
}

on_both! {
    async fn a_batch_ends_each_claim_on_its_own(db: TestDatabase) {
        let store = db.open().await;
        for name in ["1", "2", "3"] {
            store.insert_notice(&notice(name, &["hook"], name)).await.unwrap();
        }
        let claimed = claim(&store, 1).await;
        let ends = [
            DeliveryEnd::Done { remote: None },
            DeliveryEnd::Done { remote: None },
            DeliveryEnd::Dead { reason: "410".into() },
        ];
        let mut batch: Vec<_> = claimed
            .iter()
            .zip(ends)
            .map(|(item, end)| DeliveryFinish { id: item.id.clone(), epoch: item.epoch, end, finished_at: at(2), attempt: None })
            .collect();
        batch[1].epoch += 1;
        assert_eq!(store.finish_deliveries(&batch).await.unwrap(), [Committed, LeaseLost, Committed]);
        assert_eq!(
            store.outbox_depth().await.unwrap(),
            [
                (channel("hook"), DeliveryState::Dead, 1),
                (channel("hook"), DeliveryState::Done, 1),
                (channel("hook"), DeliveryState::Sending, 1)
            ]
        );
    }
}

on_both! {
    async fn a_clock_that_went_back_does_not_make_a_retry_wait_for_hours(db: TestDatabase) {
        let store = db.open().await;
        for (name, next) in [("far", 9000), ("near", 5)] {
            store.insert_notice(&notice(name, &["hook"], name)).await.unwrap();
            let claimed = claim(&store, 1).await.remove(0);
            finish(&store, &claimed, DeliveryEnd::Retry { at: at(next), reason: "503".into(), form: None }).await;
        }
        assert_eq!(store.clamp_delays(at(0), Duration::from_secs(600)).await.unwrap(), 1);
        let due: Vec<_> = store.deliveries(&DeliveryFilter::default()).await.unwrap();
        assert_eq!(due.iter().map(|row| row.next_at.unwrap()).collect::<Vec<_>>(), [at(5), at(600)]);
    }
}

on_both! {
    async fn a_channel_that_may_be_mended_is_tried_at_once_and_others_keep_their_times(db: TestDatabase) {
        let store = db.open().await;
        for (name, reason) in [("broken", "config (404)"), ("gone", "gone (410)"), ("busy", "throttled (429)")] {
            store.insert_notice(&notice(name, &["hook"], name)).await.unwrap();
            let claimed = claim(&store, 1).await.remove(0);
            finish(&store, &claimed, DeliveryEnd::Retry { at: at(600), reason: reason.into(), form: None }).await;
        }
        assert_eq!(store.retry_broken(["config", "gone"], at(5)).await.unwrap(), 2);
        let mut due: Vec<_> = store.deliveries(&DeliveryFilter::default()).await.unwrap();
        due.sort_by_key(|row| row.last_error.clone());
        assert_eq!(due.iter().map(|row| row.next_at.unwrap()).collect::<Vec<_>>(), [at(5), at(5), at(600)]);
    }
}

on_both! {
    async fn lists_are_narrowed_and_limited(db: TestDatabase) {
        let store = db.open().await;
        store.insert_notice(&notice("1", &["hook", "mail"], "x")).await.unwrap();
        store.insert_notice(&notice("2", &["hook"], "x")).await.unwrap();
        claim(&store, 1).await;
        let all = DeliveryFilter::default;
        for (filter, count) in [
            (all(), 3),
            (DeliveryFilter { limit: 2, ..all() }, 2),
            (DeliveryFilter { channel: Some(channel("mail")), ..all() }, 1),
            (DeliveryFilter { state: Some(DeliveryState::Pending), ..all() }, 2),
            (DeliveryFilter { state: Some(DeliveryState::Done), ..all() }, 0),
            (DeliveryFilter { rule: Some(watchfire_model::RuleName::new("a")), ..all() }, 0),
        ] {
            assert_eq!(store.deliveries(&filter).await.unwrap().len(), count, "{filter:?}");
        }
        let newest = store.deliveries(&all()).await.unwrap().remove(0);
        let one = store.deliveries(&DeliveryFilter { id: Some(newest.id.clone()), ..all() }).await.unwrap();
        assert_eq!(one, [newest]);
    }
}

on_both! {
    async fn what_ended_long_ago_is_forgotten_and_what_waits_is_not(db: TestDatabase) {
        let store = db.open().await;
        told(&store).await;
        let claimed = claim(&store, 1).await.remove(0);
        finish(&store, &claimed, DeliveryEnd::Done { remote: None }).await;
        store.insert_notice(&notice("waits", &["hook"], "x")).await.unwrap();
        assert_eq!(store.prune_deliveries(at(2)).await.unwrap(), 0, "it was done at second 2");
        assert_eq!(store.prune_deliveries(at(3)).await.unwrap(), 1);
        assert_eq!(claim(&store, 9).await[0].notification.query.as_deref(), Some("waits"));
    }
}
