//! What runs goes on without the server, and what falls is put up again by it.

use crate::process::PATIENCE;
use crate::stage::{OLD, Stage};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn services_outlive_the_server_and_are_started_again_when_they_fall() {
    let stage = Stage::set("1s", "1h").await;
    let before = stage.visit().await;
    assert_eq!((before.0.as_str(), before.1.as_str()), (OLD, "blue"));
    let server = stage.serve(None).await;
    server.kill();
    assert_eq!(stage.visit().await, before, "nobody is there but the service and the proxy");
    let _server = stage.serve(None).await;
    assert_eq!(stage.visit().await, before, "found again, and not started anew");

    let killed = std::process::Command::new("kill").args(["-KILL", &before.2.to_string()]).status().unwrap();
    assert!(killed.success());
    let begun = Instant::now();
    loop {
        let page = stage.page("/applications/shop").await;
        if page.contains("running, healthy; it crashed once, last with exit code 137") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the page does not tell of it:\n{page}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let after = stage.visit().await;
    assert_eq!((&after.0, &after.1), (&before.0, &before.1));
    assert_ne!(after.2, before.2);
}
