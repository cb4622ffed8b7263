//! An answer as CSV: a header line, then a line for each row; NULL is nothing, an empty text is `""`.
//!
//! Cells are written as in JSON, texts and times without the quotes of JSON; lists and JSON are JSON text. What a
//! spreadsheet might run is not touched: programs read this, and want what is there.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Field};

use super::json_cell::write_cell;
use super::run::Answer;

pub(super) fn table(answer: &Answer) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 << 10);
    let fields = answer.schema.fields();
    for (place, field) in fields.iter().enumerate() {
        separate(&mut out, place);
        quoted(&mut out, field.name().as_bytes());
    }
    out.push(b'\n');
    for batch in &answer.batches {
        for row in 0..batch.num_rows() {
            for (place, field) in fields.iter().enumerate() {
                separate(&mut out, place);
                let array = batch.column(place).as_ref();
                // A line with nothing on it would be none.
                if fields.len() == 1 && array.is_null(row) {
                    out.extend_from_slice(b"\"\"");
                } else {
                    cell(&mut out, field, array, row);
                }
            }
            out.push(b'\n');
        }
    }
    out
}

fn separate(out: &mut Vec<u8>, place: usize) {
    if place > 0 {
        out.push(b',');
    }
}

fn cell(out: &mut Vec<u8>, field: &Field, array: &dyn Array, row: usize) {
    if array.is_null(row) {
        return;
    }
    if *array.data_type() == DataType::Utf8 {
        let text = array.as_string::<i32>().value(row);
        return quoted(out, text.as_bytes());
    }
    let mut text = Vec::new();
    write_cell(&mut text, field, array, row);
    match text.as_slice() {
        b"null" => {}
        // Of what is no text, only times, spans and bytes have quotes, and nothing in them that is escaped.
        [b'"', inner @ .., b'"'] => quoted(out, inner),
        other => quoted(out, other),
    }
}

fn quoted(out: &mut Vec<u8>, text: &[u8]) {
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
