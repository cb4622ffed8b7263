//! A query that a client sends.

use watchfire_model::{ProjectName, Timestamp};
use watchfire_telemetry::{Answer, QueryError, QueryRequest};

use crate::engine::Engine;

impl Engine {
    /// What the engine takes for now: `now()` of queries that clients send.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Asks the tables of a project. Clients have a bounded share of all queries; rules do not wait for them.
    pub async fn query(&self, project: &ProjectName, request: QueryRequest) -> Result<Answer, QueryError> {
        let telemetry = self.shared.active().telemetry.of_project(project);
        telemetry.answer(request).await
    }
}
