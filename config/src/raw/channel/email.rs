//! Mail.

use crate::phrases::Tls;
use crate::read::{Count, Items, Phrased, SecretText, Text, mapping};

mapping! {
    /// Mail through an SMTP server.
    pub(crate) struct RawEmail, "an email channel" {
        /// Its name, by which rules call it.
        name: Text, required;
        /// What kind of receiver it is.
        r#type: Text, required;
        /// The server that takes the mail.
        smtp: RawSmtp, required;
        /// The sender: an address, or `Name <address>`.
        from: Text, required;
        /// The receivers, each an address or `Name <address>`.
        to: Items<Text>, required;
    }
}

mapping! {
    /// The server that takes the mail.
    pub(crate) struct RawSmtp, "`smtp`" {
        /// Its name or address.
        host: Text, required;
        /// Its port; default by `tls`: 25, 587 or 465.
        port: Count;
        /// `starttls` begins in the clear and refuses to go on so, `implicit` speaks TLS from the first byte, `none` never; default `starttls`.
        tls: Phrased<Tls>;
        /// Who we are there.
        username: Text;
        /// The password; only as `${NAME}` or `{file: path}`.
        password: SecretText;
    }
}
