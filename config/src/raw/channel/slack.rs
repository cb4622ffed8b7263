//! Slack.

use crate::phrases::Layout;
use crate::read::{NotYet, Phrased, SecretText, Text, mapping};

mapping! {
    /// A Slack channel, through an incoming webhook.
    pub(crate) struct RawSlack, "a Slack channel" {
        /// Its name, by which rules call it.
        name: Text, required;
        /// What kind of receiver it is.
        r#type: Text, required;
        /// The address of the incoming webhook. Whoever knows it can write into the channel.
        url: SecretText, required;
        /// `attachment` shows details beside a bar in the color of their state, `blocks` without it; default `attachment`.
        layout: Phrased<Layout>;
        /// The token of an app; not supported yet.
        token: NotYet;
        /// The channel for which the token is used; not supported yet.
        channel: NotYet;
    }
}
