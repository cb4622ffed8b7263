//! What is refused, and what the refusal says.

use harness::http::{self, client};
use serde_json::Value;

use super::{each, read, read_until};
use crate::scene::{Scene, alerts};

#[tokio::test]
async fn every_refusal_says_what_would_be_right() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    for (path, status, code, said) in [
        ("/api/alerts?limit=0", 400, "bad_parameter", "1 to 1000"),
        ("/api/alerts?limit=1001", 400, "bad_parameter", "1 to 1000"),
        ("/api/alerts?stat=firing", 400, "bad_parameter", "known are: state, health, label, limit, cursor"),
        ("/api/alerts?state=fireing", 400, "bad_parameter", "one of: firing, pending, inactive, resolved"),
        ("/api/alerts?health=bad", 400, "bad_parameter", "one of: ok, no_data, error"),
        ("/api/alerts?label=team", 400, "bad_parameter", "label=team=shop"),
        ("/api/alerts?state=firing&state=pending", 400, "bad_parameter", "`state` is given twice"),
        ("/api/alerts?cursor=abc", 400, "bad_parameter", "take `next` of the page before"),
        ("/api/alerts/hihg", 404, "no_such_rule", "did you mean `high`?"),
        ("/api/alerts/%ff", 400, "bad_path", "UTF-8"),
        ("/api/alerts/a%00b", 400, "bad_path", "NUL"),
        ("/api/runs?rule=%00", 400, "bad_parameter", "NUL"),
        ("/api/reports/high", 404, "no_such_rule", "/api/alerts"),
        ("/api/reports/none/runs", 404, "no_such_rule", "hold no report"),
        ("/api/reports/none/runs/x/result", 404, "no_such_rule", "hold no report"),
        ("/api/runs?status=broken", 400, "bad_parameter", "one of: ran, failed, skipped"),
        ("/api/runs?before=yesterday", 400, "bad_parameter", "2026-11-20T06:00:00Z"),
        ("/api/runs?rule=hig", 404, "no_such_rule", "did you mean `high`?"),
        ("/api/deliveries?channel=hok", 404, "no_such_channel", "did you mean `hook`?"),
        ("/api/deliveries?state=sent", 400, "bad_parameter", "one of: pending, sending, done, dead, superseded"),
        ("/api/deliveries/nothing", 404, "no_such_delivery", "show the ids"),
        ("/api/definitions?x=1", 400, "bad_parameter", "takes none"),
        ("/api/nothing", 404, "no_such_path", "docs/api.md"),
    ] {
        let (found, body) = http::get(&format!("{}{path}", product.url())).await;
        assert_eq!((found, &body["error"]["code"]), (status, &Value::from(code)), "GET {path}: {body:#}");
        let keys: Vec<&String> = body["error"].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["code", "message", "where", "help"]);
        assert!(body.to_string().replace("\\\"", "\"").contains(said), "GET {path} should say `{said}`: {body:#}");
    }
    let runs = read_until(&product, "/api/runs?limit=1", |runs| runs["next"].is_string()).await;
    let cursor = runs["next"].as_str().unwrap();
    let (status, _) = http::get(&format!("{}/api/deliveries?cursor={cursor}", product.url())).await;
    assert_eq!(status, 400, "a cursor of another list");
}

#[tokio::test]
async fn a_deleted_rule_is_known_as_long_as_something_of_it_is_kept() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    read_until(&product, "/api/runs?rule=high", |runs| runs["items"][0].is_object()).await;
    let other = scene.channels(&["hook"]) + &alerts(&[("low", "level > 100", "[hook]")]);
    scene.dir.definitions("rules.yaml", &other);
    read_until(&product, "/api/alerts", |found| each(found, "name") == ["low"]).await;
    for path in ["/api/runs?rule=high&status=failed", "/api/deliveries?rule=high&state=dead"] {
        let (status, body) = http::get(&format!("{}{path}", product.url())).await;
        assert_eq!((status, &body["items"]), (200, &Value::Array(Vec::new())), "{path}");
    }
    for path in ["/api/runs?rule=never", "/api/deliveries?rule=never"] {
        assert_eq!(http::get(&format!("{}{path}", product.url())).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    for (path, allowed) in [("/api/alerts", "GET,HEAD"), ("/api/deliveries/x/retry", "POST"), ("/healthz", "GET,HEAD")]
    {
        let answer = client().delete(format!("{}{path}", product.url())).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        assert_eq!(answer.headers()["allow"], allowed, "{path}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["error"]["code"], "no_such_method");
    }
}

#[tokio::test]
async fn below_the_paths_of_others_what_is_not_there_is_told_as_their_clients_read_it() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    for (method, path, status, member) in [
        ("GET", "/v1/nothing", 404, "detail"),
        ("POST", "/v2/nothing", 404, "detail"),
        ("GET", "/api/v1/nothing", 404, "detail"),
        ("GET", "/ui-api/nothing", 404, "detail"),
        ("DELETE", "/v1/query", 405, "detail"),
        ("GET", "/v2/query", 405, "detail"),
        ("POST", "/v1/info", 405, "detail"),
        ("GET", "/v1/traces", 405, "message"),
        ("PUT", "/v1/logs/", 405, "message"),
        ("GET", "/api/nothing", 404, "error"),
    ] {
        let request = client().request(method.parse().unwrap(), format!("{}{path}", product.url()));
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.headers().contains_key("allow"), status == 405, "{method} {path}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert!(body.get(member).is_some(), "{method} {path}: {body}");
        assert!(member != "message" || body["code"] == 12, "{method} {path}: {body}");
    }
    let sent = client().post(format!("{}/v1/logs/", product.url())).header("content-type", "application/json");
    assert_eq!(sent.body("{}").send().await.unwrap().status(), 200, "a slash behind the path does no harm");
}

#[tokio::test]
async fn a_web_page_reads_nothing_through_a_name_that_leads_here() {
    let scene = Scene::with_one_rule().await;
    scene.dir.write("watchfire.yaml", "version: 1\nserver: {public_url: \"https://alerts.example.com/\"}\n");
    let product = scene.launch().start().await;
    for (host, path, status) in [
        ("evil.example", "/api/alerts", 403),
        ("evil.example:80", "/metrics", 403),
        ("127.0.0.1.evil.example", "/api/runs", 403),
        ("evil.example", "/healthz", 200),
        ("localhost:4318", "/api/alerts", 200),
        ("[::1]:1", "/api/alerts", 200),
        ("Alerts.Example.com", "/api/alerts", 200),
    ] {
        let answer = client().get(format!("{}{path}", product.url())).header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host} {path}");
        let text = answer.text().await.unwrap();
        if status == 403 {
            assert!(text.contains("foreign_host") && text.contains("server.public_url"), "{text}");
        }
    }
    let retry = format!("{}/api/deliveries/nt_x:hook/retry", product.url());
    for (origin, status) in [("https://evil.example", 403), ("null", 403), ("https://alerts.example.com", 404)] {
        let answer = client().post(&retry).header("origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), status, "{origin}");
    }
    assert_eq!(each(&read(&product, "/api/alerts").await, "name"), ["high"]);
}
