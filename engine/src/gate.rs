//! How many messages each channel may get now: its requests under way, its pace, and the pause it asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use watchfire_channels::limits::{PACED_IN_FLIGHT_MAX, RETRY_AFTER_MAX, WEBHOOK_IN_FLIGHT_MAX};
use watchfire_channels::pace::Paced;
use watchfire_channels::spec::{ChannelSpec, Target};
use watchfire_model::{ChannelName, Timestamp};

/// One gate per channel in use. Kept in memory: after a restart the receivers say again what they bear.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<ChannelName, Gate>>);

#[derive(Debug, Default)]
struct Gate {
    in_flight: usize,
    paced: Paced,
    paused_until: Option<Timestamp>,
}

impl Gate {
    fn room(&mut self, target: &Target, now: Timestamp) -> usize {
        // After the clock went back, no pause is longer than a receiver may ask for.
        self.paused_until = self.paused_until.map(|until| until.min(now.plus(RETRY_AFTER_MAX)));
        if self.paused_until.is_some_and(|until| until > now) {
            return 0;
        }
        let Some(pace) = target.pace() else { return WEBHOOK_IN_FLIGHT_MAX.saturating_sub(self.in_flight) };
        self.paced.forget_future(pace, now);
        self.paced.room(pace, now).min(PACED_IN_FLIGHT_MAX.saturating_sub(self.in_flight))
    }

    /// When a closed gate opens by itself; one that waits for an answer does not.
    fn opens_at(&self, target: &Target, now: Timestamp) -> Option<Timestamp> {
        let paced = target.pace().and_then(|pace| self.paced.next_room_at(pace, now));
        let paused = self.paused_until.filter(|until| *until > now);
        paced.max(paused)
    }

    /// Whether it would be the same as a new one.
    fn is_at_rest(&self, target: Option<&Target>, now: Timestamp) -> bool {
        self.in_flight == 0
            && target.is_none_or(|target| self.opens_at(target, now).is_none() && self.is_full(target, now))
    }

    fn is_full(&self, target: &Target, now: Timestamp) -> bool {
        target.pace().is_none_or(|pace| self.paced.room(pace, now) == pace.burst as usize)
    }
}

impl Gates {
    /// The room in each channel that has some, and when the first of the others opens.
    pub(crate) fn room(
        &self,
        channels: &HashMap<ChannelName, Arc<ChannelSpec>>,
        now: Timestamp,
    ) -> (Vec<(ChannelName, usize)>, Option<Timestamp>) {
        let mut gates = self.lock();
        gates.retain(|name, gate| !gate.is_at_rest(channels.get(name).map(|channel| &channel.target), now));
        let (mut rooms, mut opens_at) = (Vec::new(), None);
        for (name, channel) in channels {
            let mut fresh = Gate::default();
            let gate = gates.get_mut(name).unwrap_or(&mut fresh);
            match gate.room(&channel.target, now) {
                0 => opens_at = earlier(opens_at, gate.opens_at(&channel.target, now)),
                room => rooms.push((name.clone(), room)),
            }
        }
        (rooms, opens_at)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().values().all(|gate| gate.in_flight == 0)
    }

    /// A message goes now.
    pub(crate) fn enter(&self, channel: &ChannelSpec, now: Timestamp) {
        let mut gates = self.lock();
        let gate = gates.entry(channel.name.clone()).or_default();
        gate.in_flight += 1;
        if let Some(pace) = channel.target.pace() {
            gate.paced.take(pace, now);
        }
    }

    /// Its attempt is over.
    pub(crate) fn leave(&self, channel: &ChannelName) {
        if let Some(gate) = self.lock().get_mut(channel) {
            gate.in_flight = gate.in_flight.saturating_sub(1);
        }
    }

    /// The receiver asked for a pause.
    pub(crate) fn pause(&self, channel: &ChannelName, until: Timestamp) {
        let mut gates = self.lock();
        let gate = gates.entry(channel.clone()).or_default();
        gate.paused_until = gate.paused_until.max(Some(until));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ChannelName, Gate>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The earlier of two instants, where there are any.
pub(crate) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use watchfire_channels::{SlackSpec, WebhookSpec};

    use super::*;

    fn channel(name: &str, target: Target) -> Arc<ChannelSpec> {
        Arc::new(ChannelSpec { name: ChannelName::new(name), target })
    }

    fn slack() -> Arc<ChannelSpec> {
        channel("chat", Target::Slack(SlackSpec { url: "https://example.com/x".into(), plain_blocks: false }))
    }

    fn webhook() -> Arc<ChannelSpec> {
        let spec = WebhookSpec { url: "https://example.com/x".into(), headers: Vec::new(), secret: None };
        channel("hook", Target::Webhook(spec))
    }

    fn map(channels: &[&Arc<ChannelSpec>]) -> HashMap<ChannelName, Arc<ChannelSpec>> {
        channels.iter().map(|channel| (channel.name.clone(), Arc::clone(channel))).collect()
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    #[test]
    fn a_paced_channel_closes_after_its_burst_and_says_when_it_opens() {
        let (gates, chat) = (Gates::default(), slack());
        let channels = map(&[&chat]);
        assert_eq!(gates.room(&channels, NOW), (vec![(chat.name.clone(), 3)], None));
        for _ in 0..3 {
            gates.enter(&chat, NOW);
            gates.leave(&chat.name);
        }
        let opens_at = NOW.plus(Duration::from_secs(1));
        assert_eq!(gates.room(&channels, NOW), (Vec::new(), Some(opens_at)));
        assert_eq!(gates.room(&channels, opens_at), (vec![(chat.name.clone(), 1)], None));
    }

    #[test]
    fn a_pause_closes_its_channel_and_no_other() {
        let (gates, chat, hook) = (Gates::default(), slack(), webhook());
        let channels = map(&[&chat, &hook]);
        let until = NOW.plus(Duration::from_secs(30));
        gates.pause(&chat.name, until);
        gates.pause(&chat.name, NOW.plus(Duration::from_secs(5)));
        assert_eq!(gates.room(&channels, NOW), (vec![(hook.name.clone(), WEBHOOK_IN_FLIGHT_MAX)], Some(until)));
        assert_eq!(gates.room(&map(&[&chat]), until), (vec![(chat.name.clone(), 3)], None));
    }

    #[test]
    fn a_webhook_has_room_for_as_many_as_are_not_under_way() {
        let (gates, hook) = (Gates::default(), webhook());
        for _ in 0..WEBHOOK_IN_FLIGHT_MAX {
            gates.enter(&hook, NOW);
        }
        assert_eq!(gates.room(&map(&[&hook]), NOW), (Vec::new(), None));
        gates.leave(&hook.name);
        assert_eq!(gates.room(&map(&[&hook]), NOW), (vec![(hook.name.clone(), 1)], None));
        assert!(!gates.is_empty());
    }

    #[test]
    fn the_gate_of_a_channel_that_is_gone_is_forgotten() {
        let (gates, chat) = (Gates::default(), slack());
        gates.enter(&chat, NOW);
        gates.room(&HashMap::new(), NOW);
        assert!(!gates.is_empty(), "a request is still under way");
        gates.leave(&chat.name);
        gates.room(&HashMap::new(), NOW);
        assert!(gates.lock().is_empty());
    }
}
