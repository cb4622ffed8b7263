//! Who may do what: from the token that somebody shows to the project and the scope that it opens.

use std::collections::HashMap;
use std::sync::Arc;

use watchfire_model::{DEFAULT_PROJECT, Project, ProjectName, TokenHash, TokenScope};

use crate::engine::Engine;

/// What somebody may do, and for which project.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The project whose rows are sent or seen.
    pub project: Arc<Project>,
    /// The token's name; `None` where nobody needs a token.
    pub token: Option<String>,
    /// What is opened.
    pub scope: TokenScope,
}

impl Grant {
    /// The project whose rules, runs and deliveries may be seen; `None`: those of all.
    pub fn sees(&self) -> Option<&ProjectName> {
        match self.scope {
            TokenScope::Admin => None,
            TokenScope::Write | TokenScope::Read => Some(&self.project.name),
        }
    }
}

/// All projects and tokens in force.
#[derive(Debug)]
pub struct Access {
    projects: Vec<Arc<Project>>,
    by_hash: HashMap<TokenHash, Grant>,
}

impl Access {
    /// Over these projects; `default` is added where it is missing.
    pub(crate) fn new(projects: Vec<Project>) -> Self {
        let mut projects: Vec<_> = projects.into_iter().map(Arc::new).collect();
        if projects.iter().all(|project| project.name.as_str() != DEFAULT_PROJECT) {
            projects.insert(0, Arc::new(Project::default_with_id(1)));
        }
        let grants = projects.iter().flat_map(|project| {
            project.tokens.iter().map(|token| {
                let grant = Grant { project: Arc::clone(project), token: Some(token.name.clone()), scope: token.scope };
                (token.hash, grant)
            })
        });
        Self { by_hash: grants.collect(), projects }
    }

    /// Whether any token is configured. Without any, whoever reaches the server may do everything.
    pub fn has_tokens(&self) -> bool {
        !self.by_hash.is_empty()
    }

    /// What a token opens; `None`: nothing, nobody knows it.
    ///
    /// It is looked up by its hash, so how long the look-up takes says nothing about the values of others.
    pub fn of(&self, token: &[u8]) -> Option<&Grant> {
        self.by_hash.get(&TokenHash::of(token))
    }

    /// What everybody may do where there are no tokens: everything, for the project `default`.
    pub fn of_everybody(&self) -> Grant {
        let default = self.projects.iter().find(|project| project.name.as_str() == DEFAULT_PROJECT);
        let project = default.expect("the project `default` is always there");
        Grant { project: Arc::clone(project), token: None, scope: TokenScope::Admin }
    }

    /// All projects, in the order of their definitions.
    pub fn projects(&self) -> &[Arc<Project>] {
        &self.projects
    }
}

impl Engine {
    /// The projects and tokens in force.
    pub fn access(&self) -> Arc<Access> {
        Arc::clone(&self.shared.active().access)
    }
}

#[cfg(test)]
mod tests {
    use watchfire_model::Token;

    use super::*;

    fn project(name: &str, id: u32, tokens: &[(&str, TokenScope)]) -> Project {
        let token = |(value, scope): &(&str, TokenScope)| Token {
            name: format!("the {scope} token"),
            scope: *scope,
            hash: TokenHash::of(value.as_bytes()),
        };
        Project {
            name: ProjectName::new(name),
            id,
            organization: "acme".to_owned(),
            tokens: tokens.iter().map(token).collect(),
        }
    }

    #[test]
    fn a_token_opens_its_own_project_with_its_own_scope_and_others_open_nothing() {
        let access = Access::new(vec![
            project("shop", 2, &[("write-write-write", TokenScope::Write)]),
            project("mail", 3, &[("read-read-read-read", TokenScope::Read)]),
        ]);
        let opened = |token: &str| {
            access.of(token.as_bytes()).map(|grant| (grant.project.name.as_str(), grant.scope, grant.token.as_deref()))
        };
        assert_eq!(opened("write-write-write"), Some(("shop", TokenScope::Write, Some("the write token"))));
        assert_eq!(opened("read-read-read-read"), Some(("mail", TokenScope::Read, Some("the read token"))));
        for unknown in ["", "write-write-writ", "write-write-write ", "WRITE-WRITE-WRITE"] {
            assert_eq!(opened(unknown), None, "{unknown}");
        }
        assert!(access.has_tokens());
    }

    #[test]
    fn without_tokens_everybody_may_do_everything_for_the_project_default() {
        let access = Access::new(vec![]);
        assert!(!access.has_tokens());
        let grant = access.of_everybody();
        assert_eq!((grant.project.name.as_str(), grant.project.id, grant.scope), ("default", 1, TokenScope::Admin));
    }
}
