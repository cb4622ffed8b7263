//! Discord.

use crate::read::{SecretText, Text, mapping};

mapping! {
    /// A Discord channel, through a webhook.
    pub(crate) struct RawDiscord, "a Discord channel" {
        /// Its name, by which rules call it.
        name: Text, required;
        /// What kind of receiver it is.
        r#type: Text, required;
        /// The address of the webhook. Whoever knows it can write into the channel.
        url: SecretText, required;
        /// The thread that the messages go to: its id, a long number. A webhook of a forum needs it.
        thread_id: Text;
    }
}
