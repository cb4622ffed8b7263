//! Leases: they end by the database's clock, and several claimants share work without a double.

use std::collections::HashSet;
use std::time::Duration;

use watchfire_store::CommitOutcome::{Committed, LeaseLost};
use watchfire_store::{DeliveryEnd, DeliveryFinish, Store};

use crate::support::{TestDatabase, at, channel, claim, decided, drop_database, notice, on_both, save};

on_both! {
    async fn a_delivery_whose_lease_ended_is_anybodys_and_its_old_sender_is_fenced(db: TestDatabase) {
        let store = db.open().await;
        store.insert_notice(&notice("n", &["hook"], "x")).await.unwrap();
        let hook = [(channel("hook"), 9)];
        let old = store.claim_deliveries(at(1), &hook, Duration::ZERO).await.unwrap().remove(0);
        assert_eq!(store.still_leased(&[(old.id.clone(), old.epoch)]).await.unwrap(), [false]);
        let new = store.claim_deliveries(at(1), &hook, Duration::from_secs(600)).await.unwrap().remove(0);
        assert_eq!((new.epoch, new.attempts), (old.epoch + 2, 1), "freed, then claimed");
        let finish = |epoch| DeliveryFinish {
            id: old.id.clone(),
            epoch,
            end: DeliveryEnd::Done { remote: None },
            finished_at: at(2),
            attempt: None,
        };
        assert_eq!(store.finish_deliveries(&[finish(old.epoch)]).await.unwrap(), [LeaseLost]);
        assert_eq!(store.still_leased(&[(new.id, new.epoch)]).await.unwrap(), [true]);
        assert_eq!(store.finish_deliveries(&[finish(new.epoch)]).await.unwrap(), [Committed]);
    }
}

on_both! {
    async fn an_ended_lease_that_nobody_took_may_still_be_finished(db: TestDatabase) {
        let store = db.open().await;
        store.insert_notice(&notice("n", &["hook"], "x")).await.unwrap();
        let claimed = store.claim_deliveries(at(1), &[(channel("hook"), 9)], Duration::ZERO).await.unwrap().remove(0);
        let finish = DeliveryFinish {
            id: claimed.id,
            epoch: claimed.epoch,
            end: DeliveryEnd::Done { remote: None },
            finished_at: at(2),
            attempt: None,
        };
        assert_eq!(store.finish_deliveries(&[finish]).await.unwrap(), [Committed]);
    }
}

on_both! {
    async fn a_forgotten_claim_of_a_rule_ends_and_until_then_may_be_committed(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b"]).await;
        let forgotten = claim(&store, 60).await;
        assert_eq!(claim(&store, 60).await, []);
        // As if fifteen minutes had passed.
        db.sql("UPDATE rules SET lease_until = lease_until - 900000000").await.unwrap();
        assert_eq!(store.commit_evaluations(&[decided(&forgotten[0], 60)]).await.unwrap(), [Committed]);
        let again = claim(&store, 60).await.remove(0);
        assert_eq!((again.row.uid.as_str(), again.epoch), ("default/b", forgotten[1].epoch + 1));
        assert_eq!(store.commit_evaluations(&[decided(&forgotten[1], 60)]).await.unwrap(), [LeaseLost]);
    }
}

on_both! {
    async fn each_slot_of_a_claim_renews_it(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let claimed = claim(&store, 60).await.remove(0);
        db.sql("UPDATE rules SET lease_until = lease_until - 900000000").await.unwrap();
        let mut first = decided(&claimed, 60);
        first.release = false;
        assert_eq!(store.commit_evaluations(&[first]).await.unwrap(), [Committed]);
        assert_eq!(claim(&store, 1000).await, []);
    }
}

/// A test with two stores on one PostgreSQL database, each with its own folder.
macro_rules! on_two_claimants {
    (async fn $name:ident($db:ident, $one:ident, $two:ident) $body:block) => {
        #[tokio::test]
        async fn $name() {
            async fn check($db: TestDatabase, $one: Store, $two: Store) $body

            if let Some(db) = TestDatabase::postgres().await {
                let (one, name) = (db.open().await, db.name());
                let two = Store::open(&db.elsewhere("two")).await.unwrap();
                check(db, one, two).await;
                drop_database(&name).await;
            }
        }
    };
}

on_two_claimants! {
    async fn two_claimants_share_rules_without_a_double(_db, one, two) {
        let names: Vec<String> = (0..400).map(|number| format!("r{number}")).collect();
        save(&one, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let work = |store: Store| async move {
            let mut mine = Vec::new();
            loop {
                let claims = store.claim_rules(at(60), 20).await.unwrap();
                if claims.is_empty() {
                    return mine;
                }
                let batch: Vec<_> = claims.iter().map(|claimed| decided(claimed, 60)).collect();
                assert!(store.commit_evaluations(&batch).await.unwrap().iter().all(|outcome| *outcome == Committed));
                mine.extend(claims.into_iter().map(|claimed| claimed.row.uid));
            }
        };
        let shares = tokio::join!(work(one.clone()), work(two.clone()), work(one), work(two));
        let all: Vec<_> = [shares.0, shares.1, shares.2, shares.3].concat();
        assert_eq!(all.len(), 400);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 400);
    }
}

on_two_claimants! {
    async fn two_claimants_share_lanes_without_a_double_and_in_order(_db, one, two) {
        for number in 0..10 {
            for lane in 0..8 {
                let name = format!("{number} {lane}");
                one.insert_notice(&notice(&name, &["hook"], &format!("lane {lane}"))).await.unwrap();
            }
        }
        let work = |store: Store| async move {
            let mut sent = Vec::new();
            while !store.deliveries(&watching()).await.unwrap().is_empty() {
                let claimed =
                    store.claim_deliveries(at(1), &[(channel("hook"), 3)], Duration::from_secs(600)).await.unwrap();
                let lanes: HashSet<_> = claimed.iter().map(|item| item.lane.clone()).collect();
                assert_eq!(lanes.len(), claimed.len(), "one per lane");
                let ends: Vec<_> = claimed
                    .iter()
                    .map(|item| DeliveryFinish {
                        id: item.id.clone(),
                        epoch: item.epoch,
                        end: DeliveryEnd::Done { remote: None },
                        finished_at: at(2),
                        attempt: None,
                    })
                    .collect();
                let mine: Vec<_> = claimed.iter().map(|item| item.notification.query.clone().unwrap()).collect();
                assert!(store.finish_deliveries(&ends).await.unwrap().iter().all(|outcome| *outcome == Committed));
                sent.extend(mine);
            }
            sent
        };
        let shares = tokio::join!(work(one.clone()), work(two.clone()), work(one), work(two));
        let all: Vec<String> = [shares.0.clone(), shares.1.clone(), shares.2.clone(), shares.3.clone()].concat();
        assert_eq!(all.len(), 80);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 80);
        // Each worker saw each lane move forward only; together with one row per lane that is the order.
        for share in [shares.0, shares.1, shares.2, shares.3] {
            for lane in 0..8 {
                let seen: Vec<&String> = share.iter().filter(|name| name.ends_with(&format!(" {lane}"))).collect();
                assert!(seen.is_sorted(), "{seen:?}");
            }
        }
    }
}

fn watching() -> watchfire_store::DeliveryFilter {
    watchfire_store::DeliveryFilter {
        state: Some(watchfire_store::DeliveryState::Pending),
        limit: 1,
        ..watchfire_store::DeliveryFilter::default()
    }
}

on_two_claimants! {
    async fn work_of_a_silent_claimant_is_taken_over_and_of_a_living_one_is_not(db, one, two) {
        save(&one, &["a"]).await;
        one.insert_notice(&notice("n", &["hook"], "x")).await.unwrap();
        let hook = [(channel("hook"), 9)];
        let rule = claim(&one, 60).await.remove(0);
        let delivery = one.claim_deliveries(at(1), &hook, Duration::from_secs(600)).await.unwrap().remove(0);
        assert_eq!(claim(&two, 60).await, []);
        assert_eq!(two.claim_deliveries(at(1), &hook, Duration::from_secs(600)).await.unwrap(), []);

        // As if everybody but `two` had been silent for sixteen seconds.
        db.sql("UPDATE claimants SET heartbeat_at = heartbeat_at - 16000000").await.unwrap();
        two.heartbeat().await.unwrap();
        assert_eq!(claim(&two, 60).await[0].epoch, rule.epoch + 1);
        assert_eq!(two.claim_deliveries(at(1), &hook, Duration::from_secs(600)).await.unwrap().len(), 1);
        assert_eq!(one.commit_evaluations(&[decided(&rule, 60)]).await.unwrap(), [LeaseLost]);
        assert_eq!(one.still_leased(&[(delivery.id, delivery.epoch)]).await.unwrap(), [false]);
    }
}

on_two_claimants! {
    async fn a_silent_claimant_whose_work_nobody_took_may_still_commit_it(db, one, _two) {
        save(&one, &["a"]).await;
        let rule = claim(&one, 60).await.remove(0);
        db.sql("UPDATE claimants SET heartbeat_at = heartbeat_at - 16000000").await.unwrap();
        assert_eq!(claim(&one, 60).await, [], "its own claim is not free to itself");
        assert_eq!(one.commit_evaluations(&[decided(&rule, 60)]).await.unwrap(), [Committed]);
    }
}

on_two_claimants! {
    async fn a_restart_frees_its_own_claims_and_nobody_elses(db, one, two) {
        save(&one, &["a"]).await;
        claim(&one, 60).await;
        save(&two, &["b"]).await;
        claim(&two, 60).await;
        one.close().await;
        let one = db.open().await;
        let again: Vec<_> = claim(&one, 60).await.into_iter().map(|claimed| claimed.row.name.to_string()).collect();
        assert_eq!(again, ["a"]);
    }
}

on_two_claimants! {
    async fn a_broken_connection_is_a_passing_trouble(db, one, _two) {
        save(&one, &["a"]).await;
        assert!(!format!("{one:?}").contains(&db.name()), "what is logged of a store does not hold its address");
        db.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()").await.unwrap();
        for _ in 0..10 {
            match one.claim_rules(at(60), 10).await {
                Ok(claimed) => return assert_eq!(claimed.len(), 1),
                Err(trouble) => assert!(trouble.is_transient(), "{trouble:?}"),
            }
        }
        panic!("the pool never mends itself");
    }
}
