//! What commands say when something is not as it should be: who was asked, what went wrong, what to look at.

use harness::{Answered, Launch};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::scene::Scene;

const AT: &str = "2026-11-20T06:00:00Z";

/// Runs a command over the definitions of the scene.
async fn told(scene: &Scene, args: &[&str]) -> Answered {
    let config = scene.dir.config().to_string_lossy().into_owned();
    Launch::new(&scene.dir).run(&[args, &["--config", &config]].concat()).await
}

/// What it says as JSON.
async fn json(scene: &Scene, args: &[&str]) -> Value {
    let answered = told(scene, &[args, &["--output", "json"]].concat()).await;
    serde_json::from_str(&answered.stdout).unwrap_or_else(|_| panic!("no JSON: {answered:?}"))
}

/// Somebody else's server: its address, and the answer that it gives to whatever is asked.
async fn stranger(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await;
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_server_that_is_not_watchfire_is_neither_ready_nor_without_its_store() {
    let scene = Scene::new().await;
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 302 Found\r\nlocation: /readyz\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ] {
        let url = stranger(answer).await;
        for args in [&["health"][..], &["deliveries", "retry", "nt_nothing"]] {
            let answered = scene.launch().run(&[args, &["--url", &url]].concat()).await;
            assert_eq!(answered.code, Some(2), "{args:?}: {answered:?}");
            assert!(answered.stderr.contains("not as Watchfire does; is it the right `--url`?"), "{answered:?}");
        }
    }
}

#[tokio::test]
async fn the_id_of_a_delivery_may_hold_any_character() {
    let scene = Scene::with_one_rule().await;
    let launch = scene.launch();
    let product = launch.start().await;
    let id = "nt_0:ops/team ?#%";
    let answered = launch.run(&["deliveries", "retry", id, "--url", product.url(), "--output", "json"]).await;
    let body: Value = serde_json::from_str(&answered.stdout).unwrap_or_else(|_| panic!("no JSON: {answered:?}"));
    assert_eq!((answered.code, &body["error"]["code"]), (Some(1), &Value::from("no_such_delivery")), "{body}");
    assert!(body["error"]["message"].as_str().is_some_and(|message| message.contains(id)), "{body}");
}

#[tokio::test]
async fn neither_a_proxy_nor_an_address_that_is_none_is_asked() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let launch = scene.launch().env("http_proxy", scene.receiver.url("/")).env("HTTP_PROXY", scene.receiver.url("/"));
    let answered = launch.run(&["health", "--url", product.url()]).await;
    assert_eq!((answered.code, scene.receiver.arrivals().len()), (Some(0), 0), "{answered:?}");
    let answered = launch.run(&["deliveries", "retry", "nt_nothing", "--url", product.url()]).await;
    assert_eq!((answered.code, scene.receiver.arrivals().len()), (Some(1), 0), "{answered:?}");
    for args in [&["health"][..], &["deliveries", "retry", "nt_nothing"]] {
        let answered = launch.run(&[args, &["--url", "foo"]].concat()).await;
        assert_eq!(answered.code, Some(2), "{answered:?}");
        assert!(answered.stderr.contains("`--url foo` is no address of a server; write for example"), "{answered:?}");
    }
    assert_eq!(launch.run(&["deliveries", "retry", ""]).await.code, Some(2), "an empty id is none");
}

#[tokio::test]
async fn an_address_that_is_no_database_is_said_without_being_repeated() {
    let scene = Scene::new().await;
    for args in [&["runs"][..], &["migrate"], &["deliveries", "list"]] {
        let answered = scene.launch().run(&[args, &["--database-url", "mysql://u:hunter2@h/d"]].concat()).await;
        assert_eq!(answered.code, Some(2), "{answered:?}");
        assert!(answered.stderr.contains("write `postgres://") && !answered.stderr.contains("hunter2"), "{answered:?}");
    }
}

#[tokio::test]
async fn a_test_message_that_does_not_arrive_says_where_it_went_and_what_to_look_at() {
    let scene = Scene::with_one_rule().await;
    let closed = "channels:\n  - {name: gone, type: slack, url: \"http://127.0.0.1:1/services/T0/t0p-s3cret\"}\n";
    scene.dir.definitions("closed.yaml", closed);
    let answered = told(&scene, &["channels", "test", "gone"]).await;
    assert_eq!(answered.code, Some(1), "{answered:?}");
    let said = answered.stdout.trim_end();
    assert!(said.starts_with("gone: not delivered (transient): http://127.0.0.1:1/… ("), "{said}");
    assert!(said.contains("Connection refused") && said.ends_with("is the address right?"), "{said}");
    assert!(!said.contains("client error") && !said.contains("t0p-s3cret"), "{said}");
}

#[tokio::test]
async fn a_dry_run_is_json_for_every_kind_of_channel() {
    let scene = Scene::new().await;
    scene.dir.definitions("channels.yaml", "channels:\n  - {name: page, type: opsgenie, auth_key: \"${KEY}\"}\n");
    scene.dir.definitions(
        "mail.yaml",
        "channels:\n  - name: mail\n    type: email\n    smtp: {host: mail.example.com}\n    \
         from: Watchfire <w@example.com>\n    to: [ann@example.com]\n",
    );
    let config = scene.dir.config().to_string_lossy().into_owned();
    let launch = scene.launch().env("KEY", "t0p-s3cret");
    let dry = async |name: &str, event: &str| {
        let args = ["channels", "test", name, "--event", event, "--dry-run", "--output", "json", "--config", &config];
        let answered = launch.run(&args).await;
        assert_eq!(answered.code, Some(0), "{answered:?}");
        serde_json::from_str::<Value>(&answered.stdout).unwrap_or_else(|_| panic!("no JSON: {answered:?}"))
    };
    let mail = dry("mail", "test").await;
    assert_eq!((&mail["from"], &mail["to"][0]), (&"w@example.com".into(), &"ann@example.com".into()), "{mail}");
    assert_eq!((&mail["method"], &mail["url"]), (&"SMTP".into(), &"smtp://mail.example.com:587".into()), "{mail}");
    let whole = mail["body"].as_str().unwrap_or_default();
    assert!(whole.contains("Subject: [test] Test message from Watchfire"), "{mail}");
    let nothing = dry("page", "report.ready").await;
    assert!(nothing["method"].is_null() && nothing["reason"].is_string(), "{nothing}");
    let closed = dry("page", "alert.resolved").await;
    assert!(closed["url"].as_str().is_some_and(|url| url.contains("/close?… (")), "{closed}");
}

#[tokio::test]
async fn a_run_that_would_tell_nobody_says_why_and_one_that_fails_is_a_no() {
    let scene = Scene::with_one_rule().await;
    scene.level(4);
    let rule = |name: &str, rest: &str| {
        format!(
            "  - {{name: {name}, query: SELECT level FROM levels, every: 1m, window: none, notify: [hook], {rest}}}\n"
        )
    };
    let rules = [
        ("held", "when: level > 0, for: 3m"),
        ("clear", "when: level > 9"),
        ("broken", "when: \"1 / (level - 4) > 0\""),
    ];
    let text = rules.iter().fold("alerts:\n".to_owned(), |text, (name, rest)| text + &rule(name, rest));
    scene.dir.definitions("more.yaml", &text);
    for (name, code, why) in [
        ("held", 0, "it matches and is pending: `for: 3m` needs earlier runs"),
        ("clear", 0, "nothing matches"),
        ("broken", 1, "its query failed"),
    ] {
        let answered = told(&scene, &["run", name, "--at", AT]).await;
        assert_eq!(answered.code, Some(code), "{name}: {answered:?}");
        assert!(answered.stdout.contains(&format!("would send nothing: {why}")), "{name}: {answered:?}");
    }
}

#[tokio::test]
async fn check_tells_of_a_missing_file_once() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions(
        "more.yaml",
        "sources:\n  - {name: later, type: ndjson, path: later.ndjson}\nalerts:\n  \
         - {name: a, query: SELECT * FROM records, when: level = 'error', notify: [hook]}\n  \
         - {name: b, query: SELECT level FROM later, when: level > 1, notify: [hook]}\n",
    );
    let codes = |found: &Value| -> Vec<String> {
        let found = found.as_array().unwrap().iter().filter(|one| one["file"].as_str().unwrap().ends_with("more.yaml"));
        found.map(|one| format!("{} {}", one["line"], one["code"].as_str().unwrap())).collect()
    };
    assert_eq!(codes(&json(&scene, &["check"]).await), ["3 missing_file"]);
    scene.dir.write("later.ndjson", "{\"level\":1}\n");
    scene.dir.definitions("records.yaml", "sources:\n  - {name: records, type: ndjson, path: later.ndjson}\n");
    assert_eq!(codes(&json(&scene, &["check"]).await), [""; 0]);
}

#[tokio::test]
async fn next_of_nothing_names_both_ways_to_ask() {
    let answered = Scene::new().await.launch().run(&["next"]).await;
    assert_eq!(answered.code, Some(2), "{answered:?}");
    assert!(answered.stderr.contains("next RULE --config DIR") && answered.stderr.contains("--cron"), "{answered:?}");
}
