//! History: listed newest first, folded where nothing sets the slots apart.

use watchfire_model::{RuleName, Window};
use watchfire_store::CommitOutcome::Committed;
use watchfire_store::{RunFilter, RunRange, RunRecord, RunRow, RunStatus, SkippedSlots, Store};

use crate::support::{at, claim, decided, on_both, run_at, save, uid};

/// One evaluation: a run (with its slot), or a skipped range.
enum Slot {
    Clear(i64),
    Matched(i64),
    Told(i64),
    Failed(i64),
    Skipped(i64, i64, u64, &'static str),
}

async fn history(store: &Store, slots: &[Slot]) {
    for slot in slots {
        let (through, run, skipped): (i64, Option<RunRecord>, Vec<SkippedSlots>) = match *slot {
            Slot::Clear(slot) => (slot, Some(run_at(slot, "clear", 0)), vec![]),
            Slot::Matched(slot) => (slot, Some(run_at(slot, "matched", 0)), vec![]),
            Slot::Told(slot) => (slot, Some(run_at(slot, "matched", 1)), vec![]),
            Slot::Failed(slot) => {
                let failed = RunRecord {
                    status: RunStatus::Failed,
                    error: Some("timeout: no answer in 30 s".into()),
                    ..run_at(slot, "failed", 0)
                };
                (slot, Some(failed), vec![])
            }
            Slot::Skipped(first, last, count, reason) => {
                (last, None, vec![SkippedSlots { first: at(first), last: at(last), count, reason: reason.into() }])
            }
        };
        let mut item = decided(&claim(store, 1_000_000).await[0], through);
        item.run = run;
        item.skipped = skipped;
        assert_eq!(store.commit_evaluations(&[item]).await.unwrap(), [Committed]);
    }
}

/// The history in short, oldest first: `first-last×count outcome-or-reason`.
async fn told(store: &Store) -> Vec<String> {
    let mut rows = store.runs(&RunFilter::default()).await.unwrap();
    rows.reverse();
    let seconds = |instant: watchfire_model::Timestamp| instant.as_micros() / 1_000_000;
    rows.iter()
        .map(|row| match &row.range {
            Some(range) => format!(
                "{}-{}×{} {}",
                seconds(range.first),
                seconds(range.last),
                range.count,
                row.outcome.as_ref().unwrap_or(&range.reason)
            ),
            None => format!("{} {}", seconds(row.scheduled_for), row.outcome.as_deref().unwrap()),
        })
        .collect()
}

on_both! {
    async fn equal_uneventful_runs_become_one_range_and_what_mattered_stays(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        use Slot::{Clear, Failed, Matched, Told};
        let slots = [
            Clear(1), Clear(2), Clear(3), Told(4), Matched(5), Matched(6), Failed(7), Clear(8), Clear(9),
            Matched(10), Clear(11), Clear(12), Clear(13),
        ];
        history(&store, &slots).await;
        assert_eq!(store.compact_runs(2).await.unwrap(), 4);
        let folded = [
            "1-3×3 clear", "4 matched", "5-6×2 matched", "7 failed", "8-9×2 clear", "10 matched", "11 clear",
            "12 clear", "13 clear",
        ];
        assert_eq!(told(&store).await, folded);
        assert_eq!(store.compact_runs(2).await.unwrap(), 0);
        assert_eq!(told(&store).await, folded);
    }
}

on_both! {
    async fn ranges_grow_as_time_goes_on(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        for slot in 1..=9 {
            history(&store, &[Slot::Clear(slot)]).await;
            store.compact_runs(3).await.unwrap();
        }
        assert_eq!(told(&store).await, ["1-6×6 clear", "7 clear", "8 clear", "9 clear"]);
        let oldest = store.runs(&RunFilter::default()).await.unwrap().pop().unwrap();
        assert_eq!((oldest.started_at, oldest.finished_at), (Some(at(1)), Some(at(7))));
        assert_eq!(oldest.scheduled_for, at(6));
    }
}

on_both! {
    async fn skipped_ranges_of_one_reason_become_one_however_young(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        use Slot::{Clear, Skipped};
        let slots = [
            Skipped(1, 4, 4, "missed"), Skipped(5, 5, 1, "missed"), Skipped(6, 7, 2, "too_old"),
            Skipped(8, 8, 1, "overlap"), Clear(9), Skipped(10, 10, 1, "overlap"), Skipped(11, 11, 1, "overlap"),
        ];
        history(&store, &slots).await;
        assert_eq!(store.compact_runs(100).await.unwrap(), 2);
        assert_eq!(
            told(&store).await,
            ["1-5×5 missed", "6-7×2 too_old", "8-8×1 overlap", "9 clear", "10-11×2 overlap"]
        );
    }
}

on_both! {
    async fn the_last_runs_of_each_rule_stay_single(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a", "b"]).await;
        for slot in 1..=5 {
            let batch: Vec<_> = claim(&store, 1_000_000).await.iter().map(|claimed| decided(claimed, slot)).collect();
            store.commit_evaluations(&batch).await.unwrap();
        }
        assert_eq!(store.compact_runs(5).await.unwrap(), 0);
        assert_eq!(store.compact_runs(3).await.unwrap(), 2);
        for name in ["a", "b"] {
            let rows = store.runs(&RunFilter { uid: Some(uid(name)), ..RunFilter::default() }).await.unwrap();
            assert_eq!(rows.len(), 4, "{name}");
        }
    }
}

on_both! {
    async fn a_run_is_listed_as_it_was_recorded(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let window = Window { start: at(10), end: at(40) };
        let run = RunRecord {
            window: Some(window),
            status: RunStatus::Failed,
            row_count: 7,
            notified: 2,
            error: Some("source: gone".into()),
            ..run_at(60, "failed", 0)
        };
        let mut item = decided(&claim(&store, 60).await[0], 60);
        item.run = Some(run);
        item.skipped = vec![SkippedSlots { first: at(5), last: at(30), count: 2, reason: "superseded".into() }];
        store.commit_evaluations(&[item]).await.unwrap();
        let row = RunRow {
            uid: uid("a"),
            rule: RuleName::new("a"),
            incarnation: 1,
            scheduled_for: at(60),
            window: Some(window),
            status: RunStatus::Failed,
            outcome: Some("failed".into()),
            row_count: Some(7),
            notified: Some(2),
            error: Some("source: gone".into()),
            started_at: Some(at(60)),
            finished_at: Some(at(61)),
            result: None,
            range: None,
        };
        let skipped = RunRow {
            scheduled_for: at(30),
            window: None,
            status: RunStatus::Skipped,
            outcome: None,
            row_count: None,
            notified: None,
            error: None,
            started_at: None,
            finished_at: None,
            range: Some(RunRange { first: at(5), last: at(30), count: 2, reason: "superseded".into() }),
            ..row.clone()
        };
        assert_eq!(store.runs(&RunFilter::default()).await.unwrap(), [row, skipped]);
    }
}

on_both! {
    async fn lists_of_runs_are_narrowed_and_paged(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        use Slot::{Clear, Failed, Skipped};
        history(&store, &[Clear(1), Failed(2), Skipped(3, 5, 3, "missed"), Clear(6)]).await;
        let all = RunFilter::default;
        for (filter, slots) in [
            (all(), vec![6, 5, 2, 1]),
            (RunFilter { limit: 2, ..all() }, vec![6, 5]),
            (RunFilter { before: Some(at(5)), limit: 2, ..all() }, vec![2, 1]),
            (RunFilter { status: Some(RunStatus::Failed), ..all() }, vec![2]),
            (RunFilter { rule: Some(RuleName::new("a")), limit: 1, ..all() }, vec![6]),
            (RunFilter { rule: Some(RuleName::new("b")), ..all() }, vec![]),
            (RunFilter { uid: Some(uid("b")), ..all() }, vec![]),
        ] {
            let rows = store.runs(&filter).await.unwrap();
            let found: Vec<i64> = rows.iter().map(|row| row.scheduled_for.as_micros() / 1_000_000).collect();
            assert_eq!(found, slots, "{filter:?}");
        }
    }
}

on_both! {
    async fn what_is_very_old_is_forgotten_but_not_the_newest_runs_of_a_rule(db: TestDatabase) {
        use Slot::*;
        let store = db.open().await;
        save(&store, &["a"]).await;
        let slots = [Told(60), Failed(120), Skipped(180, 240, 2, "superseded"), Failed(300), Clear(360), Clear(420)];
        history(&store, &slots).await;
        assert_eq!(store.prune_runs(at(60), 0).await.unwrap(), 0, "the first is not older than that");
        assert_eq!(store.prune_runs(at(300), 5).await.unwrap(), 1);
        assert_eq!(store.prune_runs(at(300), 2).await.unwrap(), 2);
        assert_eq!(told(&store).await, ["300 failed", "360 clear", "420 clear"]);
        assert_eq!(store.prune_runs(at(1_000), 2).await.unwrap(), 1);
    }
}

on_both! {
    async fn the_last_success_is_known_though_a_success_writes_no_state(db: TestDatabase) {
        use Slot::*;
        let store = db.open().await;
        save(&store, &["a"]).await;
        let last_success = async || store.rule_states(&[uid("a")]).await.unwrap()[&uid("a")].last_success_at;
        assert_eq!(last_success().await, None);
        history(&store, &[Clear(60), Clear(120), Failed(180), Skipped(240, 300, 2, "superseded")]).await;
        assert_eq!(last_success().await, Some(at(120)));
        history(&store, &[Clear(360), Clear(420), Failed(480)]).await;
        store.compact_runs(0).await.unwrap();
        assert_eq!(last_success().await, Some(at(420)), "also as the end of a range");
    }
}
