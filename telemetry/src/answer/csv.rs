//! An answer as CSV: a header line, then a line for each row; NULL is nothing, an empty text is `""`.
//!
//! Cells are written as in JSON, texts and times without the quotes of JSON; lists and JSON are JSON text. What a
//! spreadsheet might run is not touched: programs read this, and want what is there.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Field};

use super::json_cell::write_cell;
use super::out::Out;
use super::run::Answer;

pub(super) fn table(out: &mut Out, answer: &Answer) {
    let fields = answer.schema.fields();
    for (place, field) in fields.iter().enumerate() {
        separate(out, place);
        quoted(out, field.name().as_bytes());
    }
    out.push(b'\n');
    for batch in &answer.batches {
        for row in 0..batch.num_rows() {
            if out.is_over() {
                return;
            }
            for (place, field) in fields.iter().enumerate() {
                separate(out, place);
                let array = batch.column(place).as_ref();
                // A line with nothing on it would be none.
                if fields.len() == 1 && array.is_null(row) {
                    out.extend_from_slice(b"\"\"");
                } else {
                    cell(out, field, array, row);
                }
            }
            out.push(b'\n');
        }
    }
}

fn separate(out: &mut Out, place: usize) {
    if place > 0 {
        out.push(b',');
    }
}

fn cell(out: &mut Out, field: &Field, array: &dyn Array, row: usize) {
    if array.is_null(row) {
        return;
    }
    if *array.data_type() == DataType::Utf8 {
        let text = array.as_string::<i32>().value(row);
        return quoted(out, text.as_bytes());
    }
    let mut text = out.rest();
    write_cell(&mut text, field, array, row);
    if text.is_over() {
        // It would not fit with its quotes either.
        return out.pass(text.written());
    }
    match text.into_bytes().as_slice() {
        b"null" => {}
        // Of what is no text, only times, spans and bytes have quotes, and nothing in them that is escaped.
        [b'"', inner @ .., b'"'] => quoted(out, inner),
        other => quoted(out, other),
    }
}

fn quoted(out: &mut Out, text: &[u8]) {
    let is_plain = !text.is_empty() && !text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'));
    if is_plain {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}
