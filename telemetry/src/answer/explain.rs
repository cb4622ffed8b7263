//! How a query is run, as text.

use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::displayable;

use crate::engine::Ready;

/// The plans of one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plans {
    /// What is done.
    pub logical: String,
    /// How it is done.
    pub physical: String,
    /// How it was done, with what each step took.
    pub physical_with_metrics: String,
}

impl Plans {
    /// Of a query that has run to its end.
    pub(super) fn of(ready: &Ready) -> Self {
        let plan = ready.physical_plan().as_ref();
        Self {
            logical: ready
                .logical_plan()
                .map_or_else(|error| error.to_string(), |plan| plan.display_indent().to_string()),
            physical: displayable(plan).indent(true).to_string(),
            physical_with_metrics: DisplayableExecutionPlan::with_metrics(plan).indent(true).to_string(),
        }
    }

    /// The members of an answer.
    pub(super) fn members(&self) -> [(&'static str, &str); 3] {
        [
            ("logical_plan", &self.logical),
            ("physical_plan", &self.physical),
            ("physical_plan_with_metrics", &self.physical_with_metrics),
        ]
    }
}
