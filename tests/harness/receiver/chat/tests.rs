//! Chats answer as their vendors do, and see what harms a reader.

use super::*;
use crate::http::client;

fn slack_body() -> Value {
    json!({"text": "*FIRING* a", "unfurl_links": false, "unfurl_media": false})
}

fn discord_body() -> Value {
    json!({"content": "**FIRING** a", "allowed_mentions": {"parse": []}})
}

async fn post(url: &str, body: &Value) -> reqwest::Result<(u16, String, Option<String>)> {
    let request = client().post(url).header("content-type", "application/json").header("user-agent", "Watchfire/0.1.0");
    let response = request.timeout(Duration::from_secs(2)).body(body.to_string()).send().await?;
    let status = response.status().as_u16();
    let wish = response.headers().get("retry-after").map(|wish| wish.to_str().unwrap().to_owned());
    Ok((status, response.text().await?, wish))
}

#[tokio::test]
async fn slack_takes_what_its_rules_allow_and_says_ok() {
    let chat = ChatReceiver::slack().await;
    assert_eq!(post(chat.url(), &slack_body()).await.unwrap(), (200, "ok".to_owned(), None));
    let arrivals = chat.wait_for("one message", Duration::from_secs(5), |all| all.len() == 1).await;
    assert_eq!((arrivals[0].seen.as_str(), arrivals[0].is_taken), ("FIRING a", true));
    assert_eq!(chat.seen(), ["FIRING a"]);
    let (status, words, _) = post(chat.url(), &json!({"text": ""})).await.unwrap();
    assert_eq!((status, words.as_str()), (400, "no_text"));
    assert!(!chat.take_violations().is_empty());
    assert_eq!(chat.seen().len(), 1);
}

#[tokio::test]
async fn slack_refuses_and_throttles_in_its_own_words() {
    let chat = ChatReceiver::slack().await;
    chat.script([
        ChatAnswer::slack_throttled(3),
        ChatAnswer::slack_archived(),
        ChatAnswer::slack_no_service(),
        ChatAnswer::slack_invalid_blocks(),
        ChatAnswer::says(500, "rollup_error"),
        ChatAnswer::Close,
        ChatAnswer::Hang,
        ChatAnswer::Slow(Duration::from_millis(1)),
    ]);
    for (status, words, wish) in [
        (429, r#"{"retry_after":3,"ok":false,"error":"rate_limited"}"#, Some("3")),
        (410, "channel_is_archived", None),
        (404, "no_service", None),
        (400, "invalid_blocks", None),
        (500, "rollup_error", None),
    ] {
        let said = post(chat.url(), &slack_body()).await.unwrap();
        assert_eq!((said.0, said.1.as_str(), said.2.as_deref()), (status, words, wish));
    }
    assert!(!post(chat.url(), &slack_body()).await.unwrap_err().is_timeout());
    assert!(post(chat.url(), &slack_body()).await.unwrap_err().is_timeout());
    assert_eq!(post(chat.url(), &slack_body()).await.unwrap().0, 200);
    assert_eq!((chat.seen().len(), chat.arrivals().len()), (1, 8));
}

#[tokio::test]
async fn discord_names_a_message_only_when_it_is_asked_to() {
    let chat = ChatReceiver::discord().await;
    assert_eq!(post(chat.url(), &discord_body()).await.unwrap(), (204, String::new(), None));
    let waiting = format!("{}?thread_id=7&wait=true", chat.url());
    let (status, said, _) = post(&waiting, &discord_body()).await.unwrap();
    let arrivals = chat.arrivals();
    assert_eq!((status, arrivals[1].query.as_str()), (200, "thread_id=7&wait=true"));
    let id = serde_json::from_str::<Value>(&said).unwrap()["id"].as_str().map(str::to_owned);
    assert_eq!((arrivals[0].id.clone(), arrivals[1].id.clone()), (None, id));
}

#[tokio::test]
async fn discord_refuses_and_throttles_in_its_own_words() {
    let chat = ChatReceiver::discord().await;
    chat.script([
        ChatAnswer::discord_throttled(0.376, true),
        ChatAnswer::discord_unknown_webhook(),
        ChatAnswer::discord_invalid_token(),
        ChatAnswer::discord_invalid_form(),
    ]);
    for (status, words, wish) in [
        (429, r#""retry_after":0.376,"global":true"#, Some("1")),
        (404, "10015", None),
        (401, "50027", None),
        (400, "50035", None),
    ] {
        let said = post(chat.url(), &discord_body()).await.unwrap();
        assert!(said.0 == status && said.1.contains(words) && said.2.as_deref() == wish, "{said:?}");
    }
    let nameless =
        client().post(chat.url()).header("content-type", "application/json").body(discord_body().to_string());
    assert_eq!(nameless.send().await.unwrap().status().as_u16(), 403);
    assert_eq!(post(chat.url(), &json!({"content": "x".repeat(2_001)})).await.unwrap().0, 400);
    assert_eq!(chat.take_violations().len(), 2);
}

#[tokio::test]
#[should_panic(expected = "the rules of Slack were broken")]
async fn a_broken_rule_fails_the_test_whatever_the_answer_was() {
    let chat = ChatReceiver::slack().await;
    chat.script([ChatAnswer::says(200, "ok")]);
    post(chat.url(), &json!({"text": "<!channel>", "unfurl_links": false, "unfurl_media": false})).await.unwrap();
}
