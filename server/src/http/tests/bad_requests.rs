//! What is not there, and what does not fit.

use super::dashboard::Dashboard;
use axum::http::{Method, StatusCode};
use rollout::actor::Role;
use rollout::event::RolloutId;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_does_not_exist_is_said_with_its_status() {
    let dashboard = Dashboard::new().await;
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    for (path, says) in [
        ("/nothing", "There is no such page"),
        ("/rollouts", "There is no such page"),
        ("/rollouts/1", "There is no rollout #1."),
        ("/rollouts/abc", "There is no rollout #abc."),
        ("/rollouts/-1", "There is no rollout #-1."),
        ("/rollouts/99999999999999999999", "There is no rollout #99999999999999999999."),
        ("/applications/other", "There is no application other."),
    ] {
        let answer = viewer.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains(says), "{path}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_form_about_what_does_not_exist_leads_to_a_page_that_says_so() {
    let dashboard = Dashboard::new().await;
    let mut admin = dashboard.signed_in(Role::Admin).await;
    let answer = admin.ask(RolloutId(99), "abort", "").await;
    assert_eq!(answer.location(), "/rollouts/99");
    assert_eq!(admin.get("/rollouts/99").await.status, StatusCode::NOT_FOUND);
    let answer = admin.post("/api/start", &[("application", "a b/../c"), ("version", "1")]).await;
    assert_eq!(answer.location(), "/applications/a%20b%2F..%2Fc");
    assert_eq!(admin.get(answer.location()).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nonsense_in_a_form_changes_nothing() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    let before = dashboard.journal(id).await;
    let mut admin = dashboard.signed_in(Role::Admin).await;
    let long = "x".repeat(2_001);
    for (kind, text, says) in [
        ("dance", "", "Crossfade does not know how to dance."),
        ("reject", "  ", "Say why it is rejected: the next person will want to know."),
        ("hold", long.as_str(), "That is 2001 characters; 2000 are the most."),
        ("extend-keep-warm", "soon", "duration"),
    ] {
        assert_eq!(admin.ask(id, kind, text).await.location(), format!("/rollouts/{}", id.0));
        let page = admin.get(&format!("/rollouts/{}", id.0)).await;
        assert!(page.body.contains(says), "{kind}: {}", page.body);
    }
    for body in
        ["", "rollout=1", "rollout=x&kind=abort", "kind=abort", "rollout=1&kind=approve&stage=-1", "%%%", "a=\u{0}"]
    {
        let answer = admin.send(Method::POST, "/api/ask", &[], body).await;
        assert!(!answer.status.is_success(), "{body:?}: {}", answer.status);
    }
    assert_eq!(dashboard.journal(id).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_that_is_too_large_is_refused() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    let before = dashboard.journal(id).await;
    let mut admin = dashboard.signed_in(Role::Admin).await;
    assert_eq!(admin.ask(id, "add-note", &"x".repeat(70_000)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Nor are strangers read without end.
    let answer = dashboard.browser().sign_in("ada", &"x".repeat(70_000), "/").await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(dashboard.journal(id).await, before);
}
