//! What editors are told, from the same declarations that read the files.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::raw::{RawFile, RawSettings};
use crate::read::FromNode;

/// The JSON Schema (2020-12) of a file: of `watchfire.yaml` under `$defs/settings`, of all others
/// under `$defs/definitions`. A whole file matches one of the two.
pub fn json_schema() -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft2020_12());
    let (mut definitions, mut settings) =
        (RawFile::schema(&mut generator).to_value(), RawSettings::schema(&mut generator).to_value());
    for schema in [&mut definitions, &mut settings] {
        pin_version(schema);
    }
    // Keys that begin with `x-` hold anchors.
    definitions["patternProperties"] = json!({"^x-": true});
    let mut defs = generator.take_definitions(true);
    defs.extend(Map::from_iter([("definitions".to_owned(), definitions), ("settings".to_owned(), settings)]));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Watchfire",
        "anyOf": [{"$ref": "#/$defs/definitions"}, {"$ref": "#/$defs/settings"}],
        "$defs": defs,
    })
}

/// Every file says its version, and there is only one.
fn pin_version(schema: &mut Value) {
    schema["properties"]["version"]["const"] = 1.into();
    schema["properties"]["version"]["type"] = "integer".into();
    schema["required"] = json!(["version"]);
}
