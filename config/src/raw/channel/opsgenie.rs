//! Opsgenie and Jira Service Management.

use crate::read::{Items, SecretText, Text, mapping};

mapping! {
    /// An API integration of Opsgenie or Jira Service Management.
    pub(crate) struct RawOpsgenie, "an Opsgenie channel" {
        /// Its name, by which rules call it.
        name: Text, required;
        /// What kind of receiver it is; `jsm` is `opsgenie` with the address of Jira Service Management.
        r#type: Text, required;
        /// The key of the API integration; only as `${NAME}` or `{file: path}`.
        auth_key: SecretText, required;
        /// `us`, `eu`, `jsm` or an address that `/v2/alerts` can follow; default `us`, with `type: jsm` `jsm`.
        base_url: Text;
        /// Names of the teams that are called, beside whom the integration itself calls.
        teams: Items<Text>;
    }
}
