//! Where it may listen.

use harness::Exit;

use super::{PROJECTS, furnished};
use crate::scene::{SOON, Scene};

#[tokio::test]
async fn other_addresses_than_loopback_need_a_token() {
    let scene = Scene::with_one_rule().await;
    let (config, data) = (scene.dir.config(), scene.dir.data());
    let (config, data) = (config.to_string_lossy(), data.to_string_lossy());
    let serve = ["serve", "--config", &config, "--data", &data, "--listen", "0.0.0.0:0"];
    let mut open = scene.launch().spawn_command(&serve);
    assert!(!open.listens().await, "it listens to everybody without a token");
    assert_eq!(open.exit(SOON).await, Exit::code(2));
    open.wait_for_line(0, "projects:", SOON).await;
    scene.dir.definitions("projects.yaml", PROJECTS);
    let mut guarded = furnished(scene.launch()).spawn_command(&serve);
    assert!(guarded.listens().await, "it has a token");
    let url = guarded.url().replace("0.0.0.0", "127.0.0.1");
    assert_eq!(harness::http::get(&format!("{url}/api/alerts")).await.0, 401);
    // Without tokens in force it must not open to everybody.
    let from = guarded.log().lines().len();
    scene.dir.remove("projects.yaml");
    guarded.wait_for_line(from, "Changed definitions are in force", SOON).await;
    assert_eq!(harness::http::get(&format!("{url}/api/alerts")).await.0, 401);
    assert_eq!(harness::http::get(&format!("{url}/healthz")).await.0, 200);
}
