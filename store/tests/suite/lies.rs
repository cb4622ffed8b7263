//! What the database refuses, whatever the code believes.

use crate::states::firing;
use crate::support::{claim, decided, notice, on_both, save};
use watchfire_alerts::StateChanges;
use watchfire_model::InstanceKey;

const LIES: &[(&str, &str)] = &[
    ("firing_has_a_start", "UPDATE instances SET firing_since = NULL"),
    ("a_breach_has_a_start", "UPDATE instances SET breached_since = NULL"),
    ("pending_has_a_last_breach", "UPDATE instances SET breached_at = 1"),
    ("resolved_has_a_time", "UPDATE instances SET resolved_at = 1"),
    ("a word that is no condition", "UPDATE instances SET condition = 'burning'"),
    ("recovery_is_counted", "UPDATE instances SET clear_since = 1"),
    ("absence_is_counted", "UPDATE instances SET absent_since = 1"),
    ("a word that is no severity", "UPDATE instances SET severity = 'fatal'"),
    ("trouble_has_a_start", "UPDATE rule_states SET health = 'no_data', health_runs = 1"),
    ("only_an_error_interrupts", "UPDATE rule_states SET empty_input = '{}'"),
    ("an_error_has_a_failure", "UPDATE rule_states SET health = 'error', health_runs = 1, health_since = 1"),
    ("only_trouble_is_told", "UPDATE rule_states SET health_told_at = 1"),
    ("done_has_a_time", "UPDATE outbox SET state = 'done'"),
    ("dead_has_a_reason", "UPDATE outbox SET state = 'dead'"),
    ("sending_has_a_lease", "UPDATE outbox SET state = 'sending', claimed_by = 'x'"),
    ("sending_has_a_claimant", "UPDATE outbox SET state = 'sending', lease_until = 1"),
    ("a word that is no state", "UPDATE outbox SET state = 'lost'"),
    ("skipped_has_a_reason", "UPDATE runs SET reason = 'because'"),
    ("a_range_has_an_order", "UPDATE runs SET last_at = first_at - 1"),
    ("a_range_has_an_order", "UPDATE runs SET slot_count = 2"),
    ("eventful_runs_stay_single", "UPDATE runs SET slot_count = 2, last_at = first_at + 1, notified = 1"),
    ("only_failed_has_an_error", "UPDATE runs SET error = 'x'"),
    ("a_retired_rule_is_never_due", "UPDATE rules SET retired_at = 1"),
    ("a_claim_has_an_end", "UPDATE rules SET claimed_by = 'x'"),
    ("a negative epoch", "UPDATE rules SET epoch = -1"),
    (
        "one notification per id and channel",
        "INSERT INTO outbox (notification_id, channel, lane, next_at, expires_at, created_at)
            SELECT notification_id, channel, lane, next_at, expires_at, created_at FROM outbox",
    ),
    ("an outbox row without its fact", "DELETE FROM notifications"),
];

on_both! {
    async fn the_database_refuses_a_lie(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let mut item = decided(&claim(&store, 60).await[0], 60);
        let key = InstanceKey::new(vec![]);
        item.state.instances.insert(key.clone(), firing());
        item.changes = StateChanges { rule: true, upserts: vec![(key, firing())], ..StateChanges::default() };
        item.notices = vec![notice("n", &["hook"], "l")];
        store.commit_evaluations(&[item]).await.unwrap();

        for (what, lie) in LIES {
            let refused = db.sql(lie).await.expect_err(what);
            let refused = refused.as_database_error().unwrap();
            let is_about_it = what.contains(' ') || refused.message().contains(what);
            assert!(is_about_it, "{what}: {refused}");
        }
    }
}

on_both! {
    async fn a_lane_never_has_two_rows_under_way(db: TestDatabase) {
        let store = db.open().await;
        store.insert_notice(&notice("n1", &["hook"], "l")).await.unwrap();
        store.insert_notice(&notice("n2", &["hook"], "l")).await.unwrap();
        let lie = "UPDATE outbox SET state = 'sending', lease_until = 1, claimed_by = 'x'";
        assert!(db.sql(lie).await.unwrap_err().as_database_error().unwrap().is_unique_violation());
    }
}
