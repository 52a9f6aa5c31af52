//! What the page of an application says before a rollout is started.

use super::dashboard::Dashboard;
use rollout::actor::Role;

#[tokio::test]
async fn what_the_router_can_is_said_before_the_start() {
    let dashboard = Dashboard::new().await;
    let mut browser = dashboard.signed_in(Role::Deployer).await;
    let page = browser.get("/applications/shop").await;
    let said = "nginx: every whole percent; sessions keep their slot; requests are measured; a change holds at once.";
    assert!(page.body.contains(said), "{}", page.body);
    assert!(!page.body.contains(", takes "), "{}", page.body);
}
