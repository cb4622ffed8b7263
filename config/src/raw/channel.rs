//! Channels.

use crate::read::{SecretText, Table, Text, mapping};

mapping! {
    /// Where messages go.
    pub(crate) struct RawChannel, "a channel" {
        /// Its name, by which rules call it.
        name: Text, required;
        /// What kind of receiver it is: `webhook`.
        r#type: Text, required;
        /// The address that takes the messages.
        url: SecretText, required;
        /// Extra headers of each request.
        headers: Table<SecretText>;
        /// Standard Webhooks signing secret, `whsec_…`.
        secret: SecretText;
    }
}
