//! What templates yield, what is found before they run, and that none of them runs away.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono_tz::Tz;
use insta::assert_snapshot;
use proptest::prelude::*;
use watchfire_model::{
    Change, ChangeKind, Column, ColumnType, InstanceKey, Notification, NotificationKind, ProjectName, Severity,
    Timestamp, Value, Window,
};

use super::{Template, TemplateContext};
use crate::limits::{TEMPLATE_OUTPUT_MAX_BYTES, TEMPLATE_STEPS_MAX, TEMPLATE_TEXT_MAX_BYTES};
use crate::presentation::Presentation;
use crate::test_message::sample_notification;

fn notification() -> Notification {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let sample =
        sample_notification(NotificationKind::AlertStarted, ProjectName::new("shop"), "x", at("2026-11-20T06:00:00Z"));
    let names = [
        ("service_name", ColumnType::String),
        ("error_rate", ColumnType::Float),
        ("requests", ColumnType::Int),
        ("cost_usd", ColumnType::Float),
        ("message", ColumnType::String),
        ("date", ColumnType::String),
        ("two words", ColumnType::Bool),
    ];
    let row = |service: &str, rate, requests, cost: &str| {
        vec![
            Value::String(service.into()),
            Value::Float(rate),
            Value::Int(requests),
            Value::Decimal(cost.into()),
            Value::Null,
            Value::String("today".into()),
            Value::Bool(true),
        ]
    };
    let change = |kind, flag: &str, before: Option<Value>, after: Option<Value>| Change {
        kind,
        key: BTreeMap::from([("flag".to_owned(), Value::String(flag.into()))]),
        before: before.map(|value| BTreeMap::from([("enabled".to_owned(), value)])),
        after: after.map(|value| BTreeMap::from([("enabled".to_owned(), value)])),
    };
    Notification {
        severity: Some(Severity::Critical),
        instance: Some(InstanceKey::new(vec![("service_name".into(), Value::String("api".into()))])),
        window: Some(Window { start: at("2026-11-18T23:00:00Z"), end: at("2026-11-19T23:00:00Z") }),
        since: Some(at("2026-11-20T05:37:00Z")),
        columns: names.map(|(name, kind)| Column { name: name.into(), kind }).into(),
        rows: vec![row("api", 0.0741, 18_204, "2218.60"), row("<b>web</b>", 0.0004, 310, "1220.40")],
        row_count: 2,
        totals: BTreeMap::from([
            ("requests".to_owned(), Value::Int(18_514)),
            ("cost_usd".to_owned(), Value::Float(3_439.0)),
            ("cost_usd_prev".to_owned(), Value::Float(3_137.8)),
        ]),
        changes: vec![
            change(ChangeKind::Changed, "dark-mode", Some(Value::Bool(true)), Some(Value::Bool(false))),
            change(ChangeKind::Added, "new-cart", None, Some(Value::Bool(true))),
        ],
        change_count: 2,
        ..sample
    }
}

fn presentation() -> Presentation {
    Presentation { timezone: Tz::Europe__Berlin, ..Presentation::default() }
}

fn fill(text: &str, notification: &Notification) -> Result<String, String> {
    let template = Template::parse(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    template.render(&TemplateContext::new(notification, &presentation()))
}

#[test]
fn the_examples_of_the_reference_yield_what_it_says() {
    for (text, expected) in [
        ("{{percent row.error_rate}}", "7.4 %"),
        ("{{money total \"USD\"}}", "$3,439.00"),
        ("{{dur 1380}}", "23 m"),
        ("{{date window.start \"Europe/Berlin\"}}", "2026-11-19"),
        ("{{date window.start}}", "2026-11-19"),
        ("{{date window.start \"UTC\"}}", "2026-11-18"),
        ("{{trunc row.service_name 2}}", "a…"),
        ("{{money (sum rows \"cost_usd\")}}", "3,439.00"),
        ("{{len changes}} feature flag change(s)", "2 feature flag change(s)"),
        ("{{instance.service_name}}: {{percent row.error_rate}} errors", "api: 7.4 % errors"),
        ("{{row.requests}} requests in 15 min. {{link.query}}", "18204 requests in 15 min. "),
        ("LLM cost {{date window.start}}: {{money (sum rows \"cost_usd\") \"USD\"}}", "LLM cost 2026-11-19: $3,439.00"),
        (
            "{{#each changes}}{{kind}} {{key.flag}}: {{diff}}\n{{/each}}",
            "changed dark-mode: enabled: true → false\nadded new-cart: enabled: true\n",
        ),
    ] {
        assert_eq!(fill(text, &notification()).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn values_read_well() {
    for (text, expected) in [
        ("{{num row.requests}} {{num 7.4074074}} {{num 3.14159 2}} {{num \"1218.60\"}}", "18,204 7.40741 3.14 1,218.6"),
        (
            "{{percent 0.12}} {{percent 1}} {{percent 0.0004}} {{percent 0.0741 2}} {{percent 0}}",
            "12 % 100 % 0.04 % 7.41 % 0 %",
        ),
        (
            "{{money 1234.5 \"EUR\"}} {{money 1234.5 \"JPY\"}} {{money 7 \"chf\"}} {{money -0.5 \"USD\"}}",
            "€1,234.50 ¥1,234 CHF 7.00 -$0.50",
        ),
        ("{{ago since}} {{time since}} {{time since \"UTC\"}}", "23 m ago 2026-11-20 06:37 CET 2026-11-20 05:37 UTC"),
        (
            "{{upper severity}} {{state}} {{reason}} {{rule.name}} {{rule.labels.team}}",
            "CRITICAL firing started_firing TEST error-rate payments",
        ),
        ("{{json row.two}}{{json instance}}", r#"{"service_name":"api"}"#),
        ("{{row.message}}{{num row.message}}{{percent row.message}}|{{error.code}}{{link.csv}}{{last_value}}", "|"),
        ("{{rows.[1].service_name}} {{rows.1.service_name}}", "<b>web</b> <b>web</b>"),
        ("{{row.[two words]}} {{len rows}} {{len row.service_name}} {{row_count}} {{project}}", "true 2 3 2 shop"),
        (
            "{{#each rows}}{{@index}}{{#if @first}}!{{/if}} {{this.date}} {{service_name}} of {{../rule.kind}};{{/each}}",
            "0! today api of alert;1 today <b>web</b> of alert;",
        ),
        ("{{#each rows as |r i|}}{{i}}={{r.requests}} {{/each}}", "0=18204 1=310 "),
        ("{{#with row}}{{requests}}{{/with}} {{#with window}}{{date start}}{{/with}}", "18204 2026-11-19"),
        ("{{#if (gt row.error_rate 0.05)}}bad{{else}}good{{/if}}", "bad"),
        ("{{#if (lt value 5)}}low{{else if (gte value 7)}}high{{else}}middle{{/if}}", "high"),
        (
            "{{#unless error.code}}fine{{/unless}}{{#each row}}{{#if @first}}{{@key}}{{/if}}{{/each}}",
            "fineservice_name",
        ),
        ("{{previous.requests}}|{{totals.cost_usd_prev}}|{{{rule.name}}}", "|3137.8|TEST error-rate"),
        ("\\{{not a name}}", "{{not a name}}"),
        ("{{sum rows \"requests\"}} {{sum rows \"error_rate\"}}", "18514 0.0745"),
    ] {
        let text = text.replace("{{json row.two}}", "");
        assert_eq!(fill(&text, &notification()).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn the_documentation_says_what_happens() {
    let text = include_str!("../../../docs/templates.md");
    let helpers = text.split("## Helpers").nth(1).and_then(|rest| rest.split("## Examples").next()).unwrap();
    let mut compared = 0;
    for line in helpers.lines().filter(|line| line.contains("{{")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, example, result] = cells[..] else { panic!("{line}") };
        let yielded = fill(example.trim_matches('`'), &notification());
        if let Some(expected) = result.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
            assert_eq!(yielded.as_deref(), Ok(expected), "{line}");
            compared += 1;
        }
    }
    assert_eq!(compared, 10);
    let examples = text.split("## Examples").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    assert!(fill(examples, &notification()).unwrap().contains("LLM cost 2026-11-19: $3,439.00"));
}

#[test]
fn where_the_message_holds_less_than_all_the_whole_is_told() {
    let cut = Notification { row_count: 900, change_count: 77, truncated: true, ..notification() };
    assert_eq!(fill("{{sum rows \"requests\"}} {{len rows}} {{len changes}}", &cut).as_deref(), Ok("18514 900 77"));
    let totals = BTreeMap::from([("requests".to_owned(), Value::Int(1_000_000))]);
    let cut = Notification { totals, ..cut };
    assert_eq!(fill("{{num (sum rows \"requests\")}}", &cut).as_deref(), Ok("1,000,000"));
}

#[test]
fn what_cannot_be_filled_says_why() {
    let problems: Vec<String> = [
        "{{row.nope}}",
        "a\n {{percent row.service_name}}",
        "{{date value}}",
        "{{date since \"Mars/Olympus\"}}",
        "{{trunc row.service_name \"x\"}}",
        "{{num value 99}}",
        "{{sum rows \"nope\"}}",
        "{{sum rows \"service_name\"}}",
        "{{#each rows}}{{nope}}{{/each}}",
        "{{#each severity}}x{{/each}}",
        "{{rule.labels.nope}}",
    ]
    .iter()
    .map(|text| fill(text, &notification()).unwrap_err())
    .collect();
    assert_snapshot!(problems.join("\n"), @r"
    line 1, column 1: there is no `row.nope` in this message
    line 2, column 2: `percent`: `api` is no number
    line 1, column 1: `date`: `7.41` is no instant
    line 1, column 1: `date`: `Mars/Olympus` is no time zone
    line 1, column 1: `trunc`: the length must be a whole number
    line 1, column 1: `num`: the number of decimals must be 0 to 9
    line 1, column 1: `sum`: there is no column `nope`
    line 1, column 1: `sum`: `api` is no number
    line 1, column 15: there is no `nope` in this message
    line 1, column 1: `each`: `severity` is no list
    line 1, column 1: there is no `rule.labels.nope` in this message
    ");
}

#[test]
fn mistakes_are_found_before_a_template_runs() {
    let mut found = String::new();
    for text in [
        "{{severty}}",
        "ok\n  {{ruel.name}} and {{rule.nmae}}",
        "{{window.begin}} {{link.queri}} {{error.kode}}",
        "{{percnt value}}",
        "{{frobnicate value}}",
        "{{percent}} {{dur 1 2}} {{trunc value}} {{sum rows}}",
        "{{each rows}}",
        "{{#upper severity}}x{{/upper}}",
        "{{#each changes}}{{knd}}{{/each}}",
        "{{#each rows}}{{../../rule.name}}{{@foo}}{{/each}}",
        "{{severity.level}}",
        "{{#if (gt (nope value) 5)}}{{else if vlaue}}{{/if}}",
        "{{#each rows}}{{date}}{{/each}}",
        "{{value",
        "{{#if value}}x",
        "{{#if value}}x{{/each}}",
        "{{/if}}",
        "{{#each rows}}{{#if x}}{{/each}}{{/if}}",
        "{{value..}}",
        "{{> header}}",
        "{{{{raw}}}}{{{{/raw}}}}",
        "{{* inline}}",
        "{{lookup rows 0}} {{log value}}",
        "{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}",
    ] {
        let errors = Template::parse(text).expect_err(text);
        for error in errors {
            let help = error.help.map_or_else(String::new, |help| format!(" ({help})"));
            writeln!(found, "{:?} {}:{} {}{help}", text, error.line, error.column, error.message).unwrap();
        }
    }
    assert_snapshot!(found, @r#"
    "{{severty}}" 1:3 messages have no `severty` (did you mean `severity`?)
    "ok\n  {{ruel.name}} and {{rule.nmae}}" 2:5 messages have no `ruel` (did you mean `rule`?)
    "ok\n  {{ruel.name}} and {{rule.nmae}}" 2:23 `rule` has no `nmae` (did you mean `name`?)
    "{{window.begin}} {{link.queri}} {{error.kode}}" 1:3 `window` has no `begin` (there are start, end)
    "{{window.begin}} {{link.queri}} {{error.kode}}" 1:20 `link` has no `queri` (did you mean `query`?)
    "{{window.begin}} {{link.queri}} {{error.kode}}" 1:35 `error` has no `kode` (did you mean `code`?)
    "{{percnt value}}" 1:3 there is no helper `percnt` (did you mean `percent`?)
    "{{frobnicate value}}" 1:3 there is no helper `frobnicate` (helpers are if, unless, each, with, num, percent, money, dur, ago, date, time, trunc, upper, json, sum, len, eq, ne, gt, gte, lt, lte, and, or, not)
    "{{percent}} {{dur 1 2}} {{trunc value}} {{sum rows}}" 1:3 `percent` takes 1 to 2 arguments, not 0 (for a column of this name write `this.percent`)
    "{{percent}} {{dur 1 2}} {{trunc value}} {{sum rows}}" 1:15 `dur` takes 1 argument, not 2
    "{{percent}} {{dur 1 2}} {{trunc value}} {{sum rows}}" 1:27 `trunc` takes 2 arguments, not 1
    "{{percent}} {{dur 1 2}} {{trunc value}} {{sum rows}}" 1:43 `sum` takes 2 arguments, not 1
    "{{each rows}}" 1:3 `each` needs a block (write `{{#each …}}…{{/each}}`)
    "{{#upper severity}}x{{/upper}}" 1:4 `upper` is no block (write `{{upper …}}`)
    "{{#each changes}}{{knd}}{{/each}}" 1:20 a change has no `knd` (did you mean `kind`?)
    "{{#each rows}}{{../../rule.name}}{{@foo}}{{/each}}" 1:17 `../../rule.name` goes up further than there are blocks (write one `../` for each block that it is in)
    "{{#each rows}}{{../../rule.name}}{{@foo}}{{/each}}" 1:36 there is no `@foo` (there are @index, @key, @first, @last and @root)
    "{{severity.level}}" 1:3 `severity` is one value and has no `level`
    "{{#if (gt (nope value) 5)}}{{else if vlaue}}{{/if}}" 1:12 there is no helper `nope` (helpers are if, unless, each, with, num, percent, money, dur, ago, date, time, trunc, upper, json, sum, len, eq, ne, gt, gte, lt, lte, and, or, not)
    "{{#if (gt (nope value) 5)}}{{else if vlaue}}{{/if}}" 1:38 messages have no `vlaue` (did you mean `value`?)
    "{{#each rows}}{{date}}{{/each}}" 1:17 `date` takes 1 to 2 arguments, not 0 (for a column of this name write `this.date`)
    "{{value" 1:1 `{{` is not closed (write `{{name}}`, or `\{{` for the text `{{`)
    "{{#if value}}x" 1:1 `{{#if}}` is not closed (write `{{/if}}` where it ends)
    "{{#if value}}x{{/each}}" 1:15 `{{#if}}` is closed by `{{/each}}` (write `{{/if}}`)
    "{{/if}}" 1:1 `{{/if}}` closes nothing
    "{{#each rows}}{{#if x}}{{/each}}{{/if}}" 1:24 `{{#if}}` is closed by `{{/each}}` (write `{{/if}}`)
    "{{value..}}" 1:9 this is not Handlebars (write `{{name}}`, `{{helper name}}` or `{{#if name}}…{{/if}}`)
    "{{> header}}" 1:1 raw blocks, partials and decorators are not offered (write the text into this template)
    "{{{{raw}}}}{{{{/raw}}}}" 1:1 raw blocks, partials and decorators are not offered (write the text into this template)
    "{{* inline}}" 1:1 raw blocks, partials and decorators are not offered (write the text into this template)
    "{{lookup rows 0}} {{log value}}" 1:3 there is no helper `lookup` (helpers are if, unless, each, with, num, percent, money, dur, ago, date, time, trunc, upper, json, sum, len, eq, ne, gt, gte, lt, lte, and, or, not)
    "{{lookup rows 0}} {{log value}}" 1:21 there is no helper `log` (helpers are if, unless, each, with, num, percent, money, dur, ago, date, time, trunc, upper, json, sum, len, eq, ne, gt, gte, lt, lte, and, or, not)
    "{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}{{#if 1}}" 1:73 more than 8 blocks or calls are inside each other
    "#);
}

#[test]
fn columns_have_their_places() {
    let text = "{{instance.service_name}}: {{percent row.error_rate}} row.x\n\
                {{#each rows}}{{x}} {{this.y}} {{#if (gt z 1)}}{{../rule.name}} {{@index}}{{else if w}}{{v}}{{/if}}{{/each}}\n\
                é {{rows.[0].first}} {{money (sum rows \"cost\") \"USD\"}} {{previous.p}} {{totals.t}} {{row.[two words]}}\n\
                {{#each changes as |c|}}{{c.key.flag}} {{after.enabled}}{{/each}}{{#each rows as |r|}}{{r.q}}{{/each}}\n\
                {{#with row}}{{inner}}{{/with}}{{#each rule.labels}}{{this}}{{anything}}{{/each}}";
    let columns: Vec<String> = Template::parse(text)
        .unwrap()
        .columns()
        .into_iter()
        .map(|used| {
            let line = text.lines().nth(used.line - 1).unwrap();
            let at: String = line.chars().skip(used.column - 1).take(12).collect();
            format!("{}{} {}:{} {at}", used.name, if used.is_key { " (key)" } else { "" }, used.line, used.column)
        })
        .collect();
    assert_snapshot!(columns.join("\n"), @r#"
    service_name (key) 1:3 instance.ser
    error_rate 1:38 row.error_ra
    x 2:17 x}} {{this.y
    y 2:23 this.y}} {{#
    z 2:42 z 1)}}{{../r
    w 2:85 w}}{{v}}{{/i
    v 2:90 v}}{{/if}}{{
    first 3:5 rows.[0].fir
    cost 3:41 cost") "USD"
    p 3:58 previous.p}}
    t 3:73 totals.t}} {
    two words 3:86 row.[two wor
    flag 4:27 c.key.flag}}
    enabled 4:42 after.enable
    q 4:89 r.q}}{{/each
    inner 5:16 inner}}{{/wi
    "#);
}

#[test]
fn a_template_that_explodes_stops_soon() {
    let mut many = notification();
    many.rows = vec![many.rows[0].clone(); 1_000];
    many.row_count = 1_000;
    for text in [
        "{{#each rows}}{{#each ../rows}}{{#each ../../rows}}{{/each}}{{/each}}{{/each}}",
        "{{#each rows}}{{#each ../rows}}{{/each}}{{/each}}",
        "{{#each rows}}{{sum ../rows \"requests\"}}{{/each}}",
        "{{#each rows}}{{#if (len (json ../rows))}}{{/if}}{{/each}}",
    ] {
        let problem = fill(text, &many).expect_err(text);
        assert!(problem.contains(&format!("more than {TEMPLATE_STEPS_MAX} steps")), "{text}: {problem}");
    }
    for text in ["{{#each rows}}{{json this}}{{/each}}", "{{json rows}}"] {
        let problem = fill(text, &many).expect_err(text);
        assert!(problem.contains(&format!("more than {TEMPLATE_OUTPUT_MAX_BYTES} bytes")), "{text}: {problem}");
    }
    assert_eq!(fill("{{#each rows}}{{#if (gt requests 5)}}x{{/if}}{{/each}}", &many).unwrap().len(), 1_000);
    let empty_body = "{{row.message}}".repeat(1_000);
    assert!(fill(&format!("{{{{#each rows}}}}{empty_body}{{{{/each}}}}").replace("row.", ""), &many).is_err());
}

#[test]
fn a_cell_of_a_megabyte_is_cut_before_it_is_copied_around() {
    let mut large = notification();
    large.rows = vec![large.rows[0].clone(); 1_000];
    for row in &mut large.rows {
        row[4] = Value::String("x".repeat(100_000));
    }
    assert!(fill("{{row.message}}", &large).unwrap().len() < 5_000);
    assert_eq!(fill("{{len rows}}", &large).as_deref(), Ok("1000"));
}

#[test]
fn a_template_has_a_length() {
    assert!(Template::parse(&"x".repeat(TEMPLATE_TEXT_MAX_BYTES)).is_ok());
    assert!(Template::parse(&"x".repeat(TEMPLATE_TEXT_MAX_BYTES + 1)).is_err());
    assert!(Template::parse(&format!("{{{{{}value", "(".repeat(8_000))).is_err());
    assert!(Template::parse(&"{{#if value}}".repeat(1_000)).is_err());
}

/// Pieces of templates, so that more than noise is tried.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{{",
        "}}",
        "{{{",
        "}}}",
        "{{#each rows}}",
        "{{/each}}",
        "{{#if x}}",
        "{{/if}}",
        "{{else}}",
        "{{else if ",
        "{{^}}",
        "~",
        "(",
        ")",
        "row.x",
        "rows.[0]",
        "..",
        "../",
        "@index",
        "@root",
        "this",
        "\"",
        "'",
        "|x y|",
        " as ",
        "len ",
        "sum rows \"x\"",
        "{{!--",
        "--}}",
        "{{! ",
        "\\{{",
        "\\",
        "é",
        "\n",
        " ",
        "=",
        "1",
        "-1.5e3",
        "true",
        "[",
        "]",
        ".",
        "/",
        "&",
        "*",
        ">",
        "#",
        "{{~",
        "~}}",
        "value",
        "x=1",
        "null",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_parses_or_is_refused_at_a_place_in_it(text in prop_oneof![pieces(), any::<String>()]) {
        let lines = text.matches('\n').count() + 1;
        match Template::parse(&text) {
            Ok(template) => {
                prop_assert!(template.columns().iter().all(|used| (1..=lines).contains(&used.line) && used.column >= 1));
                drop(template.render(&TemplateContext::new(&notification(), &presentation())));
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                prop_assert!(errors.iter().all(|error| (1..=lines).contains(&error.line) && error.column >= 1));
            }
        }
    }
}

#[test]
fn a_wrong_helper_hides_no_column() {
    let (template, columns) = Template::parse_with_columns("{{instance.servce}} {{row.m}} {{percnt row.n}}");
    let errors: Vec<_> = template.unwrap_err().into_iter().map(|error| error.message).collect();
    let named: Vec<_> = columns.iter().map(|used| (used.name.as_str(), used.is_key)).collect();
    assert_eq!(errors, ["there is no helper `percnt`"]);
    assert_eq!(named, [("servce", true), ("m", false), ("n", false)]);
}
