//! Definitions: saved, changed, closed, deleted, made again.

use watchfire_alerts::{Condition, RuleState, StateChanges};
use watchfire_model::InstanceKey;
use watchfire_store::CommitOutcome::{Committed, LeaseLost};
use watchfire_store::{Closing, DeliveryFilter, RuleRow, RunFilter, Store};

use crate::states::{firing, instance};
use crate::support::{at, claim, decided, notice, on_both, rule, save, uid};

/// Rule `a` with one firing instance, decided through second 60.
async fn a_firing_rule(store: &Store) -> RuleState {
    save(store, &["a"]).await;
    let mut item = decided(&claim(store, 60).await[0], 60);
    let key = InstanceKey::new(vec![]);
    item.state.instances.insert(key.clone(), firing());
    item.changes = StateChanges { rule: true, upserts: vec![(key, firing())], ..StateChanges::default() };
    assert_eq!(store.commit_evaluations(&[item.clone()]).await.unwrap(), [Committed]);
    item.state
}

fn closing(delete_rule: bool) -> Closing {
    let key = InstanceKey::new(vec![]);
    let closed = instance(Condition::Resolved { at: at(60) });
    Closing {
        uid: uid("a"),
        changes: StateChanges { upserts: vec![(key.clone(), closed.clone())], ..StateChanges::default() },
        state: RuleState { incarnation: 1, instances: [(key, closed)].into(), ..RuleState::default() },
        notices: vec![notice("closed", &["pager"], "l")],
        delete_rule,
    }
}

on_both! {
    async fn what_is_saved_is_read_back_by_uid(db: TestDatabase) {
        let store = db.open().await;
        let full = RuleRow { last_window_end: Some(at(50)), ..rule("b") };
        let off = RuleRow { enabled: false, next_at: None, ..rule("a") };
        store.save_rules(&[full.clone(), off.clone()], &[], at(0)).await.unwrap();
        assert_eq!(store.stored_rules().await.unwrap(), [off, full]);
    }
}

on_both! {
    async fn only_due_enabled_and_free_rules_are_claimed_most_overdue_first(db: TestDatabase) {
        let store = db.open().await;
        let rows = [
            RuleRow { next_at: Some(at(40)), ..rule("late") },
            RuleRow { next_at: Some(at(20)), ..rule("later") },
            RuleRow { next_at: Some(at(90)), ..rule("not yet") },
            RuleRow { next_at: None, ..rule("never") },
            RuleRow { enabled: false, ..rule("off") },
        ];
        store.save_rules(&rows, &[], at(0)).await.unwrap();
        let first = store.claim_rules(at(60), 1).await.unwrap();
        assert_eq!(first.iter().map(|claimed| claimed.row.name.as_str()).collect::<Vec<_>>(), ["later"]);
        assert_eq!(first[0].epoch, 1);
        let rest = claim(&store, 60).await;
        assert_eq!(rest.iter().map(|claimed| claimed.row.name.as_str()).collect::<Vec<_>>(), ["late"]);
        assert_eq!(claim(&store, 60).await, []);
    }
}

on_both! {
    async fn a_released_rule_is_claimed_again_under_a_new_epoch(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let old = claim(&store, 60).await.remove(0);
        assert_eq!(store.release_other_claims(&[(uid("a"), old.epoch)]).await.unwrap(), 0);
        assert_eq!(claim(&store, 60).await, [], "a claim that is kept does not end");
        assert_eq!(store.release_other_claims(&[(uid("a"), old.epoch + 1)]).await.unwrap(), 1);
        let new = claim(&store, 60).await.remove(0);
        assert!(new.epoch > old.epoch);
        assert_eq!(store.commit_evaluations(&[decided(&old, 60)]).await.unwrap(), [LeaseLost]);
    }
}

on_both! {
    async fn saving_an_unchanged_rule_keeps_its_lease_and_a_changed_one_loses_it(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b", "c", "d"]).await;
        let claims = claim(&store, 60).await;
        let rows = [
            rule("a"),
            RuleRow { semantic_hash: "s2".into(), ..rule("b") },
            RuleRow { next_at: Some(at(30)), ..rule("c") },
            RuleRow { enabled: false, next_at: None, ..rule("d") },
        ];
        store.save_rules(&rows, &[], at(0)).await.unwrap();
        let batch: Vec<_> = claims.iter().map(|claimed| decided(claimed, 60)).collect();
        assert_eq!(
            store.commit_evaluations(&batch).await.unwrap(),
            [Committed, LeaseLost, LeaseLost, LeaseLost]
        );
    }
}

on_both! {
    async fn an_edit_that_keeps_the_incarnation_keeps_the_state(db: TestDatabase) {
        let store = db.open().await;
        let state = a_firing_rule(&store).await;
        let edited = RuleRow { semantic_hash: "s2".into(), decided_through: at(60), ..rule("a") };
        store.save_rules(&[edited], &[], at(61)).await.unwrap();
        assert_eq!(store.rule_states(&[uid("a")]).await.unwrap()[&uid("a")], state);
    }
}

on_both! {
    async fn a_raised_incarnation_forgets_the_state_and_tells_what_it_closed(db: TestDatabase) {
        let store = db.open().await;
        a_firing_rule(&store).await;
        let next = RuleRow { incarnation: 2, per_hash: "p2".into(), decided_through: at(60), ..rule("a") };
        store.save_rules(&[next], &[closing(false)], at(61)).await.unwrap();
        let states = store.rule_states(&[uid("a")]).await.unwrap();
        assert_eq!(states[&uid("a")], RuleState { incarnation: 2, ..RuleState::default() });
        assert_eq!(store.deliveries(&DeliveryFilter::default()).await.unwrap().len(), 1);
        let lowered = RuleRow { incarnation: 1, ..rule("a") };
        store.save_rules(&[lowered], &[], at(62)).await.unwrap();
        assert_eq!(store.stored_rules().await.unwrap()[0].incarnation, 2, "it never falls");
    }
}

on_both! {
    async fn a_closing_that_keeps_the_rule_stores_the_closed_state(db: TestDatabase) {
        let store = db.open().await;
        a_firing_rule(&store).await;
        let closing = closing(false);
        store.save_rules(&[], std::slice::from_ref(&closing), at(61)).await.unwrap();
        let states = store.rule_states(&[uid("a")]).await.unwrap();
        assert_eq!(states[&uid("a")].instances, closing.state.instances);
    }
}

on_both! {
    async fn a_deleted_rule_closes_its_episodes_and_is_gone_but_for_its_history(db: TestDatabase) {
        let store = db.open().await;
        a_firing_rule(&store).await;
        let under_way = claim(&store, 120).await.remove(0);
        store.save_rules(&[], &[closing(true)], at(61)).await.unwrap();
        assert_eq!(store.stored_rules().await.unwrap(), []);
        assert!(store.rule_states(&[uid("a")]).await.unwrap().is_empty());
        assert_eq!(store.deliveries(&DeliveryFilter::default()).await.unwrap()[0].channel.as_str(), "pager");
        assert_eq!(store.commit_evaluations(&[decided(&under_way, 120)]).await.unwrap(), [LeaseLost]);
        assert_eq!(claim(&store, 1000).await, []);
        assert_eq!(store.runs(&RunFilter::default()).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn a_deleted_rule_that_is_made_again_has_a_higher_incarnation(db: TestDatabase) {
        let store = db.open().await;
        a_firing_rule(&store).await;
        store.save_rules(&[], &[closing(true)], at(61)).await.unwrap();
        store.save_rules(&[rule("a")], &[], at(62)).await.unwrap();
        let again = claim(&store, 1000).await.remove(0);
        assert_eq!(again.row.incarnation, 2, "though the caller said 1");
        let states = store.rule_states(&[uid("a")]).await.unwrap();
        assert_eq!(states[&uid("a")], RuleState { incarnation: 2, ..RuleState::default() });
        assert_eq!(store.commit_evaluations(&[decided(&again, 120)]).await.unwrap(), [Committed]);
    }
}

on_both! {
    async fn a_refused_notice_leaves_the_definitions_as_they_were(db: TestDatabase) {
        let store = db.open().await;
        a_firing_rule(&store).await;
        let mut wrong = closing(true);
        wrong.uid = uid("nobody");
        assert!(store.save_rules(&[rule("b")], &[wrong], at(61)).await.is_err(), "state of a rule that is not there");
        assert_eq!(store.stored_rules().await.unwrap().len(), 1);
        assert_eq!(store.deliveries(&DeliveryFilter::default()).await.unwrap(), []);
    }
}
