//! Changing the weight is no reload.

use crate::{green, stage};
use engine::router::Router;
use rollout::application::StickyBy;
use rollout::slot::{Slot, Split};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn changes_reload_nothing() {
    let (nginx, routes) = stage().await;
    let router = nginx.router(StickyBy::Cookie);
    router.adopt(&routes, Split::all(Slot::Blue)).await.unwrap();
    let workers = nginx.workers();
    for percent in [10, 25, 50, 75, 100, 0] {
        router.set(green(percent)).await.unwrap();
    }
    assert_eq!(nginx.workers(), workers);
}
