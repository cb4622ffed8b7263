//! `watchfire check`: every mistake in the definitions, without a server.

use serde_json::{Value as Json, json};
use watchfire_config::{Loaded, ProblemSeverity};

use crate::arguments::{Check, Output};
use crate::definitions;
use crate::exit::Exit;
use crate::output;

pub(crate) async fn run(options: Check, form: Output) -> anyhow::Result<Exit> {
    let mut loaded = definitions::load(&options.config.config)?;
    let telemetry = definitions::telemetry(&loaded, definitions::nothing_kept())?;
    definitions::check_sql(&mut loaded, &telemetry).await;
    match form {
        Output::Json => output::json(&as_json(&loaded))?,
        Output::Text => as_text(&loaded)?,
    }
    let refused = loaded.has_errors() || (options.strict && !loaded.problems.is_empty());
    Ok(if refused { Exit::No } else { Exit::Fine })
}

fn as_json(loaded: &Loaded) -> Json {
    loaded
        .problems
        .iter()
        .map(|problem| {
            json!({
                "file": problem.place.file.display().to_string(),
                "line": problem.place.line,
                "column": problem.place.column,
                "severity": problem.severity.as_str(),
                "code": problem.code,
                "message": problem.message,
                "help": problem.help.as_ref().or(problem.label.as_ref()),
            })
        })
        .collect()
}

fn as_text(loaded: &Loaded) -> anyhow::Result<()> {
    for problem in &loaded.problems {
        output::line(&loaded.render(problem))?;
    }
    let errors = loaded.problems.iter().filter(|problem| problem.severity == ProblemSeverity::Error).count();
    let warnings = loaded.problems.len() - errors;
    let rules = loaded.rules;
    output::line(&format!("{rules} rule(s): {errors} error(s), {warnings} warning(s)"))
}
