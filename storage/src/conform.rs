//! Rows of another shredding, or of another version, in the columns of today.

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray, StringBuilder, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use watchfire_ingest::table::{Shredding, Table};

/// The column that shredded attributes come from.
const ATTRIBUTES: &str = "attributes";

/// The rows in exactly the columns of [`Table::stored_schema`].
///
/// The column of a shredded attribute that the rows do not have is read from their `attributes`; other columns that
/// they lack are NULL, columns that the table does not have are left out, and one of another type is cast (NULL where a
/// value cannot be). Cheap when the columns are right already. The telemetry room uses it for files too.
pub fn conform(rows: &RecordBatch, table: Table, shredding: &Shredding) -> RecordBatch {
    let wanted = table.stored_schema(shredding);
    if rows.schema_ref() == &wanted {
        return rows.clone();
    }
    let is_missing = |field: &&Arc<Field>| rows.column_by_name(field.name()).is_none();
    let missing: Vec<&str> =
        wanted.fields().iter().filter(is_missing).filter_map(|field| Shredding::key_of(field.name())).collect();
    let mut shredded = shred(rows, &missing).into_iter();
    let columns = wanted.fields().iter().map(|field| match rows.column_by_name(field.name()) {
        Some(column) => of_type(column, field.data_type()),
        None if Shredding::key_of(field.name()).is_some() => {
            shredded.next().expect("each missing key has its column, in the order of the fields")
        }
        None => new_null_array(field.data_type(), rows.num_rows()),
    });
    let columns = columns.collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(wanted, columns, &options)
        .expect("each column has its type and one value per row")
}

fn of_type(column: &ArrayRef, wanted: &DataType) -> ArrayRef {
    if column.data_type() == wanted {
        return Arc::clone(column);
    }
    cast(column, wanted).unwrap_or_else(|_| new_null_array(wanted, column.len()))
}

/// A column for each key: the JSON text of its value in `attributes`, NULL where there is none.
fn shred(rows: &RecordBatch, keys: &[&str]) -> Vec<ArrayRef> {
    if keys.is_empty() {
        return Vec::new();
    }
    let attributes = rows.column_by_name(ATTRIBUTES).and_then(|column| column.as_string_opt::<i32>());
    let Some(attributes) = attributes else {
        return keys.iter().map(|_| new_null_array(&DataType::Utf8, rows.num_rows())).collect();
    };
    let mut builders: Vec<StringBuilder> = keys.iter().map(|_| StringBuilder::new()).collect();
    let mut found: Vec<Option<&str>> = vec![None; keys.len()];
    for row in 0..attributes.len() {
        found.fill(None);
        if let Some(json) = value_of(attributes, row) {
            find(json, keys, &mut found);
        }
        for (builder, value) in builders.iter_mut().zip(&found) {
            builder.append_option(*value);
        }
    }
    builders.into_iter().map(|mut builder| Arc::new(builder.finish()) as ArrayRef).collect()
}

fn value_of(attributes: &StringArray, row: usize) -> Option<&str> {
    attributes.is_valid(row).then(|| attributes.value(row))
}

/// The texts of the values of `keys` in a JSON object. What is no object has none; of a key that is there twice, the
/// first counts, as it does for the operators of SQL.
fn find<'a>(json: &'a str, keys: &[&str], found: &mut [Option<&'a str>]) {
    struct Find<'f, 'k, 'a> {
        keys: &'k [&'k str],
        found: &'f mut [Option<&'a str>],
    }
    impl<'a> Visitor<'a> for Find<'_, '_, 'a> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
            while let Some(key) = map.next_key::<Key<'a>>()? {
                match self.keys.iter().position(|wanted| *wanted == key.0) {
                    Some(place) => {
                        let value: &'a RawValue = map.next_value()?;
                        self.found[place].get_or_insert(value.get());
                    }
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(())
        }
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    // Values found before a mistake in the text are right; what follows it is not there for SQL's operators either.
    let _ = reader.deserialize_map(Find { keys, found });
}

/// A key, borrowed when it has no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_ingest::table::records;

    /// Rows with these attributes, in the columns of a table without shredding but for `extra`.
    fn rows(attributes: &[Option<&str>], extra: &[(&str, &str)]) -> RecordBatch {
        let mut columns: Vec<(String, ArrayRef)> =
            vec![(ATTRIBUTES.to_owned(), Arc::new(StringArray::from(attributes.to_vec())))];
        for (name, value) in extra {
            columns.push(((*name).to_owned(), Arc::new(StringArray::from(vec![*value; attributes.len()]))));
        }
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn shown(batch: &RecordBatch, column: &str) -> String {
        let column = batch.column_by_name(column).unwrap().as_string::<i32>();
        column.iter().map(|value| value.unwrap_or("-")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_missing_shredded_column_is_read_from_the_attributes_as_it_stands_there() {
        let given = [
            Some(r#"{"model": "gpt-4o", "cost": 1.50, "n": {"a": [1, 2]}}"#),
            Some(r#"{"n": null}"#),
            Some(r#"{"mod\u0065l": "x", "model": "y"}"#),
            Some("[1]"),
            Some(""),
            None,
        ];
        let shredding = Shredding::new(["model", "cost", "n"].map(str::to_owned));
        let conformed = conform(&rows(&given, &[]), Table::Records, &shredding);
        assert_eq!(conformed.schema(), Table::Records.stored_schema(&shredding));
        assert_eq!(shown(&conformed, &Shredding::column_of("model")), r#""gpt-4o" - "x" - - -"#);
        assert_eq!(shown(&conformed, &Shredding::column_of("cost")), "1.50 - - - - -");
        assert_eq!(shown(&conformed, &Shredding::column_of("n")), r#"{"a": [1, 2]} null - - - -"#);
    }

    #[test]
    fn a_column_that_is_there_is_kept_and_one_too_many_is_left_out() {
        let (model, old) = (Shredding::column_of("model"), Shredding::column_of("old"));
        let given = rows(&[Some(r#"{"model": 1}"#)], &[(&model, "kept"), (&old, "gone"), ("level", "17")]);
        let shredding = Shredding::new(["model".to_owned()]);
        let conformed = conform(&given, Table::Records, &shredding);
        assert_eq!(shown(&conformed, &model), "kept");
        assert!(conformed.column_by_name(&old).is_none());
        let levels = conformed.column_by_name("level").unwrap();
        assert_eq!(levels.as_primitive::<arrow::datatypes::UInt16Type>().value(0), 17);
    }

    #[test]
    fn rows_without_any_column_keep_their_number() {
        let options = RecordBatchOptions::new().with_row_count(Some(3));
        let none = RecordBatch::try_new_with_options(Arc::new(arrow::datatypes::Schema::empty()), vec![], &options);
        let conformed = conform(&none.unwrap(), Table::Records, &Shredding::default());
        assert_eq!(conformed.num_rows(), 3);
        assert_eq!(conformed.column_by_name(records::KIND).unwrap().null_count(), 3);
    }
}
