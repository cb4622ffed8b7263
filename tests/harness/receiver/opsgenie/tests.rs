//! The desk sees each broken limit and keeps alerts as the real one does.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::http::client;

async fn post(desk: &Opsgenie, path: &str, body: &Value) -> (u16, Value) {
    let request = client().post(format!("{}{path}", desk.base_url())).header("authorization", "GenieKey key-1");
    let response = request.timeout(Duration::from_secs(5)).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn result(desk: &Opsgenie, id: &str) -> (u16, Value) {
    let address = format!("{}/v2/alerts/requests/{id}", desk.base_url());
    let response = client().get(address).header("authorization", "GenieKey key-1").send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[test]
fn every_broken_rule_is_seen() {
    let long = |length| "x".repeat(length);
    for (body, words) in [
        (json!({}), "message can not be empty"),
        (json!({"message": " "}), "message can not be empty"),
        (json!({"message": long(131)}), "message can not be longer than 130 characters"),
        (json!({"message": "🔴".repeat(66)}), "message can not be longer than 130 characters"),
        (json!({"message": 1}), "message is not a text"),
        (json!({"message": "a\u{0}"}), "message holds a NUL"),
        (json!({"message": "a", "alias": long(513)}), "alias can not be longer than 512 characters"),
        (json!({"message": "a", "alias": "a/b"}), "alias has characters that break addresses"),
        (json!({"message": "a", "description": long(15_001)}), "description can not be longer than 15000 characters"),
        (json!({"message": "a", "entity": long(513)}), "entity can not be longer than 512 characters"),
        (json!({"message": "a", "source": long(101)}), "source can not be longer than 100 characters"),
        (json!({"message": "a", "priority": "high"}), "priority is not one of P1 to P5"),
        (json!({"message": "a", "tags": vec!["t"; 21]}), "tags has more than 20 entries"),
        (json!({"message": "a", "tags": [long(51)]}), "tags holds a text longer than 50 characters"),
        (json!({"message": "a", "tags": [1]}), "tags holds what is no text"),
        (json!({"message": "a", "tags": "t"}), "tags is not a list"),
        (json!({"message": "a", "details": {"a": 1}}), "details holds a value that is no text"),
        (json!({"message": "a", "details": {"a": long(8_000)}}), "details has more than 8000 characters"),
        (json!({"message": "a", "details": []}), "details is not an object"),
        (json!({"message": "a", "responders": [{"name": "x"}]}), "responders holds an entry without type and name"),
        (
            json!({"message": "a", "responders": vec![json!({"type": "team", "name": "x"}); 51]}),
            "responders has more than 50 entries",
        ),
        (json!({"message": "a", "colour": "red"}), "colour is not a field"),
    ] {
        let problems: Vec<String> = alert_problems(&body).into_iter().map(|(_, words)| words).collect();
        assert_eq!(problems, [words], "{body}");
    }
    assert_eq!(alert_problems(&json!([]))[0].1, "body is not an object");
    assert_eq!(note_problems(&json!({"note": long(25_001)})).len(), 1);
    assert_eq!(note_problems(&json!({"note": "a", "user": "b", "source": "c"})), []);
}

#[tokio::test]
async fn an_open_alert_counts_keeps_its_text_takes_notes_and_is_closed_once() {
    let desk = Opsgenie::start("key-1").await;
    for text in ["first", "second"] {
        let (status, reply) = post(&desk, "/v2/alerts", &json!({"message": text, "alias": "th_1"})).await;
        assert_eq!(status, 202);
        let (_, result) = result(&desk, reply["requestId"].as_str().unwrap()).await;
        assert_eq!(result["data"]["isSuccess"], true);
    }
    post(&desk, "/v2/alerts/th_1/notes?identifierType=alias", &json!({"note": "more"})).await;
    let alert = desk.open_alert("th_1").unwrap();
    assert_eq!((alert.count, alert.body["message"].as_str(), alert.notes), (2, Some("first"), vec!["more".to_owned()]));
    for is_success in [true, false] {
        let (status, reply) = post(&desk, "/v2/alerts/th_1/close?identifierType=alias", &json!({"note": "over"})).await;
        let (_, result) = result(&desk, reply["requestId"].as_str().unwrap()).await;
        assert_eq!((status, &result["data"]["isSuccess"]), (202, &json!(is_success)));
    }
    assert_eq!((desk.open_alert("th_1"), desk.alerts()[0].is_open, desk.calls().len()), (None, false, 9));
}

#[tokio::test]
async fn it_answers_as_its_script_says_and_refuses_what_is_wrong() {
    let desk = Opsgenie::start("key-1").await;
    let good = json!({"message": "a", "alias": "th_1"});
    desk.script([
        Treatment::Throttled(30),
        Treatment::Status(503, "busy"),
        Treatment::FailsLater("no"),
        Treatment::Forgotten,
    ]);
    assert_eq!(post(&desk, "/v2/alerts", &good).await.0, 429);
    assert_eq!(
        post(&desk, "/v2/alerts", &good).await,
        (503, json!({"message": "busy", "took": 0.001, "requestId": "0f2a"}))
    );
    let (_, failed) = post(&desk, "/v2/alerts", &good).await;
    let (_, why) = result(&desk, failed["requestId"].as_str().unwrap()).await;
    assert_eq!((why["data"]["status"].as_str(), desk.alerts().len()), (Some("no"), 0));
    let (_, forgotten) = post(&desk, "/v2/alerts", &good).await;
    assert_eq!(result(&desk, forgotten["requestId"].as_str().unwrap()).await.0, 404);
    let (status, reply) = post(&desk, "/v2/alerts", &json!({"message": ""})).await;
    assert_eq!((status, &reply["errors"]["message"]), (422, &json!("message can not be empty")));
    assert_eq!(post(&desk, "/v2/alert", &good).await.0, 404);
    assert_eq!(post(&desk, "/v2/alerts/th_1/close", &json!({})).await.0, 404);
    let stranger = client().post(format!("{}/v2/alerts", desk.base_url())).json(&good).send().await.unwrap();
    assert_eq!(stranger.status().as_u16(), 401);
}
