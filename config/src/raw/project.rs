//! Projects and their tokens.

use watchfire_model::TokenScope;

use crate::read::{Count, Definitions, Phrased, SecretText, Text, mapping};

mapping! {
    /// A project: rows, rules and tokens that belong together.
    pub(crate) struct RawProject, "a project" {
        /// Its name, by which rules call it.
        name: Text, required;
        /// A number from 1 of its own: what stands at the end of a Sentry DSN. Needed for every project but `default`, which has 1.
        id: Count;
        /// Whose it is, in the words of Logfire's clients; default `default`.
        organization: Text;
        /// Who may speak for it; default nobody.
        tokens: Definitions<RawToken>;
    }
}

mapping! {
    /// A token.
    pub(crate) struct RawToken, "a token" {
        /// Its name, unique within the project.
        name: Text, required;
        /// What it opens: sending telemetry, looking and asking, or everything.
        scope: Phrased<TokenScope>, required;
        /// 16 printable characters or more, only as `${NAME}` or `{file: path}`. Its hash alone is kept.
        value: SecretText, required;
    }
}
