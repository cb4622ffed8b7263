//! Webhooks.

use crate::read::{NotYet, SecretText, Table, Text, mapping};

mapping! {
    /// An HTTP address that takes our JSON.
    pub(crate) struct RawWebhook, "a webhook channel" {
        /// Its name, by which rules call it.
        name: Text, required;
        /// What kind of receiver it is.
        r#type: Text, required;
        /// The address that takes the messages.
        url: SecretText, required;
        /// Extra headers of each request. Values of headers that carry keys or tokens only as `${NAME}` or `{file: path}`.
        headers: Table<SecretText>;
        /// Standard Webhooks signing secret, `whsec_…`, which signs each request; only as `${NAME}` or `{file: path}`.
        secret: SecretText;
        /// How the body looks; not supported yet.
        format: NotYet;
    }
}
