//! Plain requests to a running server.

use std::time::Duration;

use serde_json::Value;

/// How long one request may take on a busy machine.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that follows no redirects and reuses no connection between tests.
pub fn client() -> reqwest::Client {
    // A second installation is refused, and the first one is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = reqwest::Client::builder().no_proxy().timeout(REQUEST_TIMEOUT);
    builder.redirect(reqwest::redirect::Policy::none()).build().expect("a client without certificates can be built")
}

/// Gets an address: its status, and its body when that is JSON, else null.
pub async fn get(url: &str) -> (u16, Value) {
    answer(client().get(url)).await
}

/// Posts nothing to an address: its status, and its body when that is JSON, else null.
pub async fn post(url: &str) -> (u16, Value) {
    answer(client().post(url)).await
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("the server answers");
    let status = response.status().as_u16();
    let bytes = response.bytes().await.expect("the answer can be read");
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}
