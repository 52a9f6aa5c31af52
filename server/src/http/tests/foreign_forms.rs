//! Other sites cannot click here.

use super::dashboard::{Dashboard, HOST};
use axum::http::{Method, StatusCode};
use rollout::actor::Role;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forms_from_elsewhere_are_refused_and_change_nothing() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    let before = dashboard.journal(id).await;
    let mut admin = dashboard.signed_in(Role::Admin).await;
    let form = format!("rollout={}&kind=abort&stage=0&text=", id.0);
    let foreign: [&[(&str, &str)]; 6] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://deploy.example.evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://deploy.example")],
    ];
    for headers in foreign {
        for path in ["/api/ask", "/api/start", "/api/sign-out", "/api/sign-in"] {
            let answer = admin.send(Method::POST, path, headers, &form).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
    assert_eq!(dashboard.journal(id).await, before);
    assert_eq!(admin.get("/").await.status, StatusCode::OK, "nor is anybody signed out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn our_own_forms_pass() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    let origin = format!("http://{HOST}");
    let own: [&[(&str, &str)]; 3] =
        [&[("sec-fetch-site", "same-origin"), ("origin", &origin)], &[("origin", &origin)], &[]];
    for headers in own {
        let form = format!("rollout={}&kind=hold&stage=0&text=", id.0);
        let answer = viewer.send(Method::POST, "/api/ask", headers, &form).await;
        // It gets as far as the policy.
        assert_eq!(answer.location(), format!("/rollouts/{}", id.0), "{headers:?}");
        assert!(viewer.get(answer.location()).await.body.contains("This needs the role deployer."), "{headers:?}");
    }
    // A link from anywhere is fine.
    let answer = viewer.send(Method::GET, "/history", &[("sec-fetch-site", "cross-site")], "").await;
    assert_eq!(answer.status, StatusCode::OK);
}
