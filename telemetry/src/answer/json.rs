//! An answer as JSON: as `/v2/query`, as lines, and as `/v1/query` had it, by column and by row.

use serde_json::{Value as Json, json};

use super::data_type::{self, Dialect};
use super::json_cell::write_cell;
use super::out::Out;
use super::run::Answer;

/// Rows of one message of lines.
const ROWS_OF_A_LINE: usize = 500;

/// `{"schema": …, "data": [row, …]}`, with the plans where they were asked for.
pub(super) fn object(out: &mut Out, answer: &Answer, with_schema: bool) {
    out.push(b'{');
    if with_schema {
        member(out, "schema", &data_type::schema(&answer.schema));
    }
    key(out, "data");
    rows(out, answer, 0..answer.row_count());
    for (name, text) in answer.plans.iter().flat_map(|plans| plans.members()) {
        member(out, name, &Json::from(text));
    }
    out.push(b'}');
}

/// One message a line: `schema`, `explain`, `data` as often as needed, `end`.
pub(super) fn lines(out: &mut Out, answer: &Answer, with_schema: bool) {
    if with_schema {
        line(out, &json!({"type": "schema", "schema": data_type::schema(&answer.schema)}));
    }
    if let Some(plans) = &answer.plans {
        let mut message = json!({"type": "explain"});
        for (name, text) in plans.members() {
            message[name] = text.into();
        }
        line(out, &message);
    }
    let count = answer.row_count();
    for first in (0..count).step_by(ROWS_OF_A_LINE) {
        out.extend_from_slice(br#"{"type":"data","rows":"#);
        rows(out, answer, first..count.min(first + ROWS_OF_A_LINE));
        out.extend_from_slice(b"}\n");
    }
    line(out, &json!({"type": "end", "row_count": count}));
}

/// `{"columns": [{…, "values": […]}]}`.
pub(super) fn v1_columns(out: &mut Out, answer: &Answer) {
    out.extend_from_slice(br#"{"columns":["#);
    for (place, field) in answer.schema.fields().iter().enumerate() {
        separate(out);
        let head = Json::Object(data_type::column(field, Dialect::V1)).to_string();
        out.extend_from_slice(head.strip_suffix('}').expect("an object ends so").as_bytes());
        key(out, "values");
        out.push(b'[');
        for batch in &answer.batches {
            for row in 0..batch.num_rows() {
                if out.is_over() {
                    return;
                }
                separate(out);
                write_cell(out, field, batch.column(place).as_ref(), row);
            }
        }
        out.extend_from_slice(b"]}");
    }
    out.extend_from_slice(b"]}");
}

/// `{"columns": [{…}], "rows": [row, …]}`.
pub(super) fn v1_rows(out: &mut Out, answer: &Answer) {
    let columns = answer.schema.fields().iter().map(|field| Json::Object(data_type::column(field, Dialect::V1)));
    out.push(b'{');
    member(out, "columns", &columns.collect());
    key(out, "rows");
    rows(out, answer, 0..answer.row_count());
    out.push(b'}');
}

/// The rows of a range as an array of objects.
fn rows(out: &mut Out, answer: &Answer, range: std::ops::Range<usize>) {
    let names: Vec<String> =
        answer.schema.fields().iter().map(|field| Json::from(field.name().as_str()).to_string()).collect();
    out.push(b'[');
    let mut before = 0;
    for batch in &answer.batches {
        let (first, last) = (range.start.max(before), range.end.min(before + batch.num_rows()));
        for row in first..last.max(first) {
            if out.is_over() {
                return;
            }
            separate(out);
            out.push(b'{');
            for (place, (field, name)) in answer.schema.fields().iter().zip(&names).enumerate() {
                separate(out);
                out.extend_from_slice(name.as_bytes());
                out.push(b':');
                write_cell(out, field, batch.column(place).as_ref(), row - before);
            }
            out.push(b'}');
        }
        before += batch.num_rows();
    }
    out.push(b']');
}

/// A comma, unless something was just opened.
fn separate(out: &mut Out) {
    if !matches!(out.last(), Some(b'[' | b'{')) {
        out.push(b',');
    }
}

fn key(out: &mut Out, name: &str) {
    separate(out);
    out.extend_from_slice(format!("\"{name}\":").as_bytes());
}

fn member(out: &mut Out, name: &str, value: &Json) {
    key(out, name);
    out.extend_from_slice(value.to_string().as_bytes());
}

fn line(out: &mut Out, message: &Json) {
    out.extend_from_slice(message.to_string().as_bytes());
    out.push(b'\n');
}
