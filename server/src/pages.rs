//! Where the links in messages lead: until there are pages for people, to what a script would read.

use axum::extract::Path;
use axum::response::Redirect;
use watchfire_engine::path_segment;

/// `/alerts/NAME`.
pub(crate) async fn alert(Path(name): Path<String>) -> Redirect {
    Redirect::temporary(&format!("/api/alerts/{}", path_segment(&name)))
}

/// `/reports/NAME`.
pub(crate) async fn report(Path(name): Path<String>) -> Redirect {
    Redirect::temporary(&format!("/api/reports/{}", path_segment(&name)))
}
