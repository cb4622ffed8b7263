//! The engine's errors as failures that people can act on.

use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use watchfire_ingest::level::number_of;
use watchfire_model::{Failure, FailureCode};

use crate::nearest::nearest;
use crate::part::{PartError, SqlPart};
use crate::remote::{RemoteError, remote_error};

/// The failure of a query that did not plan; the first mistake speaks.
pub(crate) fn of_parts(errors: &[PartError]) -> Failure {
    let Some(first) = errors.first() else {
        return Failure::new(FailureCode::Internal, "a query failed to plan without a reason; please report it");
    };
    let failure = of(&first.error);
    match first.part {
        SqlPart::Query => failure,
        part => Failure::new(failure.code, format!("`{}`: {}", part.word(), failure.message)),
    }
}

/// The failure that an error of the engine is.
pub(crate) fn of(error: &DataFusionError) -> Failure {
    let root = error.find_root();
    if let Some(failure) = spilled_too_much(error) {
        return failure;
    }
    let code = code(root);
    let mut message = sentence(root);
    if let Some(help) = help(root, &message) {
        message = format!("{}; {help}", message.trim_end_matches('.'));
    }
    Failure::new(code, message)
}

/// The disk for what does not fit into memory is full; the engine calls it a fault of the disk.
fn spilled_too_much(error: &DataFusionError) -> Option<Failure> {
    let text = error.to_string();
    let limit = text.split("the allowable limit of ").nth(1)?.split(". Please").next()?;
    let message = format!(
        "the query needs more memory than its limit (`limits.memory`), and then more disk than {limit}; narrow the window or aggregate earlier"
    );
    Some(Failure::new(FailureCode::Memory, message))
}

fn code(root: &DataFusionError) -> FailureCode {
    match root {
        DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Configuration(_) => FailureCode::InvalidQuery,
        DataFusionError::ArrowError(error, _) => arrow_code(error),
        DataFusionError::Execution(_) => FailureCode::Execution,
        DataFusionError::ParquetError(_) | DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) => {
            FailureCode::Source
        }
        DataFusionError::ResourcesExhausted(_) => FailureCode::Memory,
        DataFusionError::External(error) => {
            if let Some(remote) = remote_error(root) {
                remote.code()
            } else if error.is::<ArrowError>() {
                FailureCode::Execution
            } else {
                FailureCode::Internal
            }
        }
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => code(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(FailureCode::Internal, code),
        DataFusionError::Shared(inner) => code(inner),
        DataFusionError::Internal(_)
        | DataFusionError::ExecutionJoin(_)
        | DataFusionError::Substrait(_)
        | DataFusionError::Ffi(_) => FailureCode::Internal,
    }
}

fn arrow_code(error: &ArrowError) -> FailureCode {
    match error {
        ArrowError::IoError(..) | ArrowError::ParquetError(_) | ArrowError::CsvError(_) | ArrowError::IpcError(_) => {
            FailureCode::Source
        }
        ArrowError::MemoryError(_) => FailureCode::Memory,
        _ => FailureCode::Execution,
    }
}

/// What happened, without the names of the engine's types.
pub(crate) fn sentence(root: &DataFusionError) -> String {
    match root {
        DataFusionError::SchemaError(error, _) => schema_sentence(error),
        DataFusionError::SQL(error, _) => {
            let text = error.to_string();
            text.trim_start_matches("sql parser error: ").to_owned()
        }
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::DivideByZero => "division by zero".to_owned(),
            ArrowError::CastError(text)
            | ArrowError::ParseError(text)
            | ArrowError::ComputeError(text)
            | ArrowError::ArithmeticOverflow(text)
            | ArrowError::InvalidArgumentError(text) => text.clone(),
            other => other.to_string(),
        },
        DataFusionError::Collection(errors) => {
            errors.first().map_or_else(|| root.strip_backtrace(), |first| sentence(first.find_root()))
        }
        DataFusionError::NotImplemented(text) if text.contains("OuterReferenceColumn") => OUTER_ROW.to_owned(),
        DataFusionError::Plan(text) | DataFusionError::Execution(text) | DataFusionError::NotImplemented(text) => {
            call_sentence(text.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or_default())
        }
        DataFusionError::ResourcesExhausted(text) => {
            format!("the query needs more memory than its limit (`limits.memory`): {text}")
        }
        other => remote_error(other).map_or_else(|| other.strip_backtrace(), RemoteError::to_string),
    }
}

/// Instead of the engine's rendering of its own types.
const OUTER_ROW: &str = "a sub-query or LATERAL that looks at the row outside of it cannot be run here";

/// What is wrong with a call, without the engine's list of everything that it tried.
fn call_sentence(text: &str) -> String {
    // A function that looks at its arguments itself has said it best.
    if let Some((_, tail)) = text.split_once("user-defined coercion failed with: ") {
        let own = tail.split(" No function matches the given name").next().unwrap_or_default();
        return own.trim_start_matches("Error during planning: ").trim_end_matches(['.', ' ']).to_owned();
    }
    let Some((_, tail)) = text.rsplit_once("No function matches the given name and argument types '") else {
        return text.to_owned();
    };
    let call = tail.split("'. You might need").next().unwrap_or_default();
    let name = call.split('(').next().unwrap_or_default();
    if call.contains("Union(") {
        return format!("`{name}` does not take a JSON value");
    }
    let candidates: Vec<&str> = tail.lines().skip(1).map(str::trim).filter(|line| line.starts_with(name)).collect();
    format!("no function `{call}`; there are {}", listed(&candidates))
}

fn schema_sentence(error: &SchemaError) -> String {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let names: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
            let hint = nearest(&field.name, names.iter().copied());
            let tail = match hint {
                // Unquoted names are read in lower case, which hides the name from who wrote it right.
                Some(near) if near.chars().any(char::is_uppercase) => {
                    format!("; did you mean `\"{near}\"`? Names with capital letters are written in double quotes")
                }
                Some(near) => format!("; did you mean `{near}`?"),
                None if names.is_empty() => String::new(),
                None => format!("; there are {}", listed(&names)),
            };
            format!("no column `{}`{tail}", field.quoted_flat_name().replace('"', ""))
        }
        other => other.to_string(),
    }
}

/// The type in `Cannot cast string 'many' to value of Int32 type` and its kin, or how its name begins.
pub(crate) fn cast_target(message: &str) -> Option<&str> {
    if message.starts_with("Error parsing timestamp from '") {
        return Some("Timestamp(");
    }
    if message.starts_with("Invalid input syntax for type interval") {
        return Some("Interval(");
    }
    if message.starts_with("Cannot cast string '") || message.starts_with("Cannot cast value '") {
        return message.rsplit_once("' to value of ")?.1.split(" type").next();
    }
    None
}

/// At most a dozen names.
pub(crate) fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// Whether a quoted text ends with hours and minutes, like `2026-11-20 06:00' …`.
fn lacks_seconds(rest: &str) -> bool {
    let text = rest.split('\'').next().unwrap_or_default();
    let Some((_, time)) = text.split_once([' ', 'T']) else { return false };
    time.len() == 5 && time.split(':').all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How to mend it, where we know.
pub(crate) fn help(root: &DataFusionError, message: &str) -> Option<&'static str> {
    let uncast = message.split('\'').nth(1).filter(|_| cast_target(message).is_some());
    if uncast.is_some_and(|text| number_of(text).is_some()) {
        return Some("a level by name is a number: write `level_num('warn')`, or compare the column `level` itself");
    }
    if message.strip_prefix("Error parsing timestamp from '").is_some_and(lacks_seconds) {
        return Some("write the seconds too, like '2026-11-20 06:00:00'");
    }
    let is_cast = ["Cannot cast string", "Cannot cast value", "Cannot parse", "Cast error"];
    if is_cast.iter().any(|part| message.contains(part)) && !message.contains("of Boolean type") {
        return Some(
            "one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`",
        );
    }
    if is_cast.iter().any(|part| message.contains(part)) || message.starts_with("Error parsing timestamp") {
        return Some(
            "one value that cannot be read ends the whole query: write `try_cast(x AS …)`, which is NULL for such a value",
        );
    }
    if message.contains("division by zero") {
        return Some("write `x / nullif(y, 0)`, which is NULL then");
    }
    if message.starts_with("Expected") {
        return Some(match message.ends_with("EOF") {
            true => "the SQL ends too early: finish it",
            false => "the SQL cannot be read from here on: mend it here or just before",
        });
    }
    if message.contains("require unique expression names") {
        return Some("give one of them another name with AS");
    }
    if message.contains("table function 'unnest' not found") {
        return Some("unnest in SELECT: `SELECT x, e FROM (SELECT x, unnest(list) AS e FROM t) AS s`");
    }
    if message == OUTER_ROW {
        return Some("write a join, or a window function; a LATERAL list is `unnest` in SELECT");
    }
    if message.contains("Physical plan does not support logical expression") {
        return Some(
            "a sub-query that looks at the row outside cannot be run here: write a join, or a window function",
        );
    }
    if message.contains("a condition is true or false") {
        return Some("compare it with something, like `n > 5`");
    }
    if message.contains("must be in GROUP BY") {
        return Some("add the column to GROUP BY, or put it into an aggregate like `max(…)`");
    }
    if message.contains("does not take a JSON value")
        || (message.contains("Union(") && matches!(root, DataFusionError::Plan(_)))
    {
        return Some("a JSON value has no type: write `->>` with a cast, like `(attributes->>'key')::double`");
    }
    None
}
