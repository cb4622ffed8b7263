//! PostgreSQL's JSON functions and operators that `datafusion-functions-json` does not have.
//!
//! JSON is text here. A text that is no JSON is NULL for what reads it, except on the right of `@>`, where it is an
//! error. What returns a set in PostgreSQL returns a list; `dialect` puts `unnest` around it.

mod contains;
mod planner;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListBuilder, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use datafusion_functions_json::udfs::json_union_to_text_udf;
use serde_json::Value;
use watchfire_ingest::table::json_metadata;

use contains::contains;

/// What is done with JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum JsonFunction {
    /// `x::jsonb`: the JSON text of a value.
    Json,
    Typeof,
    ArrayLength,
    ArrayElements,
    ArrayElementsText,
    ObjectKeys,
    ExtractPath,
    ExtractPathText,
    Contains,
    ExistsAny,
    ExistsAll,
}

impl JsonFunction {
    const ALL: [Self; 11] = [
        Self::Json,
        Self::Typeof,
        Self::ArrayLength,
        Self::ArrayElements,
        Self::ArrayElementsText,
        Self::ObjectKeys,
        Self::ExtractPath,
        Self::ExtractPathText,
        Self::Contains,
        Self::ExistsAny,
        Self::ExistsAll,
    ];

    /// Its name, then the others.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["jsonb", "json"],
            Self::Typeof => &["jsonb_typeof", "json_typeof"],
            Self::ArrayLength => &["jsonb_array_length", "json_array_length"],
            Self::ArrayElements => &["jsonb_array_elements", "json_array_elements"],
            Self::ArrayElementsText => &["jsonb_array_elements_text", "json_array_elements_text"],
            Self::ObjectKeys => &["jsonb_object_keys"],
            Self::ExtractPath => &["jsonb_extract_path", "json_extract_path"],
            Self::ExtractPathText => &["jsonb_extract_path_text", "json_extract_path_text"],
            Self::Contains => &["jsonb_contains"],
            Self::ExistsAny => &["jsonb_exists_any"],
            Self::ExistsAll => &["jsonb_exists_all"],
        }
    }

    fn udf(self) -> ScalarUDF {
        let (_, aliases) = self.names().split_at(1);
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        ScalarUDF::new_from_impl(JsonUdf {
            function: self,
            aliases,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }

    /// Whether the result is JSON, and shall be shown as such.
    const fn makes_json(self) -> bool {
        match self {
            Self::Json | Self::ExtractPath => true,
            Self::Typeof
            | Self::ArrayLength
            | Self::ArrayElements
            | Self::ArrayElementsText
            | Self::ObjectKeys
            | Self::ExtractPathText
            | Self::Contains
            | Self::ExistsAny
            | Self::ExistsAll => false,
        }
    }
}

/// Whether a function of this name, in lower case, has a row for each item of its list in PostgreSQL.
pub(crate) fn returns_set(name: &str) -> bool {
    let sets = [JsonFunction::ArrayElements, JsonFunction::ArrayElementsText, JsonFunction::ObjectKeys];
    sets.iter().any(|function| function.names().contains(&name))
}

/// Whether somebody may write this function behind FROM, where it cannot stand here.
pub(crate) fn returns_rows(name: &str) -> bool {
    let others =
        ["json_each", "jsonb_each", "json_each_text", "jsonb_each_text", "json_object_keys", "jsonb_path_query"];
    let others = others.into_iter().chain(["string_to_table", "regexp_split_to_table", "regexp_matches"]);
    returns_set(name) || others.into_iter().any(|other| other == name)
}

/// Adds the functions and operators.
pub(super) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for function in JsonFunction::ALL {
        registry.register_udf(Arc::new(function.udf()))?;
    }
    registry.register_expr_planner(Arc::new(planner::JsonOperators))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonUdf {
    function: JsonFunction,
    aliases: Vec<String>,
    signature: Signature,
}

impl ScalarUDFImpl for JsonUdf {
    fn name(&self) -> &str {
        self.function.names()[0]
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.name();
        let wanted = match self.function {
            JsonFunction::Json
            | JsonFunction::Typeof
            | JsonFunction::ArrayLength
            | JsonFunction::ArrayElements
            | JsonFunction::ArrayElementsText
            | JsonFunction::ObjectKeys => 1..=1,
            JsonFunction::ExtractPath | JsonFunction::ExtractPathText => 2..=100,
            JsonFunction::Contains | JsonFunction::ExistsAny | JsonFunction::ExistsAll => 2..=2,
        };
        if !wanted.contains(&arg_types.len()) {
            return plan_err!("{name} was given {} arguments; it takes {}", arg_types.len(), wanted.end());
        }
        let mut coerced = Vec::with_capacity(arg_types.len());
        for (index, given) in arg_types.iter().enumerate() {
            let takes_keys = matches!(self.function, JsonFunction::ExistsAny | JsonFunction::ExistsAll) && index == 1;
            let takes_path = matches!(self.function, JsonFunction::ExtractPath | JsonFunction::ExtractPathText);
            coerced.push(match given {
                DataType::List(_) if takes_keys => {
                    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
                }
                given if takes_keys => {
                    return plan_err!("{name} takes an array of keys, like ARRAY['a', 'b'], not {given}");
                }
                DataType::Union(_, _) if index == 0 || !takes_path => given.clone(),
                given if given.is_string() || *given == DataType::Null => DataType::Utf8,
                given if takes_path && index > 0 && given.is_integer() => DataType::Utf8,
                // A number or a boolean is its own JSON.
                given if self.function == JsonFunction::Json && (given.is_numeric() || *given == DataType::Boolean) => {
                    DataType::Utf8
                }
                given => return plan_err!("{name} takes JSON, like `attributes` or `attributes->'key'`, not {given}"),
            });
        }
        Ok(coerced)
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(match self.function {
            JsonFunction::Json | JsonFunction::Typeof | JsonFunction::ExtractPath | JsonFunction::ExtractPathText => {
                DataType::Utf8
            }
            JsonFunction::ArrayLength => DataType::Int64,
            JsonFunction::ArrayElements | JsonFunction::ArrayElementsText | JsonFunction::ObjectKeys => {
                DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
            }
            JsonFunction::Contains | JsonFunction::ExistsAny | JsonFunction::ExistsAll => DataType::Boolean,
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let field = Field::new(self.name(), self.return_type(&types)?, true);
        Ok(Arc::new(if self.function.makes_json() { field.with_metadata(json_metadata()) } else { field }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { args.number_rows };
        let Some(first) = args.args.first() else { return exec_err!("{} without an argument", self.name()) };
        let json = text_of(first, rows, &args)?;
        let json = json.as_string::<i32>();
        let answers: ArrayRef = match self.function {
            JsonFunction::Json => Arc::new(json.clone()),
            JsonFunction::Typeof => Arc::new(parsed(json).map(|value| Some(type_of(&value?))).collect::<StringArray>()),
            JsonFunction::ArrayLength => {
                let length = |value: Option<Value>| i64::try_from(value?.as_array()?.len()).ok();
                Arc::new(parsed(json).map(length).collect::<Int64Array>())
            }
            JsonFunction::ArrayElements => {
                lists(parsed(json).map(|value| items(value?, |item| Some(item.to_string()))))
            }
            JsonFunction::ArrayElementsText => lists(parsed(json).map(|value| items(value?, plain))),
            JsonFunction::ObjectKeys => lists(parsed(json).map(|value| {
                let Value::Object(object) = value? else { return None };
                Some(object.into_iter().map(|(key, _)| Some(key)).collect())
            })),
            JsonFunction::ExtractPath | JsonFunction::ExtractPathText => {
                let mut steps = Vec::new();
                for step in &args.args[1..] {
                    steps.push(cast(&step.to_array(rows)?, &DataType::Utf8)?);
                }
                let found = parsed(json).enumerate().map(|(row, value)| {
                    let value = steps.iter().try_fold(value?, |value, step| {
                        let step = step.as_string::<i32>();
                        step.is_valid(row).then(|| step_into(value, step.value(row))).flatten()
                    })?;
                    if self.function == JsonFunction::ExtractPath { Some(value.to_string()) } else { plain(value) }
                });
                Arc::new(found.collect::<StringArray>())
            }
            JsonFunction::Contains => self.contained(json, &args, rows)?,
            JsonFunction::ExistsAny | JsonFunction::ExistsAll => {
                let keys = args.args[1].to_array(rows)?;
                let keys = keys.as_list::<i32>();
                let answers = parsed(json).enumerate().map(|(row, value)| {
                    let value = value?;
                    let keys = keys.is_valid(row).then(|| keys.value(row))?;
                    let mut keys = keys.as_string::<i32>().iter().flatten();
                    Some(match self.function {
                        JsonFunction::ExistsAll => keys.all(|key| exists(&value, key)),
                        _ => keys.any(|key| exists(&value, key)),
                    })
                });
                Arc::new(answers.collect::<BooleanArray>())
            }
        };
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answers, 0)?));
        }
        Ok(ColumnarValue::Array(answers))
    }
}

impl JsonUdf {
    fn contained(&self, json: &StringArray, args: &ScalarFunctionArgs, rows: usize) -> Result<ArrayRef> {
        let sought = &args.args[1];
        // A constant is read once.
        let constant = matches!(sought, ColumnarValue::Scalar(_));
        let sought = text_of(sought, if constant { 1 } else { rows }, args)?;
        let sought = sought.as_string::<i32>();
        let mut read = Vec::with_capacity(sought.len());
        for text in sought {
            match text.map(serde_json::from_str::<Value>).transpose() {
                Ok(value) => read.push(value),
                Err(_) => {
                    let text: String = text.unwrap_or_default().chars().take(100).collect();
                    return exec_err!(
                        "`@>` wants JSON on both sides, and '{text}' is none; write it like '{{\"key\": \"value\"}}'"
                    );
                }
            }
        }
        let answers = parsed(json).enumerate().map(|(row, value)| {
            let sought = read.get(if constant { 0 } else { row })?.as_ref()?;
            Some(contains(&value?, sought))
        });
        Ok(Arc::new(answers.collect::<BooleanArray>()))
    }
}

/// The JSON text of an argument, which is text already or a value that `->` took out of JSON.
fn text_of(argument: &ColumnarValue, rows: usize, args: &ScalarFunctionArgs) -> Result<ArrayRef> {
    let array = argument.to_array(rows)?;
    if !matches!(array.data_type(), DataType::Union(_, _)) {
        return Ok(cast(&array, &DataType::Utf8)?);
    }
    let to_text = json_union_to_text_udf();
    let field = Arc::new(Field::new("value", array.data_type().clone(), true));
    let text = to_text.invoke_with_args(ScalarFunctionArgs {
        arg_fields: vec![field],
        args: vec![ColumnarValue::Array(array)],
        number_rows: rows,
        return_field: Arc::new(Field::new("text", DataType::Utf8View, true)),
        config_options: Arc::clone(&args.config_options),
    })?;
    Ok(cast(&text.to_array(rows)?, &DataType::Utf8)?)
}

fn parsed(json: &StringArray) -> impl Iterator<Item = Option<Value>> {
    json.iter().map(|text| serde_json::from_str(text?).ok())
}

const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as `->>` shows it.
fn plain(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn items(value: Value, text: impl Fn(Value) -> Option<String>) -> Option<Vec<Option<String>>> {
    match value {
        Value::Array(items) => Some(items.into_iter().map(text).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    }
}

fn step_into(value: Value, step: &str) -> Option<Value> {
    match value {
        Value::Object(mut object) => object.remove(step),
        Value::Array(mut items) => {
            let place: i64 = step.parse().ok()?;
            let length = i64::try_from(items.len()).ok()?;
            // As PostgreSQL counts: -1 is the last one.
            let place = usize::try_from(if place < 0 { place + length } else { place }).ok()?;
            (place < items.len()).then(|| items.swap_remove(place))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Whether a text is a key of an object, an item of an array, or the text itself.
fn exists(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(object) => object.contains_key(key),
        Value::Array(items) => items.iter().any(|item| item.as_str() == Some(key)),
        Value::String(text) => text == key,
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn lists(rows: impl Iterator<Item = Option<Vec<Option<String>>>>) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in rows {
        match row {
            Some(items) => lists.append_value(items),
            None => lists.append_null(),
        }
    }
    Arc::new(lists.finish())
}
