//! `watchfire channels test`: sends a marked test message through one channel, without a server.

use std::time::Duration;

use anyhow::bail;
use serde_json::{Value as Json, json};
use watchfire_channels::spec::ChannelSpec;
use watchfire_channels::{
    Answer, Presentation, SendOutcome, Sender, Telling, Wire, WireMail, WireRequest, sample_notification,
};
use watchfire_engine::clock::{Clock, SystemClock};
use watchfire_model::{NotificationKind, ProjectName, Timestamp};

use crate::arguments::{Channels, ChannelsAction, ChannelsTest, Output};
use crate::definitions;
use crate::exit::Exit;
use crate::output;
use crate::trouble;

/// Most of an answer that is shown to people; with `--output json` there is all that is kept.
const SHOWN_MAX_CHARS: usize = 200;

pub(crate) async fn run(options: Channels, form: Output) -> anyhow::Result<Exit> {
    match options.action {
        ChannelsAction::Test(options) => test(options, form).await,
    }
}

async fn test(options: ChannelsTest, form: Output) -> anyhow::Result<Exit> {
    let loaded = definitions::load(&options.config.config)?;
    let channels = &loaded.definitions.channels;
    let Some(channel) = channels.iter().find(|channel| channel.name.as_str() == options.name) else {
        if loaded.has_errors() {
            definitions::print_problems(&loaded);
            let message = format!("no whole definition of a channel `{}`", options.name);
            trouble::tell(form, "bad_definitions", &message, Some("mend the mistakes that `watchfire check` lists"));
            return Ok(Exit::No);
        }
        let known: Vec<&str> = channels.iter().map(|channel| channel.name.as_str()).collect();
        bail!("no channel is named `{}`; {}", options.name, definitions::listed(&known));
    };
    let now = SystemClock.now();
    let request = test_request(channel, options.event, now)?;
    if options.dry_run {
        show(&request, form)?;
        return Ok(Exit::Fine);
    }
    let timeout = loaded.definitions.settings.delivery.timeout;
    send(channel, &request, timeout, form).await
}

fn test_request(channel: &ChannelSpec, kind: NotificationKind, now: Timestamp) -> anyhow::Result<Wire> {
    // Two tests within a microsecond are still two tests.
    let event = format!("test/{}/{}/{}", channel.name, now.as_micros(), std::process::id());
    let notification = sample_notification(kind, ProjectName::new("default"), &event, now);
    let presentation = Presentation::default();
    Ok(watchfire_channels::render(channel, &Telling::first(&notification, &presentation, now))?)
}

fn show(wire: &Wire, form: Output) -> anyhow::Result<()> {
    match wire {
        Wire::Http(request) => show_request(request, form),
        Wire::Mail(mail) => show_mail(mail, form),
        Wire::Nothing { why } => match form {
            Output::Json => output::json(&json!({"method": null, "reason": why})),
            Output::Text => output::line(&format!("nothing is sent: {why}")),
        },
    }
}

fn show_mail(mail: &WireMail, form: Output) -> anyhow::Result<()> {
    match form {
        Output::Json => output::json(&json!({
            "method": "SMTP",
            "url": format!("smtp://{}:{}", mail.smtp.host, mail.smtp.port),
            "from": mail.from,
            "to": mail.to,
            "body": String::from_utf8_lossy(&mail.message),
        })),
        Output::Text => {
            output::line(&format!("SMTP {}:{}", mail.smtp.host, mail.smtp.port))?;
            output::line(&mail.preview())
        }
    }
}

fn show_request(request: &WireRequest, form: Output) -> anyhow::Result<()> {
    let body: Json = serde_json::from_slice(&request.body).unwrap_or(Json::Null);
    let headers = request.masked_headers();
    match form {
        Output::Json => {
            let headers: serde_json::Map<String, Json> =
                headers.into_iter().map(|(name, value)| (name.to_owned(), Json::from(value))).collect();
            output::json(&json!({
                "method": request.method.as_str(),
                "url": request.masked_url(),
                "headers": headers,
                "body": body,
            }))
        }
        Output::Text => {
            output::line(&format!("{} {}", request.method, request.masked_url()))?;
            for (name, value) in headers {
                output::line(&format!("{name}: {value}"))?;
            }
            output::line("")?;
            output::json(&body)
        }
    }
}

async fn send(channel: &ChannelSpec, request: &Wire, timeout: Duration, form: Output) -> anyhow::Result<Exit> {
    let answer = Sender::new(timeout)?.send(request).await;
    let outcome = answer.outcome.as_str();
    let sent = matches!(answer.outcome, SendOutcome::Sent { .. });
    match form {
        Output::Json => output::json(&json!({
            "channel": channel.name.as_str(),
            "outcome": outcome,
            "status": answer.status,
            "detail": answer.detail,
            "duration_ms": u64::try_from(answer.duration.as_millis()).unwrap_or(u64::MAX),
        }))?,
        Output::Text => {
            let told = if sent { sent_text(&answer) } else { not_sent_text(request, &answer) };
            output::line(&format!("{}: {told}", channel.name))?;
        }
    }
    Ok(if sent { Exit::Fine } else { Exit::No })
}

fn sent_text(answer: &Answer) -> String {
    let status = answer.status.map(|status| format!(" ({status})")).unwrap_or_default();
    format!("sent{status} {}", shortened(&answer.detail)).trim_end().to_owned()
}

/// Whom it should have reached, what went wrong there, and what to look at.
fn not_sent_text(wire: &Wire, answer: &Answer) -> String {
    let receiver = match wire {
        Wire::Http(request) => request.masked_url(),
        Wire::Mail(mail) => format!("{}:{}", mail.smtp.host, mail.smtp.port),
        Wire::Nothing { .. } => "nobody".to_owned(),
    };
    let outcome = answer.outcome.as_str();
    match (wire, answer.status) {
        (_, Some(status)) => {
            let said = shortened(&answer.detail);
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            format!("not delivered ({outcome}): {receiver} answers {status}{said}")
        }
        // The end of the chain alone: what stands before it names layers of the client.
        (Wire::Http(_), None) => {
            let cause = answer.detail.rsplit(": ").next().unwrap_or_default();
            format!("not delivered ({outcome}): {receiver}: {cause}; is the address right?")
        }
        (Wire::Mail(_) | Wire::Nothing { .. }, None) => {
            format!("not delivered ({outcome}): {receiver}: {}", answer.detail)
        }
    }
}

/// An answer in one line: of a page nothing but that it is one.
fn shortened(detail: &str) -> String {
    let detail = detail.trim();
    if detail.starts_with('<') {
        return "a page for browsers, not an answer for programs; is the address right?".to_owned();
    }
    let line = detail.lines().next().unwrap_or_default();
    let shown: String = line.chars().take(SHOWN_MAX_CHARS).collect();
    if shown.len() < detail.len() { format!("{shown}…") } else { shown }
}
