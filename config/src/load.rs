//! A folder of files to definitions and every mistake in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use watchfire_model::DEFAULT_PROJECT;

use crate::build::{self, Known, KnownChannel, Names, Projects, Surroundings};
use crate::definitions::{Definitions, RuleDefinition, SqlCheck};
use crate::files::{FILE_MAX_BYTES, LoadError, find};
use crate::overrides;
use crate::problem::{Place, Problem, ProblemSeverity};
use crate::raw::{RawAlert, RawChannel, RawFile, RawProject, RawReport, RawSettings, RawSource};
use crate::read::{Field, FromNode, Keyed, Named, Text};
use crate::render;
use crate::report::Report;
use crate::source_text::SourceText;
use crate::yaml::{self, Node};

/// The only version of the format.
const VERSION: &str = "1";

/// What a folder of definitions holds: what could be made of it, and what is wrong with it.
#[derive(Debug)]
pub struct Loaded {
    /// Only what has no mistake.
    pub definitions: Definitions,
    /// All mistakes, sorted by file, line and column.
    pub problems: Vec<Problem>,
    /// How many rules the files hold, those with mistakes too.
    pub rules: usize,
    /// The SQL of every rule whose query and sources could be read, also of rules with other mistakes.
    pub checks: Vec<SqlCheck>,
    /// The files as they were read, for [`Loaded::render`].
    pub(crate) sources: BTreeMap<Arc<Path>, Arc<SourceText>>,
    /// What must never be shown of them.
    pub(crate) hidden: Vec<Place>,
}

impl Loaded {
    /// Whether any mistake is an error; warnings alone do not count.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == ProblemSeverity::Error)
    }

    /// Adds mistakes found elsewhere, for example by the query engine, and sorts all of them again.
    pub fn add_problems(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
        self.problems.sort();
        self.problems.dedup();
    }

    /// The mistake as people read it: where and what, the line with a mark under the place, how to mend it.
    ///
    /// The lines of the answer end with a line break. Literal secrets are masked.
    pub fn render(&self, problem: &Problem) -> String {
        let line = self
            .sources
            .get(&problem.place.file)
            .and_then(|source| source.lines.get(problem.place.line.checked_sub(1)?));
        let hidden: Vec<_> = self
            .hidden
            .iter()
            .filter(|place| place.file == problem.place.file && place.line == problem.place.line)
            .collect();
        render::render(problem, line.map(Vec::as_slice), &hidden)
    }

    /// The text of a file as it was read, secrets and all; `None` for a file that was not read.
    pub fn source_text(&self, file: &Path) -> Option<&str> {
        self.sources.get(file).map(|source| source.text.as_str())
    }
}

/// Reads a folder: `watchfire.yaml` and every other `*.yaml` and `*.yml` below it.
///
/// `environment` answers for `${NAME}`. Mistakes inside files are part of the answer.
///
/// # Errors
/// When the folder or one of its files cannot be read.
pub fn load(dir: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, LoadError> {
    let files = find(dir)?;
    let is_empty = files.settings.is_empty() && files.definitions.is_empty() && files.dangling.is_empty();
    let mut settings = Vec::new();
    for path in &files.settings {
        settings.push(read::<RawSettings>(path)?);
    }
    if let [first, second, ..] = settings.as_mut_slice() {
        let message = format!("settings are already given in {}", first.report.source.path.display());
        let at = second.report.source.span((0, 0), (0, 0));
        second.report.error(at, "duplicate_settings", message).help("keep one of the two files");
    }
    let mut definitions = Vec::new();
    for path in &files.definitions {
        definitions.push(read::<RawFile>(path)?);
    }
    definitions.extend(files.dangling.into_iter().map(dangling));
    let mut loaded = assemble(settings, definitions, environment);
    loaded.add_problems(is_empty.then(|| no_file(dir)));
    Ok(loaded)
}

/// A folder without any file is seldom the one that was meant.
fn no_file(dir: &Path) -> Problem {
    Problem {
        place: Place { file: dir.into(), line: 1, column: 1, length: 1 },
        severity: ProblemSeverity::Warning,
        code: "no_file",
        message: "the folder holds no file named `*.yaml` or `*.yml`".to_owned(),
        label: None,
        help: Some("is it the right folder?".to_owned()),
    }
}

/// One file with what could be read of it.
struct Parsed<T> {
    report: Report,
    /// The folder of the file, absolute.
    folder: PathBuf,
    raw: Option<T>,
}

/// A link that leads nowhere: a file of nothing but this mistake.
fn dangling<T>(path: PathBuf) -> Parsed<T> {
    let mut report = Report::new(Arc::new(SourceText::new(path.as_path().into(), "")));
    let to = std::fs::read_link(&path).map(|to| to.display().to_string()).unwrap_or_default();
    let at = report.source.span((0, 0), (0, 0));
    report
        .error(at, "dangling_link", format!("the link leads to `{to}`, which cannot be read"))
        .help("put the file there, or remove the link");
    Parsed { report, folder: PathBuf::new(), raw: None }
}

fn read<T: FromNode>(path: &Path) -> Result<Parsed<T>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let folder = std::path::absolute(path.parent().unwrap_or(Path::new("."))).map_err(unreadable)?;
    let size = fs::metadata(path).map_err(unreadable)?.len();
    let bytes = if size > FILE_MAX_BYTES { Vec::new() } else { fs::read(path).map_err(unreadable)? };
    let mut parsed = parse(path.into(), &bytes);
    if size > FILE_MAX_BYTES {
        let message = format!("the file has {size} bytes, and at most {FILE_MAX_BYTES} are read");
        let at = parsed.1.source.span((0, 0), (0, 0));
        parsed.1.error(at, "file_too_large", message).help("split it into several files");
    }
    let (raw, report) = parsed;
    Ok(Parsed { report, folder, raw })
}

/// Reads the bytes of one file.
pub(crate) fn parse<T: FromNode>(path: Arc<Path>, bytes: &[u8]) -> (Option<T>, Report) {
    let text = String::from_utf8_lossy(bytes);
    let mut report = Report::new(Arc::new(SourceText::new(path, &text)));
    if !is_clean(bytes, &mut report) {
        return (None, report);
    }
    let source = Arc::clone(&report.source);
    let root = yaml::parse(&source, &mut report);
    // A file of comments alone defines nothing, and nothing is wrong with it.
    let Some(root) = root.filter(|root| !root.is_null()) else { return (None, report) };
    check_version(&root, &mut report);
    let key = Keyed { name: String::new(), at: root.at };
    let raw = T::from_node(&root, &key, &mut report);
    (raw, report)
}

/// Reports bytes that are no text; the parser would take some of them for the end of the file.
fn is_clean(bytes: &[u8], report: &mut Report) -> bool {
    let source = Arc::clone(&report.source);
    let not_utf8 = std::str::from_utf8(bytes).is_err();
    let foreign = |c: &char| (c.is_control() && !matches!(c, '\t' | '\u{85}')) || (not_utf8 && *c == '\u{fffd}');
    for (line, text) in source.lines.iter().enumerate() {
        if let Some(column) = text.iter().position(&foreign) {
            let at = source.span((line, column), (line, column + 1));
            let message = if not_utf8 { "the file is not UTF-8 text" } else { "a control character stands here" };
            let help =
                if not_utf8 { "save it as UTF-8" } else { "remove it; in double quotes it can be written as `\\x…`" };
            report.error(at, if not_utf8 { "not_utf8" } else { "control_character" }, message).help(help);
            return false;
        }
    }
    true
}

fn check_version(root: &Rc<Node>, report: &mut Report) {
    let Some(entry) = root.entry("version") else {
        let at = match &root.value {
            yaml::NodeValue::Mapping(entries) => entries.first().map_or(root.at, |entry| entry.key_at),
            // What is no mapping at all is reported as such.
            yaml::NodeValue::Scalar(_) | yaml::NodeValue::Sequence(_) => return,
        };
        report.error(at, "missing_version", "the file does not say its version").help("begin it with `version: 1`");
        return;
    };
    if entry.value.text() != Some(VERSION) {
        report
            .error(entry.value.at, "unknown_version", "the only version of this format is 1")
            .help("write `version: 1`");
    }
}

fn assemble(
    mut settings: Vec<Parsed<RawSettings>>,
    mut files: Vec<Parsed<RawFile>>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Loaded {
    let mut definitions = Definitions::default();
    if let Some(Parsed { raw: Some(raw), report, folder }) = settings.first_mut() {
        report.secretive = true;
        definitions.settings = build::settings(raw, &Surroundings { environment, folder }, report);
    }
    let mut overrides = overrides::read(environment);
    for given in &mut overrides {
        given.apply(environment, &mut definitions.settings);
    }
    let projects = projects(&mut files, &mut definitions, environment);
    let channels = channels(&mut files, &mut definitions, environment);
    let broken_sources = sources(&mut files, &mut definitions, &projects, environment);
    let known = Known { settings: &definitions.settings, channels: &channels, projects: &projects };
    if let Some(Parsed { raw: Some(raw), report, .. }) = settings.first_mut() {
        build::fallback_channel(raw, &known, report);
    }
    for given in &mut overrides {
        if let Some(raw) = &given.raw {
            build::fallback_channel(raw, &known, &mut given.report);
        }
    }
    let mut rules = Rules::default();
    for Parsed { report, raw, .. } in &mut files {
        for defined in raw.iter().flat_map(|raw| &raw.alerts.value).flat_map(|alerts| &alerts.0) {
            let unique = rules.begin(&defined.raw.name, &defined.raw.project, &defined.subject, RawAlert::WORD, report);
            let made = build::alert(defined, &known, &mut rules.uids, report);
            rules.add(made, unique, report);
        }
        for defined in raw.iter().flat_map(|raw| &raw.reports.value).flat_map(|reports| &reports.0) {
            let unique =
                rules.begin(&defined.raw.name, &defined.raw.project, &defined.subject, RawReport::WORD, report);
            let made = build::report(defined, &known, &mut rules.uids, report);
            rules.add(made, unique, report);
        }
    }
    let Rules { definitions: whole, mut checks, count, .. } = rules;
    // Without the source its SQL cannot be planned, and the source's own mistake is told already.
    checks.retain(|check| !build::names_any(&check.query.sql, &broken_sources));
    definitions.rules = whole;
    let files = settings.into_iter().map(|file| file.report).chain(files.into_iter().map(|file| file.report));
    let reports = files.chain(overrides.into_iter().map(|given| given.report));
    let (problems, sources, hidden) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut loaded = Loaded { definitions, problems, rules: count, checks, sources, hidden };
    for report in reports {
        loaded.problems.extend(report.problems);
        loaded.hidden.extend(report.secrets);
        loaded.sources.insert(Arc::clone(&report.source.path), report.source);
    }
    // A value that several places share through an alias is reported once.
    loaded.problems.sort();
    loaded.problems.dedup();
    loaded
}

/// Alerts and reports as they are made: they share their names.
#[derive(Default)]
struct Rules {
    names: Names,
    uids: Names,
    definitions: Vec<RuleDefinition>,
    checks: Vec<SqlCheck>,
    /// How many there are, those with mistakes too.
    count: usize,
}

impl Rules {
    /// What is reported from now on is about this rule; the answer is whether its name is its own.
    fn begin(
        &mut self,
        name: &Field<Text>,
        project: &Field<Text>,
        subject: &str,
        word: &'static str,
        report: &mut Report,
    ) -> bool {
        report.subject = Some(subject.to_owned());
        let before = report.errors();
        if let (Some(name), Some(at)) = (&name.value, name.at()) {
            self.names.claim_in(build::project_name(project).as_str(), word, &name.0, at, report);
        }
        report.errors() == before
    }

    fn add(&mut self, made: (Option<RuleDefinition>, Option<SqlCheck>), unique: bool, report: &mut Report) {
        let (definition, check) = made;
        self.definitions.extend(definition.filter(|_| unique));
        self.checks.extend(check);
        self.count += 1;
        report.subject = None;
    }
}

/// Makes the projects; the answer holds the names that rules may refer to.
fn projects(
    files: &mut [Parsed<RawFile>],
    definitions: &mut Definitions,
    environment: &dyn Fn(&str) -> Option<String>,
) -> BTreeSet<String> {
    let raws = files.iter().flat_map(|file| &file.raw).flat_map(|raw| &raw.projects.value);
    let mut projects = Projects::new(raws.flat_map(|projects| &projects.0).map(|defined| &defined.raw));
    let mut names = Names::default();
    for Parsed { report, folder, raw } in files {
        for defined in raw.iter().flat_map(|raw| &raw.projects.value).flat_map(|projects| &projects.0) {
            report.subject = Some(defined.subject.clone());
            let before = report.errors();
            claim(RawProject::WORD, &defined.raw.name, &mut names, report);
            let made = projects.make(&defined.raw, &Surroundings { environment, folder }, report);
            let valid = !defined.bad && report.errors() == before;
            definitions.projects.extend(made.filter(|_| valid));
            report.subject = None;
        }
    }
    if definitions.projects.iter().all(|made| made.project.name.as_str() != DEFAULT_PROJECT) {
        definitions.projects.insert(0, projects.implied_default());
    }
    projects.into_known()
}

fn channels(
    files: &mut [Parsed<RawFile>],
    definitions: &mut Definitions,
    environment: &dyn Fn(&str) -> Option<String>,
) -> BTreeMap<String, KnownChannel> {
    let (mut known, mut names) = (BTreeMap::new(), Names::default());
    for Parsed { report, folder, raw } in files {
        for defined in raw.iter().flat_map(|raw| &raw.channels.value).flat_map(|channels| &channels.0) {
            report.subject = Some(defined.subject.clone());
            let before = report.errors();
            claim(RawChannel::WORD, defined.raw.name(), &mut names, report);
            let spec = build::channel(&defined.raw, &Surroundings { environment, folder }, report);
            if let Some(name) = &defined.raw.name().value {
                known.entry(name.0.clone()).or_insert_with(|| KnownChannel { class: defined.raw.class() });
            }
            let valid = !defined.bad && report.errors() == before;
            definitions.channels.extend(spec.filter(|_| valid));
            report.subject = None;
        }
    }
    known
}

/// Makes the sources; the answer names those that could not be made. `projects` has the names that they may belong to.
fn sources(
    files: &mut [Parsed<RawFile>],
    definitions: &mut Definitions,
    projects: &BTreeSet<String>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> BTreeSet<String> {
    let (mut names, mut broken) = (Names::default(), BTreeSet::new());
    for Parsed { report, folder, raw } in files {
        for defined in raw.iter().flat_map(|raw| &raw.sources.value).flat_map(|sources| &sources.0) {
            report.subject = Some(defined.subject.clone());
            let before = report.errors();
            if let (Some(name), Some(at)) = (&defined.raw.name.value, defined.raw.name.at()) {
                let project = build::project_name(&defined.raw.project);
                names.claim_in(project.as_str(), RawSource::WORD, &name.0, at, report);
            }
            let spec = build::source(&defined.raw, &Surroundings { environment, folder }, projects, report);
            let valid = !defined.bad && report.errors() == before;
            match spec.filter(|_| valid) {
                Some(spec) => definitions.sources.push(spec),
                None => broken.extend(defined.raw.name.value.as_ref().map(|name| name.0.to_lowercase())),
            }
            report.subject = None;
        }
    }
    // Of two with one name the first stands.
    broken.retain(|name| definitions.sources.iter().all(|source| source.name.to_lowercase() != *name));
    broken
}

fn claim(word: &'static str, name: &Field<Text>, names: &mut Names, report: &mut Report) {
    if let (Some(name), Some(at)) = (&name.value, name.at()) {
        names.claim(word, &name.0, at, report);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything that can be done with one file.
    fn exercise(bytes: &[u8]) {
        let (raw, report) = parse::<RawFile>(Path::new("a.yaml").into(), bytes);
        let file = Parsed { report, folder: PathBuf::from("/nowhere"), raw };
        let loaded = assemble(Vec::new(), vec![file], &|_| None);
        for problem in &loaded.problems {
            assert!(loaded.render(problem).contains(&problem.message));
        }
        for check in &loaded.checks {
            check.query_text.place(3, 7);
        }
        parse::<RawSettings>(Path::new("watchfire.yaml").into(), bytes);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            exercise(&bytes);
        }

        #[test]
        fn no_text_that_looks_like_yaml_makes_it_panic(text in "([a-c:&*!<>|'\"{}\\[\\],#%@?$é警 \t-]|\n|\r|: |- |<<: |\\*a|&a ){0,60}") {
            exercise(text.as_bytes());
        }

        #[test]
        fn no_value_of_a_known_key_makes_it_panic(
            key in proptest::sample::select(<crate::raw::RawAlert as crate::read::Keys>::KEYS),
            value in "(\\[|\\{)?([a-c0-9:,*/.%$é' -]|\n  |after|runs|within|true|1m){0,12}",
        ) {
            exercise(format!("version: 1\nalerts:\n  - name: a\n    query: SELECT 1\n    {}: {value}\n", key.name).as_bytes());
        }

        #[test]
        fn no_value_of_a_known_key_of_a_report_makes_it_panic(
            key in proptest::sample::select(<crate::raw::RawReport as crate::read::Keys>::KEYS),
            value in "(\\[|\\{)?([a-c0-9:,*/.%$é' -]|\n  |after|within|previous_day|title|\\{\\{|format|1m){0,12}",
        ) {
            exercise(format!("version: 1\nreports:\n  - name: a\n    query: SELECT 1\n    {}: {value}\n", key.name).as_bytes());
        }

        #[test]
        fn no_value_of_a_known_key_of_a_channel_makes_it_panic(
            kind in proptest::sample::select(&["slack", "discord", "opsgenie", "jsm", "email"][..]),
            key in "url|layout|thread_id|auth_key|base_url|teams|smtp|from|to|token",
            value in "(\\[|\\{)?([a-c0-9:,@/.$é<>' -]|\n  |host|port|tls|https://|eu|\\[::1\\]){0,12}",
        ) {
            exercise(format!("version: 1\nchannels:\n  - name: a\n    type: {kind}\n    {key}: {value}\n").as_bytes());
        }
    }
}
