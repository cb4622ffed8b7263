//! What people look at: pages that miss nothing and repeat nothing, rules in short, instances by how bad they are.

use std::collections::{BTreeSet, HashMap};

use watchfire_alerts::{Clear, Condition, Health, Instance, RuleState, StateChanges};
use watchfire_model::{Failure, FailureCode, InstanceKey, Severity, Value};
use watchfire_store::CommitOutcome::Committed;
use watchfire_store::{
    Attempt, AttemptRow, DeliveryEnd, DeliveryFilter, DeliveryFinish, DeliveryId, InstancePlace, RunFilter, RunStatus,
    SkippedSlots, Store, Trouble,
};

use crate::states::instance;
use crate::support::{at, channel, claim, decided, notice, on_both, run_at, save, uid};

/// Deliveries of one fact to so many channels.
async fn tell_many(store: &Store, name: &str, channels: usize) {
    let names: Vec<String> = (0..channels).map(|number| format!("c{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    store.insert_notice(&notice(name, &names, "x")).await.unwrap();
}

/// Records one skipped slot for each of these seconds, of every rule that is claimed.
async fn skip_many(store: &Store, seconds: std::ops::Range<i64>) {
    let through = seconds.end - 1;
    let commits: Vec<_> = claim(store, 1_000_000)
        .await
        .iter()
        .map(|claimed| {
            let mut item = decided(claimed, through);
            item.run = None;
            let skip = |slot| SkippedSlots { first: at(slot), last: at(slot), count: 1, reason: "missed".into() };
            item.skipped = seconds.clone().map(skip).collect();
            item
        })
        .collect();
    assert!(store.commit_evaluations(&commits).await.unwrap().iter().all(|outcome| *outcome == Committed));
}

on_both! {
    async fn deliveries_are_walked_page_by_page_while_others_are_decided(db: TestDatabase) {
        let store = db.open().await;
        for number in 0..25 {
            tell_many(&store, &format!("before {number}"), 100).await;
        }
        let wanted: BTreeSet<String> = ids(&store, 1_000_000).await;
        let (mut seen, mut place) = (Vec::new(), None);
        for page in 0.. {
            let filter = DeliveryFilter { limit: 170, ..DeliveryFilter::default() };
            let rows = store.deliveries_after(&filter, place).await.unwrap();
            let Some((last, _)) = rows.last() else { break };
            place = Some(*last);
            seen.extend(rows.into_iter().map(|(_, row)| row.id.to_string()));
            tell_many(&store, &format!("meanwhile {page}"), 10).await;
        }
        assert_eq!((wanted.len(), seen.len()), (2500, 2500), "nothing twice");
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), wanted, "and nothing is missing");
    }
}

async fn ids(store: &Store, limit: usize) -> BTreeSet<String> {
    let rows = store.deliveries(&DeliveryFilter { limit, ..DeliveryFilter::default() }).await.unwrap();
    rows.into_iter().map(|row| row.id.to_string()).collect()
}

on_both! {
    async fn runs_are_walked_page_by_page_though_many_share_a_slot_and_others_are_recorded(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b", "c", "d", "e"]).await;
        skip_many(&store, 1..501).await;
        let filter = RunFilter { limit: 130, ..RunFilter::default() };
        let (mut seen, mut place, mut next) = (Vec::new(), None, 501);
        loop {
            let rows = store.runs_after(&filter, place).await.unwrap();
            let Some((last, _)) = rows.last() else { break };
            place = Some(*last);
            seen.extend(rows.into_iter().map(|(_, run)| (run.uid.to_string(), run.scheduled_for)));
            skip_many(&store, next..next + 3).await;
            next += 3;
        }
        let slots: Vec<_> = seen.iter().map(|(_, slot)| *slot).collect();
        assert!(slots.is_sorted_by(|a, b| a >= b), "the newest first");
        let once: BTreeSet<_> = seen.iter().cloned().collect();
        assert_eq!((seen.len(), once.len()), (2500, 2500));
        assert!(slots.iter().all(|slot| *slot <= at(500)), "what came meanwhile stands before the first page");
    }
}

on_both! {
    async fn filters_of_runs_hold_on_every_page(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        for slot in 1..=6 {
            let mut item = decided(&claim(&store, 1_000_000).await[0], slot);
            let mut run = run_at(slot, "clear", 0);
            if slot % 2 == 0 {
                run.status = RunStatus::Failed;
            }
            item.run = Some(run);
            store.commit_evaluations(&[item]).await.unwrap();
        }
        let failed = RunFilter { status: Some(RunStatus::Failed), limit: 2, ..RunFilter::default() };
        let of_rule = RunFilter { uid: Some(uid("a")), before: Some(at(6)), limit: 2, ..RunFilter::default() };
        for (filter, slots) in [(failed, vec![6, 4, 2]), (of_rule, vec![5, 4, 3, 2, 1])] {
            let (mut found, mut place) = (Vec::new(), None);
            loop {
                let rows = store.runs_after(&filter, place).await.unwrap();
                let Some((last, _)) = rows.last() else { break };
                place = Some(*last);
                found.extend(rows.iter().map(|(_, run)| run.scheduled_for.as_micros() / 1_000_000));
            }
            assert_eq!(found, slots, "{filter:?}");
        }
    }
}

fn key(name: &str) -> InstanceKey {
    InstanceKey::new(vec![("host".into(), Value::String(name.into()))])
}

/// Instances by name: what stands so, and how bad it is.
fn instances() -> Vec<(&'static str, Condition, Severity)> {
    let firing = |clear| Condition::Firing { breached_since: at(1), since: at(2), clear };
    vec![
        ("calm", Condition::Inactive, Severity::Critical),
        ("over", Condition::Resolved { at: at(5) }, Severity::Error),
        ("soon", Condition::Pending { breached_since: at(3), breached_at: at(4), runs: 2 }, Severity::Critical),
        ("bad-2", firing(None), Severity::Warning),
        ("bad-1", firing(Some(Clear { since: at(4), runs: 1 })), Severity::Warning),
        ("worst", firing(None), Severity::Error),
        ("mild", firing(None), Severity::Info),
    ]
}

async fn with_instances(store: &Store, rule: &str, instances: Vec<(&str, Condition, Severity)>, health: Health) {
    let instance_of = |condition, severity| Instance { severity, ..instance(condition) };
    let mut state = RuleState { incarnation: 1, health, ..RuleState::default() };
    for (name, condition, severity) in instances {
        state.instances.insert(key(name), instance_of(condition, severity));
    }
    let claimed = claim(store, 60).await.into_iter().find(|claimed| claimed.row.uid == uid(rule)).unwrap();
    let mut item = decided(&claimed, 60);
    let upserts = state.instances.clone().into_iter().collect();
    item.changes = StateChanges { rule: true, baseline: false, upserts, forgets: Vec::new() };
    item.state = state;
    assert_eq!(store.commit_evaluations(&[item]).await.unwrap(), [Committed]);
}

on_both! {
    async fn a_rule_in_short_counts_its_instances_and_names_the_worst(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let failure = Failure::new(FailureCode::Timeout, "30 s are not enough");
        let health = Health::Error { since: at(9), runs: 2, told_at: None, failure: failure.clone(), empty: None };
        with_instances(&store, "a", instances(), health).await;
        save(&store, &["quiet"]).await;
        let mut summaries = store.rule_summaries(&[uid("a"), uid("quiet"), uid("nobody")]).await.unwrap();
        let busy = summaries.remove(&uid("a")).unwrap();
        assert_eq!((busy.firing, busy.recovering, busy.pending, busy.resolved, busy.instances), (4, 1, 1, 1, 7));
        assert_eq!(busy.severity, Some(Severity::Error), "only what fires counts");
        assert_eq!(busy.trouble, Trouble::Error { since: at(9), runs: 2, failure });
        assert_eq!((busy.next_at, busy.decided_through), (Some(at(120)), at(60)));
        let quiet = summaries.remove(&uid("quiet")).unwrap();
        assert_eq!((quiet.instances, quiet.severity, &quiet.trouble), (0, None, &Trouble::None));
        assert_eq!(summaries, HashMap::new());
    }
}

on_both! {
    async fn instances_are_listed_worst_first_page_by_page(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        with_instances(&store, "a", instances(), Health::Ok).await;
        let (mut names, mut place): (Vec<String>, Option<InstancePlace>) = (Vec::new(), None);
        loop {
            let rows = store.rule_instances(&uid("a"), place.as_ref(), 2).await.unwrap();
            let Some((last, _, _)) = rows.last() else { break };
            place = Some(last.clone());
            names.extend(rows.iter().map(|(_, key, _)| key.parts()[0].1.to_json().as_str().unwrap().to_owned()));
        }
        assert_eq!(names, ["worst", "bad-1", "bad-2", "mild", "soon", "over", "calm"]);
    }
}

on_both! {
    async fn the_last_run_of_a_rule_is_that_of_its_present_incarnation_and_never_a_skip(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b"]).await;
        let commits: Vec<_> = claim(&store, 60).await.iter().map(|claimed| {
            let mut item = decided(claimed, 60);
            item.run = Some(run_at(60, "matched", 1));
            item
        }).collect();
        store.commit_evaluations(&commits).await.unwrap();
        skip_many(&store, 120..122).await;
        let last = store.last_runs(&[uid("a"), uid("b"), uid("nobody")]).await.unwrap();
        assert_eq!(last.len(), 2);
        assert_eq!((last[&uid("a")].scheduled_for, last[&uid("a")].outcome.as_deref()), (at(60), Some("matched")));
        let again = watchfire_store::RuleRow { incarnation: 2, ..crate::support::rule("a") };
        store.save_rules(&[again], &[], at(200)).await.unwrap();
        assert_eq!(store.last_runs(&[uid("a")]).await.unwrap(), HashMap::new());
    }
}

on_both! {
    async fn every_attempt_of_a_delivery_is_kept_in_order(db: TestDatabase) {
        let store = db.open().await;
        store.insert_notice(&notice("n", &["hook"], "x")).await.unwrap();
        let id = store.deliveries(&DeliveryFilter::default()).await.unwrap().remove(0).id;
        for number in 1..=3 {
            let lease = std::time::Duration::from_secs(600);
            let claimed = store.claim_deliveries(at(number * 10), &[(channel("hook"), 1)], lease).await.unwrap().remove(0);
            let reason = format!("transient ({number})");
            let attempt =
                Attempt { started_at: at(number * 10), outcome: "transient".into(), detail: Some(reason.clone()) };
            let finish = DeliveryFinish {
                id: claimed.id.clone(),
                epoch: claimed.epoch,
                end: DeliveryEnd::Retry { at: at(number * 10 + 2), reason, form: None },
                finished_at: at(number * 10 + 1),
                attempt: Some(attempt),
            };
            store.finish_deliveries(&[finish]).await.unwrap();
        }
        let made = |number: u64| AttemptRow {
            number,
            started_at: at(number as i64 * 10),
            finished_at: at(number as i64 * 10 + 1),
            outcome: "transient".into(),
            detail: Some(format!("transient ({number})")),
        };
        assert_eq!(store.attempts(&id, 9).await.unwrap(), [made(1), made(2), made(3)]);
        assert_eq!(store.attempts(&id, 2).await.unwrap(), [made(2), made(3)], "the newest");
        let unknown = DeliveryId { channel: channel("mail"), ..id };
        assert_eq!(store.attempts(&unknown, 9).await.unwrap(), []);
    }
}
