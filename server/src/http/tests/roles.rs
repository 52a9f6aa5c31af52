//! Who may what, by the forms themselves: a hidden button protects nothing.

use super::dashboard::{Dashboard, unescaped};
use rollout::actor::Role;
use rollout::command::AskKind;
use rollout::policy::{Permission, least_role};

/// The kind as the form says it.
fn name(kind: AskKind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_role_may_not_is_refused_in_words_and_nothing_is_written() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    let before = dashboard.journal(id).await;
    let page = format!("/rollouts/{}", id.0);
    let mut refused = 0;
    for role in Role::ALL {
        let mut browser = dashboard.signed_in(role).await;
        for kind in AskKind::ALL {
            let least = least_role(Permission::Ask(kind));
            if role >= least {
                continue;
            }
            refused += 1;
            assert_eq!(browser.ask(id, &name(kind), "24h").await.location(), page);
            let body = unescaped(&browser.get(&page).await.body);
            let sentence = format!("This needs the role {least}. Ask someone who has it.");
            assert!(body.contains(&sentence), "{role} {kind:?}: {body}");
            assert_eq!(dashboard.journal(id).await, before, "{role} {kind:?}");
        }
    }
    assert_eq!(refused, 18 + 9 + 2, "viewers 18, deployers 9, release managers 2");
}

/// The stage asks for more than the policy does.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stage_is_decided_by_the_role_it_names() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    let before = dashboard.journal(id).await;
    let mut deployer = dashboard.signed_in(Role::Deployer).await;
    for kind in ["approve", "reject"] {
        deployer.ask(id, kind, "words").await;
        let page = deployer.get(&format!("/rollouts/{}", id.0)).await;
        assert!(page.body.contains("This stage is decided by the role release-manager."), "{kind}");
        assert!(!page.body.contains(&format!(r#"value="{kind}""#)), "no form for it is shown");
    }
    assert_eq!(dashboard.journal(id).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_viewer_starts_nothing() {
    let dashboard = Dashboard::new().await;
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    let answer = viewer.post("/api/start", &[("application", "shop"), ("version", "2.0.0")]).await;
    assert_eq!(answer.location(), "/applications/shop");
    let page = viewer.get("/applications/shop").await;
    assert!(page.body.contains("This needs the role deployer. Ask someone who has it."));
    assert!(viewer.get("/history").await.body.contains("No rollout fits."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_viewer_sees_no_forms_and_others_see_theirs() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    let page = format!("/rollouts/{}", id.0);
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    for path in [page.as_str(), "/applications/shop", "/"] {
        let body = viewer.get(path).await.body;
        let forms: Vec<&str> = body.split("<form").skip(1).map(|rest| rest.split_once('>').unwrap().0).collect();
        assert_eq!(forms.len(), 1, "{path}: {forms:?}");
        assert!(forms[0].contains("/api/sign-out"), "{path}: {forms:?}");
    }
    for (role, approves, freezes) in
        [(Role::Deployer, false, false), (Role::ReleaseManager, true, false), (Role::Admin, true, true)]
    {
        let body = dashboard.signed_in(role).await.get(&page).await.body;
        let has = |kind: &str| body.contains(&format!(r#"value="{kind}""#));
        assert!(has("hold") && has("abort") && has("add-note"), "{role}");
        assert_eq!((has("approve"), has("freeze")), (approves, freezes), "{role}");
    }
}
