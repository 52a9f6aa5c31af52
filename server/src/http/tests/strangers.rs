//! Who has not signed in sees the form for it, and nothing else.

use super::dashboard::{Dashboard, PASSWORD};
use axum::http::StatusCode;
use rollout::actor::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_page_leads_to_sign_in_and_back() {
    let dashboard = Dashboard::new().await;
    let mut stranger = dashboard.browser();
    let pages = ["/", "/rollouts/7", "/applications/shop", "/history?application=a%20b&who=c%2Bd", "/no/such/page"];
    for page in pages {
        let answer = stranger.get(page).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{page}");
        let form = stranger.get(answer.location()).await;
        assert_eq!(form.status, StatusCode::OK);
        assert_eq!(form.attribute(r#"name="to""#, "value"), page);
    }
    dashboard.add_user("ada", Role::Viewer).await;
    let asked = stranger.get(pages[3]).await;
    let form = stranger.get(asked.location()).await;
    let to = form.attribute(r#"name="to""#, "value");
    let answer = stranger.sign_in("ada", PASSWORD, &to).await;
    assert_eq!(answer.location(), pages[3]);
    assert_eq!(stranger.get(pages[3]).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forms_of_strangers_do_nothing() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    let before = dashboard.journal(id).await;
    let mut stranger = dashboard.browser();
    for answer in [
        stranger.ask(id, "abort", "").await,
        stranger.post("/api/start", &[("application", "shop"), ("version", "3.0.0")]).await,
        stranger.post("/api/sign-out", &[]).await,
        stranger.post("/api/nothing", &[]).await,
    ] {
        assert_eq!(answer.location(), "/sign-in");
    }
    assert_eq!(dashboard.journal(id).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn signing_in_never_leads_away_from_here() {
    let dashboard = Dashboard::new().await;
    dashboard.add_user("ada", Role::Viewer).await;
    for away in
        ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "/a\r\nset-cookie: b=c"]
    {
        let answer = dashboard.browser().sign_in("ada", PASSWORD, away).await;
        assert_eq!(answer.location(), "/", "{away:?}");
        assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1, "{away:?}");
        // Nor does a wrong password on the way.
        let answer = dashboard
            .browser()
            .get(&format!("/sign-in?to={}", super::dashboard::encoded(&[("", away)]).trim_start_matches('=')))
            .await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn health_is_told_to_anyone_and_needs_no_session() {
    let dashboard = Dashboard::new().await;
    for (path, says) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let answer = dashboard.browser().get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, says));
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    }
    dashboard.engine.stop().await;
    let answer = dashboard.browser().get("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}
