//! Projects and their tokens.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use secrecy::SecretString;
use watchfire_model::{DEFAULT_ORGANIZATION, DEFAULT_PROJECT, Project, ProjectName, Token, TokenHash};

use super::Surroundings;
use super::names::{Names, check_name};
use super::secret::{Literal, secret};
use crate::definitions::ProjectDefinition;
use crate::problem::Place;
use crate::raw::{RawProject, RawToken};
use crate::read::{Count, Defined, Field, Text, quoted};
use crate::report::Report;

/// The id of the project `default`, unless another project has it.
const DEFAULT_ID: u32 = 1;
/// The greatest id: what every language holds in a plain integer.
const ID_MAX: u32 = i32::MAX as u32;
/// Most characters of a project's name: it becomes part of paths.
const PROJECT_NAME_MAX_CHARS: usize = 100;
/// Fewest characters of a token.
const TOKEN_MIN_CHARS: usize = 16;

/// What has been given to projects so far, over all files.
pub(crate) struct Projects {
    /// Every id that some file gives, so that one that is free can be named.
    taken: BTreeSet<u32>,
    ids: BTreeMap<u32, (String, Place)>,
    /// Whose token a value is, and where it was given.
    values: HashMap<TokenHash, (String, Place)>,
    /// Every name, also those of projects with mistakes: rules may refer to them all the same.
    known: BTreeSet<String>,
}

impl Projects {
    /// Nothing given yet; `all` are the projects of all files.
    pub(crate) fn new<'a>(all: impl Iterator<Item = &'a RawProject>) -> Self {
        let (mut taken, mut known) = (BTreeSet::new(), BTreeSet::from([DEFAULT_PROJECT.to_owned()]));
        for raw in all {
            taken.extend(raw.id.value.as_ref().and_then(number));
            known.extend(raw.name.value.as_ref().map(|name| name.0.clone()));
        }
        Self { taken, ids: BTreeMap::new(), values: HashMap::new(), known }
    }

    /// The names that rules may refer to.
    pub(crate) fn into_known(self) -> BTreeSet<String> {
        self.known
    }

    /// The project `default` as it is where no file defines it. It has no tokens, so that its id stands nowhere.
    pub(crate) fn implied_default(&self) -> ProjectDefinition {
        ProjectDefinition { project: Project::default_with_id(self.free_id()), values: Vec::new() }
    }

    /// Makes a project; `None` when something about it is wrong, which is then reported.
    pub(crate) fn make(
        &mut self,
        raw: &RawProject,
        around: &Surroundings<'_>,
        report: &mut Report,
    ) -> Option<ProjectDefinition> {
        check_project_name(&raw.name, report);
        let name = raw.name.value.as_ref().map(|name| name.0.clone()).unwrap_or_default();
        let id = self.id(raw, &name, report);
        let mut names = Names::default();
        let (mut tokens, mut values) = (Vec::new(), Vec::new());
        let of_project = report.subject.clone();
        for defined in raw.tokens.value.iter().flat_map(|tokens| &tokens.0) {
            report.subject = Some(defined.subject.clone());
            if let Some((token, value)) = self.token(defined, &name, &mut names, around, report) {
                tokens.push(token);
                values.push(value);
            }
        }
        report.subject = of_project;
        let organization = raw.organization.value.as_ref().map_or(DEFAULT_ORGANIZATION, |text| text.0.as_str());
        let project = Project { name: ProjectName::new(name), id: id?, organization: organization.to_owned(), tokens };
        Some(ProjectDefinition { project, values })
    }

    fn id(&mut self, raw: &RawProject, name: &str, report: &mut Report) -> Option<u32> {
        if raw.id.is_absent() {
            if name == DEFAULT_PROJECT && !self.taken.contains(&DEFAULT_ID) {
                return Some(DEFAULT_ID);
            }
            let at = raw.name.key_at()?;
            report
                .error(at, "missing_key", format!("the project `{}` needs an `id`", quoted(name)))
                .label("a number that never changes: it becomes part of Sentry DSNs")
                .help(format!("add `id: {}`", self.free_id()));
            return None;
        }
        let (given, at) = (raw.id.value.as_ref()?, raw.id.at()?);
        let Some(id) = number(given) else {
            let message = format!("`id` is {}, and the greatest is {ID_MAX}", given.0);
            report.error(at, "over_limit", message).help(format!("write `id: {}`", self.free_id()));
            return None;
        };
        if let Some((other, place)) = self.ids.get(&id) {
            let message =
                format!("the id {id} belongs to the project `{}` already, at {}", quoted(other), shown(place));
            report.error(at, "duplicate_id", message).help(format!("write `id: {}`", self.free_id()));
            return None;
        }
        self.ids.insert(id, (name.to_owned(), report.source.place(at)));
        Some(id)
    }

    fn token(
        &mut self,
        defined: &Defined<RawToken>,
        project: &str,
        names: &mut Names,
        around: &Surroundings<'_>,
        report: &mut Report,
    ) -> Option<(Token, SecretString)> {
        let raw = &defined.raw;
        check_name(&raw.name, report);
        if let (Some(name), Some(at)) = (&raw.name.value, raw.name.at()) {
            names.claim("token of this project", &name.0, at, report);
        }
        let (value, node) = (raw.value.value.as_ref()?, raw.value.node()?);
        let (text, _) = secret("value", node, value, Literal::Refused, around, report)?;
        if let Some(fault) = fault(&text) {
            report.error(node.at, "bad_token", format!("`value` {fault}")).help("make one with `openssl rand -hex 16`");
            return None;
        }
        let (name, hash) = (raw.name.value.as_ref()?.0.clone(), TokenHash::of(text.as_bytes()));
        if let Some((other, place)) = self.values.get(&hash) {
            let message = format!("`value` is that of the {other} too, at {}", shown(place));
            report.error(node.at, "duplicate_token", message).help("give each token a value of its own");
            return None;
        }
        let what = format!("token `{}` of the project `{}`", quoted(&name), quoted(project));
        self.values.insert(hash, (what, report.source.place(node.at)));
        Some((Token { name, scope: raw.scope.value.as_ref()?.0, hash }, SecretString::from(text)))
    }

    fn free_id(&self) -> u32 {
        (DEFAULT_ID..).find(|id| !self.taken.contains(id)).expect("there are fewer projects than numbers")
    }
}

fn number(count: &Count) -> Option<u32> {
    u32::try_from(count.0).ok().filter(|id| *id <= ID_MAX)
}

fn shown(place: &Place) -> String {
    format!("{}:{}:{}", place.file.display(), place.line, place.column)
}

/// A project's name becomes part of paths and addresses.
fn check_project_name(field: &Field<Text>, report: &mut Report) {
    let (Some(name), Some(at)) = (&field.value, field.at()) else { return };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let begins_well = name.0.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    let length = name.0.chars().count();
    if length > PROJECT_NAME_MAX_CHARS {
        let message = format!("the name has {length} characters, and at most {PROJECT_NAME_MAX_CHARS} are allowed");
        report.error(at, "bad_name", message).help("shorten it");
    } else if !begins_well || !name.0.chars().all(fits) {
        report
            .error(at, "bad_name", format!("`{}` cannot name a project", quoted(&name.0)))
            .help("write letters from a to z, digits, `-`, `_` and `.`, beginning with a letter or a digit");
    }
}

/// Why a value can be no token; nothing of it is shown.
fn fault(value: &str) -> Option<String> {
    let length = value.chars().count();
    if value.chars().any(char::is_control) {
        Some("holds a control character".to_owned())
    } else if value.trim() != value {
        Some("begins or ends with a blank".to_owned())
    } else if length < TOKEN_MIN_CHARS {
        Some(format!("has {length} characters, and a token needs {TOKEN_MIN_CHARS} or more"))
    } else {
        None
    }
}
