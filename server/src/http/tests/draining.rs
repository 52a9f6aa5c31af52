//! What is still open where traffic has left: on the page, and what can be done about it.

use super::dashboard::{Dashboard, unescaped};
use rollout::actor::Role;
use rollout::command::{Ask, Report};
use rollout::event::{Event, RolloutId};
use rollout::open::Open;
use rollout::plan::Step;

/// All traffic is on its way back to blue, and green is drained.
async fn draining(dashboard: &Dashboard) -> RolloutId {
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    for name in ["ada", "ben"] {
        dashboard.ask(id, name, Ask::Approve { stage: 0, comment: String::new() }).await;
    }
    let mut rollout = dashboard.report(id, Report::Advance).await;
    let mut turned = false;
    while rollout.draining().is_none() {
        let (step, kind) = rollout.running().unwrap();
        dashboard.done(id, step).await;
        if matches!(kind, Step::Shift { .. }) && !turned {
            turned = true;
            dashboard.ask(id, "ada", Ask::RollBack { reason: "slow".to_owned(), migrate_down: false }).await;
        }
        rollout = dashboard.report(id, Report::Advance).await;
    }
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_drain_is_on_the_page_with_what_can_be_done() {
    let dashboard = Dashboard::new().await;
    let id = draining(&dashboard).await;
    let path = format!("/rollouts/{}", id.0);
    let seen = unescaped(&dashboard.signed_in(Role::ReleaseManager).await.get(&path).await.body);
    assert!(seen.contains("All traffic is on blue (1.0.0); draining green (2.0.0)"), "{seen}");
    assert!(seen.contains("Draining green") && seen.contains("left, and nothing is cut before."), "{seen}");
    assert!(seen.contains(r#"value="drain-now""#) && seen.contains(r#"value="extend-drain""#));
    let deployer = dashboard.signed_in(Role::Deployer).await.get(&path).await.body;
    assert!(!deployer.contains(r#"value="drain-now""#) && deployer.contains(r#"value="extend-drain""#));

    let mut manager = dashboard.signed_in(Role::ReleaseManager).await;
    for (text, said) in
        [("soon", "is not a duration"), ("0s", "Extend by a time between 1 s and 24 h"), ("25h", "24 h")]
    {
        manager.ask(id, "extend-drain", text).await;
        let body = unescaped(&manager.get(&path).await.body);
        assert!(body.contains(said), "{text}");
    }
    let until = dashboard.engine.store().rollout(id).await.unwrap().unwrap().draining().unwrap().until;
    manager.ask(id, "extend-drain", "10m").await;
    let rollout = dashboard.engine.store().rollout(id).await.unwrap().unwrap();
    assert_eq!(rollout.draining().unwrap().until, until + rollout::clock::Millis::seconds(600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_cut_before_its_time_unless_a_person_says_so() {
    let dashboard = Dashboard::new().await;
    let id = draining(&dashboard).await;
    let before = dashboard.journal(id).await;
    let rollout = dashboard.engine.store().rollout(id).await.unwrap().unwrap();
    let step = rollout.draining().unwrap().step;
    let open = Open::Each { requests: 1, websockets: 3 };
    dashboard.report(id, Report::Drained { step, open }).await;
    dashboard.report(id, Report::Advance).await;
    assert_eq!(dashboard.journal(id).await, before);

    dashboard.ask(id, "ada", Ask::DrainNow { cut: Some(open) }).await;
    let journal = dashboard.journal(id).await;
    assert_eq!(journal.last().unwrap().event, Event::DrainEnded { step, cut: Some(open) });
    let page = dashboard.signed_in(Role::Viewer).await.get(&format!("/rollouts/{}", id.0)).await;
    assert!(page.body.contains("ada did not wait: 3 websockets and 1 request may be cut"), "{}", page.body);
}
