//! What to do after an attempt. The only place that decides whether and when to try again.
//!
//! ```text
//!  sent ──────────────────────────────► done
//!  throttled, transient, unknown ─────► retry: doubling, with jitter, never before the receiver's wish
//!  config, gone ──────────────────────► retry: one probe per 10 minutes, the channel is broken
//!  payload ───────────────────────────► retry at once in the next plainer form; dead when there is none
//!  any retry at or after `expires_at` ─► dead
//! ```

use std::time::Duration;

use watchfire_model::{NotificationKind, Timestamp};

use crate::classify::SendOutcome;
use crate::form::Form;
use crate::limits::{BROKEN_PROBE_EVERY, EXPIRES_AFTER, REPORT_EXPIRES_AFTER, RETRY_BASE, RETRY_CAP, RETRY_FLOOR};

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// The receiver has it.
    Done {
        /// What the receiver calls the message.
        remote: Option<String>,
    },
    /// Try again.
    Retry {
        /// Not before this instant.
        at: Timestamp,
        /// The plainer form that it gets, when the receiver refused the present one.
        form: Option<Form>,
    },
    /// Nobody will be told; kept for people to see and to retry by hand.
    Dead {
        /// Why.
        reason: DeadReason,
    },
}

/// Why a delivery was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeadReason {
    /// The receiver will never take this message.
    Payload,
    /// No attempt succeeded while it was worth telling.
    Expired,
}

impl DeadReason {
    /// The word for it in the store, in JSON and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Expired => "expired",
        }
    }
}

/// Decides what follows an attempt.
///
/// `attempt` counts the attempts made, this one included, from 1; `now` is when its outcome
/// was known; `jitter` is a fresh random number in `[0, 1)`, which keeps messages that failed
/// together from coming back together. A retry lies before `expires_at`, always.
///
/// `plainer` is the form that comes after the one that was sent: a message that the receiver refuses is
/// written more plainly and tried at once, until there is no plainer form.
pub fn next_step(
    outcome: &SendOutcome,
    attempt: u32,
    now: Timestamp,
    expires_at: Timestamp,
    jitter: f64,
    plainer: Option<Form>,
) -> NextStep {
    let form = if matches!(outcome, SendOutcome::Payload) { plainer } else { None };
    let wait = match outcome {
        SendOutcome::Sent { remote } => return NextStep::Done { remote: remote.clone() },
        SendOutcome::Payload if form.is_some() => Duration::ZERO,
        SendOutcome::Payload => return NextStep::Dead { reason: DeadReason::Payload },
        SendOutcome::Throttled { after, .. } => backoff(attempt, jitter).max(after.unwrap_or_default()),
        SendOutcome::Transient | SendOutcome::Unknown => backoff(attempt, jitter),
        SendOutcome::Config | SendOutcome::Gone => BROKEN_PROBE_EVERY,
    };
    let at = now.plus(wait);
    if at < expires_at { NextStep::Retry { at, form } } else { NextStep::Dead { reason: DeadReason::Expired } }
}

/// Until when a notification of this kind, decided at `created_at`, is worth telling.
pub fn expires_at(kind: NotificationKind, created_at: Timestamp) -> Timestamp {
    let worth_telling_for = match kind {
        NotificationKind::ReportReady => REPORT_EXPIRES_AFTER,
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
        | NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest
        | NotificationKind::ChannelBroken
        | NotificationKind::Test => EXPIRES_AFTER,
    };
    created_at.plus(worth_telling_for)
}

/// Full jitter: anything between the floor and a bound that doubles with each attempt up to the cap.
fn backoff(attempt: u32, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1);
    let bound = RETRY_BASE.saturating_mul(2_u32.saturating_pow(doublings)).min(RETRY_CAP);
    // A number outside the agreed range must not panic in the middle of a delivery.
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
    bound.mul_f64(jitter).max(RETRY_FLOOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Scope;
    use crate::limits::RETRY_AFTER_MAX;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
    const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);
    const BARELY_ONE: f64 = 1.0 - f64::EPSILON;

    fn waits(outcome: &SendOutcome, jitter: f64) -> Vec<u64> {
        (1..=12)
            .map(|attempt| match next_step(outcome, attempt, NOW, NEVER, jitter, None) {
                NextStep::Retry { at, .. } => at.since(NOW).as_secs_f64().round() as u64,
                step @ (NextStep::Done { .. } | NextStep::Dead { .. }) => panic!("{step:?}"),
            })
            .collect()
    }

    #[test]
    fn waits_double_up_to_ten_minutes_and_never_fall_below_a_second() {
        let doubling = [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600];
        for outcome in [
            SendOutcome::Transient,
            SendOutcome::Unknown,
            SendOutcome::Throttled { after: None, scope: Scope::Message },
        ] {
            assert_eq!(waits(&outcome, BARELY_ONE), doubling);
            assert_eq!(waits(&outcome, 0.0), [1; 12]);
        }
    }

    #[test]
    fn the_receivers_wish_raises_the_wait_and_never_lowers_it() {
        let wish =
            |seconds| SendOutcome::Throttled { after: Some(Duration::from_secs(seconds)), scope: Scope::Message };
        assert_eq!(waits(&wish(30), BARELY_ONE), [30, 30, 30, 30, 32, 64, 128, 256, 512, 600, 600, 600]);
        assert_eq!(waits(&wish(3600), 0.5), [3600; 12]);
        assert_eq!(waits(&wish(0), 0.0), [1; 12]);
    }

    #[test]
    fn a_broken_channel_is_probed_every_ten_minutes() {
        for outcome in [SendOutcome::Config, SendOutcome::Gone] {
            assert_eq!(waits(&outcome, 0.0), [600; 12]);
        }
    }

    #[test]
    fn what_is_sent_is_done_and_what_is_refused_is_dead_at_any_hour() {
        let sent = SendOutcome::Sent { remote: Some("1700.12".to_owned()) };
        for expires_at in [NOW.minus(EXPIRES_AFTER), NOW, NEVER] {
            let done = NextStep::Done { remote: Some("1700.12".to_owned()) };
            assert_eq!(next_step(&sent, 9, NOW, expires_at, 0.5, None), done);
            let dead = NextStep::Dead { reason: DeadReason::Payload };
            assert_eq!(next_step(&SendOutcome::Payload, 1, NOW, expires_at, 0.5, None), dead);
        }
    }

    #[test]
    fn reports_expire_after_twelve_hours_and_all_else_after_a_day() {
        for kind in NotificationKind::ALL {
            let hours = if *kind == NotificationKind::ReportReady { 12 } else { 24 };
            assert_eq!(expires_at(*kind, NOW).since(NOW), Duration::from_hours(hours), "{kind}");
        }
    }

    fn any_failure() -> impl Strategy<Value = SendOutcome> {
        prop_oneof![
            Just(SendOutcome::Transient),
            Just(SendOutcome::Unknown),
            Just(SendOutcome::Config),
            Just(SendOutcome::Gone),
            Just(SendOutcome::Throttled { after: None, scope: Scope::Message }),
            (0_u64..=3_600_000).prop_map(|millis| SendOutcome::Throttled {
                after: Some(Duration::from_millis(millis)),
                scope: Scope::Message
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_retry_keeps_to_the_wish_the_floor_and_the_cap(
            outcome in any_failure(), attempt in any::<u32>(), jitter in any::<f64>()
        ) {
            let NextStep::Retry { at, .. } = next_step(&outcome, attempt, NOW, NEVER, jitter, None) else {
                return Err(TestCaseError::fail("nothing expires here"));
            };
            let wait = at.since(NOW);
            let wish = match &outcome {
                SendOutcome::Throttled { after, .. } => after.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            prop_assert!(wait >= wish, "{wait:?} is before the wish {wish:?}");
            prop_assert!(wait >= RETRY_FLOOR, "{wait:?} is below the floor");
            prop_assert!(wait <= RETRY_CAP.max(wish) && wait <= RETRY_AFTER_MAX, "{wait:?} is beyond the cap");
        }

        #[test]
        fn no_retry_lies_at_or_after_the_expiry_and_an_earlier_expiry_never_revives(
            outcome in any_failure(), attempt in 0_u32..40, jitter in 0.0..1.0_f64,
            first in -7_200_i64..100_000, second in -7_200_i64..100_000
        ) {
            let (early, late) = (first.min(second), first.max(second));
            let at = |seconds: i64| {
                let expires_at = Timestamp::from_micros(NOW.as_micros() + seconds * 1_000_000);
                (expires_at, next_step(&outcome, attempt, NOW, expires_at, jitter, None))
            };
            for (expires_at, step) in [at(early), at(late)] {
                match step {
                    NextStep::Retry { at, .. } => prop_assert!(at < expires_at && at > NOW),
                    NextStep::Dead { reason } => prop_assert_eq!(reason, DeadReason::Expired),
                    NextStep::Done { .. } => prop_assert!(false, "nothing was sent"),
                }
            }
            if matches!(at(late).1, NextStep::Dead { .. }) {
                prop_assert_eq!(at(early).1, at(late).1);
            } else if matches!(at(early).1, NextStep::Retry { .. }) {
                prop_assert_eq!(at(early).1, at(late).1);
            }
        }
    }
}
