//! Every type of channel, whole, as its file describes it.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use secrecy::{ExposeSecret, SecretString};
use watchfire_channels::{ChannelSpec, SmtpTls, Target};
use watchfire_config::load;

/// Loads one channel and expects no mistake in it, not even a warning. `key.txt` holds a secret.
fn channel(body: &str) -> ChannelSpec {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key.txt"), "from-file\n").unwrap();
    fs::write(folder.path().join("url.txt"), "https://example.com/from-file\n").unwrap();
    fs::write(folder.path().join("channels.yaml"), format!("version: 1\nchannels:\n  - {{name: c, {body}}}\n"))
        .unwrap();
    let environment = |name: &str| match name {
        "URL" => Some("https://example.com/hook".to_owned()),
        "KEY" => Some("from-environment".to_owned()),
        "HOST" => Some("mail.example.com".to_owned()),
        "ONCALL" => Some("oncall@example.com".to_owned()),
        _ => None,
    };
    let loaded = load(folder.path(), &environment).unwrap();
    let rendered: String = loaded.problems.iter().map(|problem| loaded.render(problem)).collect();
    assert!(loaded.problems.is_empty(), "{rendered}");
    assert_eq!(loaded.definitions.channels.len(), 1);
    loaded.definitions.channels.into_iter().next().unwrap()
}

fn shown(secret: &SecretString) -> &str {
    secret.expose_secret()
}

#[test]
fn a_slack_channel_shows_details_in_an_attachment_unless_it_says_blocks() {
    for (body, url, plain_blocks) in [
        ("type: slack, url: '${URL}'", "https://example.com/hook", false),
        ("type: slack, url: {file: url.txt}, layout: attachment", "https://example.com/from-file", false),
        ("type: slack, url: '${URL}', layout: blocks", "https://example.com/hook", true),
    ] {
        let Target::Slack(slack) = channel(body).target else { panic!("{body}") };
        assert_eq!((shown(&slack.url), slack.plain_blocks), (url, plain_blocks), "{body}");
    }
}

#[test]
fn a_discord_channel_may_name_a_thread() {
    for (body, thread) in [
        ("type: discord, url: '${URL}'", None),
        ("type: discord, url: '${URL}', thread_id: 1308000000000000000", Some("1308000000000000000")),
        ("type: discord, url: {file: url.txt}, thread_id: '7'", Some("7")),
    ] {
        let Target::Discord(discord) = channel(body).target else { panic!("{body}") };
        assert_eq!(discord.thread_id.as_deref(), thread, "{body}");
        assert!(shown(&discord.url).starts_with("https://example.com/"), "{body}");
    }
}

#[test]
fn opsgenie_and_jira_service_management_differ_in_their_address() {
    for (body, key, base) in [
        ("type: opsgenie, auth_key: '${KEY}'", "from-environment", "https://api.opsgenie.com"),
        ("type: opsgenie, auth_key: {file: key.txt}, base_url: us", "from-file", "https://api.opsgenie.com"),
        ("type: opsgenie, auth_key: '${KEY}', base_url: eu", "from-environment", "https://api.eu.opsgenie.com"),
        (
            "type: opsgenie, auth_key: '${KEY}', base_url: jsm",
            "from-environment",
            "https://api.atlassian.com/jsm/ops/integration",
        ),
        ("type: jsm, auth_key: '${KEY}'", "from-environment", "https://api.atlassian.com/jsm/ops/integration"),
        (
            "type: jsm, auth_key: '${KEY}', base_url: 'http://127.0.0.1:9/stand-in/'",
            "from-environment",
            "http://127.0.0.1:9/stand-in",
        ),
    ] {
        let Target::Opsgenie(opsgenie) = channel(body).target else { panic!("{body}") };
        assert_eq!((shown(&opsgenie.auth_key), opsgenie.base_url.as_str()), (key, base), "{body}");
    }
    let Target::Opsgenie(called) = channel("type: jsm, auth_key: '${KEY}', teams: [sre, platform]").target else {
        panic!("it is an Opsgenie channel")
    };
    assert_eq!(called.teams, ["sre", "platform"]);
}

#[test]
fn the_port_of_a_mail_server_follows_its_protection() {
    for (smtp, host, port, tls) in [
        ("host: '${HOST}'", "mail.example.com", 587, SmtpTls::Starttls),
        ("host: mail.example.com, tls: implicit", "mail.example.com", 465, SmtpTls::Implicit),
        ("host: mail.example.com, tls: none", "mail.example.com", 25, SmtpTls::None),
        ("host: '[::1]', tls: none, port: 1025", "::1", 1025, SmtpTls::None),
        ("host: 10.0.0.7, port: 2525", "10.0.0.7", 2525, SmtpTls::Starttls),
    ] {
        let body = format!("type: email, smtp: {{{smtp}}}, from: a@example.com, to: b@example.com");
        let Target::Email(mail) = channel(&body).target else { panic!("{smtp}") };
        assert_eq!((mail.smtp.host.as_str(), mail.smtp.port, mail.smtp.tls), (host, port, tls), "{smtp}");
        assert!(mail.smtp.username.is_none() && mail.smtp.password.is_none(), "{smtp}");
    }
}

#[test]
fn a_mail_channel_logs_in_and_writes_to_several_receivers() {
    // On this machine nobody reads along.
    let body = "type: email, smtp: {host: localhost, tls: none, username: ann, password: {file: key.txt}}, \
                from: Watchfire <w@example.com>, to: ['${ONCALL}', '\"Ops, Berlin\" <ops@example.com>']";
    let Target::Email(mail) = channel(body).target else { panic!("it is a mail channel") };
    assert_eq!(mail.smtp.username.as_deref(), Some("ann"));
    assert_eq!(mail.smtp.password.as_ref().map(shown), Some("from-file"));
    assert_eq!(mail.from, "Watchfire <w@example.com>");
    assert_eq!(mail.to, ["oncall@example.com", "\"Ops, Berlin\" <ops@example.com>"]);
}

#[test]
fn a_channel_that_could_not_be_made_still_has_its_kind_for_the_rules_that_name_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version: 1\nchannels:\n  - {name: c, type: email, smtp: {host: localhost, tls: none}, from: a@example.com, to: []}\n\
                alerts:\n  - {name: a, query: SELECT 1, when: n > 1, notify: {channel: c, format: {attach: csv}}}\n";
    fs::write(folder.path().join("all.yaml"), text).unwrap();
    let loaded = load(folder.path(), &|_| None).unwrap();
    let codes: Vec<_> = loaded.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["empty_list"]);
    let rule = &loaded.definitions.rules[0].rule;
    assert_eq!(rule.notify[0].class, watchfire_model::ChannelClass::Mail);
}

#[test]
fn a_base_url_that_is_wrong_shows_the_variable_and_never_its_value() {
    for (value, said) in [
        ("k3y-0f-opsgenie", "`base_url: ${OGKEY}` is neither a word nor an address"),
        ("k3y-0f.opsgenie", "`base_url: ${OGKEY}` is neither a word nor an address"),
        ("ftp://k3y-0f.opsgenie", "is neither a word nor an address"),
        ("https://example.com/k3y-0f/v2/alerts", "ends with `/v2/alerts`"),
        ("https://k3y-0f@example.com", "more than the beginning of an address"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let yaml = "version: 1\nchannels:\n  - {name: c, type: opsgenie, auth_key: '${OGKEY}', base_url: '${OGKEY}'}\n";
        fs::write(folder.path().join("channels.yaml"), yaml).unwrap();
        let loaded = load(folder.path(), &|name: &str| (name == "OGKEY").then(|| value.to_owned())).unwrap();
        let shown: String =
            loaded.problems.iter().map(|problem| format!("{problem:?}\n{}", loaded.render(problem))).collect();
        assert!(shown.contains(said), "{shown}");
        assert!(!shown.contains("k3y-0f"), "{shown}");
    }
}
