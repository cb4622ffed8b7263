//! One question, from text to a stream of rows: read, take snapshots, plan, optimize, run.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider};
use datafusion::common::{DataFusionError, plan_datafusion_err};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use tokio::task::spawn_blocking;
use watchfire_model::{Failure, FailureCode, ProjectName, Timestamp, Window};

use crate::answer;
use crate::cache::{Entry, PlanCache};
use crate::catalog::{Origin, Seen, Tables, of_kept, of_source};
use crate::constants;
use crate::context::{Facts, QueryContext};
use crate::failure;
use crate::function::returns_rows;
use crate::limits::Limits;
use crate::nearest::nearest;
use crate::parse::{Parsed, Question, parse};
use crate::part::PartError;
use crate::plan::{Layout, Planned, casts_to, plan, same_schemas};
use crate::remote::{RemoteError, push_down};
use crate::runtime::Asker;
use crate::session;
use crate::source::{Rows, Snapshot, Source};
use crate::state_tables::StateTable;
use crate::table::cut::Cut;
use crate::table::{information_schema, provider::Table};

/// What a query needs besides its text; cheap to clone into the query's own task.
#[derive(Clone)]
pub(crate) struct Engine {
    pub base: Arc<SessionState>,
    pub tables: Arc<Tables>,
    pub plans: Arc<PlanCache>,
    pub limits: Arc<Limits>,
    /// Where queries of people run: with a share of the memory.
    pub people: Arc<RuntimeEnv>,
    /// Whose tables are asked.
    pub project: ProjectName,
}

/// When a question is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub asker: Asker,
    pub at: Timestamp,
    pub window: Option<Window>,
    pub window_on: Option<String>,
    /// Only rows of these environments are read of our own tables; an empty text stands for rows that name none.
    pub environments: Option<Vec<String>>,
}

impl Asked {
    /// Everything, at this `now()`.
    pub(crate) const fn over_all_time(asker: Asker, at: Timestamp) -> Self {
        Self { asker, at, window: None, window_on: None, environments: None }
    }

    /// What it asks about, whether or not scans are cut to it.
    pub(crate) fn cut(&self) -> Cut<'_> {
        Cut { window: self.window, window_on: self.window_on.as_deref(), environments: self.environments.as_deref() }
    }
}

/// A question ready to run.
pub(crate) struct Ready {
    state: SessionState,
    plan: Arc<dyn ExecutionPlan>,
    planned: Arc<Planned>,
    /// The environment of people, when one of them asks.
    people: Option<Arc<RuntimeEnv>>,
    /// The tables that the query names, when every one of them can say whether it is empty.
    pub tables: Vec<Arc<Snapshot>>,
}

/// Why a question cannot be run.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Mistakes in its texts, with their parts.
    Parts(Vec<PartError>),
    /// A source cannot be read.
    Failed(Failure),
    /// A database answers, and has no such table, or no such column for its time: a mistake in the source.
    WrongSource(Failure),
    /// A database cannot be reached: whether the SQL is right is not known.
    Unreachable(Failure),
    /// It does not plan, but every table it names is empty and never had a column: there is no data yet.
    NeverFilled,
}

impl Refusal {
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Parts(errors) => failure::of_parts(&errors),
            Self::Failed(failure) | Self::WrongSource(failure) | Self::Unreachable(failure) => failure,
            Self::NeverFilled => {
                Failure::new(FailureCode::InvalidQuery, "the files of its tables are empty and have no columns yet")
            }
        }
    }
}

impl Engine {
    /// Reads and plans a question for its moment; nothing runs yet.
    ///
    /// What does not plan is planned once more when a database has other columns now than were known.
    pub(crate) async fn prepare(&self, question: &Question, asked: Asked) -> Result<Ready, Refusal> {
        match Box::pin(self.prepare_once(question, asked.clone())).await {
            Err(Refusal::Parts(errors)) => {
                // What cannot be read names no tables.
                let parsed = self.parsed(asked.asker, question).ok();
                if let Some(parsed) = parsed
                    && self.tables.look_again(&self.project, &parsed.tables).await
                {
                    return Box::pin(self.prepare_once(question, asked)).await;
                }
                Err(Refusal::Parts(errors))
            }
            other => other,
        }
    }

    async fn prepare_once(&self, question: &Question, asked: Asked) -> Result<Ready, Refusal> {
        let asker = asked.asker;
        let known = self.known(asker, question);
        let parsed = self.parsed(asker, question).map_err(Refusal::Parts)?;
        let snapshots = self.snapshots(&parsed, &asked).await?;
        check_window_on(&asked, &snapshots)?;
        let facts = Facts {
            scheduled_for: asked.at,
            window: asked.window,
            cut_scans: !parsed.uses_window,
            window_on: asked.window_on,
            environments: asked.environments,
            tables: parsed.tables.iter().cloned().zip(snapshots.iter().cloned()).collect(),
        };
        let mut state = session::for_query(&self.base, facts);
        if let Some(zone) = question.zone {
            answer::set_zone(&mut state, zone);
        }
        let schemas: Vec<SchemaRef> = snapshots.iter().map(|snapshot| Arc::clone(&snapshot.schema)).collect();
        let planned = known.and_then(|entry| entry.planned).filter(|planned| same_schemas(&planned.schemas, &schemas));
        let planned = match planned {
            Some(planned) => planned,
            None => {
                let planned = self.plan(asker, question, &parsed, &mut state, &snapshots).await;
                planned.map_err(|errors| never_filled(&snapshots).unwrap_or(Refusal::Parts(errors)))?
            }
        };
        let plan = physical(&mut state, &planned.plan).await;
        let plan = plan.map_err(|error| Refusal::Parts(vec![PartError::query(error)]))?;
        let tables = if parsed.shows_tables { Vec::new() } else { snapshots };
        let people = (asker == Asker::Person).then(|| Arc::clone(&self.people));
        Ok(Ready { state, plan, planned, people, tables })
    }

    /// A question, read.
    fn parsed(&self, asker: Asker, question: &Question) -> Result<Arc<Parsed>, Vec<PartError>> {
        match self.known(asker, question) {
            Some(entry) => Ok(entry.parsed),
            None => Ok(Arc::new(parse(question, &self.base)?)),
        }
    }

    /// What is remembered of a question of this project.
    pub(crate) fn known(&self, asker: Asker, question: &Question) -> Option<Entry> {
        self.plans.get(asker, &self.project, question)
    }

    async fn plan(
        &self,
        asker: Asker,
        question: &Question,
        parsed: &Arc<Parsed>,
        state: &mut SessionState,
        snapshots: &[Arc<Snapshot>],
    ) -> Result<Arc<Planned>, Vec<PartError>> {
        let query = |error| vec![PartError::query(error)];
        let information = if parsed.shows_tables { Some(self.information().await.map_err(query)?) } else { None };
        let (public, own) = (MemorySchemaProvider::new(), MemorySchemaProvider::new());
        for (name, snapshot) in parsed.tables.iter().zip(snapshots) {
            let (schema, shredding) = (Arc::clone(&snapshot.schema), snapshot.shredding().cloned());
            let table = Arc::new(Table { name: name.clone(), schema, shredding });
            match StateTable::of_full_name(name) {
                Some(state) => own.register_table(state.as_str().to_owned(), table),
                None => public.register_table(name.clone(), table),
            }
            .map_err(query)?;
        }
        state.register_catalog_list(session::catalog(public, own, information).map_err(query)?);
        let schemas = snapshots.iter().map(|snapshot| Arc::clone(&snapshot.schema)).collect();
        let planned = Arc::new(plan(question, parsed, state, schemas).await?);
        // A plan over `information_schema` holds the tables of its moment.
        let kept = (!parsed.shows_tables).then(|| Arc::clone(&planned));
        self.plans.put(asker, &self.project, question, Entry { parsed: Arc::clone(parsed), planned: kept });
        Ok(planned)
    }

    /// The tables that a question names, as they are now, in the order of [`Parsed::tables`].
    async fn snapshots(&self, parsed: &Parsed, asked: &Asked) -> Result<Vec<Arc<Snapshot>>, Refusal> {
        let window = asked.window.filter(|_| !parsed.uses_window);
        let mut seen = Seen::default();
        let mut snapshots = Vec::with_capacity(parsed.tables.len());
        for name in &parsed.tables {
            let origin = self.tables.origin(&self.project, name);
            let origin = origin.ok_or_else(|| Refusal::Parts(vec![self.unknown_table(name)]))?;
            let snapshot = match origin {
                Origin::Files { source, hides_pending } => {
                    read(name, source, hides_pending).await.map_err(Refusal::Failed)?
                }
                Origin::Database(source) => source.snapshot().await.map_err(of_database)?,
                Origin::Kept { table, hides_pending } => {
                    let window_on = asked.window_on.as_deref();
                    let rows = self.tables.kept(&mut seen, &self.project, table, window, window_on);
                    Arc::new(of_kept(rows, hides_pending))
                }
                Origin::State(table) => {
                    let window = window.filter(|_| asked.window_on.is_none());
                    let snapshot = self.tables.state.snapshot(table, &self.project, window, &self.limits).await;
                    Arc::new(snapshot.map_err(Refusal::Failed)?)
                }
            };
            snapshots.push(snapshot);
        }
        Ok(snapshots)
    }

    fn unknown_table(&self, name: &str) -> PartError {
        if returns_rows(name) {
            let text =
                "it stands in SELECT here, like `SELECT e FROM (SELECT jsonb_array_elements_text(x) AS e FROM t) AS s`";
            return PartError::query(plan_datafusion_err!("no table `{name}`; as a function, {text}")).about(name);
        }
        let names = self.tables.names(&self.project);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", failure::listed(&names)),
        };
        PartError::query(plan_datafusion_err!("no table `{name}`; {hint}")).about(name)
    }

    /// All tables with their columns. One that cannot be read is left out: the others are still worth seeing.
    async fn information(&self) -> Result<Arc<dyn SchemaProvider>, DataFusionError> {
        let mut tables = Vec::new();
        for name in self.tables.names(&self.project) {
            let schema = match self.tables.origin(&self.project, &name) {
                Some(Origin::Files { source, hides_pending }) => {
                    let snapshot = read(&name, source, hides_pending).await;
                    snapshot.ok().map(|snapshot| Arc::clone(&snapshot.schema))
                }
                Some(Origin::Database(source)) => {
                    source.snapshot().await.ok().map(|snapshot| Arc::clone(&snapshot.schema))
                }
                Some(origin) => origin.fixed_schema(),
                None => None,
            };
            tables.extend(schema.map(|schema| (name, schema)));
        }
        information_schema::provider(&tables)
    }
}

/// The plan that runs, for the slot of `state`: what databases can answer is theirs.
async fn physical(state: &mut SessionState, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let mut optimized = state.optimize(plan)?;
    constants::within_limit(&optimized)?;
    if let Some(rows) = constants::batch_rows(&optimized)? {
        let config = state.config().clone().with_batch_size(rows);
        *state.config_mut() = config;
    }
    let facts = QueryContext::of(state.config_options())?;
    if facts.tables.values().any(|table| matches!(table.rows, Rows::Database(_))) {
        optimized = push_down(optimized, facts)?;
    }
    state.query_planner().create_physical_plan(&optimized, state).await
}

fn of_database(error: RemoteError) -> Refusal {
    let failure = error.failure();
    match &error.error {
        error if error.is_transient() => Refusal::Unreachable(failure),
        error if error.is_wrong_name() => Refusal::WrongSource(failure),
        _ => Refusal::Failed(failure),
    }
}

/// A source of files as it is now.
async fn read(name: &str, source: Arc<Source>, hides_pending: bool) -> Result<Arc<Snapshot>, Failure> {
    let read = spawn_blocking(move || of_source(&source, hides_pending)).await;
    read.unwrap_or_else(|_| {
        let message = format!("reading `{name}` failed inside the engine; please report it with the file");
        Err(Failure::new(FailureCode::Internal, message))
    })
}

/// `window_on` that no table has would be ignored, and every row counted at every slot.
fn check_window_on(asked: &Asked, snapshots: &[Arc<Snapshot>]) -> Result<(), Refusal> {
    let Some(column) = &asked.window_on else { return Ok(()) };
    let has = |snapshot: &Arc<Snapshot>| snapshot.schema.field_with_name(column).is_ok();
    if snapshots.is_empty()
        || snapshots.iter().any(has)
        || snapshots.iter().all(|table| table.schema.fields().is_empty())
    {
        return Ok(());
    }
    let message = format!("`window_on: {column}`: no table of the query has a column `{column}`");
    Err(Refusal::Failed(Failure::new(FailureCode::InvalidQuery, message)))
}

fn never_filled(snapshots: &[Arc<Snapshot>]) -> Option<Refusal> {
    let all = !snapshots.is_empty() && snapshots.iter().all(|snapshot| snapshot.schema.fields().is_empty());
    all.then_some(Refusal::NeverFilled)
}

impl Ready {
    /// Where its columns are.
    pub(crate) fn layout(&self) -> &Layout {
        &self.planned.layout
    }

    /// Runs it.
    pub(crate) fn start(&self) -> Result<SendableRecordBatchStream, Failure> {
        let mut context = TaskContext::from(&self.state);
        if let Some(people) = &self.people {
            context = context.with_runtime(Arc::clone(people));
        }
        execute_stream(Arc::clone(&self.plan), Arc::new(context)).map_err(|error| failure::of(&error))
    }

    /// A failure of this query, with the casts of the query that may have caused it.
    ///
    /// The engine tells the value that is no number, but not where it stood.
    pub(crate) fn explained(&self, failure: Failure) -> Failure {
        let Some(target) = failure::cast_target(&failure.message) else { return failure };
        let casts = casts_to(&self.planned.written, target);
        let place = match casts.as_slice() {
            [] => return failure,
            [cast] => format!("in `{cast}`: "),
            casts => format!("in one of `{}`: ", casts.join("`, `")),
        };
        Failure::new(failure.code, format!("{place}{}", failure.message))
    }

    /// How it is run.
    pub(crate) const fn physical_plan(&self) -> &Arc<dyn ExecutionPlan> {
        &self.plan
    }

    /// What is run, optimized once more: only for people.
    pub(crate) fn logical_plan(&self) -> Result<LogicalPlan, DataFusionError> {
        self.state.optimize(&self.planned.plan)
    }

    /// The session, for lookups beside the query.
    pub(crate) fn state(&self) -> &SessionState {
        &self.state
    }
}
