//! What a script reads over HTTP: how rules stand and why, what ran, what was told, and what reports had.

mod documented;
mod errors;
mod life;
mod paging;
mod query;
mod results;

use harness::{Product, http};
use serde_json::Value;

use crate::scene::SOON;

/// The answer to `GET PATH`, which must be 200.
pub(crate) async fn read(product: &Product, path: &str) -> Value {
    let (status, body) = http::get(&format!("{}{path}", product.url())).await;
    assert_eq!(status, 200, "GET {path}: {body:#}");
    body
}

/// Asks until the answer is as wanted: the interface tells nobody by itself when something changes.
pub(crate) async fn read_until(product: &Product, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let body = read(product, path).await;
            if wanted(&body) {
                return body;
            }
        }
    };
    match tokio::time::timeout(SOON, asking).await {
        Ok(body) => body,
        Err(_) => panic!("GET {path} did not become as wanted: {:#}", read(product, path).await),
    }
}

/// The values of one field of all items of a page.
pub(crate) fn each<'a>(page: &'a Value, field: &str) -> Vec<&'a Value> {
    page["items"].as_array().expect("a page has items").iter().map(|item| &item[field]).collect()
}
