//! Each rule is broken once.

use super::super::fault::HARM;
use super::*;

fn body() -> Value {
    json!({
        "username": "Watchfire", "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": "🔴 FIRING (critical) — Error rate", "url": "https://example.com/a", "color": 14232864,
            "timestamp": "2026-11-20T06:00:00.123Z", "description": "3 rows of error\\_rate\n```\na * b\n```",
            "fields": [{"name": "Links", "value": "[Query](https://example.com/q)", "inline": false}],
            "footer": {"text": "rule error_rate"},
        }],
    })
}

/// The body with something else at one place.
fn with(at: &str, value: Value) -> Value {
    let mut body = body();
    let (parent, key) = at.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        parent => parent[key] = value,
    }
    body
}

fn long(chars: usize) -> String {
    "é".repeat(chars)
}

#[test]
fn a_good_body_has_no_fault() {
    for good in [
        body(),
        json!({"content": long(2_000), "allowed_mentions": {"parse": []}}),
        with("/embeds/0/description", json!(format!("  {}  ", long(4_096)))),
        with("/embeds/0/timestamp", json!("2026-11-20T06:00:00+00:00")),
    ] {
        assert_eq!(faults(&good), [], "{good}");
    }
    assert_eq!(refusal(&[]), None);
}

#[test]
fn what_discord_refuses_is_refused_with_its_path() {
    let field = |name: &str, value: &str| json!([{"name": name, "value": value}]);
    for (body, at) in [
        (with("/tts_voice", json!(true)), ""),
        (with("/content", json!(long(2_001))), "/content"),
        (with("/content", json!(7)), "/content"),
        (with("/username", json!("")), "/username"),
        (with("/username", json!(long(81))), "/username"),
        (with("/username", json!("my Discord bot")), "/username"),
        (with("/embeds", json!(vec![body()["embeds"][0].clone(); 11])), "/embeds"),
        (with("/embeds/0", json!("x")), "/embeds/0"),
        (with("/embeds/0/image_url", json!("x")), "/embeds/0"),
        (with("/embeds/0/title", json!(long(257))), "/embeds/0/title"),
        (with("/embeds/0/title", json!(" ")), "/embeds/0/title"),
        (with("/embeds/0/description", json!(long(4_097))), "/embeds/0/description"),
        (with("/embeds/0/url", json!("nowhere")), "/embeds/0/url"),
        (with("/embeds/0/url", json!(format!("https://example.com/{}", long(2_048)))), "/embeds/0/url"),
        (with("/embeds/0/color", json!(16_777_216)), "/embeds/0/color"),
        (with("/embeds/0/color", json!("#ff0000")), "/embeds/0/color"),
        (with("/embeds/0/timestamp", json!("20 Nov 2026")), "/embeds/0/timestamp"),
        (with("/embeds/0/footer/text", json!(long(2_049))), "/embeds/0/footer/text"),
        (with("/embeds/0/footer/text", json!("")), "/embeds/0/footer/text"),
        (with("/embeds/0/author", json!({"name": long(257)})), "/embeds/0/author/name"),
        (with("/embeds/0/fields", json!(vec![field("a", "b")[0].clone(); 26])), "/embeds/0/fields"),
        (with("/embeds/0/fields", field("", "b")), "/embeds/0/fields/0/name"),
        (with("/embeds/0/fields", field(&long(257), "b")), "/embeds/0/fields/0/name"),
        (with("/embeds/0/fields", field("a", "\n")), "/embeds/0/fields/0/value"),
        (with("/embeds/0/fields", field("a", &long(1_025))), "/embeds/0/fields/0/value"),
        (with("/embeds/0/fields", json!([{"name": "a", "value": "b", "inline": "yes"}])), "/embeds/0/fields/0/inline"),
        (with("/embeds/0/fields", json!([{"name": "a", "value": "b", "align": 1}])), "/embeds/0/fields/0"),
        (with("/embeds", json!([{"description": long(3_001)}, {"description": long(3_000)}])), "/embeds"),
    ] {
        let found = faults(&body);
        assert!(found.iter().any(|fault| fault.is_refused() && fault.at == at), "`{at}`: {found:#?}\n{body}");
        let said = refusal(&found).unwrap();
        assert_eq!(said["code"], 50035, "{said}");
        assert!(said["errors"].pointer(&format!("{at}/_errors/0/message")).is_some(), "{said}");
    }
}

#[test]
fn empty_messages_and_embeds_have_answers_of_their_own() {
    let nothing = json!({"allowed_mentions": {"parse": []}, "content": " "});
    assert_eq!(refusal(&faults(&nothing)), Some(json!({"message": "Cannot send an empty message", "code": 50006})));
    let empty = with("/embeds/0", json!({"color": 7}));
    assert_eq!(refusal(&faults(&empty)), Some(json!({"embeds": ["0"]})));
}

#[test]
fn what_discord_takes_but_harms_its_readers_is_seen() {
    for body in [
        with("/allowed_mentions", json!({"parse": ["everyone"]})),
        with("/allowed_mentions", Value::Null),
        with("/embeds/0/description", json!("```\nnever closed")),
        with("/embeds/0/timestamp", json!("2026-11-20T06:00:00.123456Z")),
    ] {
        let found = faults(&body);
        assert_eq!(found.iter().map(|fault| fault.code).collect::<Vec<_>>(), [HARM], "{body} {found:?}");
        assert_eq!(refusal(&found), None);
    }
}

#[test]
fn a_reader_sees_text_without_markup() {
    assert_eq!(
        seen(&body()),
        "🔴 FIRING (critical) — Error rate\n\
         3 rows of error_rate\n\
         ```\n\
         a * b\n\
         ```\n\
         Links: Query (https://example.com/q)\n\
         rule error_rate"
    );
}
