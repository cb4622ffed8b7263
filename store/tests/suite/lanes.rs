//! Lanes: in order, one at a time, and none in the way of another.

use std::time::Duration;

use watchfire_store::CommitOutcome::Committed;
use watchfire_store::{ClaimedDelivery, DeliveryEnd, DeliveryFinish, Store};

use crate::support::{at, channel, notice, on_both};

const LEASE: Duration = Duration::from_secs(600);

/// The names of what a claim gives, in its order.
async fn claim(store: &Store, now: i64, capacity: &[(&str, usize)]) -> Vec<ClaimedDelivery> {
    let capacity: Vec<_> = capacity.iter().map(|(name, most)| (channel(name), *most)).collect();
    store.claim_deliveries(at(now), &capacity, LEASE).await.unwrap()
}

fn names(claimed: &[ClaimedDelivery]) -> Vec<&str> {
    claimed.iter().map(|item| item.notification.query.as_deref().unwrap()).collect()
}

async fn finish(store: &Store, claimed: &ClaimedDelivery, end: DeliveryEnd) {
    let finish =
        DeliveryFinish { id: claimed.id.clone(), epoch: claimed.epoch, end, finished_at: at(1), attempt: None };
    assert_eq!(store.finish_deliveries(&[finish]).await.unwrap(), [Committed]);
}

const DONE: DeliveryEnd = DeliveryEnd::Done { remote: None };

/// Notices `1`, `2`, … to channel `hook` in these lanes.
async fn tell(store: &Store, lanes: &[&str]) {
    for (place, lane) in lanes.iter().enumerate() {
        store.insert_notice(&notice(&format!("{}", place + 1), &["hook"], lane)).await.unwrap();
    }
}

on_both! {
    async fn a_lane_is_told_in_order_one_at_a_time(db: TestDatabase) {
        let store = db.open().await;
        tell(&store, &["x", "x", "y", "x"]).await;
        let first = claim(&store, 1, &[("hook", 9)]).await;
        assert_eq!(names(&first), ["1", "3"]);
        assert_eq!(names(&claim(&store, 1, &[("hook", 9)]).await), Vec::<&str>::new());
        finish(&store, &first[0], DONE).await;
        let second = claim(&store, 1, &[("hook", 9)]).await;
        assert_eq!(names(&second), ["2"]);
        finish(&store, &second[0], DONE).await;
        assert_eq!(names(&claim(&store, 1, &[("hook", 9)]).await), ["4"]);
    }
}

on_both! {
    async fn a_waiting_head_holds_its_own_lane_only(db: TestDatabase) {
        let store = db.open().await;
        tell(&store, &["x", "x", "y", "y"]).await;
        let first = claim(&store, 1, &[("hook", 9)]).await;
        finish(&store, &first[0], DeliveryEnd::Retry { at: at(50), reason: "503".into(), form: None }).await;
        finish(&store, &first[1], DONE).await;
        assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(0)), "lane y is due at once");
        let second = claim(&store, 2, &[("hook", 9)]).await;
        assert_eq!(names(&second), ["4"]);
        finish(&store, &second[0], DONE).await;
        assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(50)), "not the row behind the head");
        assert_eq!(names(&claim(&store, 49, &[("hook", 9)]).await), Vec::<&str>::new());
        assert_eq!(names(&claim(&store, 50, &[("hook", 9)]).await), ["1"]);
        assert_eq!(store.next_delivery_at().await.unwrap(), None);
    }
}

on_both! {
    async fn a_dead_head_leaves_its_lane_and_comes_back_in_front(db: TestDatabase) {
        let store = db.open().await;
        tell(&store, &["x", "x", "x"]).await;
        let first = claim(&store, 1, &[("hook", 9)]).await;
        finish(&store, &first[0], DeliveryEnd::Dead { reason: "400".into() }).await;
        let second = claim(&store, 1, &[("hook", 9)]).await;
        assert_eq!(names(&second), ["2"]);
        assert!(store.retry_delivery(&first[0].id, at(2)).await.unwrap());
        assert_eq!(names(&claim(&store, 2, &[("hook", 9)]).await), Vec::<&str>::new(), "2 is under way");
        finish(&store, &second[0], DONE).await;
        assert_eq!(names(&claim(&store, 2, &[("hook", 9)]).await), ["1"]);
    }
}

on_both! {
    async fn channels_have_their_own_lanes_and_their_own_capacity(db: TestDatabase) {
        let store = db.open().await;
        for place in 1..=5 {
            let lane = format!("lane {place}");
            store.insert_notice(&notice(&format!("{place}"), &["hook", "mail", "chat"], &lane)).await.unwrap();
        }
        let claimed = claim(&store, 1, &[("hook", 3), ("mail", 1), ("chat", 0), ("nobody", 9)]).await;
        let mut taken: Vec<_> =
            claimed.iter().map(|item| format!("{} {}", item.channel, item.notification.query.as_deref().unwrap())).collect();
        taken.sort();
        assert_eq!(taken, ["hook 1", "hook 2", "hook 3", "mail 1"]);
        assert_eq!(names(&claim(&store, 1, &[("hook", 9)]).await), ["4", "5"]);
    }
}

on_both! {
    async fn one_notice_is_a_message_of_its_own_in_each_channel(db: TestDatabase) {
        let store = db.open().await;
        store.insert_notice(&notice("n", &["hook", "mail"], "x")).await.unwrap();
        store.insert_notice(&notice("n", &["hook", "mail"], "x")).await.unwrap();
        let claimed = claim(&store, 1, &[("hook", 9), ("mail", 9)]).await;
        assert_eq!(claimed.len(), 2);
        assert_eq!(claimed[0].notification, claimed[1].notification);
        assert_eq!(claimed[0].id.to_string(), format!("{}:hook", claimed[0].notification.id));
    }
}

on_both! {
    async fn a_head_is_found_behind_any_number_of_rows_that_wait_for_it(db: TestDatabase) {
        let store = db.open().await;
        tell(&store, &["x"; 120]).await;
        let head = claim(&store, 1, &[("hook", 9)]).await;
        assert_eq!(store.next_delivery_at().await.unwrap(), None, "all of them stand behind what is under way");
        finish(&store, &head[0], DeliveryEnd::Retry { at: at(50), reason: "503".into(), form: None }).await;
        assert_eq!(store.next_delivery_at().await.unwrap(), Some(at(50)), "though 119 rows were due before it");
    }
}
