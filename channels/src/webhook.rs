//! The generic webhook: our own JSON body, signed as Standard Webhooks 1.0.0 says.
//!
//! The body is a public contract, described in `docs/webhook.md`: fields are added, never
//! renamed or removed, without a new `version`.

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Map, Value as Json, json};
use standardwebhooks::Webhook;
use watchfire_model::{
    Change, Column, ErrorFacts, Notification, NotificationId, RuleFacts, Severity, Timestamp, Value, Window,
};

use crate::channel::RenderError;
use crate::check::{SpecError, check_header_name, check_header_value, check_secret, check_url};
use crate::limits::WEBHOOK_BODY_MAX_BYTES;
use crate::spec::WebhookSpec;
use crate::wire::{HeaderText, USER_AGENT, Vendor, WireRequest};

/// The version of the body.
const VERSION: u64 = 1;

/// The body that tells a notification: one flat object, its keys in the order of the contract.
///
/// Fields without a meaning for the kind are null, lists empty. `truncated` is true when rows
/// or changes were cut. Cells are written by [`Value::to_json`], instants of the envelope
/// without a fraction where there is none.
pub fn body(notification: &Notification) -> Json {
    let is_cut = notification.truncated || notification.change_count > notification.changes.len() as u64;
    json!({
        "version": VERSION,
        "id": notification.id.as_str(),
        "type": notification.kind.as_str(),
        "occurred_at": instant(notification.occurred_at),
        "project": notification.project.as_str(),
        "rule": notification.rule.as_ref().map(rule),
        "instance": notification.instance.as_ref().map(watchfire_model::InstanceKey::to_json),
        "episode": notification.episode,
        "seq": notification.seq,
        "state": notification.state.map(watchfire_model::ConditionName::as_str),
        "severity": notification.severity.map(Severity::as_str),
        "since": notification.since.map(instant),
        "value": notification.value.as_ref().map(Value::to_json),
        "last_value": notification.last_value.as_ref().map(Value::to_json),
        "scheduled_for": notification.scheduled_for.map(instant),
        "window": notification.window.map(window),
        "reason": notification.reason.as_str(),
        "columns": notification.columns.iter().map(column).collect::<Vec<_>>(),
        "rows": notification.rows.iter().map(|cells| row(&notification.columns, cells)).collect::<Vec<_>>(),
        "row_count": notification.row_count,
        "truncated": is_cut,
        "changes": notification.changes.iter().map(change).collect::<Vec<_>>(),
        "error": notification.error.as_ref().map(error),
        "query": notification.query,
        "links": notification.links,
    })
}

/// Makes the request that tells a notification, ready to send at `attempted_at`.
///
/// The definition is checked once more: a secret that is read from a file may have changed since it was loaded.
pub fn render(
    spec: &WebhookSpec,
    notification: &Notification,
    attempted_at: Timestamp,
) -> Result<WireRequest, RenderError> {
    let url = check_url(spec.url.expose_secret())?;
    let body = within_limit(body(notification))?;
    Ok(WireRequest {
        vendor: Vendor::Webhook,
        method: Method::POST,
        url: String::from(url).into(),
        headers: headers(spec, &notification.id, attempted_at, &body)?,
        body,
        attempted_at,
    })
}

fn headers(
    spec: &WebhookSpec,
    id: &NotificationId,
    attempted_at: Timestamp,
    body: &[u8],
) -> Result<Vec<(String, HeaderText)>, SpecError> {
    let seconds = attempted_at.as_micros().div_euclid(1_000_000);
    let custom = custom_headers(spec)?;
    let mut headers: Vec<(String, HeaderText)> = [("content-type", "application/json"), ("user-agent", USER_AGENT)]
        .into_iter()
        .filter(|(ours, _)| !custom.iter().any(|(theirs, _)| theirs == ours))
        .map(|(name, value)| (name.to_owned(), HeaderText::new(value)))
        .collect();
    headers.push(("webhook-id".to_owned(), HeaderText::new(id.as_str())));
    headers.push(("webhook-timestamp".to_owned(), HeaderText::new(seconds.to_string())));
    if let Some(secret) = &spec.secret {
        let signature = sign(secret.expose_secret(), id, seconds, body)?;
        headers.push(("webhook-signature".to_owned(), HeaderText::new(signature)));
    }
    headers.extend(custom);
    Ok(headers)
}

fn custom_headers(spec: &WebhookSpec) -> Result<Vec<(String, HeaderText)>, SpecError> {
    spec.headers
        .iter()
        .map(|(name, value)| {
            let name = check_header_name(name)?;
            check_header_value(value.expose_secret())?;
            Ok((name.as_str().to_owned(), HeaderText::new(value.expose_secret())))
        })
        .collect()
}

fn sign(secret: &str, id: &NotificationId, seconds: i64, body: &[u8]) -> Result<String, SpecError> {
    check_secret(secret)?;
    let signer = Webhook::new(secret).map_err(|_| SpecError::SecretBase64)?;
    Ok(signer.sign(id.as_str(), seconds, body).expect("a JSON text is UTF-8"))
}

/// Writes the body, dropping rows and changes from the end until it fits.
fn within_limit(mut body: Json) -> Result<Vec<u8>, RenderError> {
    loop {
        let bytes = body.to_string().into_bytes();
        if bytes.len() <= WEBHOOK_BODY_MAX_BYTES {
            return Ok(bytes);
        }
        if !halve(&mut body, "rows") & !halve(&mut body, "changes") {
            return Err(RenderError::TooLarge { bytes: bytes.len(), max_bytes: WEBHOOK_BODY_MAX_BYTES });
        }
        body["truncated"] = Json::Bool(true);
    }
}

/// Drops the second half of a list; false when there was nothing left to drop.
fn halve(body: &mut Json, list: &str) -> bool {
    match body[list].as_array_mut() {
        Some(items) if !items.is_empty() => {
            items.truncate(items.len() / 2);
            true
        }
        Some(_) | None => false,
    }
}

fn instant(at: Timestamp) -> Json {
    Json::String(at.to_string())
}

fn window(window: Window) -> Json {
    json!({"start": instant(window.start), "end": instant(window.end)})
}

fn rule(rule: &RuleFacts) -> Json {
    json!({
        "name": rule.name.as_str(),
        "kind": rule.kind.as_str(),
        "description": rule.description,
        "severity": rule.severity.map(Severity::as_str),
        "labels": rule.labels,
    })
}

fn column(column: &Column) -> Json {
    json!({"name": column.name, "type": column.kind.as_str()})
}

fn row(columns: &[Column], cells: &[Value]) -> Json {
    columns.iter().zip(cells).map(|(column, cell)| (column.name.clone(), cell.to_json())).collect::<Map<_, _>>().into()
}

fn change(change: &Change) -> Json {
    let object = |cells: &std::collections::BTreeMap<String, Value>| -> Json {
        cells.iter().map(|(name, cell)| (name.clone(), cell.to_json())).collect::<Map<_, _>>().into()
    };
    json!({
        "kind": change.kind.as_str(),
        "key": object(&change.key),
        "before": change.before.as_ref().map(object),
        "after": change.after.as_ref().map(object),
    })
}

fn error(error: &ErrorFacts) -> Json {
    json!({
        "code": error.code,
        "message": error.message,
        "since": instant(error.since),
        "failed_runs": error.failed_runs,
        "last_success_at": error.last_success_at.map(instant),
        "next_run_at": error.next_run_at.map(instant),
    })
}
