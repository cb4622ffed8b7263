//! Who may ask: nobody who was led here by a web page.
//!
//! Without tokens, listening on loopback alone keeps others out. A browser on this machine is inside, though: a page
//! whose own name is made to lead to 127.0.0.1 (DNS rebinding) could read everything that is answered. Such a
//! request carries the page's name in `Host`, so only names that mean this server are answered.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;
use watchfire_engine::Engine;

use crate::error::ApiError;

/// What tells nothing and changes nothing: probes may ask under any name.
const FOR_EVERYBODY: [&str; 2] = ["/healthz", "/readyz"];

/// What [`guard`] looks at.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Arc<Engine>,
    pub(crate) listen: SocketAddr,
}

/// Refuses requests whose `Host` is not this server, and changes that another site's page asks for.
pub(crate) async fn guard(State(door): State<Door>, request: Request, next: Next) -> Response {
    if FOR_EVERYBODY.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let public = door.engine.public_url();
    let is_ours = |host: &str| means_us(host, door.listen.ip(), public.as_deref());
    let mut hosts: Vec<String> = request.headers().get_all(HOST).iter().map(shown).collect();
    hosts.extend(request.uri().authority().map(ToString::to_string));
    if let Some(host) = hosts.iter().find(|host| !is_ours(host)) {
        return refused("foreign_host", format!("`Host: {host}` is not this server")).into_response();
    }
    if *request.method() != Method::GET && *request.method() != Method::HEAD {
        let origins: Vec<String> = request.headers().get_all(ORIGIN).iter().map(shown).collect();
        let from_us = |origin: &str| origin.split_once("://").is_some_and(|(_, host)| is_ours(host));
        if let Some(origin) = origins.iter().find(|origin| !from_us(origin)) {
            return refused("foreign_origin", format!("a page of `{origin}` may change nothing here")).into_response();
        }
    }
    next.run(request).await
}

fn shown(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn refused(code: &'static str, message: String) -> ApiError {
    let help = "ask under the address that the server listens on, under `localhost`, or under the host of \
                `server.public_url`; other names are refused, so that no web page can read the state through a name \
                that leads here";
    ApiError {
        status: StatusCode::FORBIDDEN,
        code,
        message,
        place: Some("Host".to_owned()),
        help: Some(help.to_owned()),
    }
}

/// Whether `HOST[:PORT]` is this machine, the address that is listened on, or the public name.
fn means_us(host: &str, listen: IpAddr, public_url: Option<&str>) -> bool {
    // The port is no secret and a forwarded one differs; only the name can lead astray.
    let name = |url: &str| Url::parse(url).ok()?.host_str().map(str::to_owned);
    let has_only_host = !host.is_empty() && !host.contains(['/', '\\', '@', '?', '#', ' ', '\t']);
    let Some(asked) = has_only_host.then(|| name(&format!("http://{host}"))).flatten() else { return false };
    let asked = asked.trim_end_matches('.');
    let address: Option<IpAddr> = asked.trim_matches(['[', ']']).parse().ok();
    match address {
        Some(address) => {
            address.is_loopback() || address == listen || public_url.and_then(name).as_deref() == Some(asked)
        }
        None => {
            asked == "localhost"
                || asked.ends_with(".localhost")
                || public_url.and_then(name).as_deref().map(|name| name.trim_end_matches('.')) == Some(asked)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_mean_this_server_are_ours() {
        let listen: IpAddr = [127, 0, 0, 1].into();
        let public = Some("https://Alerts.example.com/watch");
        for host in [
            "127.0.0.1:4318",
            "127.0.0.1",
            "127.9.9.9:1",
            "[::1]:4318",
            "localhost",
            "LOCALHOST:80",
            "localhost.",
            "app.localhost:4318",
            "alerts.example.com",
            "alerts.example.com:4318",
        ] {
            assert!(means_us(host, listen, public), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:4318",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evil.example@127.0.0.1",
            "127.0.0.1@evil.example",
            "127.0.0.1/evil",
            "10.0.0.1",
            "[fe80::1]",
            "0.0.0.0",
            "a b",
            "alerts.example.com.evil.example",
            "127.0.0.1:x",
        ] {
            assert!(!means_us(host, listen, public), "{host}");
        }
        assert!(!means_us("alerts.example.com", listen, None));
        assert!(means_us("10.0.0.1:4318", [10, 0, 0, 1].into(), None), "the address that is listened on");
    }
}
