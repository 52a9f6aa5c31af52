//! Asking nginx which slot a session gets.

use crate::support::client::Client;
use crate::{green, stage};
use engine::router::Router;
use rollout::application::StickyBy;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn the_admin_server_answers_about_numbers_alone() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, green(100)).await.unwrap();
    let mut admin = Client::new(nginx.admin_port, "127.0.0.1");
    for (asked, slot) in [("0", "green"), ("99", "green"), ("100", "blue"), ("../readable", "blue"), ("", "blue")] {
        assert_eq!(admin.get(&format!("/crossfade/slot?b={asked}"), "").await.body, slot, "{asked:?}");
    }
    assert_eq!(admin.get("/", "").await.status, 404);
}
