//! Clients that others wrote, unmodified, as their users have them: they send, and they ask for what they sent.
//!
//! The scripts are in `tests/clients`. They need a Python with the clients (`WATCHFIRE_TEST_CLIENTS_PYTHON`) and a
//! folder with the packages of Node (`WATCHFIRE_TEST_CLIENTS_NODE`); `./test.sh` provides both, and says so when it
//! cannot.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::{ConfigDir, Launch, Product};
use tokio::process::Command;

/// How long a script may take on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

const WRITE_TOKEN: &str = "pylf_v1_us_write0000000000000000";
const READ_TOKEN: &str = "pylf_v1_us_read00000000000000000";

const PROJECTS: &str = "projects:
  - name: shop
    id: 7
    organization: acme
    tokens:
      - {name: apps, scope: write, value: '${SHOP_WRITE}'}
      - {name: reader, scope: read, value: '${SHOP_READ}'}
";

/// A server with one project.
async fn server() -> (ConfigDir, Product) {
    let dir = ConfigDir::new();
    dir.definitions("projects.yaml", PROJECTS);
    let launch = Launch::new(&dir).env("SHOP_WRITE", WRITE_TOKEN).env("SHOP_READ", READ_TOKEN);
    let product = launch.start().await;
    (dir, product)
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Runs a script against a server; it says what is wrong and ends with 1 when something is.
async fn run(product: &Product, mut command: Command, what: &str) {
    let url = product.url();
    command
        .env("WATCHFIRE_TEST_URL", url)
        // gRPC and HTTP share the port.
        .env("WATCHFIRE_TEST_GRPC", url)
        .env("WATCHFIRE_TEST_WRITE_TOKEN", WRITE_TOKEN)
        .env("WATCHFIRE_TEST_READ_TOKEN", READ_TOKEN)
        .env("WATCHFIRE_TEST_QUERIES", Path::new(env!("CARGO_MANIFEST_DIR")).join("../telemetry/testdata/sql"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(TIMEOUT, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{what} did not end within {TIMEOUT:?}")).unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{what}:\n{said}");
}

/// Runs scripts of Python, one after the other, each `NAME [ARGUMENT]`.
async fn python(names: &[&str]) {
    let Some(python) = std::env::var_os("WATCHFIRE_TEST_CLIENTS_PYTHON") else {
        eprintln!("skipped: WATCHFIRE_TEST_CLIENTS_PYTHON names no Python that has the clients");
        return;
    };
    let (_dir, product) = server().await;
    for name in names {
        let mut command = Command::new(&python);
        let mut words = name.split(' ');
        let script = words.next().unwrap_or_default();
        command.arg(scripts().join("python").join(format!("{script}.py"))).args(words);
        // Credentials of whoever runs the tests are not looked for.
        command.env_remove("LOGFIRE_TOKEN").env("LOGFIRE_CREDENTIALS_DIR", scripts());
        run(&product, command, name).await;
    }
}

#[tokio::test]
async fn the_logfire_sdk_sends_spans_logs_exceptions_and_metrics() {
    python(&["logfire_sdk"]).await;
}

#[tokio::test]
async fn opentelemetry_for_python_sends_over_http_and_grpc() {
    python(&["opentelemetry_sdk http", "opentelemetry_sdk grpc"]).await;
}

#[tokio::test]
async fn what_an_agent_of_pydantic_ai_cost_can_be_asked() {
    python(&["pydantic_ai_agent"]).await;
}

#[tokio::test]
async fn the_query_clients_of_logfire_get_what_they_expect() {
    python(&["seed", "query_client"]).await;
}

#[tokio::test]
async fn opentelemetry_for_node_sends_protobuf_and_json() {
    let Some(packages) = std::env::var_os("WATCHFIRE_TEST_CLIENTS_NODE") else {
        eprintln!("skipped: WATCHFIRE_TEST_CLIENTS_NODE names no folder with the packages of Node");
        return;
    };
    // Node looks for packages beside the script, so that a copy goes there, in a folder of its own.
    let folder = tempfile::tempdir_in(packages).unwrap();
    let script = folder.path().join("opentelemetry_sdk.mjs");
    std::fs::copy(scripts().join("node/opentelemetry_sdk.mjs"), &script).unwrap();
    let (_dir, product) = server().await;
    for encoding in ["protobuf", "json"] {
        let mut command = Command::new("node");
        command.arg(&script).arg(encoding);
        run(&product, command, encoding).await;
    }
}
