//! The server says what its script says, and sees each broken rule.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends each line and returns the code of each reply, the greeting's first. What gets no reply has code 0.
async fn talk(server: &Smtp, lines: &[&str]) -> Vec<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    let mut codes = vec![reply(&mut stream).await];
    for line in lines {
        stream.write_all(line.as_bytes()).await.unwrap();
        codes.push(reply(&mut stream).await);
    }
    codes
}

async fn reply(stream: &mut TcpStream) -> u16 {
    let mut text = String::new();
    let mut bytes = [0; 512];
    loop {
        let read = tokio::time::timeout(TIMEOUT, stream.read(&mut bytes)).await.unwrap().unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        let last = text.lines().last().unwrap_or_default();
        if read == 0 || text.ends_with("\r\n") && last.as_bytes().get(3) == Some(&b' ') {
            return last.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
        }
    }
}

#[tokio::test]
async fn a_mail_is_kept_with_its_envelope_and_its_dots() {
    let server = Smtp::start(Settings::default()).await;
    let lines = [
        "EHLO me\r\n",
        "MAIL FROM:<a@b>\r\n",
        "RCPT TO:<c@d>\r\n",
        "RCPT TO:<e@f>\r\n",
        "DATA\r\n",
        "Subject: x\r\n\r\n..dot\r\n.\r\n",
        "QUIT\r\n",
    ];
    assert_eq!(talk(&server, &lines).await, [220, 250, 250, 250, 250, 354, 250, 221]);
    let mail = Mail {
        from: "a@b".into(),
        to: vec!["c@d".into(), "e@f".into()],
        bytes: b"Subject: x\r\n\r\n.dot\r\n".to_vec(),
        is_encrypted: false,
        user: None,
    };
    assert_eq!((server.mails(), server.connections()), (vec![mail], 1));
}

#[tokio::test]
async fn the_script_speaks_once_at_its_step() {
    let server = Smtp::start(Settings { bytes_max: 20, ..Settings::default() }).await;
    server.script(Step::Greeting, [Say::Reply(554, "no")]);
    server.script(Step::From, [Say::Reply(451, "later")]);
    server.script(Step::To("c@d".into()), [Say::Reply(550, "no such user")]);
    server.script(Step::Data, [Say::Reply(450, "later")]);
    assert_eq!(talk(&server, &[]).await, [554]);
    let from = "MAIL FROM:<a@b>\r\n";
    let lines =
        ["EHLO me\r\n", from, from, "RCPT TO:<c@d>\r\n", "RCPT TO:<c@d>\r\n", "DATA\r\n", "DATA\r\n", "a\r\n.\r\n"];
    assert_eq!(talk(&server, &lines).await, [220, 250, 451, 250, 550, 250, 450, 354, 250]);
    let large = ["EHLO me\r\n", from, "RCPT TO:<c@d>\r\n", "DATA\r\n", "a: xxxxxxxxxxxxxxxxxxxxxxxxxx\r\n.\r\n"];
    assert_eq!(talk(&server, &large).await, [220, 250, 250, 250, 354, 552]);
    server.script(Step::Hello, [Say::Close]);
    assert_eq!(talk(&server, &["EHLO me\r\n"]).await, [220, 0]);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn without_the_right_login_nothing_is_taken() {
    let server = Smtp::start(Settings { login: Some(("ops", "s3cret")), ..Settings::default() }).await;
    let from = "MAIL FROM:<a@b>\r\n";
    let wrong = ["EHLO me\r\n", from, "AUTH PLAIN AG9wcwB3cm9uZw==\r\n", from];
    assert_eq!(talk(&server, &wrong).await, [220, 250, 503, 535, 503]);
    let right = ["EHLO me\r\n", "AUTH PLAIN AG9wcwBzM2NyZXQ=\r\n", from];
    assert_eq!(talk(&server, &right).await, [220, 250, 235, 250]);
}

#[tokio::test]
async fn every_broken_rule_is_seen() {
    for (line, rule) in [
        ("NOOP\n".to_owned(), "a line does not end with CR LF"),
        (format!("NOOP {}\r\n", "x".repeat(1_000)), "a line has more than 998 bytes"),
        ("NOOP\r \r\n".to_owned(), "a CR stands alone"),
        ("NOOP \0\r\n".to_owned(), "a line holds a NUL"),
        ("NOOP é\r\n".to_owned(), "a line holds bytes beyond ASCII, and nobody agreed on that"),
    ] {
        let server = Smtp::start(Settings::default()).await;
        talk(&server, &[&line]).await;
        assert_eq!(server.take_violations(), [rule], "{line:?}");
    }
}
