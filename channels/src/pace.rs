//! How fast a receiver may be spoken to. Pure: time is an argument.

use std::time::Duration;

use watchfire_model::Timestamp;

use crate::limits::{DISCORD_PACE, MAIL_PACE, OPSGENIE_PACE, SLACK_PACE};
use crate::spec::Target;

/// So many messages at once, and then one in each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The distance between two messages in the long run.
    pub interval: Duration,
    /// How many may go at once after a silence.
    pub burst: u32,
}

impl Target {
    /// What the vendor asks for; `None`: as fast as it answers.
    pub const fn pace(&self) -> Option<Pace> {
        match self {
            Self::Webhook(_) => None,
            Self::Slack(_) => Some(SLACK_PACE),
            Self::Discord(_) => Some(DISCORD_PACE),
            Self::Opsgenie(_) => Some(OPSGENIE_PACE),
            Self::Email(_) => Some(MAIL_PACE),
        }
    }

    /// Whether a receiver that asks for a pause means the whole channel, not one message.
    ///
    /// A mail server does not: it puts off one mail of one sender to one receiver, for a full mailbox or to see
    /// whether we come back (greylisting). Other mails would wait for minutes without a reason.
    pub const fn pauses_as_a_whole(&self) -> bool {
        match self {
            Self::Slack(_) | Self::Discord(_) | Self::Opsgenie(_) => true,
            Self::Webhook(_) | Self::Email(_) => false,
        }
    }
}

/// What has gone out at a pace: the instant at which the last message would have been due, one interval apart each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paced {
    paid_until: Option<Timestamp>,
}

impl Paced {
    /// How many messages may go now.
    pub fn room(&self, pace: Pace, now: Timestamp) -> usize {
        let burst = pace.burst as usize;
        let Some(debt) = self.debt(now) else { return burst };
        let owed = debt.as_micros().div_ceil(pace.interval.as_micros().max(1));
        burst.saturating_sub(usize::try_from(owed).unwrap_or(usize::MAX))
    }

    /// Notes that one message goes now.
    pub fn take(&mut self, pace: Pace, now: Timestamp) {
        let from = self.paid_until.filter(|until| *until > now).unwrap_or(now);
        self.paid_until = Some(from.plus(pace.interval));
    }

    /// When there is room for one message again; `None`: there is room now.
    pub fn next_room_at(&self, pace: Pace, now: Timestamp) -> Option<Timestamp> {
        if self.room(pace, now) > 0 {
            return None;
        }
        self.paid_until.map(|until| until.minus(pace.interval * pace.burst.saturating_sub(1)))
    }

    /// After the clock went back: what was sent in what is now the future counts as sent now.
    pub fn forget_future(&mut self, pace: Pace, now: Timestamp) {
        let most = now.plus(pace.interval * pace.burst);
        self.paid_until = self.paid_until.map(|until| until.min(most));
    }

    fn debt(&self, now: Timestamp) -> Option<Duration> {
        self.paid_until.filter(|until| *until > now).map(|until| until.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACE: Pace = Pace { interval: Duration::from_secs(2), burst: 3 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(1_795_000_000_000_000 + millis * 1_000)
    }

    #[test]
    fn after_a_silence_a_burst_may_go_and_then_one_per_interval() {
        let mut paced = Paced::default();
        let mut sent = Vec::new();
        for millis in (0..12_000).step_by(250) {
            while paced.room(PACE, at(millis)) > 0 {
                paced.take(PACE, at(millis));
                sent.push(millis);
            }
        }
        assert_eq!(sent, [0, 0, 0, 2_000, 4_000, 6_000, 8_000, 10_000]);
    }

    #[test]
    fn the_next_room_is_where_it_is_said_to_be() {
        let mut paced = Paced::default();
        assert_eq!(paced.next_room_at(PACE, at(0)), None);
        for _ in 0..3 {
            paced.take(PACE, at(0));
        }
        assert_eq!(paced.next_room_at(PACE, at(500)), Some(at(2_000)));
        assert_eq!(paced.next_room_at(PACE, at(2_000)), None);
    }

    #[test]
    fn a_clock_that_goes_back_never_waits_longer_than_the_burst() {
        let mut paced = Paced::default();
        for _ in 0..3 {
            paced.take(PACE, at(0));
        }
        assert_eq!(paced.room(PACE, at(-3_600_000)), 0);
        paced.forget_future(PACE, at(-3_600_000));
        assert_eq!(paced.next_room_at(PACE, at(-3_600_000)), Some(at(-3_598_000)));
    }

    proptest! {
        #[test]
        fn no_span_of_time_holds_more_than_the_burst_and_its_share(
            steps in proptest::collection::vec(0_i64..5_000, 1..60)
        ) {
            let mut paced = Paced::default();
            let (mut now, mut sent) = (0, Vec::new());
            for step in steps {
                now += step;
                if paced.room(PACE, at(now)) > 0 {
                    paced.take(PACE, at(now));
                    sent.push(now);
                }
            }
            for (first, start) in sent.iter().enumerate() {
                for (last, end) in sent.iter().enumerate().skip(first) {
                    let share = (end - start) / 2_000 + 3;
                    prop_assert!((last - first + 1) as i64 <= share, "{} in {} ms", last - first + 1, end - start);
                }
            }
        }
    }
}
