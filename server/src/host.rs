//! Under which names we answer where no token is needed: not under one that a web page made lead here.
//!
//! Without tokens, listening on loopback alone keeps others out. A browser on this machine is inside, though: a page
//! whose own name is made to lead to 127.0.0.1 (DNS rebinding) could read everything that is answered. Such a
//! request carries the page's name in `Host`, so only names that mean this server are answered.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode};
use url::Url;

use crate::error::ApiError;

/// Refuses requests whose `Host` is not this server, and changes that another site's page asks for.
pub(crate) fn check(request: &Request, listen: IpAddr, public_url: Option<&str>) -> Result<(), ApiError> {
    let is_ours = |host: &str| means_us(host, listen, public_url);
    let mut hosts: Vec<String> = request.headers().get_all(HOST).iter().map(shown).collect();
    hosts.extend(request.uri().authority().map(ToString::to_string));
    if let Some(host) = hosts.iter().find(|host| !is_ours(host)) {
        return Err(refused("foreign_host", format!("`Host: {host}` is not this server")));
    }
    if *request.method() != Method::GET && *request.method() != Method::HEAD {
        let origins: Vec<String> = request.headers().get_all(ORIGIN).iter().map(shown).collect();
        let from_us = |origin: &str| origin.split_once("://").is_some_and(|(_, host)| is_ours(host));
        if let Some(origin) = origins.iter().find(|origin| !from_us(origin)) {
            return Err(refused("foreign_origin", format!("a page of `{origin}` may change nothing here")));
        }
    }
    Ok(())
}

fn shown(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn refused(code: &'static str, message: String) -> ApiError {
    let help = "ask under the address that the server listens on, under `localhost`, or under the host of \
                `server.public_url`, or configure tokens; without them other names are refused, so that no web page can \
                read the state through a name that leads here";
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
