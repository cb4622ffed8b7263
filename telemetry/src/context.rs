//! What one query knows besides its plan: slot, window and the data it reads.
//!
//! It travels in the session's configuration, so that a plan can be cached and
//! asked again for another slot, and so that every scan of one query sees the same files.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::{ConfigEntry, ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion::common::{internal_datafusion_err, not_impl_err};
use watchfire_model::{Timestamp, Window};

use crate::source::Snapshot;
use crate::table::cut::Cut;

/// The facts of one query.
#[derive(Debug, Clone)]
pub(crate) struct QueryContext(Arc<Facts>);

#[derive(Debug)]
pub(crate) struct Facts {
    /// `$scheduled_for` and `now()`.
    pub scheduled_for: Timestamp,
    /// `$window_start` and `$window_end`.
    pub window: Option<Window>,
    /// Whether every scan is cut to the window; not so when the query names the window itself.
    pub cut_scans: bool,
    /// The column that the window cuts, instead of each table's own.
    pub window_on: Option<String>,
    /// Only rows of these environments are read of our own tables.
    pub environments: Option<Vec<String>>,
    /// The tables as they are for this query, by their name in SQL.
    pub tables: HashMap<String, Arc<Snapshot>>,
}

impl Facts {
    /// What every scan is cut to.
    pub(crate) fn cut(&self) -> Cut<'_> {
        Cut {
            window: self.window.filter(|_| self.cut_scans),
            window_on: self.window_on.as_deref(),
            environments: self.environments.as_deref(),
        }
    }
}

impl QueryContext {
    pub(crate) fn new(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }

    pub(crate) fn of(options: &ConfigOptions) -> Result<&Facts> {
        let context = options.extensions.get::<Self>();
        let context = context.ok_or_else(|| internal_datafusion_err!("a query without its context"))?;
        Ok(&context.0)
    }
}

impl ConfigExtension for QueryContext {
    const PREFIX: &'static str = "watchfire";
}

impl ExtensionOptions for QueryContext {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        not_impl_err!("`{key}` cannot be set")
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}
