//! Sessions: their cookie, their beginning and their end.

use super::dashboard::{Dashboard, PASSWORD};
use axum::http::StatusCode;
use rollout::actor::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_cookie_is_kept_from_scripts_and_from_other_sites() {
    for (secure, name) in [(false, "crossfade="), (true, "__Host-crossfade=")] {
        let dashboard = Dashboard::with(secure).await;
        dashboard.add_user("ada", Role::Viewer).await;
        let answer = dashboard.browser().sign_in("ada", PASSWORD, "/").await;
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with(name), "{cookie}");
        let flags: Vec<&str> = cookie.split("; ").skip(1).collect();
        assert!(["HttpOnly", "SameSite=Lax", "Path=/"].iter().all(|flag| flags.contains(flag)), "{cookie}");
        assert_eq!(flags.contains(&"Secure"), secure, "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn signing_in_gives_a_new_session() {
    let dashboard = Dashboard::new().await;
    dashboard.add_user("ada", Role::Viewer).await;
    let mut browser = dashboard.browser();
    browser.sign_in("ada", "wrong password", "/").await;
    let before = browser.clone();
    browser.sign_in("ada", PASSWORD, "/").await;
    assert!(before.session().is_some() && browser.session().is_some());
    assert_ne!(browser.session(), before.session());
    // Whoever had planted the old one has nothing.
    assert_eq!(before.clone().get("/").await.location(), "/sign-in?to=/");
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn signing_out_ends_the_session_everywhere() {
    let dashboard = Dashboard::new().await;
    let mut browser = dashboard.signed_in(Role::Viewer).await;
    let mut kept = browser.clone();
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    assert_eq!(browser.post("/api/sign-out", &[]).await.location(), "/sign-in");
    assert_eq!(browser.session(), None);
    assert_eq!(kept.get("/").await.location(), "/sign-in?to=/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_password_or_role_ends_all_sessions_of_a_user() {
    let dashboard = Dashboard::new().await;
    let (mut viewer, mut admin) = (dashboard.signed_in(Role::Viewer).await, dashboard.signed_in(Role::Admin).await);
    assert_eq!(viewer.get("/").await.status, StatusCode::OK);
    dashboard.add_user("viewer", Role::Deployer).await;
    assert_eq!(viewer.get("/").await.location(), "/sign-in?to=/");
    assert_eq!(admin.get("/").await.status, StatusCode::OK, "others stay");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_that_has_expired_or_is_made_up_is_none() {
    let dashboard = Dashboard::new().await;
    let mut browser = dashboard.signed_in(Role::Admin).await;
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    let database = dashboard.database().await;
    sqlx::query("update sessions set expires_at = 1").execute(&database).await.unwrap();
    assert_eq!(browser.get("/").await.location(), "/sign-in?to=/");
    for cookie in ["crossfade=AAAAAAAAAAAAAAAAAAAAAA", "crossfade=1", "crossfade=", "crossfade=%00"] {
        let answer = dashboard.browser().send(axum::http::Method::GET, "/", &[("cookie", cookie)], "").await;
        assert_eq!(answer.location(), "/sign-in?to=/", "{cookie}");
    }
}
