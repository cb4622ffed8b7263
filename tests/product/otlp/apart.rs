//! What is of one project is shown to no other.

use harness::http::client;
use harness::{Launch, Product};
use serde_json::{Value, json};

use super::{ADMIN, READ, furnished, told, with_tokens};
use crate::scene::{SOON, Scene, alerts};

/// Reads what is of the project `mail`.
const MAIL: &str = "pylf_v1_local_mailread0123456789";
/// A project `mail` with a source and a rule of its own.
const PROJECT: &str = "\
projects:
  - {name: mail, id: 8, tokens: [{name: reader, scope: read, value: \"${WF_MAIL_TOKEN}\"}]}
sources:
  - {name: letters, type: ndjson, path: letters.ndjson, project: mail}
";

/// The projects `shop` and `mail`, and a rule of `mail` that tells the channel `postman`.
async fn two_projects() -> (Scene, Launch) {
    let (scene, launch) = with_tokens().await;
    scene.dir.write("letters.ndjson", "{\"sender\":\"a friend\"}\n");
    let rule = alerts(&[("letters", "n > 0", "[postman]")]);
    let rule = rule.replace("SELECT level FROM levels", "SELECT count(*) AS n FROM letters\n    project: mail");
    scene.dir.definitions("mail.yaml", &(PROJECT.to_owned() + &scene.channels(&["postman"]) + &rule));
    let launch = furnished(launch).env("WF_MAIL_TOKEN", MAIL);
    (scene, launch)
}

/// Asks a path with a token; the status and the JSON.
async fn ask(product: &Product, token: &str, path: &str) -> (u16, Value) {
    let told = told(client().get(format!("{}{path}", product.url())).bearer_auth(token)).await;
    (told.status, serde_json::from_slice(&told.body).unwrap_or_else(|_| panic!("{path}: {told:?}")))
}

#[tokio::test]
async fn a_source_is_a_table_of_its_own_project_alone() {
    let (scene, launch) = two_projects().await;
    let product = launch.start().await;
    scene.told("alert.started", "letters").await;
    let (status, found) = ask(&product, MAIL, "/v1/query?json_rows=true&sql=SELECT+sender+FROM+letters").await;
    assert_eq!((status, &found["rows"]), (200, &json!([{"sender": "a friend"}])), "{found}");
    for token in [READ, ADMIN] {
        let (status, found) = ask(&product, token, "/v1/query?sql=SELECT+sender+FROM+letters").await;
        assert_eq!(status, 400, "{found}");
        assert!(!found.to_string().contains("a friend"), "{found}");
    }
    let body = json!({"sql": "SELECT sender FROM letters", "min_timestamp": "2026-01-01T00:00:00Z"});
    for (token, status) in [(MAIL, 200), (READ, 400), (ADMIN, 400)] {
        let request = client().post(format!("{}/v2/query", product.url())).bearer_auth(token).json(&body);
        let told = told(request).await;
        assert_eq!((told.status, told.text().contains("a friend")), (status, status == 200), "{told:?}");
    }
}

#[tokio::test]
async fn channels_are_suggested_to_those_whose_rules_tell_them() {
    let (_scene, launch) = two_projects().await;
    let product = launch.start().await;
    for (token, path, suggested) in [
        (MAIL, "/api/deliveries?channel=postmann", true),
        (READ, "/api/deliveries?channel=postmann", false),
        (READ, "/api/deliveries?channel=postman&state=dead", false),
        (ADMIN, "/api/deliveries?channel=postmann", true),
    ] {
        let (status, found) = ask(&product, token, path).await;
        assert_eq!((status, &found["error"]["code"]), (404, &json!("no_such_channel")), "{found}");
        assert_eq!(found["error"]["help"].to_string().contains("`postman`"), suggested, "{path}: {found}");
    }
    assert_eq!(ask(&product, MAIL, "/api/deliveries?channel=postman&state=dead").await.0, 200);
}

#[tokio::test]
async fn mistakes_in_definitions_are_shown_to_admins_and_counted_for_others() {
    let (scene, launch) = two_projects().await;
    let product = launch.start().await;
    let (_, shown) = ask(&product, READ, "/api/definitions").await;
    assert_eq!((&shown["rules"], &shown["refused"]), (&json!(0), &Value::Null), "{shown}");
    assert_eq!(ask(&product, MAIL, "/api/definitions").await.1["rules"], 1);
    let from = product.log().lines().len();
    let bad = alerts(&[("secret-rule", "n > 0", "[nobody]")]).replace("SELECT level", "SELECT salary");
    scene.dir.definitions("bad.yaml", &bad);
    product.wait_for_line(from, "Changed definitions are refused", SOON).await;
    let (_, shown) = ask(&product, ADMIN, "/api/definitions").await;
    assert_eq!(shown["rules"], 2, "{shown}");
    assert!(shown["refused"]["problems"].to_string().contains("secret-rule"), "{shown}");
    for token in [READ, MAIL] {
        let (_, shown) = ask(&product, token, "/api/definitions").await;
        let problems = shown["refused"]["problems"].to_string();
        assert!(problems.contains("mistake(s)") && problems.contains("admin"), "{shown}");
        assert!(["secret-rule", "nobody", "salary"].iter().all(|word| !problems.contains(word)), "{shown}");
    }
}
