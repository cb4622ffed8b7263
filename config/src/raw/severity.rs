//! `severity`: a level, or levels with their conditions.

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator, json_schema};
use watchfire_model::Severity;

use crate::read::{FromNode, Item, Keyed, Phrase, Phrased, Text, quoted};
use crate::report::Report;
use crate::yaml::{Node, NodeValue};

/// What `severity` says.
#[derive(Debug)]
pub(crate) enum RawSeverity {
    Fixed(Severity),
    Conditions(Vec<(Severity, Item<Text>)>),
}

impl FromNode for RawSeverity {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let NodeValue::Mapping(entries) = &node.value else {
            return Phrased::<Severity>::from_node(node, key, report).map(|level| Self::Fixed(level.0));
        };
        if entries.is_empty() {
            report
                .error(node.at, "empty_list", format!("`{key}` names no level"))
                .help("write `severity: {critical: n > 5, warning: true}`");
            return None;
        }
        let conditions: Vec<_> = entries
            .iter()
            .map(|entry| {
                let level = Severity::parse(&entry.key);
                if level.is_none() {
                    report
                        .error(entry.key_at, Severity::CODE, format!("`{}` is not a severity", quoted(&entry.key)))
                        .label(format!("expected {}", Severity::EXPECTED))
                        .help(match Severity::nearest(&entry.key) {
                            Some(level) => format!("did you mean `{level}`?"),
                            None => format!("write `{}: …`", Severity::EXAMPLE),
                        });
                }
                let named = Keyed { name: entry.key.clone(), at: entry.key_at };
                let condition = Text::from_node(&entry.value, &named, report);
                Some((level?, Item { value: condition?, node: Rc::clone(&entry.value) }))
            })
            .collect();
        conditions.into_iter().collect::<Option<_>>().map(Self::Conditions)
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let condition = Text::schema(generator);
        json_schema!({"title": "level, or levels with conditions", "oneOf": [
            Phrased::<Severity>::schema(generator),
            {
                "type": "object",
                "propertyNames": {"enum": Severity::WORDS},
                "additionalProperties": condition,
            },
        ]})
    }
}
