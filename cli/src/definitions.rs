//! From the definitions' files to what the engine works on, with every mistake on the way.

use std::path::Path;
use std::sync::Arc;

use watchfire_alerts::Mode;
use watchfire_config::{
    Definitions, Loaded, Problem, ProblemSeverity, RuleDefinition, SqlCheck, TextMap, WantedColumn,
};
use watchfire_model::{ProjectName, RuleKind};
use watchfire_storage::{Storage, StorageOptions};
use watchfire_telemetry::{Limits, Sought, SoughtColumn, SqlPart, SqlProblem, Telemetry};

use crate::arguments::Output;
use crate::exit::Exit;
use crate::trouble;

/// Reads the folder; mistakes are in the result, an unreadable folder is an error.
pub(crate) fn load(dir: &Path) -> anyhow::Result<Loaded> {
    Ok(watchfire_config::load(dir, &|name| std::env::var(name).ok())?)
}

/// Queries over what is kept, and over the sources that could be read from the files.
pub(crate) fn telemetry(loaded: &Loaded, storage: Storage) -> anyhow::Result<Telemetry> {
    let defaults = Limits::default();
    let settings = &loaded.definitions.settings.limits;
    let limits = Limits {
        memory_bytes: settings
            .memory
            .map_or(defaults.memory_bytes, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        max_rows: settings.max_rows as u64,
        query_timeout: settings.query_timeout.unwrap_or(defaults.query_timeout),
        ..defaults
    };
    Ok(Telemetry::new(limits, &loaded.definitions.sources, storage)?)
}

/// Tables without rows: SQL can be checked over them.
pub(crate) fn nothing_kept() -> Storage {
    Storage::in_memory(StorageOptions::default())
}

/// Whether any project has a token: then others than this machine may be let in.
pub(crate) fn has_tokens(definitions: &Definitions) -> bool {
    definitions.projects.iter().any(|definition| !definition.project.tokens.is_empty())
}

/// Plans the SQL of every rule, and adds what is wrong with it to the mistakes in the files.
pub(crate) async fn check_sql(loaded: &mut Loaded, telemetry: &Telemetry) {
    let mut found = Vec::new();
    for check in &loaded.checks {
        let column = |key: &WantedColumn| SoughtColumn { name: key.name.clone(), is_summed: key.is_summed };
        let sought = Sought { columns: check.keys.iter().map(column).collect(), compares: check.compares };
        let problems = telemetry.of_project(&project_of(loaded, check)).check(&check.query, &sought).await;
        found.extend(
            problems
                .into_iter()
                .filter(|problem| matters(loaded, check, problem))
                .map(|problem| placed(check, problem)),
        );
    }
    loaded.add_problems(found);
}

/// The project of the rule; `default` while its definition is not whole.
fn project_of(loaded: &Loaded, check: &SqlCheck) -> ProjectName {
    let rule = loaded.definitions.rules.iter().find(|definition| definition.rule.name == check.rule);
    rule.map_or_else(|| ProjectName::new("default"), |definition| definition.rule.project.clone())
}

/// One row at every slot is what a report wants, and a watch on changes of a total.
fn matters(loaded: &Loaded, check: &SqlCheck, problem: &SqlProblem) -> bool {
    let watches_changes = || {
        let rule = loaded.definitions.rules.iter().find(|definition| definition.rule.name == check.rule);
        rule.is_none_or(|definition| definition.rule.notify_when == Mode::DataChange)
    };
    if problem.code == "source" && is_told_by_its_source(loaded, problem) {
        return false;
    }
    problem.code != "always_fires" || (check.kind != RuleKind::Report && !watches_changes())
}

/// Whether the warning at the source itself says already that its file is missing.
fn is_told_by_its_source(loaded: &Loaded, problem: &SqlProblem) -> bool {
    loaded.definitions.sources.iter().any(|source| {
        problem.message.starts_with(&format!("source `{}`:", source.name))
            && loaded.problems.iter().any(|told| {
                told.code == "missing_file" && told.message.starts_with(&format!("source \"{}\":", source.name))
            })
    })
}

/// Puts a mistake in SQL where it stands in the file.
fn placed(check: &SqlCheck, problem: SqlProblem) -> Problem {
    let SqlProblem { part, line, column, length, severity_is_error, code, message, help } = problem;
    let place_in = |text: Option<&TextMap>| {
        let mut place = text.unwrap_or(&check.query_text).place(line.max(1), column.max(1));
        place.length = length.max(1);
        place
    };
    let place = match part {
        SqlPart::Query if code == "window_on" => check.window_on.clone().unwrap_or_else(|| place_in(None)),
        SqlPart::Query => place_in(None),
        SqlPart::When => place_in(check.when.as_ref()),
        SqlPart::RecoverWhen => place_in(check.recover_when.as_ref()),
        SqlPart::Severity(entry) => place_in(check.severity.get(entry)),
        SqlPart::Key(entry) => check.keys.get(entry).map_or_else(|| place_in(None), |key| key.place.clone()),
    };
    // A source that is not there yet is trouble of its own at run time, not a mistake in the rule.
    let severity =
        if severity_is_error && code != "source" { ProblemSeverity::Error } else { ProblemSeverity::Warning };
    check.problem(place, severity, code, &message, help)
}

/// Prints mistakes for people, on stderr.
pub(crate) fn print_problems(loaded: &Loaded) {
    for problem in &loaded.problems {
        eprintln!("{}", loaded.render(problem));
    }
}

/// The rule with this name, if its definition is whole.
pub(crate) fn rule<'a>(loaded: &'a Loaded, name: &str) -> Option<&'a RuleDefinition> {
    loaded.definitions.rules.iter().find(|definition| definition.rule.name.as_str() == name)
}

/// Says why a rule cannot be had: its file has mistakes, or there is none with this name.
pub(crate) fn explain_missing_rule(loaded: &Loaded, name: &str, form: Output) -> anyhow::Result<Exit> {
    if loaded.has_errors() {
        print_problems(loaded);
        let message = format!("no whole definition of a rule `{name}`");
        trouble::tell(form, "bad_definitions", &message, Some("mend the mistakes that `watchfire check` lists"));
        return Ok(Exit::No);
    }
    let known: Vec<&str> = loaded.definitions.rules.iter().map(|definition| definition.rule.name.as_str()).collect();
    anyhow::bail!("no rule is named `{name}`; {}", listed(&known))
}

/// The names that there are.
pub(crate) fn listed(known: &[&str]) -> String {
    if known.is_empty() { "the folder defines none".to_owned() } else { format!("there are: {}", known.join(", ")) }
}

/// A rule as the engine takes it.
pub(crate) fn engine_rule(definition: &RuleDefinition) -> watchfire_engine::RuleDefinition {
    watchfire_engine::RuleDefinition {
        rule: definition.rule.clone(),
        schedule: definition.schedule.clone(),
        query: definition.query.clone(),
        enabled: definition.enabled,
        presentation: Arc::new(definition.presentation.clone()),
        report: definition
            .report
            .map(|report| watchfire_engine::ReportSpec { compares: report.compares, kept_for: report.kept_for }),
    }
}

/// All definitions as the engine takes them.
pub(crate) fn engine_definitions(definitions: &Definitions) -> watchfire_engine::Definitions {
    watchfire_engine::Definitions {
        rules: definitions.rules.iter().map(engine_rule).collect(),
        channels: definitions.channels.clone(),
        sources: definitions.sources.clone(),
        projects: definitions.projects.iter().map(|definition| definition.project.clone()).collect(),
        public_url: definitions.settings.server.public_url.as_ref().map(ToString::to_string),
    }
}
