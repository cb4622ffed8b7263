//! What messages say.

use crate::read::{Text, mapping};

mapping! {
    /// What messages say.
    pub(crate) struct RawMessage, "`message`" {
        /// The headline, a template; default built in.
        title: Text;
        /// The text below it, a template; default built in.
        body: Text;
        /// The address where people read what to do; a link in every message.
        runbook: Text;
    }
}
