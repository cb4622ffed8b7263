//! Each rule is broken once.

use serde_json::json;

use super::super::fault::HARM;
use super::*;

fn body() -> Value {
    json!({
        "text": "🔴 *FIRING (critical)* Error rate above 5% &amp; rising",
        "unfurl_links": false, "unfurl_media": false,
        "attachments": [{"color": "#D92D20", "fallback": "FIRING", "blocks": blocks()}],
    })
}

fn blocks() -> Value {
    json!([
        {"type": "section", "fields": [markup("*Since*\n<!date^1795154400^{date_short_pretty} {time}|06:00 UTC>")]},
        {"type": "table", "column_settings": [{"align": "left"}, {"align": "right", "is_wrapped": true}], "rows": [
            [bold("service"), bold("err_pct")],
            [{"type": "raw_text", "text": "checkout"}, {"type": "raw_number", "value": 7.41, "text": "7.41"}],
        ]},
        {"type": "rich_text", "elements": [
            {"type": "rich_text_section", "elements": [{"type": "link", "url": "https://example.com/a"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a < b"}]},
        ]},
        {"type": "header", "text": {"type": "plain_text", "text": "<no markup>"}},
        {"type": "divider"},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://example.com"}]},
        {"type": "section", "text": markup("<https://example.com/?a=1&amp;b=2|Open alert> · <https://example.com|Query>")},
        {"type": "context", "elements": [markup("rule `error-rate`")]},
    ])
}

fn markup(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

fn bold(text: &str) -> Value {
    json!({"type": "rich_text", "elements": [
        {"type": "rich_text_section", "elements": [{"type": "text", "text": text, "style": {"bold": true}}]},
    ]})
}

/// The body with something else at one place; the place is made when it is not there.
fn with(at: &str, value: Value) -> Value {
    let mut body = body();
    let (parent, key) = at.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    body
}

/// The body with this block alone.
fn block(block: Value) -> Value {
    with("/attachments/0/blocks", json!([block]))
}

fn long(chars: usize) -> String {
    "é".repeat(chars)
}

fn rows(count: usize, cells: usize, text: &str) -> Value {
    json!({"type": "table", "rows": vec![vec![json!({"type": "raw_text", "text": text}); cells]; count]})
}

#[test]
fn a_good_body_has_no_fault() {
    assert_eq!(faults(&body()), []);
    assert_eq!(answer(&[]), (200, "ok".to_owned()));
    for good in [
        json!({"text": "alone", "unfurl_links": false, "unfurl_media": false}),
        block(json!({"type": "section", "text": markup(&long(3_000))})),
        block(json!({"type": "section", "fields": vec![markup(&long(900)); 10]})),
        block(rows(100, 1, "a")),
        block(rows(1, 20, "a")),
        block(rows(1, 1, &long(10_000))),
    ] {
        assert_eq!(faults(&good), [], "{good}");
    }
}

#[test]
fn what_slack_refuses_is_refused_in_its_words() {
    let first = "/attachments/0/blocks/0";
    for (body, code, at) in [
        (json!([]), "invalid_payload", ""),
        (with("/link_names", json!(true)), "invalid_payload", ""),
        (with("/parse", json!("full")), "invalid_payload", ""),
        (with("/text", json!(7)), "invalid_payload", "/text"),
        (with("/text", json!(long(4_001))), "invalid_payload", "/text"),
        (with("/text", json!(" ")), "no_text", "/text"),
        (json!({"unfurl_links": false, "unfurl_media": false}), "no_text", "/text"),
        (
            with("/attachments", json!(vec![body()["attachments"][0].clone(); 101])),
            "too_many_attachments",
            "/attachments",
        ),
        (with("/attachments/0/color", json!("red")), "invalid_attachments", "/attachments/0/color"),
        (with("/attachments/0/title", json!("x")), "invalid_attachments", "/attachments/0"),
        (with("/attachments/0", json!({"fallback": "x"})), "invalid_attachments", "/attachments/0"),
        (with("/attachments/0/blocks", json!([])), "invalid_blocks", "/attachments/0/blocks"),
        (
            with("/attachments/0/blocks", json!(vec![json!({"type": "divider"}); 51])),
            "invalid_blocks",
            "/attachments/0/blocks",
        ),
        (with("/blocks", json!(vec![json!({"type": "divider"}); 50])), "invalid_blocks", ""),
        (block(json!({"type": "alert", "text": "x"})), "invalid_blocks", "/attachments/0/blocks/0/type"),
        (block(json!({"type": "divider", "text": "x"})), "invalid_blocks", first),
        (
            block(json!({"type": "divider", "block_id": long(256)})),
            "invalid_blocks",
            "/attachments/0/blocks/0/block_id",
        ),
        (block(json!({"type": "section"})), "invalid_blocks", first),
        (block(json!({"type": "section", "text": markup("")})), "invalid_blocks", "/attachments/0/blocks/0/text/text"),
        (
            block(json!({"type": "section", "text": markup(&long(3_001))})),
            "invalid_blocks",
            "/attachments/0/blocks/0/text/text",
        ),
        (block(json!({"type": "section", "text": "x"})), "invalid_blocks", "/attachments/0/blocks/0/text"),
        (block(json!({"type": "section", "fields": []})), "invalid_blocks", "/attachments/0/blocks/0/fields"),
        (
            block(json!({"type": "section", "fields": vec![markup("x"); 11]})),
            "invalid_blocks",
            "/attachments/0/blocks/0/fields",
        ),
        (
            block(json!({"type": "section", "fields": [markup(&long(2_001))]})),
            "invalid_blocks",
            "/attachments/0/blocks/0/fields/0/text",
        ),
        (block(json!({"type": "header", "text": markup("x")})), "invalid_blocks", "/attachments/0/blocks/0/text/type"),
        (
            block(json!({"type": "header", "text": {"type": "plain_text", "text": long(151)}})),
            "invalid_blocks",
            "/attachments/0/blocks/0/text/text",
        ),
        (block(json!({"type": "context", "elements": []})), "invalid_blocks", "/attachments/0/blocks/0/elements"),
        (
            block(json!({"type": "context", "elements": vec![markup("x"); 11]})),
            "invalid_blocks",
            "/attachments/0/blocks/0/elements",
        ),
        (
            block(
                json!({"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": long(76)}}]}),
            ),
            "invalid_blocks",
            "/attachments/0/blocks/0/elements/0/text/text",
        ),
        (
            block(
                json!({"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x"}, "style": "loud"}]}),
            ),
            "invalid_blocks",
            "/attachments/0/blocks/0/elements/0/style",
        ),
        (block(json!({"type": "markdown", "text": long(12_001)})), "invalid_blocks", "/attachments/0/blocks/0/text"),
        (block(json!({"type": "rich_text", "elements": []})), "invalid_blocks", "/attachments/0/blocks/0/elements"),
        (
            block(json!({"type": "rich_text", "elements": [{"type": "section", "elements": []}]})),
            "invalid_blocks",
            "/attachments/0/blocks/0/elements/0/type",
        ),
        (
            block(
                json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]}),
            ),
            "invalid_blocks",
            "/attachments/0/blocks/0/elements/0/elements/0/text",
        ),
        (
            block(
                json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "link", "url": "not a url"}]}]}),
            ),
            "invalid_blocks",
            "/attachments/0/blocks/0/elements/0/elements/0/url",
        ),
        (
            block(
                json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x", "style": {"loud": true}}]}]}),
            ),
            "invalid_blocks",
            "/attachments/0/blocks/0/elements/0/elements/0/style",
        ),
        (block(rows(101, 1, "a")), "invalid_blocks", "/attachments/0/blocks/0/rows"),
        (block(rows(1, 21, "a")), "invalid_blocks", "/attachments/0/blocks/0/rows/0"),
        (block(rows(1, 1, "")), "invalid_blocks", "/attachments/0/blocks/0/rows/0/0/text"),
        (block(rows(2, 1, &long(5_001))), "invalid_blocks", ""),
        (
            block(json!({"type": "table", "rows": [[{"type": "raw_number", "value": null, "text": "NaN"}]]})),
            "invalid_blocks",
            "/attachments/0/blocks/0/rows/0/0/value",
        ),
        (
            block(json!({"type": "table", "rows": [[markup("x")]]})),
            "invalid_blocks",
            "/attachments/0/blocks/0/rows/0/0/type",
        ),
        (block(json!({"type": "table", "rows": [["x"]]})), "invalid_blocks", "/attachments/0/blocks/0/rows/0/0"),
        (
            block(json!({"type": "table", "rows": [[bold("x")]], "column_settings": [{"align": "top"}]})),
            "invalid_blocks",
            "/attachments/0/blocks/0/column_settings/0/align",
        ),
        (with("/attachments/0/blocks", json!([rows(1, 1, "a"), rows(1, 1, "a")])), "only_one_table_allowed", ""),
        (
            with(
                "/attachments/0/blocks",
                json!([json!({"type": "divider", "block_id": "a"}), json!({"type": "divider", "block_id": "a"})]),
            ),
            "invalid_blocks",
            "",
        ),
        (
            with("/attachments/0/blocks", json!(vec![json!({"type": "section", "text": markup(&long(2_990))}); 5])),
            "msg_blocks_too_long",
            "",
        ),
    ] {
        let found = faults(&body);
        assert!(found.iter().any(|fault| fault.code == code && fault.at == at), "{code} at `{at}`: {found:#?}\n{body}");
        assert_eq!(answer(&found), (400, found.iter().find(|fault| fault.is_refused()).unwrap().code.to_owned()));
    }
}

#[test]
fn what_slack_takes_but_harms_its_readers_is_seen() {
    for body in [
        with("/unfurl_links", json!(true)),
        with("/text", json!("a < b")),
        with("/text", json!("a & b")),
        with("/text", json!("a > b")),
        with("/text", json!("<!channel> come")),
        with("/text", json!("<@U012> come")),
        with("/text", json!("<#C012>")),
        with("/text", json!("<!date^x^{time}|x>")),
        with("/text", json!("<!date^1^{time}>")),
        with("/text", json!("<ftp://example.com|x>")),
        with("/text", json!("<https://example.com|>")),
        with("/text", json!("<https://exa mple.com|x>")),
        block(json!({"type": "section", "text": {"type": "mrkdwn", "text": "x"}})),
        block(json!({"type": "table", "rows": [[bold("a"), bold("b")], [bold("a")]]})),
        with("/attachments/0", json!({"blocks": [{"type": "divider"}]})),
        json!({"blocks": [{"type": "divider"}], "unfurl_links": false, "unfurl_media": false}),
    ] {
        let found = faults(&body);
        assert_eq!(found.iter().map(|fault| fault.code).collect::<Vec<_>>(), [HARM], "{body} {found:?}");
        assert_eq!(answer(&found), (200, "ok".to_owned()));
    }
}

#[test]
fn a_reader_sees_text_without_markup() {
    assert_eq!(
        seen(&body()),
        "🔴 FIRING (critical) Error rate above 5% & rising\n\
         Since: 06:00 UTC\n\
         service | err_pct\n\
         checkout | 7.41\n\
         https://example.com/a\n\
         a < b\n\
         <no markup>\n\
         \n\
         Open\n\
         Open alert (https://example.com/?a=1&b=2) · Query (https://example.com)\n\
         rule error-rate"
    );
    let alone = json!({"text": "push", "blocks": [{"type": "section", "text": markup("shown")}]});
    assert_eq!(seen(&alone), "shown");
}
