//! Links through the testers' door: who is given one, and what it is worth.

use super::dashboard::{Answer, Dashboard};
use axum::http::StatusCode;
use rollout::actor::Role;
use rollout::command::Ask;
use rollout::event::RolloutId;
use rollout::slot::Slot;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

async fn page(dashboard: &Dashboard, role: Role, id: RolloutId) -> Answer {
    dashboard.signed_in(role).await.get(&format!("/rollouts/{}", id.0)).await
}

/// Follows a link as somebody without an account.
async fn follow(dashboard: &Dashboard, link: &str) -> Answer {
    dashboard.browser().get(link).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_leads_to_the_router_with_the_key_in_hand() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    let closed = page(&dashboard, Role::Deployer, id).await;
    assert!(closed.body.contains("Nobody can come in: it is not open yet"), "{}", closed.body);

    dashboard.open_door(Slot::Green, KEY);
    let shown = page(&dashboard, Role::Deployer, id).await;
    assert!(shown.body.contains("Try green (2.0.0) through the router"));
    assert!(!shown.body.contains(KEY), "the key is on the page");
    let link = shown.attribute("door card", "href");
    assert!(link.starts_with(&format!("/door/{}?host=shop.test&until=", id.0)), "{link}");

    let sent = follow(&dashboard, &link).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    assert_eq!(sent.header("location"), format!("http://shop.test/.crossfade/door?key={KEY}"));
    assert_eq!((sent.header("referrer-policy"), sent.header("cache-control")), ("no-referrer", "no-store"));
    let journal = serde_json::to_string(&dashboard.journal(id).await).unwrap();
    assert!(!journal.contains(KEY), "the key is in the journal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_that_is_not_good_opens_nothing() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    dashboard.open_door(Slot::Green, KEY);
    let link = page(&dashboard, Role::Admin, id).await.attribute("door card", "href");
    let (rest, signature) = link.rsplit_once('=').unwrap();
    let until = link.split("until=").nth(1).unwrap().split('&').next().unwrap();
    let refused = |answer: &Answer| answer.status == StatusCode::FORBIDDEN && answer.header("location").is_empty();
    for bad in [
        link.replace("shop.test", "evil.example"),
        link.replace(until, &format!("{until}0")),
        link.replace(until, "1"),
        link.replacen(&format!("/door/{}", id.0), "/door/99", 1),
        format!("{rest}={}", signature.replace(|c: char| c.is_ascii_digit(), "0")),
        format!("{rest}={KEY}"),
        format!("{rest}="),
    ] {
        let answer = follow(&dashboard, &bad).await;
        assert!(refused(&answer), "{bad}: {} {}", answer.status, answer.body);
        assert!(answer.body.contains("This link is not good any more."), "{}", answer.body);
    }
    assert_eq!(follow(&dashboard, &format!("/door/{}", id.0)).await.status, StatusCode::BAD_REQUEST);

    // Another key: every link that was given out before is worth nothing.
    dashboard.close_door();
    assert!(refused(&follow(&dashboard, &link).await));
    dashboard.open_door(Slot::Green, &KEY.replace('0', "f"));
    assert!(refused(&follow(&dashboard, &link).await));
    dashboard.close_door();
    dashboard.open_door(Slot::Green, KEY);
    assert_eq!(follow(&dashboard, &link).await.status, StatusCode::SEE_OTHER);

    // The rollout turns back: whatever the router says, nobody comes in by Crossfade.
    dashboard.ask(id, "ada", Ask::Abort { reason: String::new() }).await;
    assert!(refused(&follow(&dashboard, &link).await));
    assert!(!page(&dashboard, Role::Admin, id).await.body.contains("through the router"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn links_are_for_those_who_may_and_not_before_the_checks() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    dashboard.open_door(Slot::Green, KEY);
    assert!(!page(&dashboard, Role::Admin, id).await.body.contains("door-link"), "nothing was checked yet");
    dashboard.ask(id, "ada", Ask::Abort { reason: String::new() }).await;
    let rollout = dashboard.report(id, rollout::command::Report::Advance).await;
    let (step, _) = rollout.running().unwrap();
    let done = rollout::command::Report::Succeeded { step, summary: String::new(), images: Default::default() };
    dashboard.report(id, done).await;

    let id = dashboard.start_and_reach_gate("2.0.1").await;
    for (role, may) in
        [(Role::Viewer, false), (Role::Deployer, true), (Role::ReleaseManager, true), (Role::Admin, true)]
    {
        assert_eq!(page(&dashboard, role, id).await.body.contains("door-link"), may, "{role}");
    }
}
