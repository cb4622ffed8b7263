//! Mail through a server that is strict, that refuses, that falls silent, and that speaks TLS.

#![expect(clippy::unwrap_used, reason = "tests")]

mod paging;

use std::time::Duration;

use harness::receiver::smtp::{Say, Settings, Smtp, Step, Tls};
use mail_parser::MessageParser;
use watchfire_channels::{Answer, EmailSpec, Presentation, Scope, SendOutcome, Sender, SmtpSpec, SmtpTls, Wire, email};

/// Longer than any local talk takes.
const TIMEOUT: Duration = Duration::from_secs(20);

/// For servers that never answer.
const SHORT: Duration = Duration::from_millis(800);

const PASSWORD: &str = "s3cret-pass";

/// The same mail at each attempt, to three receivers.
fn wire(server: &Smtp, tls: SmtpTls, password: Option<&str>) -> Wire {
    let spec = EmailSpec {
        smtp: SmtpSpec {
            host: "localhost".into(),
            port: server.port(),
            tls,
            username: password.map(|_| "ops".to_owned()),
            password: password.map(Into::into),
        },
        from: "Watchfire <watchfire@alerts.example.com>".into(),
        to: vec!["ann@example.com".into(), "bob@example.com".into(), "cat@example.com".into()],
    };
    let (case, presentation) = (paging::firing(), Presentation::default());
    email::render(&spec, &case.message, &case.telling(&presentation, None), false).unwrap()
}

async fn sent(server: &Smtp) -> Answer {
    Sender::new(TIMEOUT).unwrap().send(&wire(server, SmtpTls::None, None)).await
}

fn later() -> SendOutcome {
    SendOutcome::Throttled { after: Some(Duration::from_mins(5)), scope: Scope::Message }
}

/// The server itself puts us off: other mails wait too.
fn busy() -> SendOutcome {
    SendOutcome::Throttled { after: Some(Duration::from_mins(5)), scope: Scope::Channel }
}

fn to(name: &str) -> Step {
    Step::To(format!("{name}@example.com"))
}

#[tokio::test]
async fn a_mail_arrives_once_for_all_its_receivers() {
    let server = Smtp::start(Settings::default()).await;
    let answer = sent(&server).await;
    let SendOutcome::Sent { remote: Some(remote) } = answer.outcome else { panic!("{answer:?}") };
    assert_eq!((answer.status, answer.detail.as_str()), (Some(250), "250 2.0.0 Ok: queued as 4XyZ"));
    let [mail] = &server.mails()[..] else { panic!("one mail") };
    assert_eq!(mail.from, "watchfire@alerts.example.com");
    assert_eq!(mail.to, ["ann@example.com", "bob@example.com", "cat@example.com"]);
    let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
    assert_eq!(parsed.subject(), Some("[critical] error-rate: checkout"));
    assert!(remote.contains(parsed.message_id().unwrap()), "{remote}");
}

#[tokio::test]
async fn each_refusal_has_its_outcome_and_its_words() {
    for (step, code, outcome) in [
        (Step::Greeting, 421, busy()),
        (Step::Greeting, 554, SendOutcome::Config),
        (Step::From, 451, busy()),
        (Step::From, 530, SendOutcome::Config),
        (Step::From, 550, SendOutcome::Config),
        (Step::From, 552, SendOutcome::Payload),
        (to("ann"), 421, busy()),
        (Step::Data, 451, later()),
        (Step::Data, 554, SendOutcome::Payload),
        (Step::Body, 452, later()),
        (Step::Body, 554, SendOutcome::Payload),
    ] {
        let server = Smtp::start(Settings::default()).await;
        server.script(step.clone(), [Say::Reply(code, "so be it")]);
        let answer = sent(&server).await;
        assert_eq!((answer.outcome, answer.status), (outcome, Some(code)), "{step:?} {code}");
        assert!(answer.detail.ends_with(&format!("{code} so be it")), "{}", answer.detail);
        assert_eq!(server.mails(), []);
    }
}

#[tokio::test]
async fn a_dead_receiver_does_not_keep_the_mail_from_the_others() {
    let server = Smtp::start(Settings::default()).await;
    server.script(to("bob"), [Say::Reply(550, "5.1.1 bob@example.com: no such user")]);
    let answer = sent(&server).await;
    assert!(matches!(answer.outcome, SendOutcome::Sent { .. }), "{answer:?}");
    assert_eq!(
        answer.detail,
        "250 2.0.0 Ok: queued as 4XyZ\nnot for b…@example.com: 550 5.1.1 b…@example.com: no such user"
    );
    assert_eq!(server.mails()[0].to, ["ann@example.com", "cat@example.com"]);
}

#[tokio::test]
async fn a_mail_whose_receivers_are_all_dead_never_arrives() {
    let server = Smtp::start(Settings::default()).await;
    for (name, code) in [("ann", 550), ("bob", 551), ("cat", 553)] {
        server.script(to(name), [Say::Reply(code, "no")]);
    }
    let answer = sent(&server).await;
    assert_eq!(answer.outcome, SendOutcome::Payload);
    assert_eq!(
        answer.detail,
        "not for a…@example.com: 550 no\nnot for b…@example.com: 551 no\nnot for c…@example.com: 553 no"
    );
}

#[tokio::test]
async fn who_has_the_mail_does_not_get_it_again_when_another_was_put_off() {
    let server = Smtp::start(Settings::default()).await;
    server.script(to("cat"), [Say::Reply(450, "greylisted")]);
    let sender = Sender::new(TIMEOUT).unwrap();
    let wire = wire(&server, SmtpTls::None, None);
    let first = sender.send(&wire).await;
    assert_eq!(
        (first.outcome, first.detail.as_str()),
        (later(), "250 2.0.0 Ok: queued as 4XyZ\nnot yet for c…@example.com: 450 greylisted")
    );
    assert!(matches!(sender.send(&wire).await.outcome, SendOutcome::Sent { .. }));
    let told: Vec<Vec<String>> = server.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(told, [vec!["ann@example.com", "bob@example.com"], vec!["cat@example.com"]]);
}

#[tokio::test]
async fn silence_before_the_mail_is_transient_and_after_it_unknown() {
    for (step, say, outcome) in [
        (Step::Greeting, Say::Hang, SendOutcome::Transient),
        (Step::Hello, Say::Close, SendOutcome::Transient),
        (Step::From, Say::Hang, SendOutcome::Transient),
        (to("bob"), Say::Close, SendOutcome::Transient),
        (Step::Data, Say::Hang, SendOutcome::Transient),
        (Step::Body, Say::Hang, SendOutcome::Unknown),
        (Step::Body, Say::Close, SendOutcome::Unknown),
    ] {
        let server = Smtp::start(Settings::default()).await;
        server.script(step.clone(), [say.clone()]);
        let answer = Sender::new(SHORT).unwrap().send(&wire(&server, SmtpTls::None, None)).await;
        assert_eq!((answer.outcome, answer.status), (outcome, None), "{step:?} {say:?}: {}", answer.detail);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_transient() {
    let server = Smtp::start(Settings::default()).await;
    let wire = wire(&server, SmtpTls::None, None);
    let Wire::Mail(mut mail) = wire else { panic!("mail") };
    mail.smtp.port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(Sender::new(TIMEOUT).unwrap().send(&Wire::Mail(mail)).await.outcome, SendOutcome::Transient);
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_refused_for_good() {
    let server = Smtp::start(Settings { bytes_max: 1_000, ..Settings::default() }).await;
    assert_eq!(sent(&server).await.outcome, SendOutcome::Payload);
}

fn login() -> Settings {
    Settings { login: Some(("ops", PASSWORD)), ..Settings::default() }
}

#[tokio::test]
async fn the_right_login_is_taken_over_tls_of_either_kind() {
    for (tls, ours) in [(Tls::Starttls, SmtpTls::Starttls), (Tls::Implicit, SmtpTls::Implicit)] {
        let server = Smtp::start(Settings { tls, ..login() }).await;
        let sender = Sender::new(TIMEOUT).unwrap().with_mail_root(server.root().as_bytes()).unwrap();
        let answer = sender.send(&wire(&server, ours, Some(PASSWORD))).await;
        assert!(matches!(answer.outcome, SendOutcome::Sent { .. }), "{answer:?}");
        let mail = &server.mails()[0];
        assert_eq!((mail.is_encrypted, mail.user.as_deref()), (true, Some("ops")));
    }
}

#[tokio::test]
async fn a_wrong_login_breaks_the_channel_and_its_password_is_shown_nowhere() {
    let server = Smtp::start(login()).await;
    let answer = Sender::new(TIMEOUT).unwrap().send(&wire(&server, SmtpTls::None, Some("wr0ng-pass"))).await;
    assert_eq!((answer.outcome.clone(), answer.status), (SendOutcome::Config, Some(535)));
    assert_eq!(answer.detail, "logging in: 535 5.7.8 no such login: ops [removed]");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_or_that_has_expired_breaks_the_channel() {
    for has_expired in [false, true] {
        let server = Smtp::start(Settings { tls: Tls::Implicit, has_expired, ..login() }).await;
        let mut sender = Sender::new(TIMEOUT).unwrap();
        if has_expired {
            sender = sender.with_mail_root(server.root().as_bytes()).unwrap();
        }
        let answer = sender.send(&wire(&server, SmtpTls::Implicit, Some(PASSWORD))).await;
        assert_eq!(answer.outcome, SendOutcome::Config, "{}", answer.detail);
        assert!(answer.detail.contains("certificate"), "{}", answer.detail);
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_sent_in_the_clear() {
    let server = Smtp::start(Settings { tls: Tls::None, ..login() }).await;
    let answer = Sender::new(TIMEOUT).unwrap().send(&wire(&server, SmtpTls::Starttls, Some(PASSWORD))).await;
    assert_eq!((answer.outcome, server.mails()), (SendOutcome::Config, vec![]));
    assert!(answer.detail.contains("STARTTLS"), "{}", answer.detail);
}
