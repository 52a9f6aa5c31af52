//! The guide on the first page: there until a person has brought a release live.

use super::dashboard::Dashboard;
use rollout::actor::Role;

const GUIDE: &str = "Your first rollout";

/// A rollout that somebody has brought to its end.
async fn succeeded(dashboard: &Dashboard, by: &str) {
    sqlx::query(
        "insert into rollouts (application_id, kind, version, slot, phase, headline, weight, started_by, started_at, ended_at,
                               settled, definition)
         values ((select id from applications), 'forward', '1.0.0', 'blue', 'succeeded', 'done', 100, ?, 1, 2, 1, '{}')",
    )
    .bind(by)
    .execute(&dashboard.database().await)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_newcomer_is_led_until_a_rollout_of_theirs_has_succeeded() {
    let dashboard = Dashboard::new().await;
    let mut manager = dashboard.signed_in(Role::ReleaseManager).await;
    let nothing_yet = manager.get("/").await.body;
    assert!(!nothing_yet.contains(GUIDE), "without a first release there is nothing to roll out: {nothing_yet}");

    // What the command line brought live is no lesson.
    succeeded(&dashboard, engine::accounts::COMMAND_LINE).await;
    let database = dashboard.database().await;
    sqlx::query("update applications set live_slot = 'blue', blue = '1.0.0'").execute(&database).await.unwrap();
    let first = manager.get("/").await;
    assert!(first.body.contains(GUIDE), "{}", first.body);
    assert_eq!(first.attribute("class=\"next\"", "href"), "/applications/shop#start");
    let viewer = dashboard.signed_in(Role::Viewer).await.get("/").await.body;
    assert!(viewer.contains(GUIDE) && viewer.contains("sign in as a deployer or a release manager"), "{viewer}");

    let id = dashboard.start_and_reach_gate("1.1.0").await;
    let waiting = manager.get("/").await;
    assert_eq!(waiting.attribute("class=\"next\"", "href"), format!("/rollouts/{}", id.0));
    assert!(waiting.body.contains("Go on with rollout"), "{}", waiting.body);

    succeeded(&dashboard, "ada").await;
    assert!(!manager.get("/").await.body.contains(GUIDE));
}

#[tokio::test]
async fn the_version_that_a_link_names_is_filled_in() {
    let dashboard = Dashboard::new().await;
    let mut manager = dashboard.signed_in(Role::ReleaseManager).await;
    let page = manager.get("/applications/shop?version=1.1.0%22%3E").await;
    assert_eq!(page.attribute("id=\"version\"", "value"), "1.1.0\">", "{}", page.body);
}
