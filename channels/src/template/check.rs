//! Walks through a parsed template: are all names and helpers there, and which columns does it name?

use handlebars::template::{BlockParam, HelperTemplate, Parameter, TemplateElement};

use super::names::{CHANGE, HELPERS, LOCALS, Shape, TOP, helper, nearest, top};
use super::place::Places;
use super::syntax::error;
use super::{ColumnUse, TemplateError};

/// What a template names.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses {
    /// The columns, in the order of the text.
    pub columns: Vec<ColumnUse>,
    /// Whether any of them is `instance.x`.
    pub instance: bool,
    /// Whether any of them is `row.x`.
    pub row: bool,
}

/// What plain names mean inside a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// The names at the top.
    Top,
    /// What lies behind a name: its members.
    Inside(Shape),
    /// One change.
    Change,
}

struct Walk<'a> {
    places: Places<'a>,
    scopes: Vec<Scope>,
    /// The names that blocks gave (`as |x|`), with what is behind them.
    params: Vec<(String, Scope)>,
    uses: Uses,
    errors: Vec<TemplateError>,
}

/// What the template uses, and every mistake: names that are wrong hide no columns.
pub(super) fn check(text: &str, parsed: &handlebars::Template) -> (Uses, Vec<TemplateError>) {
    let mut walk = Walk {
        places: Places::new(text),
        scopes: vec![Scope::Top],
        params: Vec::new(),
        uses: Uses::default(),
        errors: Vec::new(),
    };
    walk.template(parsed);
    (walk.uses, walk.errors)
}

impl Walk<'_> {
    fn template(&mut self, template: &handlebars::Template) {
        for (place, element) in template.elements.iter().enumerate() {
            if let Some(mapping) = template.mapping.get(place) {
                self.places.enter(mapping.0, mapping.1);
            }
            match element {
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => self.call(call),
                TemplateElement::HelperBlock(call) => self.block(call),
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                // The first look at the text refuses these already; what it missed is refused here.
                TemplateElement::DecoratorExpression(_)
                | TemplateElement::DecoratorBlock(_)
                | TemplateElement::PartialExpression(_)
                | TemplateElement::PartialBlock(_) => {
                    let place = self.places.find("{{");
                    self.errors.push(error(place, "partials and decorators are not offered".to_owned(), None));
                }
                other => {
                    let place = self.places.find("{{");
                    self.errors.push(error(place, format!("{other:?} is not offered"), None));
                }
            }
        }
    }

    /// `{{name}}` or `{{helper arguments}}`.
    fn call(&mut self, call: &HelperTemplate) {
        if call.params.is_empty() && call.hash.is_empty() {
            match &call.name {
                Parameter::Path(_) | Parameter::Name(_) => {
                    let name = call.name.as_name().unwrap_or_default();
                    if helper(name).is_some() { self.helper(call, false) } else { self.path(name) }
                }
                Parameter::Subexpression(inner) => self.subexpression(inner),
                // Literals name nothing; the parser's list is open, so a `_` is needed.
                _ => {}
            }
        } else {
            self.helper(call, false);
            self.arguments(call);
        }
    }

    fn subexpression(&mut self, inner: &handlebars::template::Subexpression) {
        match inner.as_element() {
            TemplateElement::Expression(call) if call.params.is_empty() && call.hash.is_empty() => {
                self.helper(call, false);
            }
            TemplateElement::Expression(call) => {
                self.helper(call, false);
                self.arguments(call);
            }
            _ => {}
        }
    }

    fn arguments(&mut self, call: &HelperTemplate) {
        let name = call.name.as_name().unwrap_or_default();
        for argument in &call.params {
            self.argument(argument);
        }
        for argument in call.hash.values() {
            self.argument(argument);
        }
        if name == "sum" {
            self.summed(&call.params);
        }
    }

    fn argument(&mut self, argument: &Parameter) {
        match argument {
            Parameter::Path(_) | Parameter::Name(_) => self.path(argument.as_name().unwrap_or_default()),
            Parameter::Subexpression(inner) => self.subexpression(inner),
            // Literals name nothing; the parser's list is open, so a `_` is needed.
            _ => {}
        }
    }

    /// `sum rows "x"` names a column too.
    fn summed(&mut self, params: &[Parameter]) {
        let [list, Parameter::Literal(serde_json::Value::String(column))] = params else { return };
        if list.as_name().is_some_and(|list| self.shape_of(list) == Some(Scope::Inside(Shape::Rows))) {
            let place = self.places.find(&format!("\"{column}\""));
            self.column(column, false, (place.0, place.1 + 1));
        }
    }

    /// A block, what is in it, and what is else.
    fn block(&mut self, call: &HelperTemplate) {
        self.helper(call, true);
        self.arguments(call);
        let name = call.name.as_name().unwrap_or_default();
        let over = call.params.first().and_then(Parameter::as_name);
        let inner = match (name, over) {
            ("each", Some(list)) => Some(self.shape_of(list).map_or(Scope::Inside(Shape::Open), element_of)),
            ("with", Some(object)) => Some(self.shape_of(object).unwrap_or(Scope::Inside(Shape::Open))),
            ("each" | "with", None) => Some(Scope::Inside(Shape::Open)),
            _ => None,
        };
        let params_before = self.params.len();
        if let Some(scope) = inner {
            self.scopes.push(scope);
            self.block_params(call.block_param.as_ref(), scope);
        }
        if let Some(template) = &call.template {
            self.template(template);
        }
        if inner.is_some() {
            self.scopes.pop();
            self.params.truncate(params_before);
        }
        if let Some(template) = &call.inverse {
            self.template(template);
        }
    }

    fn block_params(&mut self, params: Option<&BlockParam>, scope: Scope) {
        let (value, key) = match params {
            Some(BlockParam::Single(value)) => (value, None),
            Some(BlockParam::Pair((value, key))) => (value, Some(key)),
            Some(_) | None => return,
        };
        self.params.extend(value.as_name().map(|name| (name.to_owned(), scope)));
        self.params
            .extend(key.and_then(Parameter::as_name).map(|name| (name.to_owned(), Scope::Inside(Shape::Single))));
    }

    fn helper(&mut self, call: &HelperTemplate, is_block: bool) {
        let name = call.name.as_name().unwrap_or_default().to_owned();
        let place = self.places.find(&name);
        let Some(known) = helper(&name) else {
            let help = match nearest(&name, HELPERS.iter().map(|helper| helper.name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("helpers are {}", HELPERS.map(|helper| helper.name).join(", ")),
            };
            return self.errors.push(error(place, format!("there is no helper `{name}`"), Some(help)));
        };
        let given = call.params.len();
        if known.is_block != is_block {
            let (message, help) = if known.is_block {
                (format!("`{name}` needs a block"), format!("write `{{{{#{name} …}}}}…{{{{/{name}}}}}`"))
            } else {
                (format!("`{name}` is no block"), format!("write `{{{{{name} …}}}}`"))
            };
            self.errors.push(error(place, message, Some(help)));
        } else if given < known.least || given > known.most {
            let wanted = match (known.least, known.most) {
                (1, 1) => "1 argument".to_owned(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            let help = (given == 0).then(|| format!("for a column of this name write `this.{name}`"));
            self.errors.push(error(place, format!("`{name}` takes {wanted}, not {given}"), help));
        }
    }

    /// A name with its members.
    fn path(&mut self, raw: &str) {
        let place = self.places.find(raw);
        let Some((scope, parts)) = self.resolve(raw, place) else { return };
        self.members(scope, &parts, raw, place);
    }

    /// The scope that a path starts in, and its parts there. `None` for locals, and after an error.
    fn resolve(&mut self, raw: &str, place: (usize, usize)) -> Option<(Scope, Vec<String>)> {
        if let Some(local) = raw.strip_prefix('@').filter(|rest| !rest.starts_with("root")) {
            let local = local.trim_start_matches("../");
            if !LOCALS.contains(&local) {
                let help = Some("there are @index, @key, @first, @last and @root".to_owned());
                self.errors.push(error(place, format!("there is no `@{local}`"), help));
            }
            return None;
        }
        let (up, mut parts) = split(raw);
        if parts.first().is_some_and(|first| first == "@root") {
            parts.remove(0);
            return Some((Scope::Top, parts));
        }
        let is_plain = up == 0 && !raw.starts_with("this") && !raw.starts_with("./");
        if is_plain && let Some((_, scope)) = self.params.iter().rev().find(|(name, _)| Some(name) == parts.first()) {
            let scope = *scope;
            parts.remove(0);
            return Some((scope, parts));
        }
        match self.scopes.len().checked_sub(up + 1) {
            Some(place) => Some((self.scopes[place], parts)),
            None => {
                let help = Some("write one `../` for each block that it is in".to_owned());
                self.errors.push(error(place, format!("`{raw}` goes up further than there are blocks"), help));
                None
            }
        }
    }

    fn members(&mut self, scope: Scope, parts: &[String], raw: &str, place: (usize, usize)) {
        let Some((first, rest)) = parts.split_first() else { return };
        match scope {
            Scope::Top => match top(first) {
                Some(shape) => {
                    self.uses.instance |= shape == Shape::Key && !rest.is_empty();
                    self.uses.row |= first == "row" && !rest.is_empty();
                    self.members(Scope::Inside(shape), rest, raw, place);
                }
                None => self.unknown(first, "messages have no", TOP.iter().map(|(name, _)| *name), place),
            },
            Scope::Change => {
                if !CHANGE.contains(&first.as_str()) {
                    self.unknown(first, "a change has no", CHANGE.into_iter(), place);
                } else if matches!(first.as_str(), "key" | "before" | "after") && !rest.is_empty() {
                    self.column(&rest[0], false, place);
                }
            }
            Scope::Inside(Shape::Members(known)) => {
                if !known.contains(&first.as_str()) {
                    let what = raw.strip_suffix(&format!(".{first}")).unwrap_or(raw);
                    self.unknown(first, &format!("`{what}` has no"), known.iter().copied(), place);
                }
            }
            Scope::Inside(Shape::Row) => self.column(first, false, place),
            Scope::Inside(Shape::Key) => self.column(first, true, place),
            Scope::Inside(Shape::Rows) => {
                if let (true, Some(column)) = (is_number(first), rest.first()) {
                    self.column(column, false, place);
                }
            }
            Scope::Inside(Shape::Changes) if is_number(first) => self.members(Scope::Change, rest, raw, place),
            Scope::Inside(Shape::Single) => {
                let what = raw.strip_suffix(&format!(".{first}")).unwrap_or(raw);
                self.errors.push(error(place, format!("`{what}` is one value and has no `{first}`"), None));
            }
            Scope::Inside(Shape::Open | Shape::Changes) => {}
        }
    }

    fn unknown<'b>(
        &mut self,
        name: &str,
        what: &str,
        known: impl Iterator<Item = &'b str> + Clone,
        place: (usize, usize),
    ) {
        let help = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.errors.push(error(place, format!("{what} `{name}`"), Some(help)));
    }

    fn column(&mut self, name: &str, is_key: bool, (line, column): (usize, usize)) {
        self.uses.columns.push(ColumnUse { name: name.to_owned(), is_key, line, column });
    }

    /// What lies behind a path, as far as it is known.
    fn shape_of(&self, raw: &str) -> Option<Scope> {
        let (up, parts) = split(raw);
        let (scope, parts) = match self.params.iter().rev().find(|(name, _)| up == 0 && Some(name) == parts.first()) {
            Some((_, scope)) => (*scope, &parts[1..]),
            None if parts.first().is_some_and(|first| first == "@root") => (Scope::Top, &parts[1..]),
            None => (*self.scopes.get(self.scopes.len().checked_sub(up + 1)?)?, parts.as_slice()),
        };
        parts.iter().try_fold(scope, |scope, part| match scope {
            Scope::Top => top(part).map(Scope::Inside),
            Scope::Inside(Shape::Rows) => Some(Scope::Inside(Shape::Row)),
            Scope::Inside(Shape::Changes) => Some(Scope::Change),
            Scope::Change if matches!(part.as_str(), "key" | "before" | "after") => Some(Scope::Inside(Shape::Row)),
            Scope::Change | Scope::Inside(_) => Some(Scope::Inside(Shape::Open)),
        })
    }
}

fn element_of(list: Scope) -> Scope {
    match list {
        Scope::Inside(Shape::Rows) => Scope::Inside(Shape::Row),
        Scope::Inside(Shape::Changes) => Scope::Change,
        Scope::Top
        | Scope::Change
        | Scope::Inside(Shape::Single | Shape::Members(_) | Shape::Row | Shape::Key | Shape::Open) => {
            Scope::Inside(Shape::Open)
        }
    }
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// How many `../` a path begins with, and its parts: `../rows.[0].x` is 1 and `rows`, `0`, `x`.
fn split(raw: &str) -> (usize, Vec<String>) {
    let mut rest = raw;
    let mut up = 0;
    loop {
        if let Some(below) = rest.strip_prefix("../").or_else(|| rest.strip_prefix("...")) {
            (up, rest) = (up + 1, below);
        } else if let Some(below) = rest.strip_prefix("./") {
            rest = below;
        } else {
            break;
        }
    }
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, below) = match rest.strip_prefix('[') {
            Some(inner) => inner.split_once(']').unwrap_or((inner, "")),
            None => {
                let end = rest.find(['.', '/', '[']).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        if part != "this" && !part.is_empty() {
            parts.push(part.to_owned());
        }
        rest = below.trim_start_matches(['.', '/']);
    }
    (up, parts)
}
