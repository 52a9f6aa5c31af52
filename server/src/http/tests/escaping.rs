//! What people and containers write is text, wherever it is shown.

use super::dashboard::{Dashboard, encoded, unescaped};
use engine::store::logs::{NewLine, Stream};
use rollout::actor::Role;
use rollout::command::{Ask, Report};
use rollout::event::{Entry, Event};

const NASTY: [&str; 6] = [
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<!--<script>alert(1)</script>",
];

/// None of it is markup.
fn harmless(body: &str, what: &str) {
    for markup in ["<script>alert", "<img", "<!--<script", "</textarea>"] {
        if let Some(at) = body.find(markup) {
            let from = (at.saturating_sub(80)..=at).find(|from| body.is_char_boundary(*from)).unwrap();
            panic!("{what}: {markup} in … {}", body[from..].chars().take(200).collect::<String>());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn words_of_people_and_containers_on_the_rollout_page() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    let page = format!("/rollouts/{}", id.0);
    let mut admin = dashboard.signed_in(Role::Admin).await;
    for text in NASTY {
        dashboard.ask(id, "ada", Ask::AddNote { text: format!("note {text}") }).await;
        dashboard.ask(id, "ada", Ask::Hold { reason: format!("hold {text}") }).await;
        dashboard.ask(id, "ada", Ask::Resume).await;
        let line = |stream| NewLine { step: 0, at: engine::clock::now(), stream, text: format!("line {text}") };
        dashboard.engine.store().add_lines(id, &[line(Stream::Info), line(Stream::Err)]).await.unwrap();
        let body = admin.get(&page).await.body;
        harmless(&body, text);
        for what in ["note", "hold", "line"] {
            assert!(unescaped(&body).contains(&format!("{what} {text}")), "{what} {text} is shown");
        }
    }
    dashboard.ask(id, "ada", Ask::Approve { stage: 0, comment: NASTY.join(" ") }).await;
    dashboard.ask(id, "bob", Ask::Reject { stage: 0, comment: NASTY.join(" ") }).await;
    let body = admin.get(&page).await.body;
    harmless(&body, "comments");
    assert!(unescaped(&body).contains(&format!("approved 10 %: {}", NASTY.join(" "))));
    assert!(unescaped(&body).contains(&format!("rejected it: {}", NASTY.join(" "))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_island_begins_with_is_read_back_as_it_was() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    let text = NASTY.join(" & &amp; \u{2028} \\ \n ");
    dashboard.ask(id, "ada", Ask::AddNote { text: text.clone() }).await;
    let answer = dashboard.signed_in(Role::Admin).await.get(&format!("/rollouts/{}", id.0)).await;
    let props = answer.attribute("<leptos-island", "data-props");
    let props: serde_json::Value = serde_json::from_str(&props).unwrap_or_else(|error| panic!("{error}: {props}"));
    let entries = props["start"]["entries"].as_array().unwrap();
    let last: Entry = serde_json::from_value(entries.last().unwrap().clone()).unwrap();
    assert_eq!(last.event, Event::NoteAdded { text });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_error_of_a_step() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    dashboard.report(id, Report::Advance).await;
    dashboard.report(id, Report::Failed { step: 0, error: NASTY.join(" ") }).await;
    let mut admin = dashboard.signed_in(Role::Admin).await;
    for path in [format!("/rollouts/{}", id.0), "/".to_owned(), "/applications/shop".to_owned(), "/history".to_owned()]
    {
        harmless(&admin.get(&path).await.body, &path);
    }
    let body = admin.get(&format!("/rollouts/{}", id.0)).await.body;
    assert!(unescaped(&body).contains(&NASTY.join(" ")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_typed_comes_back_as_it_was() {
    let dashboard = Dashboard::new().await;
    let mut admin = dashboard.signed_in(Role::Admin).await;
    for text in NASTY {
        let answer = admin.post("/api/start", &[("application", "shop"), ("version", text)]).await;
        assert_eq!(answer.location(), "/applications/shop");
        let page = admin.get("/applications/shop").await;
        harmless(&page.body, text);
        assert_eq!(page.attribute(r#"id="version""#, "value"), text);
        assert!(page.body.contains("a version is 1 to 128 letters"), "{}", page.body);
    }
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    for text in NASTY {
        // Of a form that is shown, and of one that is not.
        for kind in ["extend-keep-warm", text] {
            admin.ask(id, kind, text).await;
            harmless(&admin.get(&format!("/rollouts/{}", id.0)).await.body, text);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_stands_in_an_address() {
    let dashboard = Dashboard::new().await;
    let mut viewer = dashboard.signed_in(Role::Viewer).await;
    for text in NASTY {
        let quoted = encoded(&[("", text)]).trim_start_matches('=').to_owned();
        for path in [
            format!("/sign-in?to={quoted}"),
            format!("/history?application={quoted}&who={quoted}&version={quoted}&since={quoted}&until={quoted}"),
            format!("/history?application={quoted}&who={quoted}&version={quoted}"),
            format!("/history?outcome={quoted}"),
            format!("/history?below={quoted}"),
            format!("/applications/{quoted}"),
            format!("/rollouts/{quoted}"),
            format!("/{quoted}"),
        ] {
            harmless(&viewer.get(&path).await.body, &path);
        }
    }
}
