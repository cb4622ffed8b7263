//! Mail through a server that others wrote. Needs a Python that has aiosmtpd, in `WATCHFIRE_TEST_PYTHON`;
//! `./test.sh` provides it, and says so when it cannot.

#![expect(clippy::unwrap_used, reason = "tests")]

mod paging;

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use watchfire_channels::{EmailSpec, Presentation, Scope, SendOutcome, Sender, SmtpSpec, SmtpTls, email};
use watchfire_model::{Column, ColumnType, Value};

const TIMEOUT: Duration = Duration::from_secs(20);

struct Server {
    /// Ends with the test: its input closes, and what is left is killed.
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Server {
    /// `None` where there is no such server on this machine.
    async fn start() -> Option<Self> {
        let python = std::env::var_os("WATCHFIRE_TEST_PYTHON")?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/mail_server.py");
        let mut command = Command::new(python);
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = next(&mut lines).await.parse().unwrap();
        Some(Self { _child: child, lines, port })
    }
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    tokio::time::timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap().expect("the server says something")
}

#[tokio::test]
async fn a_server_that_others_wrote_reads_the_mail_as_it_was_meant() {
    let Some(mut server) = Server::start().await else {
        eprintln!("skipped: WATCHFIRE_TEST_PYTHON names no Python that has aiosmtpd");
        return;
    };
    let spec = EmailSpec {
        smtp: SmtpSpec {
            host: "127.0.0.1".into(),
            port: server.port,
            tls: SmtpTls::None,
            username: None,
            password: None,
        },
        from: "Wächter <watchfire@alerts.example.com>".into(),
        to: vec!["ann@example.com".into(), "dead@example.com".into(), "later@example.com".into()],
    };
    let mut case = paging::report();
    case.message.title = "Größe 日本 🔴".to_owned();
    case.notification.columns = vec![Column { name: "model".into(), kind: ColumnType::String }];
    case.notification.rows = vec![vec![Value::String("größe".into())]];
    let presentation = Presentation::default();
    let wire = email::render(&spec, &case.message, &case.telling(&presentation, None), true).unwrap();
    let sender = Sender::new(TIMEOUT).unwrap();

    let first = sender.send(&wire).await;
    assert_eq!(
        first.outcome,
        SendOutcome::Throttled { after: Some(Duration::from_mins(5)), scope: Scope::Message },
        "{}",
        first.detail
    );
    let seen: Json = serde_json::from_str(&next(&mut server.lines).await).unwrap();
    assert_eq!((&seen["to"], &seen["defects"]), (&serde_json::json!(["ann@example.com"]), &serde_json::json!([])));
    assert_eq!(seen["subject"], "Größe 日本 🔴");
    assert!(seen["parts"]["text/plain"].as_str().unwrap().contains("showing 3 of 200"), "{seen:#}");
    assert!(seen["parts"]["text/html"].as_str().unwrap().contains("<td align=\"left\">größe</td>"), "{seen:#}");
    assert_eq!(seen["parts"]["text/csv"].as_str().unwrap().replace("\r\n", "\n"), "\u{feff}model\ngröße\n");

    let second = sender.send(&wire).await;
    assert!(matches!(second.outcome, SendOutcome::Sent { .. }), "{second:?}");
    let again: Json = serde_json::from_str(&next(&mut server.lines).await).unwrap();
    assert_eq!((&again["to"], &again["id"]), (&serde_json::json!(["later@example.com"]), &seen["id"]));
}
