//! A router that is not as it was left: the box on the pages, who may do something about it, and how it is told. There is
//! no nginx here: to the engine, one that somebody took away.

use super::dashboard::{Dashboard, unescaped};
use super::live::{hear, serve};
use rollout::actor::{Actor, Role};
use std::time::{Duration, Instant};

const TITLE: &str = "is not as it was left";

/// Waits until the engine has found it by itself.
async fn adrift(dashboard: &Dashboard) {
    dashboard.care_for_the_router().await;
    until_found(dashboard).await;
}

async fn until_found(dashboard: &Dashboard) {
    let begun = Instant::now();
    while dashboard.engine.adrift(&Actor::user("ada", Role::Viewer), "shop").unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_router_that_was_never_left_in_any_way_is_not_adrift() {
    let dashboard = Dashboard::new().await;
    let mut manager = dashboard.signed_in(Role::ReleaseManager).await;
    assert!(!manager.get("/").await.body.contains(TITLE));
    let found = dashboard.engine.look_for_drift(&Actor::user("ada", Role::Viewer), "shop").await.unwrap().unwrap();
    assert_eq!(found.what, ["There is nothing to route: the application needs at least one routed service."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_is_shown_and_put_right_by_a_release_manager_alone() {
    let dashboard = Dashboard::new().await;
    adrift(&dashboard).await;
    for role in [Role::Viewer, Role::Deployer] {
        let mut browser = dashboard.signed_in(role).await;
        for path in ["/", "/applications/shop"] {
            let body = unescaped(&browser.get(path).await.body);
            assert!(body.contains(TITLE) && body.contains("nginx does not run"), "{path}: {body}");
            assert!(body.contains("Until it is put right, no rollout gets past its preflight."));
            assert!(body.contains("To put it right: this needs the role release-manager."), "{role} {path}");
            assert!(!body.contains("/api/put-right"), "{role} {path}");
        }
        let fields = [("application", "shop"), ("text", "let me"), ("from", "/")];
        assert_eq!(browser.post("/api/put-right", &fields).await.location(), "/");
        let body = browser.get("/").await.body;
        assert!(body.contains("This needs the role release-manager. Ask someone who has it."), "{role}");
        assert!(dashboard.engine.audited(&Actor::user("ada", Role::Viewer), "shop").await.unwrap().is_empty());
    }

    let mut manager = dashboard.signed_in(Role::ReleaseManager).await;
    for path in ["/", "/applications/shop"] {
        let page = manager.get(path).await;
        assert_eq!(page.attribute("action=\"/api/put-right\"", "name"), "application");
        assert!(!page.body.contains("/api/adopt"), "there is no rollout to adopt a weight");
        let put_right = |text: &'static str| [("application", "shop"), ("text", text), ("from", path)];
        let mut said = async |text| {
            assert_eq!(manager.post("/api/put-right", &put_right(text)).await.location(), path);
            unescaped(&manager.get(path).await.body)
        };
        assert!(said(" ").await.contains("Say why: the next person will want to know"));
        assert!(said("somebody stopped it").await.contains("nginx does not run"));
    }
    let page = unescaped(&manager.get("/applications/shop").await.body);
    assert!(page.contains("put the router right: somebody stopped it"), "it is kept: {page}");
    assert!(page.contains("it was not put right: nginx does not run"));
    // Nobody is led away from this site.
    let away = [("application", "shop"), ("text", ""), ("from", "https://evil.example/")];
    assert_eq!(manager.post("/api/put-right", &away).await.location(), "/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rollout_is_not_approved_over_drift_and_its_journal_tells() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    let page = format!("/rollouts/{}", id.0);
    let mut manager = dashboard.signed_in(Role::ReleaseManager).await;
    assert!(manager.get(&page).await.body.contains("value=\"approve\""));
    adrift(&dashboard).await;
    let names = async || dashboard.journal(id).await.iter().map(|entry| entry.event.name()).collect::<Vec<_>>();
    let begun = Instant::now();
    while !names().await.contains(&"drifted") {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", names().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let body = unescaped(&manager.get(&page).await.body);
    assert!(body.contains(TITLE) && body.contains("stays at 0 %: nothing is shifted over this"), "{body}");
    assert!(body.contains("Not before the router is put right"));
    assert!(!body.contains("value=\"approve\""), "no form to approve");
    manager.ask(id, "approve", "").await;
    let body = unescaped(&manager.get(&page).await.body);
    assert!(body.contains("have it put right first, then approve."), "{body}");

    for (action, said) in [("put-right", "nginx does not run"), ("adopt", "there is no weight to adopt")] {
        let fields = [("application", "shop"), ("weight", "5"), ("text", "why not"), ("from", page.as_str())];
        assert_eq!(manager.post(&format!("/api/{action}"), &fields).await.location(), page);
        let body = unescaped(&manager.get(&page).await.body);
        assert!(body.contains("role=\"alert\"") && body.contains(said), "{action}: {body}");
    }
    assert!(names().await.ends_with(&["drifted", "put-right", "not-put-right"]), "{:?}", names().await);
    // Once it has ended, its router is another one's business.
    manager.ask(id, "abort", "enough").await;
    assert!(names().await.contains(&"turned-back"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_looks_is_told() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    let at = serve(&dashboard).await;
    let viewer = dashboard.signed_in(Role::Viewer).await;
    let cookie = viewer.session().unwrap();
    let paths = [
        "/live/drift".to_owned(),
        "/live/drift?application=shop".to_owned(),
        format!("/live/rollouts/{}?seq=0&line=0", id.0),
    ];
    let [all, one, rollout] = paths.each_ref().map(|path| hear(at, path, cookie, TITLE));
    let ((), all, ..) = tokio::join!(dashboard.care_for_the_router(), all, one, rollout);
    assert!(all.contains("The router of"), "{all}");
}
