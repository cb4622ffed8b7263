//! Commits: guarded one by one, durable together.

use watchfire_alerts::StateChanges;
use watchfire_model::InstanceKey;
use watchfire_store::{CommitOutcome, DeliveryFilter, RunFilter, SkippedSlots};

use crate::states::firing;
use crate::support::{at, claim, decided, notice, on_both, rule, run_at, save, uid};
use CommitOutcome::{Committed, LeaseLost};

on_both! {
    async fn an_old_epoch_writes_nothing_and_its_neighbours_commit(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b", "c"]).await;
        let claims = claim(&store, 60).await;
        let mut batch: Vec<_> = claims.iter().map(|claimed| decided(claimed, 60)).collect();
        let key = InstanceKey::new(vec![]);
        for (item, name) in batch.iter_mut().zip(["n-a", "n-b", "n-c"]) {
            item.state.instances.insert(key.clone(), firing());
            item.changes = StateChanges { upserts: vec![(key.clone(), firing())], ..StateChanges::default() };
            item.notices = vec![notice(name, &["hook"], name)];
        }
        batch[1].epoch -= 1;
        assert_eq!(store.commit_evaluations(&batch).await.unwrap(), [Committed, LeaseLost, Committed]);

        let states = store.rule_states(&[uid("a"), uid("b"), uid("c")]).await.unwrap();
        assert_eq!(states[&uid("a")], batch[0].state);
        assert_eq!(states[&uid("b")].instances.len(), 0);
        let told: Vec<_> = store.deliveries(&DeliveryFilter::default()).await.unwrap();
        assert_eq!(told.len(), 2);
        let ran: Vec<_> = store.runs(&RunFilter::default()).await.unwrap().into_iter().map(|run| run.uid).collect();
        assert_eq!(ran.len(), 2);
        assert!(!ran.contains(&uid("b")));
    }
}

on_both! {
    async fn another_incarnation_is_fenced_too(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let mut item = decided(&claim(&store, 60).await[0], 60);
        item.incarnation += 1;
        assert_eq!(store.commit_evaluations(&[item]).await.unwrap(), [LeaseLost]);
    }
}

on_both! {
    async fn a_replayed_commit_inserts_nothing_new(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let claimed = claim(&store, 60).await.remove(0);
        let mut item = decided(&claimed, 60);
        item.release = false;
        item.notices = vec![notice("n", &["hook", "mail"], "l")];
        item.skipped = vec![SkippedSlots { first: at(10), last: at(30), count: 3, reason: "superseded".into() }];
        assert_eq!(store.commit_evaluations(&[item.clone()]).await.unwrap(), [Committed]);
        assert_eq!(store.commit_evaluations(&[item.clone()]).await.unwrap(), [LeaseLost]);
        item.release = true;
        item.decided_through = at(120);
        item.run = Some(run_at(120, "clear", 0));
        assert_eq!(store.commit_evaluations(&[item]).await.unwrap(), [Committed]);
        assert_eq!(store.deliveries(&DeliveryFilter::default()).await.unwrap().len(), 2);
        assert_eq!(store.runs(&RunFilter::default()).await.unwrap().len(), 3, "two runs, one range");
    }
}

on_both! {
    async fn decided_through_never_goes_back(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let claimed = claim(&store, 60).await.remove(0);
        assert_eq!(store.commit_evaluations(&[decided(&claimed, 120)]).await.unwrap(), [Committed]);
        let claimed = claim(&store, 180).await.remove(0);
        assert_eq!(store.commit_evaluations(&[decided(&claimed, 60)]).await.unwrap(), [LeaseLost]);
        store.save_rules(&[rule("a")], &[], at(0)).await.unwrap();
        let stored = store.stored_rules().await.unwrap().remove(0);
        assert_eq!((stored.decided_through, stored.next_at), (at(120), Some(at(180))));
    }
}

on_both! {
    async fn one_batch_may_hold_several_slots_of_a_claim_in_order(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b"]).await;
        let claims = claim(&store, 60).await;
        let mut batch = vec![
            decided(&claims[0], 60),
            decided(&claims[1], 60),
            decided(&claims[0], 120),
            decided(&claims[0], 180),
        ];
        batch[0].release = false;
        batch[2].release = false;
        assert_eq!(store.commit_evaluations(&batch).await.unwrap(), vec![Committed; 4]);
        assert_eq!(store.stored_rules().await.unwrap()[0].decided_through, at(180));
        let slots: Vec<_> =
            store.runs(&RunFilter { uid: Some(uid("a")), ..RunFilter::default() }).await.unwrap();
        assert_eq!(slots.iter().map(|run| run.scheduled_for).collect::<Vec<_>>(), [at(180), at(120), at(60)]);
    }
}

on_both! {
    async fn what_follows_a_lost_slot_of_the_same_claim_is_lost_with_it(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let claimed = claim(&store, 60).await.remove(0);
        let mut replay = decided(&claimed, 0);
        replay.release = false;
        let batch = [replay, decided(&claimed, 60)];
        assert_eq!(store.commit_evaluations(&batch).await.unwrap(), [LeaseLost, LeaseLost]);
        assert_eq!(store.commit_evaluations(&batch[1..]).await.unwrap(), [Committed]);
    }
}

on_both! {
    async fn a_slot_after_the_claim_ended_is_lost(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let claims = claim(&store, 60).await;
        let batch = [decided(&claims[0], 60), decided(&claims[0], 120)];
        assert_eq!(store.commit_evaluations(&batch).await.unwrap(), [Committed, LeaseLost]);
    }
}

on_both! {
    async fn a_claim_that_owed_nothing_ends_without_a_decision(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let claimed = claim(&store, 60).await.remove(0);
        let mut item = decided(&claimed, 0);
        item.run = None;
        assert_eq!(store.commit_evaluations(&[item]).await.unwrap(), [Committed]);
        assert_eq!(store.runs(&RunFilter::default()).await.unwrap(), []);
    }
}

on_both! {
    async fn one_refused_item_does_not_take_its_neighbours_with_it(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b"]).await;
        let claims = claim(&store, 60).await;
        let mut batch = [decided(&claims[0], 60), decided(&claims[1], 60)];
        batch[0].skipped = vec![SkippedSlots { first: at(9), last: at(5), count: 1, reason: "backwards".into() }];
        let outcomes = store.commit_evaluations(&batch).await.unwrap();
        assert!(matches!(outcomes[0], CommitOutcome::Refused { .. }), "{outcomes:?}");
        assert_eq!(outcomes[1], Committed);
        assert_eq!(store.stored_rules().await.unwrap()[0].decided_through, at(0));
    }
}

on_both! {
    async fn text_that_postgresql_cannot_hold_is_mended_and_not_lost(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let claimed = claim(&store, 60).await.remove(0);
        let mut item = decided(&claimed, 60);
        let mut run = run_at(60, "failed", 0);
        run.status = watchfire_store::RunStatus::Failed;
        run.error = Some("bad byte \0 in `x`".into());
        item.run = Some(run);
        let mut told = notice("n", &["hook"], "l");
        told.notification.query = Some("SELECT '\0'".into());
        item.notices = vec![told.clone()];
        assert_eq!(store.commit_evaluations(&[item]).await.unwrap(), [Committed]);
        let run = store.runs(&RunFilter::default()).await.unwrap().remove(0);
        assert_eq!(run.error.as_deref(), Some("bad byte \u{fffd} in `x`"));
        let capacity = [(crate::support::channel("hook"), 1)];
        let out = store.claim_deliveries(at(1), &capacity, std::time::Duration::from_secs(60)).await.unwrap();
        assert_eq!(out[0].notification, told.notification, "the fact itself is kept to the byte");
    }
}

on_both! {
    async fn nothing_is_asked_for_an_empty_batch(db: TestDatabase) {
        let store = db.open().await;
        assert_eq!(store.commit_evaluations(&[]).await.unwrap(), []);
        store.save_rules(&[], &[], at(0)).await.unwrap();
        store.release_other_claims(&[]).await.unwrap();
        assert_eq!(store.finish_deliveries(&[]).await.unwrap(), []);
        assert_eq!(store.still_leased(&[]).await.unwrap(), Vec::<bool>::new());
        assert_eq!(store.claim_deliveries(at(0), &[], std::time::Duration::ZERO).await.unwrap(), []);
    }
}
