//! Results of reports: as durable as their runs, given out as they were, forgotten in time.

use watchfire_alerts::{RuleState, StateChanges};
use watchfire_model::{ProjectName, RuleName, Window};
use watchfire_store::CommitOutcome::{Committed, LeaseLost};
use watchfire_store::{Closing, ReportResult, RunFilter, RunResult, Store, StoredBody, StoredResult};

use crate::support::{at, claim, decided, on_both, save, uid};

fn result(slot: i64, body: &[u8]) -> ReportResult {
    ReportResult {
        scheduled_for: at(slot),
        window: Some(Window { start: at(slot - 60), end: at(slot) }),
        row_count: 5,
        stored_rows: 3,
        body: body.to_vec(),
        created_at: at(slot + 1),
        expires_at: at(slot + 1_000),
    }
}

/// One run of the rule at each of these slots, with a result or without.
async fn history(store: &Store, slots: &[(i64, bool)]) {
    for (slot, has_result) in slots {
        let mut item = decided(&claim(store, 1_000_000).await[0], *slot);
        item.result = has_result.then(|| result(*slot, b"PAR1"));
        assert_eq!(store.commit_evaluations(&[item]).await.unwrap(), [Committed]);
    }
}

async fn listed(store: &Store, before: Option<i64>, limit: usize) -> Vec<i64> {
    let found = store.report_results(&RuleName::new("a"), before.map(at), limit).await.unwrap();
    found.iter().map(|result| result.scheduled_for.as_micros() / 1_000_000).collect()
}

on_both! {
    async fn a_result_comes_back_as_it_was_with_its_run_and_for_no_other(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b"]).await;
        // Every byte there is, and more than a page of the database.
        let body: Vec<u8> = (0..100_000_u32).map(|n| (n % 256) as u8).collect();
        let items: Vec<_> = claim(&store, 60).await.iter().map(|claimed| {
            let mut item = decided(claimed, 60);
            item.result = (claimed.row.name.as_str() == "a").then(|| result(60, &body));
            item
        }).collect();
        assert_eq!(store.commit_evaluations(&items).await.unwrap(), [Committed, Committed]);
        let known = StoredResult {
            scheduled_for: at(60),
            window: Some(Window { start: at(0), end: at(60) }),
            row_count: 5,
            stored_rows: 3,
            size_bytes: 100_000,
            created_at: at(61),
            expires_at: at(1_060),
        };
        let name = RuleName::new("a");
        assert_eq!(store.report_results(&name, None, 10).await.unwrap(), std::slice::from_ref(&known));
        let found = store.report_result(&name, None, at(60)).await.unwrap();
        assert_eq!(found, Some(StoredBody { result: known, parquet: body }));
        assert_eq!(store.report_result(&name, None, at(61)).await.unwrap(), None);
        let other = ProjectName::new("other");
        assert_eq!(store.report_result(&name, Some(&other), at(60)).await.unwrap(), None);
        assert_eq!(store.report_result(&RuleName::new("b"), None, at(60)).await.unwrap(), None);
        let runs = store.runs(&RunFilter::default()).await.unwrap();
        let mut shown: Vec<_> = runs.iter().map(|run| (run.rule.as_str(), run.result)).collect();
        shown.sort_by_key(|(rule, _)| *rule);
        assert_eq!(shown, [("a", Some(RunResult { rows: 3, bytes: 100_000 })), ("b", None)]);
    }
}

on_both! {
    async fn a_replay_and_a_lost_lease_keep_no_result(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let mut item = decided(&claim(&store, 60).await[0], 60);
        for (body, outcome) in [(b"first_", Committed), (b"second", LeaseLost)] {
            item.result = Some(result(60, body));
            assert_eq!(store.commit_evaluations(std::slice::from_ref(&item)).await.unwrap(), [outcome]);
        }
        let found = store.report_result(&RuleName::new("a"), Some(&ProjectName::new("default")), at(60)).await.unwrap().unwrap();
        assert_eq!(found.parquet, b"first_");
    }
}

on_both! {
    async fn a_result_that_breaks_a_promise_takes_its_whole_run_along(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let mut item = decided(&claim(&store, 60).await[0], 60);
        item.result = Some(ReportResult { stored_rows: 6, ..result(60, b"PAR1") });
        let outcomes = store.commit_evaluations(&[item]).await.unwrap();
        assert!(matches!(outcomes[0], watchfire_store::CommitOutcome::Refused { .. }), "{outcomes:?}");
        assert_eq!(listed(&store, None, 10).await, [] as [i64; 0]);
        assert!(store.runs(&RunFilter::default()).await.unwrap().is_empty());
    }
}

on_both! {
    async fn results_are_listed_newest_first_and_paged(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        history(&store, &[(60, true), (120, false), (180, true), (240, true)]).await;
        assert_eq!(listed(&store, None, 10).await, [240, 180, 60]);
        assert_eq!(listed(&store, None, 2).await, [240, 180]);
        assert_eq!(listed(&store, Some(180), 2).await, [60]);
    }
}

on_both! {
    async fn results_are_forgotten_when_their_time_is_over_also_those_of_a_deleted_rule(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let slots: Vec<(i64, bool)> = (1..=50).map(|slot| (slot, true)).collect();
        history(&store, &slots).await;
        let closing = Closing {
            uid: uid("a"),
            changes: StateChanges::default(),
            state: RuleState::default(),
            notices: Vec::new(),
            delete_rule: true,
        };
        store.save_rules(&[], &[closing], at(60)).await.unwrap();
        assert_eq!(listed(&store, None, 100).await.len(), 50, "a deleted rule keeps them until then");
        assert_eq!(store.prune_report_results(at(1_000)).await.unwrap(), 0);
        assert_eq!(store.prune_report_results(at(1_045)).await.unwrap(), 45);
        assert_eq!(listed(&store, None, 100).await, [50, 49, 48, 47, 46]);
    }
}

on_both! {
    async fn a_run_with_a_stored_result_stays_single_and_is_kept_as_long_as_it(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        history(&store, &[(1, false), (2, false), (3, true), (4, false), (5, false), (6, true), (7, true), (8, false)])
            .await;
        let single = async || {
            let rows = store.runs(&RunFilter::default()).await.unwrap();
            let mut slots: Vec<_> =
                rows.iter().map(|row| (row.scheduled_for.as_micros() / 1_000_000, row.range.is_none())).collect();
            slots.reverse();
            slots
        };
        assert_eq!(store.compact_runs(1).await.unwrap(), 2);
        let folded = [(2, false), (3, true), (5, false), (6, true), (7, true), (8, true)];
        assert_eq!(single().await, folded);
        assert_eq!(store.prune_runs(at(7), 1).await.unwrap(), 2);
        assert_eq!(single().await, [(3, true), (6, true), (7, true), (8, true)]);
        store.prune_report_results(at(10_000)).await.unwrap();
        assert_eq!(store.compact_runs(1).await.unwrap(), 2, "without its result a run is like any other");
        assert_eq!(single().await, [(7, false), (8, true)]);
    }
}
