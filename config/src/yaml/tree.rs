//! From the parser's events to the tree: anchors, aliases, merge keys, limits.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::node::{Entry, Node, NodeValue, Scalar};
use super::properties::start_of_scalar;
use super::scalar_places::end_of_quoted;
use crate::report::Report;
use crate::source_text::SourceText;

/// How deep lists and mappings may stand in each other.
const DEPTH_MAX: usize = 32;
/// How many keys one mapping may have.
const KEYS_MAX: usize = 10_000;
/// How many values one file may hold, each alias counted with all that it stands for.
const NODES_MAX: usize = 1_000_000;

/// Reads one file; `None` when it is empty, or when it is no YAML, which is then reported.
pub(crate) fn parse(source: &SourceText, report: &mut Report) -> Option<Rc<Node>> {
    let mut builder = Builder { source, report, anchors: HashMap::new(), open: Vec::new(), root: None, documents: 0 };
    let mut parser = Parser::new_from_str(&source.text);
    while let Some(next) = parser.next_event() {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => {
                let at = source.span(position(error.marker()), position(error.marker()));
                let help = match unquoted_braces(&source.lines, error.marker().line()) {
                    Some(help) => help,
                    None if error.info().contains("tab") => "indent with blanks: YAML takes no tabs there",
                    None => "mend it here or just above: a quote, a bracket, a colon or the indentation",
                };
                builder.report.error(at, "malformed_yaml", format!("this is no YAML: {}", error.info())).help(help);
                return None;
            }
        };
        if builder.take(event, position(&span.start), position(&span.end)).is_err() {
            return None;
        }
    }
    builder.root
}

/// What to do about a template that YAML takes for mappings.
const TEMPLATE_HELP: &str = "put the template between quotes: `title: '{{row.n}} errors'`";

/// What to do when the braces of a reference or of a template, not between quotes, may be why a file is no YAML.
///
/// `line` is where the parser gave up, from 1; what it stumbled over may stand at the end of the line before.
fn unquoted_braces(lines: &[Vec<char>], line: usize) -> Option<&'static str> {
    let from = line.saturating_sub(2);
    let near: Vec<String> = lines.iter().take(line).skip(from).map(|line| line.iter().collect()).collect();
    if near.iter().any(|line| reference_in_braces(line)) {
        return Some("between `{…}` or `[…]` put `${NAME}` in quotes: `{password: \"${NAME}\"}`");
    }
    near.iter().any(|line| line.contains(": {{")).then_some(TEMPLATE_HELP)
}

/// Whether a `${` without a quote before it stands behind a bracket that opens a list or a mapping.
fn reference_in_braces(line: &str) -> bool {
    let opens = |before: &str| before.match_indices(['{', '[']).any(|(at, _)| !before[..at].ends_with('$'));
    line.match_indices("${").any(|(at, _)| !line[..at].ends_with(['"', '\'']) && opens(&line[..at]))
}

/// The file could not be read to its end; the reason is reported.
struct GivenUp;

/// A list or mapping whose end has not come yet.
struct Open {
    start: (usize, usize),
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Rc<Node>>),
    Mapping { entries: Vec<Entry>, merged: Vec<Rc<Node>>, key: Option<Rc<Node>> },
}

struct Builder<'a, 'r> {
    source: &'a SourceText,
    report: &'r mut Report,
    anchors: HashMap<usize, Rc<Node>>,
    open: Vec<Open>,
    root: Option<Rc<Node>>,
    documents: usize,
}

impl Builder<'_, '_> {
    fn take(&mut self, event: Event<'_>, start: (usize, usize), end: (usize, usize)) -> Result<(), GivenUp> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents == 2 {
                    let message = "a file holds one YAML document, and a second one starts here".to_owned();
                    self.report
                        .error(self.source.span(start, end), "several_documents", message)
                        .help("put it into a file of its own");
                    return Err(GivenUp);
                }
                Ok(())
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.add(Rc::clone(node)),
                None => {
                    let message = "an alias stands inside the value that it names".to_owned();
                    self.report
                        .error(self.source.span(start, end), "endless_alias", message)
                        .help("write the value out");
                    Err(GivenUp)
                }
            },
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.as_deref(), start, end);
                let start = if anchor > 0 || tag.is_some() {
                    start_of_scalar(&self.source.lines, start, style, &text)
                } else {
                    start
                };
                let node = self.scalar(text.into_owned(), style, start, end);
                self.finish(node, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), start, end);
                self.open(Open { start, anchor, content: Content::List(Vec::new()) })
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), start, end);
                let content = Content::Mapping { entries: Vec::new(), merged: Vec::new(), key: None };
                self.open(Open { start, anchor, content })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop().expect("the parser closes only what it opened");
                let at = self.source.span(open.start, open.start);
                let value = match open.content {
                    Content::List(items) => NodeValue::Sequence(items),
                    Content::Mapping { entries, merged, .. } => NodeValue::Mapping(self.merge(entries, merged)),
                };
                let size = 1 + match &value {
                    NodeValue::Scalar(_) => 0,
                    NodeValue::Sequence(items) => items.iter().map(|item| item.size).sum::<usize>(),
                    NodeValue::Mapping(entries) => entries.iter().map(|entry| entry.value.size).sum(),
                };
                if size > NODES_MAX {
                    let message = format!("the file holds {size} values, and at most {NODES_MAX} are read");
                    self.report.error(at, "too_many_values", message).help("split it into several files");
                    return Err(GivenUp);
                }
                self.finish(Node { at, value, size }, open.anchor)
            }
        }
    }

    fn open(&mut self, open: Open) -> Result<(), GivenUp> {
        if self.open.len() >= DEPTH_MAX {
            let at = self.source.span(open.start, open.start);
            let message = format!("lists and mappings stand in each other deeper than {DEPTH_MAX} levels");
            self.report.error(at, "too_deep", message).help("no definition is deeper than a few levels");
            return Err(GivenUp);
        }
        self.open.push(open);
        Ok(())
    }

    fn scalar(&self, text: String, style: ScalarStyle, start: (usize, usize), end: (usize, usize)) -> Node {
        let mut scalar = Scalar { text, style, start, end: end.max(start) };
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            scalar.end = end_of_quoted(&self.source.lines, &scalar);
        }
        Node { at: self.source.span(scalar.start, scalar.end), value: NodeValue::Scalar(scalar), size: 1 }
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), GivenUp> {
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.add(node)
    }

    /// Puts a complete value where it belongs.
    fn add(&mut self, mut node: Rc<Node>) -> Result<(), GivenUp> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        if let Content::Mapping { key: Some(key), .. } = &open.content {
            point_to_key(&mut node, key);
        }
        match &mut open.content {
            Content::List(items) => items.push(node),
            Content::Mapping { entries, merged, key } => match key.take() {
                None => *key = Some(node),
                Some(name) => match &name.value {
                    NodeValue::Scalar(scalar) if scalar.text == "<<" && scalar.style == ScalarStyle::Plain => {
                        merged.push(node);
                    }
                    NodeValue::Scalar(_) if entries.len() >= KEYS_MAX => {
                        let message = format!("a mapping has at most {KEYS_MAX} keys, and here is one more");
                        self.report.error(name.at, "too_many_values", message).help("remove some");
                        return Err(GivenUp);
                    }
                    NodeValue::Scalar(scalar) => {
                        match entries.iter().find(|entry| entry.key == scalar.text) {
                            Some(first) => {
                                let message = format!(
                                    "`{}` is given twice; the first stands at line {}, column {}",
                                    scalar.text, first.key_at.line, first.key_at.column
                                );
                                self.report.error(name.at, "duplicate_key", message).help("keep one of the two");
                            }
                            None => entries.push(Entry { key: scalar.text.clone(), key_at: name.at, value: node }),
                        };
                    }
                    NodeValue::Sequence(_) | NodeValue::Mapping(_) => {
                        let message = format!("a key must be a text, not {}", name.shape());
                        let template = self.source.lines.get(name.at.line.saturating_sub(1)).is_some_and(|line| {
                            let shown: String = line.iter().skip(name.at.column.saturating_sub(2)).take(3).collect();
                            shown.contains("{{")
                        });
                        let help = if template { TEMPLATE_HELP } else { "write `key: value`" };
                        self.report.error(name.at, "bad_key", message).help(help);
                    }
                },
            },
        }
        Ok(())
    }

    /// Adds what `<<` names; own keys win, then earlier mappings over later ones.
    fn merge(&mut self, mut entries: Vec<Entry>, merged: Vec<Rc<Node>>) -> Vec<Entry> {
        for node in merged {
            let mappings: Vec<&Rc<Node>> = match &node.value {
                NodeValue::Sequence(items) => items.iter().collect(),
                NodeValue::Mapping(_) | NodeValue::Scalar(_) => vec![&node],
            };
            for mapping in mappings {
                let NodeValue::Mapping(inherited) = &mapping.value else {
                    let message = format!("`<<` takes a mapping or a list of mappings, not {}", mapping.shape());
                    self.report
                        .error(mapping.at, "bad_merge", message)
                        .help("write `<<: *name` of an anchored mapping");
                    continue;
                };
                for entry in inherited {
                    if entries.iter().all(|own| own.key != entry.key) {
                        entries.push(entry.clone());
                    }
                }
            }
        }
        entries
    }

    /// Tags of YAML's own schema change nothing; any other would promise what we do not do.
    fn check_tag(&mut self, tag: Option<&saphyr_parser::Tag>, start: (usize, usize), end: (usize, usize)) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema() && !tag.suffix.is_empty()) {
            let message = format!("the tag `{tag}` means nothing here");
            self.report
                .error(self.source.span(start, end), "unsupported_tag", message)
                .help("write `\"${NAME}\"` for a value from the environment");
        }
    }
}

/// Where nothing stands behind a key, the place of that nothing is the key: the parser's is the next line.
fn point_to_key(node: &mut Rc<Node>, key: &Node) {
    if let Some(node) = Rc::get_mut(node)
        && let NodeValue::Scalar(scalar) = &node.value
        && scalar.style == ScalarStyle::Plain
        && scalar.text.is_empty()
    {
        node.at = key.at;
    }
}

/// Line and column from 0.
fn position(marker: &Marker) -> (usize, usize) {
    (marker.line().saturating_sub(1), marker.col())
}
