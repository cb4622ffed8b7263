//! Telemetry comes in: OTLP over HTTP and gRPC, with and without tokens, and from clients that mean no good.

mod apart;
mod capture;
mod grpc;
mod http;
mod listening;
mod many;
mod repaired;
mod seen;
mod tokens;

use std::collections::BTreeMap;

use harness::http::client;
use harness::{Launch, Product};

use crate::scene::Scene;

/// The types of bodies.
const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// What a door answered.
#[derive(Debug)]
struct Told {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Told {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Posts a body to a path with these headers.
async fn post(product: &Product, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Told {
    let mut request = client().post(format!("{}{path}", product.url())).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    told(request).await
}

async fn told(request: reqwest::RequestBuilder) -> Told {
    let response = request.send().await.expect("the server answers");
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    Told { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

/// A number of `/metrics`; 0 where it is not there yet.
async fn figure(product: &Product, token: Option<&str>, series: &str) -> u64 {
    let mut request = client().get(format!("{}/metrics", product.url()));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let text = told(request).await.text();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0, |number| number.parse().unwrap())
}

/// A project `shop` beside `default`, with a token of each scope.
const PROJECTS: &str = "\
projects:
  - name: shop
    id: 7
    organization: acme
    tokens:
      - {name: app, scope: write, value: \"${WF_WRITE_TOKEN}\"}
      - {name: dashboard, scope: read, value: \"${WF_READ_TOKEN}\"}
      - {name: ops, scope: admin, value: \"${WF_ADMIN_TOKEN}\"}
";
const WRITE: &str = "pylf_v1_local_write0123456789";
const READ: &str = "pylf_v1_local_read0123456789";
const ADMIN: &str = "pylf_v1_local_admin0123456789";

/// A scene with tokens, and how to launch it.
async fn with_tokens() -> (Scene, Launch) {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("projects.yaml", PROJECTS);
    let launch = furnished(scene.launch());
    (scene, launch)
}

/// With the values of the tokens in the environment.
fn furnished(launch: Launch) -> Launch {
    launch.env("WF_WRITE_TOKEN", WRITE).env("WF_READ_TOKEN", READ).env("WF_ADMIN_TOKEN", ADMIN)
}
