//! What every answer says to the browser about itself.

use super::dashboard::{Answer, Dashboard};
use rollout::actor::Role;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_scripts_of_the_very_answer_run() {
    let dashboard = Dashboard::new().await;
    dashboard.start("2.0.0").await;
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    let mut nonces = BTreeSet::new();
    let pages = ["/", "/sign-in", "/applications/shop", "/rollouts/1", "/history", "/nothing", "/rollouts/99"];
    for page in pages {
        let answer = viewer.get(page).await;
        let policy = answer.header("content-security-policy");
        let (_, rest) = policy.split_once("script-src 'nonce-").unwrap_or_else(|| panic!("{page}: {policy}"));
        let nonce = rest.split_once('\'').unwrap().0.to_owned();
        for wanted in [
            "default-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(wanted), "{page}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        let scripts: Vec<&str> =
            answer.body.split("<script").skip(1).map(|rest| rest.split_once('>').unwrap().0).collect();
        assert!(!scripts.is_empty(), "{page}");
        for script in scripts {
            assert!(script.contains(&format!("nonce=\"{nonce}\"")), "{page}: <script{script}>");
        }
        assert!(nonces.insert(nonce), "{page}: a nonce is used once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_answer_is_guarded() {
    for secure in [false, true] {
        let dashboard = Dashboard::with(secure).await;
        let mut viewer = dashboard.signed_in(Role::Viewer).await;
        let mut answers: Vec<(&str, Answer)> = vec![];
        for path in ["/", "/nothing", "/healthz", "/pkg/nothing.js"] {
            answers.push((path, viewer.get(path).await));
        }
        answers.push(("a redirect", dashboard.browser().get("/").await));
        for (what, answer) in answers {
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cache-control", "no-store"),
                ("strict-transport-security", if secure { "max-age=31536000" } else { "" }),
            ] {
                assert_eq!(answer.header(name), value, "{what}: {name}");
            }
            assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn scripts_and_styles_are_kept_by_the_browser_and_need_no_session() {
    let dashboard = Dashboard::new().await;
    let answer = dashboard.browser().get("/pkg/crossfade.x.js").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/javascript"));
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    for outside in ["/pkg/../crossfade.db", "/pkg/%2e%2e/hash.txt", "/pkg/..%2fhash.txt", "/pkg/"] {
        assert_eq!(dashboard.browser().get(outside).await.status.as_u16(), 404, "{outside}");
    }
}
