//! One evaluation: the question of a rule at a slot, as an outcome.

use watchfire_model::{Failure, Keep, Outcome, QuerySpec, SlotContext};

use crate::Telemetry;
use crate::engine::{Asked, Engine, Refusal};
use crate::failure;
use crate::no_data::all_empty;
use crate::parse::Question;
use crate::runtime::Asker;
use crate::verdict::observe;

impl Telemetry {
    /// Asks the question of a rule at a slot.
    ///
    /// `now()` and the parameters come from `context`. Unless the query itself names
    /// `$window_start` or `$window_end`, every scan of a table with a time column is cut to the
    /// window; a condition that names them filters nothing and lifts no cut. `NoData` when every table
    /// that the query names is empty in the window, unless `query.asks_without_data` and its columns are
    /// known. Never an error: what goes wrong is `Outcome::Failed`, at the latest after `query.timeout`.
    pub async fn evaluate(&self, query: &QuerySpec, context: &SlotContext) -> Outcome {
        let engine = self.engine.clone();
        let (question, context) = (Question::of(query), *context);
        let (window_on, environments) = (query.window_on.clone(), query.environments.clone());
        let wanted = Wanted { keep: query.keep, without_data: query.asks_without_data };
        let work = async move {
            let (asker, at, window) = (Asker::Rule, context.scheduled_for, context.window);
            let asked = Asked { asker, at, window, window_on, environments };
            Box::pin(run(&engine, &question, asked, wanted)).await
        };
        self.runtime.run(Asker::Rule, query.timeout, work).await.unwrap_or_else(Outcome::Failed)
    }
}

/// What of the answer is wanted.
struct Wanted {
    keep: Keep,
    without_data: bool,
}

async fn run(engine: &Engine, question: &Question, asked: Asked, wanted: Wanted) -> Result<Outcome, Failure> {
    let ready = match engine.prepare(question, asked.clone()).await {
        Ok(ready) => ready,
        Err(Refusal::NeverFilled) => return Ok(Outcome::NoData),
        Err(refusal) => return Err(refusal.into_failure()),
    };
    if !wanted.without_data {
        let empty = all_empty(&ready.tables, ready.state(), &asked.cut()).await;
        if empty.map_err(|error| failure::of(&error))? {
            return Ok(Outcome::NoData);
        }
    }
    let seen = observe(ready.start()?, ready.layout(), wanted.keep, &engine.limits).await;
    seen.map(Outcome::Rows).map_err(|failure| ready.explained(failure))
}
