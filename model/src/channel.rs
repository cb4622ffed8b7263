//! What kind of receiver a channel is. Who should hear what depends on it.

/// Kinds of receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelClass {
    /// People read it in a stream: one message per (rule, slot), listing its instances.
    Chat,
    /// Programs read it: one message per instance.
    Webhook,
    /// People read it one by one: one message per instance.
    Mail,
    /// It wakes people: one incident per instance, closed when the episode ends.
    Paging,
}
