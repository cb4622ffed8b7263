//! `watchfire query`: one SQL query, to a server or over what lies here.

use std::io::IsTerminal;

use watchfire_config::{Loaded, Settings};
use watchfire_engine::clock::{Clock, SystemClock};
use watchfire_engine::{QUERY_ROWS_MAX, has_telemetry, no_state_tables, state_tables};
use watchfire_model::{Column, ProjectName, Value};
use watchfire_store::{Store, StoreTarget};
use watchfire_telemetry::{Answer, QueryError, QueryRequest, QueryZone};

use crate::arguments::{Output, Query, QueryFormat};
use crate::definitions;
use crate::exit::Exit;
use crate::kept;
use crate::output;
use crate::place;
use crate::remote_query;
use crate::trouble;

/// The rows of an answer, wherever they come from.
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Value>>,
    /// Whether there are more.
    pub(crate) is_cut: bool,
}

pub(crate) async fn run(options: Query, form: Output) -> anyhow::Result<Exit> {
    let format = options.format.unwrap_or(match form {
        Output::Text => QueryFormat::Table,
        Output::Json => QueryFormat::Json,
    });
    if format == QueryFormat::Parquet && std::io::stdout().is_terminal() {
        let help = "write it to a file: `watchfire query … --format parquet > rows.parquet`";
        trouble::tell(form, "terminal", "Parquet is not for a terminal", Some(help));
        return Ok(Exit::CouldNotRun);
    }
    let zone = match options.timezone.as_deref().map(|name| (name, QueryZone::parse(name))) {
        Some((name, None)) => {
            let message = format!("`--timezone {name}` is no IANA time zone");
            trouble::tell(form, "bad_timezone", &message, Some("write for example `--timezone Europe/Berlin`"));
            return Ok(Exit::CouldNotRun);
        }
        Some((_, zone)) => zone,
        None => None,
    };
    let request = QueryRequest {
        min: options.from,
        max: options.to,
        zone,
        environments: (!options.environment.is_empty()).then(|| options.environment.clone()),
        ..QueryRequest::new(options.sql.as_str(), options.limit.unwrap_or(QUERY_ROWS_MAX), SystemClock.now())
    };
    let rows = match &options.url {
        Some(url) => match remote_query::ask(url, options.token.as_deref(), &request).await {
            Ok(rows) => rows,
            Err(refused) => return Ok(refused.tell(form)),
        },
        None => match here(&options, request).await? {
            Err(Trouble::NoProject { message, help }) => {
                trouble::tell(form, "unknown_project", &message, Some(&help));
                return Ok(Exit::CouldNotRun);
            }
            Ok(answer) => Rows {
                columns: answer.columns(),
                rows: answer.rows().map_err(|failure| anyhow::anyhow!(failure.message))?,
                is_cut: answer.is_cut(),
            },
            Err(Trouble::Query(error)) => {
                let (code, message) = said(&error);
                trouble::tell(form, code, &message, None);
                return Ok(Exit::No);
            }
        },
    };
    print(format, &rows)?;
    Ok(Exit::Fine)
}

/// Why there is no answer.
enum Trouble {
    /// The definitions hold no such project.
    NoProject { message: String, help: String },
    /// The query failed.
    Query(QueryError),
}

/// Asks the sources of the definitions, and the telemetry and the state of the data folder, without a server.
async fn here(options: &Query, request: QueryRequest) -> anyhow::Result<Result<Answer, Trouble>> {
    let loaded = options.config.as_deref().map(definitions::load).transpose()?;
    if let (Some(project), Some(loaded)) = (&options.project, &loaded)
        && let Err(trouble) = must_be_defined(project, loaded)
    {
        return Ok(Err(trouble));
    }
    let settings = loaded.as_ref().map(|loaded| &loaded.definitions.settings);
    let target = place::store_target(&options.storage, settings)?;
    let telemetry = match store(options, settings, &target).await? {
        Some(store) => {
            let storage = kept::open_read_only(&store, target.folder(), settings).await?;
            definitions::telemetry_for_reading(loaded.as_ref(), storage)?.with_state(state_tables(store))
        }
        None => definitions::telemetry_for_reading(loaded.as_ref(), definitions::nothing_kept())?
            .with_state(no_state_tables("`--data`")),
    };
    let telemetry = match &options.project {
        Some(project) => telemetry.of_project(&ProjectName::new(project.as_str())),
        None => telemetry,
    };
    Ok(telemetry.answer(request).await.map_err(Trouble::Query))
}

/// A name that was mistyped would look like a project without rows.
fn must_be_defined(project: &str, loaded: &Loaded) -> Result<(), Trouble> {
    let known = loaded.definitions.projects.iter().map(|definition| definition.project.name.as_str());
    if known.clone().any(|name| name == project) {
        return Ok(());
    }
    let help = match watchfire_config::nearest(project, known.clone()) {
        Some(meant) => format!("did you mean `--project {meant}`?"),
        None => format!("the definitions hold: {}", known.collect::<Vec<_>>().join(", ")),
    };
    Err(Trouble::NoProject { message: format!("there is no project `{project}`"), help })
}

/// The store that the data folder belongs to, if there is one; it is only read, beside a running server too.
async fn store(options: &Query, settings: Option<&Settings>, target: &StoreTarget) -> anyhow::Result<Option<Store>> {
    if let Some(folder) = options.storage.data.as_ref().filter(|folder| !folder.is_dir()) {
        anyhow::bail!("there is no data folder at `{}`", folder.display());
    }
    // A database that only the settings name is not needed to ask their sources.
    let is_named = options.storage.database_url.is_some();
    if !is_named && !target.has_sqlite_store() && !has_telemetry(target.folder()) {
        return Ok(None);
    }
    place::open_read_only(&options.storage, settings).await.map(Some)
}

/// The word for scripts and the sentence for people.
fn said(error: &QueryError) -> (&'static str, String) {
    let code = match error {
        QueryError::Busy { .. } => "busy",
        QueryError::Mistake(_) => "invalid_query",
        QueryError::Failed(failure) => failure.code.as_str(),
    };
    let place = match error {
        QueryError::Mistake(mistake) => mistake.span.filter(|_| !mistake.message.contains(" at Line: ")),
        QueryError::Busy { .. } | QueryError::Failed(_) => None,
    };
    let place = place.map(|span| format!("{}:{}: ", span.line, span.column)).unwrap_or_default();
    (code, format!("{place}{error}"))
}

fn print(format: QueryFormat, rows: &Rows) -> anyhow::Result<()> {
    let Rows { columns, rows, is_cut } = rows;
    match format {
        QueryFormat::Table => {
            output::line(&output::rows_table(columns, rows))?;
            eprintln!("{} row(s)", rows.len());
        }
        QueryFormat::Json => output::json(&output::row_objects(columns, rows))?,
        QueryFormat::Ndjson => {
            for row in rows {
                output::line(&output::row_object(columns, row).to_string())?;
            }
        }
        QueryFormat::Csv => output::bytes(&output::rows_csv(columns, rows)?)?,
        QueryFormat::Parquet => output::bytes(&watchfire_telemetry::result_file::write(columns, rows)?)?,
    }
    if *is_cut {
        eprintln!("showing the first {} rows, there are more; aggregate, or narrow the query", rows.len());
    }
    Ok(())
}
