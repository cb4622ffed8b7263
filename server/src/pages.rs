//! Where the links in messages lead: until there are pages for people, to what a script would read.

use axum::extract::Path;
use axum::response::Redirect;

/// `/alerts/NAME`.
pub(crate) async fn alert(Path(name): Path<String>) -> Redirect {
    Redirect::temporary(&format!("/api/alerts/{}", segment(&name)))
}

/// `/reports/NAME`.
pub(crate) async fn report(Path(name): Path<String>) -> Redirect {
    Redirect::temporary(&format!("/api/reports/{}", segment(&name)))
}

/// A name as one segment of a path.
fn segment(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
