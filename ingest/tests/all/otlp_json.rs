//! OTLP in JSON: the same rows as of protobuf.

use insta::assert_snapshot;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_ingest::{Arrival, Encoding, Record, Signal, TableRows, decode, records_of};

use crate::captures::{arrived_at, bodies_ending_in, folder, project};

fn taken(signal: Signal, encoding: Encoding, body: &[u8]) -> Result<Vec<TableRows>, String> {
    let arrival = Arrival::new(arrived_at(), project());
    let decoded = decode(signal, encoding, body, &arrival, &Shredding::default());
    decoded.map(|decoded| decoded.rows).map_err(|error| error.to_string())
}

fn signal_of(name: &str) -> Signal {
    let ending = |signal: &Signal| name.ends_with(&format!("-{}", signal.as_str()));
    Signal::ALL.into_iter().find(ending).unwrap()
}

fn records(rows: &[TableRows]) -> Vec<Record> {
    rows.iter().flat_map(|rows| records_of(&rows.batch)).collect()
}

/// The only row of a log record with these fields in JSON.
fn log(fields: &str) -> Result<Record, String> {
    let body = format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{{fields}}}]}}]}}]}}");
    let rows = taken(Signal::Logs, Encoding::Json, body.as_bytes())?;
    Ok(records(&rows).pop().unwrap())
}

fn attributes(json: &str) -> String {
    log(&format!("\"attributes\":{json}")).map_or_else(|error| error, |row| row.attributes)
}

#[test]
fn what_was_converted_gives_the_rows_of_its_protobuf() {
    for (json, protobuf) in [
        ("json-01-traces", "logfire-exceptions-02-traces"),
        ("json-02-traces", "pydantic-ai-v2-03-traces"),
        ("json-03-logs", "logfire-logs-03-logs"),
        ("json-04-logs", "otel-python-http-02-logs"),
        ("json-05-metrics", "otel-python-http-03-metrics"),
        ("json-06-metrics", "logfire-metrics-02-metrics"),
    ] {
        let body = |name: &str, ending: &str| std::fs::read(folder().join(format!("{name}.{ending}"))).unwrap();
        let of_json = taken(signal_of(json), Encoding::Json, &body(json, "json")).unwrap();
        let of_protobuf = taken(signal_of(json), Encoding::Protobuf, &body(protobuf, "pb")).unwrap();
        assert_eq!(of_json.len(), of_protobuf.len(), "{json}");
        for (left, right) in of_json.iter().zip(&of_protobuf) {
            assert_eq!(left.table, right.table);
            if left.table == Table::Records {
                assert_eq!(records_of(&left.batch), records_of(&right.batch), "{json}");
            }
            assert_eq!(left.batch, right.batch, "{json}");
        }
    }
}

#[test]
fn what_node_sends_in_json_is_what_it_sends_in_protobuf() {
    let run = |encoding, ending: &str| {
        let bodies = bodies_ending_in(&[&format!("-traces.{ending}"), &format!("-logs.{ending}")]);
        let of_node = bodies.into_iter().filter(|(name, _)| name.starts_with("otel-node"));
        let rows = of_node.flat_map(|(name, body)| taken(signal_of(&name), encoding, &body).unwrap());
        let mut lines: Vec<String> = records(&rows.collect::<Vec<_>>()).iter().map(line).collect();
        lines.sort();
        lines
    };
    // Times and ids differ: it was run twice.
    fn line(row: &Record) -> String {
        let Record { kind, level, span_name, message, exception_type, tags, .. } = row;
        let message = message.split([':', '(']).next().unwrap();
        format!(
            "{} {level} {span_name} {message:?} {exception_type:?} {tags:?} {:?}",
            kind.as_str(),
            row.origin.service_name
        )
    }
    assert_eq!(run(Encoding::Json, "json"), run(Encoding::Protobuf, "pb"));
    let (_, metrics) =
        bodies_ending_in(&["-metrics.json"]).into_iter().find(|(name, _)| name.starts_with("otel-node")).unwrap();
    let rows = taken(Signal::Metrics, Encoding::Json, &metrics).unwrap();
    assert_eq!((rows[0].table, rows[0].batch.num_rows()), (Table::Metrics, 6));
}

#[test]
fn numbers_come_as_numbers_and_as_texts() {
    let values = r#"[
        {"key":"a","value":{"intValue":1}}, {"key":"b","value":{"intValue":"1"}}, {"key":"c","value":{"intValue":-1.0}},
        {"key":"d","value":{"intValue":"9223372036854775807"}}, {"key":"e","value":{"doubleValue":1}},
        {"key":"f","value":{"doubleValue":"1.5"}}, {"key":"g","value":{"doubleValue":"NaN"}},
        {"key":"h","value":{"doubleValue":"-Infinity"}}, {"key":"i","value":{"boolValue":true}}
    ]"#;
    assert_snapshot!(attributes(values), @r#"{"a":1,"b":1,"c":-1,"d":9223372036854775807,"e":1.0,"f":1.5,"g":"NaN","h":"-Infinity","i":true}"#);
    assert_snapshot!(attributes(r#"[{"key":"a","value":{"intValue":1.5}}]"#), @"the body is no OTLP request with logs in JSON: the number 1.5 does not fit its field at line 1 column 95");
    assert_snapshot!(attributes(r#"[{"key":"a","value":{"intValue":"9223372036854775808"}}]"#), @"the body is no OTLP request with logs in JSON: the number 9223372036854775808 does not fit its field at line 1 column 113");
    assert_snapshot!(attributes(r#"[{"key":"a","value":{"intValue":"many"}}]"#), @r#"the body is no OTLP request with logs in JSON: invalid value: string "many", expected a whole number as `intValue` at line 1 column 98"#);
}

#[test]
fn ids_are_hexadecimal_digits_and_what_is_no_id_is_none() {
    let ids = |trace: &str, span: &str| {
        let row = log(&format!("\"traceId\":{trace},\"spanId\":{span}")).unwrap();
        format!("{} {:?}", &row.trace_id[..16], row.parent_span_id)
    };
    let whole = "\"5B8EFFF798038103D269B633813FC60C\"";
    assert_snapshot!(ids(whole, "\"EEE19B7EC3C1B174\""), @r#"5b8efff798038103 Some("eee19b7ec3c1b174")"#);
    assert_snapshot!(ids("\"\"", "\"0000000000000000\""), @"0000000000000000 None");
    assert_snapshot!(ids("\"W47/95gDgQPSabYzgT/GDA==\"", "\"eee19b7ec3c1b1\""), @"0000000000000000 None");
    assert_snapshot!(ids("null", "null"), @"0000000000000000 None");
}

#[test]
fn names_of_fields_and_of_enumerations_come_in_both_forms() {
    let level = |fields: &str| log(fields).unwrap().level;
    assert_eq!(level("\"severityNumber\":13"), 13);
    assert_eq!(level("\"severityNumber\":\"SEVERITY_NUMBER_WARN\""), 13);
    assert_eq!(level("\"severity_number\":\"SEVERITY_NUMBER_FATAL4\""), 24);
    assert_eq!(level("\"severityNumber\":\"SEVERITY_NUMBER_NEW\""), 9);
    assert_eq!(level("\"severityNumber\":null,\"severityText\":\"error\""), 17);
    let row = log("\"time_unix_nano\":\"1795154400000000000\",\"event_name\":\"paid\"").unwrap();
    assert_eq!((row.start_timestamp.to_string().as_str(), row.span_name.as_str()), ("2026-11-20T06:00:00Z", "paid"));
}

#[test]
fn what_nobody_knows_and_what_is_null_is_passed_over() {
    let row =
        log(r#""new":{"a":[1,{"b":null}]},"body":{"stringValue":"hi","x":[[]]},"attributes":null,"eventName":null"#);
    assert_eq!(row.unwrap().log_body.as_deref(), Some("hi"));
    for body in ["{}", "{\"resourceLogs\":null}", "{\"resourceLogs\":[]}", "{\"resourceSpans\":[{\"scopeSpans\":7}]}"] {
        assert!(taken(Signal::Logs, Encoding::Json, body.as_bytes()).unwrap().is_empty(), "{body}");
    }
}

#[test]
fn every_kind_of_value_is_read() {
    let nested = r#"[
        {"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},{},{"arrayValue":{}}]}}},
        {"key":"object","value":{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":false}},{"key":"n"}]}}},
        {"key":"bytes","value":{"bytesValue":"AP8B"}}, {"key":"url","value":{"bytesValue":"_-8"}},
        {"key":"null","value":{}}, {"key":"none"}, {"key":"text","value":{"stringValue":"half \ud83d of a pair"}}
    ]"#;
    assert_snapshot!(attributes(nested), @r#"{"list":["a",null,[]],"object":{"k":false,"n":null},"bytes":"AP8B","url":"/+8=","null":null,"none":null,"text":"half ��� of a pair"}"#);
    assert_snapshot!(attributes(r#"[{"key":"a","value":{"bytesValue":"?"}}]"#), @"the body is no OTLP request with logs in JSON: `bytesValue` is not in base64 at line 1 column 97");
}

#[test]
fn values_that_nest_without_end_become_null_and_cost_no_stack() {
    let depth = 100_000;
    let value = format!("{}{{}}{}", "{\"arrayValue\":{\"values\":[".repeat(depth), "]}}".repeat(depth));
    let nested = attributes(&format!("[{{\"key\":\"a\",\"value\":{value}}}]"));
    assert!(nested.starts_with("{\"a\":[[[") && nested.contains("null"), "{}", &nested[..60]);
    assert!(taken(Signal::Logs, Encoding::Json, "[".repeat(depth).as_bytes()).is_err());
    let lists = format!("{{\"resourceLogs\":{}", "[".repeat(depth));
    assert!(taken(Signal::Logs, Encoding::Json, lists.as_bytes()).is_err());
}

#[test]
fn what_is_no_request_is_told_with_its_place() {
    let told = |body: &str| taken(Signal::Traces, Encoding::Json, body.as_bytes()).unwrap_err();
    assert_snapshot!(told(""), @"the body is no OTLP request with traces in JSON: EOF while parsing a value at line 1 column 0");
    assert_snapshot!(told("[]"), @"the body is no OTLP request with traces in JSON: invalid type: sequence, expected an object at line 1 column 0");
    assert_snapshot!(told("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":7}]}]}]}"), @"the body is no OTLP request with traces in JSON: invalid type: integer `7`, expected a text as `name` at line 1 column 52");
    assert_snapshot!(told("{\"resourceSpans\":[7]}"), @"the body is no OTLP request with traces in JSON: invalid type: integer `7`, expected an object as `resourceSpans` at line 1 column 19");
    assert_snapshot!(told("{} {}"), @"the body is no OTLP request with traces in JSON: trailing characters at line 1 column 4");
    assert_snapshot!(told("{\"resourceSpans\":[[{}]]}"), @"the body is no OTLP request with traces in JSON: invalid type: sequence, expected an object as `resourceSpans` at line 1 column 19");
}
