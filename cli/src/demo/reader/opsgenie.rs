//! An Opsgenie alert on the screen.

use serde_json::Value as Json;

/// A new alert: what the phone shows, and below it the details.
pub(super) fn created(body: &Json) -> String {
    let text = |key: &str| body[key].as_str().unwrap_or_default();
    let mut lines = vec![format!("{} OPEN  {}", text("priority"), text("message"))];
    let description = without_tags(text("description"));
    if !description.trim().is_empty() {
        lines.push(description.trim().to_owned());
    }
    let tags: Vec<&str> = body["tags"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if !tags.is_empty() {
        lines.push(format!("tags: {}", tags.join(", ")));
    }
    lines.push(format!("alias: {}", text("alias")));
    lines.join("\n")
}

/// What was done to an alert that is there.
pub(super) fn updated(alias: &str, action: &str, body: &Json) -> String {
    let word = match action {
        "close" => "CLOSED",
        "notes" => "NOTE",
        other => other,
    };
    format!("{word}  {}\nalias: {alias}", body["note"].as_str().unwrap_or_default())
}

/// The text of the small part of HTML that Opsgenie shows.
fn without_tags(html: &str) -> String {
    let mut plain = String::with_capacity(html.len());
    let mut inside = false;
    for character in html.replace("<br>", "\n").replace("<pre>", "\n").replace("</pre>", "\n").chars() {
        match character {
            '<' => inside = true,
            '>' if inside => inside = false,
            other if !inside => plain.push(other),
            _ => {}
        }
    }
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
