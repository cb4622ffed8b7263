//! Queries of clients: windows with open ends, limits, zones, and every form of an answer.

use std::io::Cursor;
use std::path::Path;

use arrow::ipc::reader::StreamReader;
use serde_json::{Value as Json, json};
use watchfire_model::{Failure, FailureCode, Timestamp};
use watchfire_telemetry::{
    Answer, AnswerForm, Limits, QueryError, QueryRequest, QueryZone, SqlSpan, Unwritten, result_file,
};

use crate::harness::{World, at, minutes};

const JSON: AnswerForm = AnswerForm::Json { with_schema: true };

fn request(sql: &str) -> QueryRequest {
    QueryRequest::new(sql, 100, at("06:30"))
}

async fn answer(world: &World, request: QueryRequest) -> Answer {
    world.telemetry.answer(request).await.unwrap()
}

fn written(answer: &Answer, form: AnswerForm) -> String {
    String::from_utf8(answer.encode(form, usize::MAX).unwrap()).unwrap()
}

async fn json_of(world: &World, request: QueryRequest) -> Json {
    serde_json::from_str(&written(&answer(world, request).await, JSON)).unwrap()
}

/// The cells of the only row.
async fn row(sql: &str) -> Json {
    json_of(&World::new(), request(sql)).await["data"][0].clone()
}

#[tokio::test]
async fn an_answer_has_a_schema_and_rows() {
    let world = World::of_minutes();
    let got =
        json_of(&world, request("SELECT count(*) AS n, service, min(ts) AS first FROM t GROUP BY 2 ORDER BY 2")).await;
    let instant = json!({"Timestamp": ["Microsecond", "UTC"]});
    let expected = json!({
        "schema": {
            "fields": [
                {"name": "n", "data_type": "Int64", "nullable": false},
                {"name": "service", "data_type": "Utf8", "nullable": true},
                {"name": "first", "data_type": instant, "nullable": true},
            ],
            "metadata": {},
        },
        "data": [
            {"n": 5, "service": "api", "first": "2026-11-20T06:00:00.000000Z"},
            {"n": 5, "service": "web", "first": "2026-11-20T06:01:00.000000Z"},
        ],
    });
    assert_eq!(got, expected);
}

#[tokio::test]
async fn no_rows_are_an_answer_too() {
    let world = World::of_minutes();
    let none = answer(&world, request("SELECT v FROM t WHERE false")).await;
    assert_eq!(written(&none, AnswerForm::Json { with_schema: false }), r#"{"data":[]}"#);
    assert_eq!(written(&none, AnswerForm::Csv), "v\n");
    assert_eq!(
        written(&none, AnswerForm::V1Columns),
        r#"{"columns":[{"name":"v","datatype":"Int64","nullable":true,"values":[]}]}"#
    );
    assert_eq!(written(&none, AnswerForm::JsonLines { with_schema: false }), "{\"type\":\"end\",\"row_count\":0}\n");
}

#[tokio::test]
async fn the_window_has_open_ends_and_lets_through_rows_without_a_time_only_when_there_is_none() {
    let mut world = World::new();
    world.write("t.ndjson", &format!("{}{{\"ts\":null,\"v\":99,\"service\":\"api\"}}\n", minutes()));
    world.source("t", "t.ndjson", Some("ts"));
    let count = async |min: Option<&str>, max: Option<&str>| {
        let (min, max) = (min.map(at), max.map(at));
        let got = json_of(&world, QueryRequest { min, max, ..request("SELECT count(*) AS n FROM t") }).await;
        got["data"][0]["n"].as_u64().unwrap()
    };
    assert_eq!(count(None, None).await, 11);
    assert_eq!(count(Some("06:07"), None).await, 3);
    assert_eq!(count(None, Some("06:02")).await, 2);
    assert_eq!(count(Some("06:02"), Some("06:05")).await, 3);
    assert_eq!(count(Some("06:05"), Some("06:02")).await, 0);
}

#[tokio::test]
async fn the_limit_of_the_request_cuts_whatever_the_sql_says() {
    let world = World::of_minutes();
    for (sql, limit, rows, is_cut) in [
        ("SELECT v FROM t", 10, 10, false),
        ("SELECT v FROM t", 9, 9, true),
        ("SELECT v FROM t ORDER BY v LIMIT 8", 3, 3, true),
        ("SELECT v FROM t LIMIT 2", 3, 2, false),
        ("SELECT v FROM t", 0, 0, true),
        ("SELECT * FROM generate_series(1, 20000) AS n(n)", usize::MAX, 10_000, true),
    ] {
        let got = answer(&world, QueryRequest { limit, ..request(sql) }).await;
        assert_eq!((got.row_count(), got.is_cut()), (rows, is_cut), "{sql} {limit}");
    }
    let explained = answer(&world, QueryRequest { limit: 1, ..request("EXPLAIN SELECT v FROM t") }).await;
    assert_eq!(explained.row_count(), 1);
}

#[tokio::test]
async fn cells_of_every_type_are_json() {
    let big = row("SELECT 9007199254740993 AS big, 1.5::numeric AS d, 'NaN'::double AS nan, 0.1::real AS f").await;
    assert_eq!(big.to_string(), r#"{"big":9007199254740993,"d":1.5,"nan":null,"f":0.1}"#);
    let times = row("SELECT now() AS n, '2026-01-02'::date AS d, interval '1 day 2 hours' AS i").await;
    assert_eq!(times, json!({"n": "2026-11-20T06:30:00.000000Z", "d": "2026-01-02", "i": "P1DT7200S"}));
    let lists = row("SELECT make_array('a', 'b\"c') AS l, make_array(1, NULL) AS n, named_struct('x', 1) AS s").await;
    assert_eq!(lists, json!({"l": ["a", "b\"c"], "n": [1, null], "s": {"x": 1}}));
    let text = r#"'{"s": "x", "n": 1.5, "o": {"k": [1]}, "z": null}'"#;
    let sql = format!(
        "SELECT j->'s' AS s, j->'n' AS n, j->'o' AS o, j->'z' AS z, j->'none' AS none, j->>'s' AS t FROM (SELECT {text} AS j)"
    );
    assert_eq!(row(&sql).await, json!({"s": "x", "n": 1.5, "o": {"k": [1]}, "z": null, "none": null, "t": "x"}));
}

#[tokio::test]
async fn columns_of_one_name_are_all_there() {
    let world = World::of_minutes();
    let got = json_of(&world, request("SELECT a.v, b.v FROM t a JOIN t b ON a.v = b.v WHERE a.v = 1")).await;
    assert_eq!(got["data"][0], json!({"v": 1, "v_2": 1}));
}

#[tokio::test]
async fn every_form_holds_the_same_rows() {
    let world = World::of_minutes();
    let sql = "SELECT count(*), make_array('tag1', 'tag2') AS tags, '{\"a\":1}'->'a' AS j, 'x,\"y' AS s, \
               max(ts) AS at, NULL AS none, '' AS empty, 1.5::numeric AS d, interval '1 second' AS i FROM t";
    let got = answer(&world, request(sql)).await;
    assert_eq!(
        written(&got, AnswerForm::Csv),
        "count(*),tags,j,s,at,none,empty,d,i\n10,\"[\"\"tag1\"\",\"\"tag2\"\"]\",1,\"x,\"\"y\",\
         2026-11-20T06:09:00.000000Z,,\"\",1.5000000000,PT1S\n"
    );
    let rows: Json = serde_json::from_str(&written(&got, AnswerForm::V1Rows)).unwrap();
    assert_eq!(rows["columns"][0], json!({"name": "count(*)", "datatype": "Int64", "nullable": false}));
    assert_eq!(rows["rows"][0]["tags"], json!(["tag1", "tag2"]));
    let columns: Json = serde_json::from_str(&written(&got, AnswerForm::V1Columns)).unwrap();
    assert_eq!(columns["columns"][1]["values"], json!([["tag1", "tag2"]]));
    assert_eq!(columns["columns"][1]["datatype"]["List"]["datatype"], json!("Utf8"));

    let lines = written(&got, AnswerForm::JsonLines { with_schema: true });
    let lines: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["schema", "data", "end"]);
    assert_eq!(lines[1]["rows"], rows["rows"]);
    assert_eq!(lines[2]["row_count"], json!(1));

    let stream = got.encode(AnswerForm::ArrowStream, usize::MAX).unwrap();
    let reader = StreamReader::try_new(Cursor::new(stream), None).unwrap();
    assert_eq!(reader.schema().field(0).name(), "count(*)");
    assert!(reader.schema().fields().iter().all(|field| field.metadata().is_empty()));
    assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 1);

    let (columns, rows) = result_file::read(got.encode(AnswerForm::Parquet, usize::MAX).unwrap()).unwrap();
    assert_eq!(columns, got.columns());
    assert_eq!(rows, got.rows().unwrap());
}

#[tokio::test]
async fn attributes_of_records_are_objects_and_every_column_has_every_form() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut world = World::new();
    world.source_at("records", &data.join("records.ndjson"), None);
    let got = answer(&world, request("SELECT * FROM records")).await;
    assert!(got.row_count() > 10);
    let body: Json = serde_json::from_str(&written(&got, JSON)).unwrap();
    for row in body["data"].as_array().unwrap() {
        assert!(row["attributes"].is_object(), "{row}");
        assert!(row["tags"].is_array() || row["tags"].is_null(), "{row}");
    }
    for form in [
        AnswerForm::JsonLines { with_schema: true },
        AnswerForm::ArrowStream,
        AnswerForm::Csv,
        AnswerForm::Parquet,
        AnswerForm::V1Columns,
        AnswerForm::V1Rows,
    ] {
        assert!(!got.encode(form, usize::MAX).unwrap().is_empty(), "{form:?}");
    }
}

#[tokio::test]
async fn a_zone_moves_the_calendar_and_shows_instants_in_it() {
    let world = World::of_minutes();
    let in_zone = async |zone: &str, sql: &str| {
        let zone = QueryZone::parse(zone);
        assert!(zone.is_some());
        json_of(&world, QueryRequest { zone, ..request(sql) }).await
    };
    let sql = "SELECT date_trunc('day', max(ts)) AS day, extract(hour FROM max(ts)) AS hour, max(ts)::date AS date, \
               count(*) FILTER (WHERE ts >= date_trunc('day', now())) AS today FROM t";
    let berlin = in_zone("europe/berlin", sql).await;
    assert_eq!(
        berlin["data"][0],
        json!({"day": "2026-11-20T00:00:00.000000+01:00", "hour": 7, "date": "2026-11-20", "today": 10})
    );
    assert_eq!(berlin["schema"]["fields"][0]["data_type"], json!({"Timestamp": ["Microsecond", "Europe/Berlin"]}));
    let auckland = in_zone("Pacific/Honolulu", sql).await;
    assert_eq!(
        auckland["data"][0],
        json!({"day": "2026-11-19T00:00:00.000000-10:00", "hour": 20, "date": "2026-11-19", "today": 10})
    );
    let utc = in_zone("UTC", sql).await;
    assert_eq!(
        utc["data"][0],
        json!({"day": "2026-11-20T00:00:00.000000Z", "hour": 6, "date": "2026-11-20", "today": 10})
    );
    let grouped = "SELECT date_trunc('hour', ts) AS h, count(*) AS n FROM t GROUP BY 1 HAVING count(*) > 1 ORDER BY 1";
    assert_eq!(
        in_zone("Asia/Kolkata", grouped).await["data"],
        json!([{"h": "2026-11-20T11:00:00.000000+05:30", "n": 10}])
    );
    assert_eq!(QueryZone::parse("Mars/Olympus"), None);
}

#[tokio::test]
async fn explain_adds_three_plans() {
    let world = World::of_minutes();
    let got = json_of(&world, QueryRequest { explain: true, ..request("SELECT v FROM t WHERE v > 3") }).await;
    assert_eq!(got["data"].as_array().unwrap().len(), 6);
    for (plan, word) in [
        ("logical_plan", "TableScan"),
        ("physical_plan", "DataSourceExec"),
        ("physical_plan_with_metrics", "output_rows="),
    ] {
        assert!(got[plan].as_str().unwrap().contains(word), "{got}");
    }
}

#[tokio::test]
async fn mistakes_say_what_and_where() {
    let world = World::of_minutes();
    let mistake = async |sql: &str| match world.telemetry.answer(request(sql)).await.unwrap_err() {
        QueryError::Mistake(mistake) => mistake,
        other => panic!("{sql}: {other:?}"),
    };
    let syntax = mistake("SELET * FROM records").await;
    assert_eq!(syntax.code, "sql_syntax");
    assert_eq!(syntax.span, Some(SqlSpan { line: 1, column: 1, end_column: 6 }));
    assert!(syntax.message.contains("SELET"), "{}", syntax.message);
    let column = mistake("SELECT v,\n  serivce FROM t").await;
    assert_eq!((column.code, column.span), ("invalid_sql", Some(SqlSpan { line: 2, column: 3, end_column: 10 })));
    assert!(column.message.contains("did you mean `service`?"), "{}", column.message);
    assert!(mistake("SELECT 1 FROM tt").await.message.contains("no table `tt`"));
    assert!(mistake("DROP TABLE t").await.message.contains("queries only read"));
    assert!(mistake("").await.message.contains("empty"));
}

#[tokio::test]
async fn what_breaks_while_it_runs_is_a_failure_with_its_code() {
    let failure = async |world: &World, sql: &str| match world.telemetry.answer(request(sql)).await.unwrap_err() {
        QueryError::Failed(failure) => failure,
        other => panic!("{sql}: {other:?}"),
    };
    let world = World::of_minutes();
    let cast = failure(&world, "SELECT service::int FROM t").await;
    assert_eq!(cast.code, FailureCode::Execution);
    assert!(cast.message.contains("CAST(service AS Int32)"), "{cast}");
    let small = World::limited(Limits { result_bytes: 1000, ..Limits::default() });
    let wide = failure(&small, "SELECT repeat('x', 2000) AS x").await;
    assert_eq!(wide.code, FailureCode::Memory);
    assert!(wide.message.contains("above the limit of 1000"), "{wide}");
    let hurried = Limits { query_timeout: std::time::Duration::from_millis(50), ..Limits::default() };
    let endless =
        "SELECT count(*) FROM generate_series(1, 100000) a(a), generate_series(1, 100000) b(b) WHERE a.a < b.b";
    assert_eq!(failure(&World::limited(hurried), endless).await.code, FailureCode::Timeout);
}

#[tokio::test]
async fn an_answer_is_as_long_as_it_may_be_in_every_form_and_no_longer() {
    // Each of these letters takes six in JSON.
    let got =
        answer(&World::new(), request("SELECT repeat(chr(1), 3000) AS x, value AS n FROM generate_series(1, 9)")).await;
    let forms = [
        JSON,
        AnswerForm::JsonLines { with_schema: true },
        AnswerForm::V1Columns,
        AnswerForm::V1Rows,
        AnswerForm::Csv,
        AnswerForm::ArrowStream,
        AnswerForm::Parquet,
    ];
    for form in forms {
        let whole = got.encode(form, usize::MAX).unwrap();
        assert_eq!(got.encode(form, whole.len()).unwrap().len(), whole.len(), "{form:?}");
        for limit_bytes in [whole.len() - 1, 100] {
            let refused = got.encode(form, limit_bytes).unwrap_err();
            assert!(
                matches!(refused, Unwritten::TooLong { reached_bytes, limit_bytes: told } if reached_bytes > told && told == limit_bytes),
                "{form:?}: {refused:?}"
            );
        }
    }
    let refused = Failure::from(got.encode(JSON, 100_000).unwrap_err());
    assert!(refused.code == FailureCode::Memory && refused.message.contains("above the limit of 100000"), "{refused}");
}

#[tokio::test]
async fn an_answer_keeps_its_turn_until_it_is_dropped() {
    let world = World::limited(Limits { ad_hoc_concurrency: 1, ad_hoc_waiting_max: 0, ..Limits::default() });
    let first = answer(&world, request("SELECT 1 AS n")).await;
    let refused = world.telemetry.answer(request("SELECT 1 AS n")).await.unwrap_err();
    assert!(matches!(refused, QueryError::Busy { .. }), "{refused:?}");
    // Rules do not wait for clients.
    assert!(world.ask_all("SELECT 1 AS n").await.contains('1'));
    drop(first);
    assert!(world.telemetry.answer(request("SELECT 1 AS n")).await.is_ok());
}

#[tokio::test]
async fn now_is_that_of_the_request_though_the_plan_is_kept() {
    let world = World::new();
    for moment in ["2026-11-20T06:00:00Z", "2027-01-01T00:00:00Z"] {
        let now = Timestamp::parse(moment).unwrap();
        let got = json_of(&world, QueryRequest { now, ..request("SELECT now() AS n") }).await;
        assert_eq!(got["data"][0]["n"], json!(now.to_rfc3339_micros()));
    }
}
