//! What ran and what was told, page by page.

use watchfire_model::ProjectName;
use watchfire_store::{AttemptRow, DeliveryFilter, DeliveryId, DeliveryRow, RunFilter, RunPlace, RunRow};

use crate::engine::Engine;
use crate::error::Error;

/// Most tries of one delivery that are shown; the newest.
const ATTEMPTS_SHOWN: usize = 200;

impl Engine {
    /// Runs and skipped slots after a place, the newest slot first.
    ///
    /// # Errors
    /// When the store cannot be asked now.
    pub async fn runs(&self, filter: &RunFilter, after: Option<RunPlace>) -> Result<Vec<(RunPlace, RunRow)>, Error> {
        self.turns.pass(self.shared.store.runs_after(filter, after)).await
    }

    /// Deliveries that were decided before the one at a place, the newest first.
    ///
    /// # Errors
    /// When the store cannot be asked now.
    pub async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        after: Option<i64>,
    ) -> Result<Vec<(i64, DeliveryRow)>, Error> {
        self.turns.pass(self.shared.store.deliveries_after(filter, after)).await
    }

    /// One delivery (`nt_…:channel`) with its tries, the oldest first; `None` when there is none with this id (in this project).
    ///
    /// # Errors
    /// When the store cannot be asked now.
    pub async fn delivery(
        &self,
        id: &str,
        project: Option<&ProjectName>,
    ) -> Result<Option<(DeliveryRow, Vec<AttemptRow>)>, Error> {
        let Some(id) = DeliveryId::parse(id) else { return Ok(None) };
        let project = project.cloned();
        let filter = DeliveryFilter { id: Some(id.clone()), project, limit: 1, ..DeliveryFilter::default() };
        let store = &self.shared.store;
        let look = async {
            let Some(found) = store.deliveries(&filter).await?.pop() else { return Ok(None) };
            let attempts = store.attempts(&id, ATTEMPTS_SHOWN).await?;
            Ok::<_, watchfire_store::Error>(Some((found, attempts)))
        };
        self.turns.pass(look).await
    }
}
