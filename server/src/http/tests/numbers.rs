//! What metrics say, on the page of a rollout.

use super::dashboard::{Dashboard, unescaped};
use engine::store::samples::Sample;
use rollout::actor::Role;
use rollout::check::Check;
use rollout::clock::{Millis, Timestamp};
use rollout::command::{Ask, Report};
use rollout::event::RolloutId;
use rollout::metric::{Act, Amount, Evidence, Figure, Unit, Verdict};
use rollout::slot::Slot;

const NAME: &str = "errors <b>of</b> \"all\"";

fn breach() -> Evidence {
    Evidence {
        metric: NAME.to_owned(),
        at: Timestamp(1_795_378_443_000),
        verdict: Verdict::Failed,
        why: "over the limit of 0.1 %".to_owned(),
        new: Figure { value: Some(Amount(48_200)), samples: 1_240 },
        old: Some(Figure { value: Some(Amount(200)), samples: 11_160 }),
        threshold: Some(Amount(1_000)),
        unit: Unit::Ratio,
        window: Millis::seconds(60),
        in_a_row: 2,
        query: "sum(rate(x{slot=\"green\"}[1m])) > <0>".to_owned(),
        dry_run: false,
        act: Act::RollBack,
    }
}

/// At 10 %, approved by two.
async fn at_ten(dashboard: &Dashboard) -> RolloutId {
    let id = dashboard.start_and_reach_gate("2.0.0").await;
    for name in ["ada", "ben"] {
        dashboard.ask(id, name, Ask::Approve { stage: 0, comment: String::new() }).await;
    }
    let rollout = dashboard.report(id, Report::Advance).await;
    let (step, _) = rollout.running().unwrap();
    dashboard.report(id, Report::Succeeded { step, summary: String::new(), images: Default::default() }).await;
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_breach_and_its_numbers_are_on_the_page_and_harmless() {
    let dashboard = Dashboard::new().await;
    let id = at_ten(&dashboard).await;
    let sample =
        |slot, at, value| Sample { metric: NAME.to_owned(), slot, at: Timestamp(at), value, threshold: Some(0.001) };
    let samples = (0..20).flat_map(|n| {
        let at = 1_795_378_400_000 + n * 5_000;
        [sample(Slot::Green, at, Some(0.04)), sample(Slot::Blue, at, (n != 7).then_some(0.0))]
    });
    dashboard.engine.store().add_samples(id, &samples.collect::<Vec<_>>()).await.unwrap();
    let epoch = dashboard.engine.store().rollout(id).await.unwrap().unwrap().epoch();
    let report = Report::Watched { epoch, evidence: vec![breach()], requests: 1_240, flowing: true };
    let rollout = dashboard.report(id, report).await;
    assert!(rollout.back.is_some(), "it goes back by itself");

    let body = dashboard.signed_in(Role::Viewer).await.get(&format!("/rollouts/{}", id.0)).await.body;
    let section = body.split("<section class=\"metrics\">").nth(1).expect("the metrics are on the page");
    assert!(section.contains("<svg"), "and drawn");
    for (what, text) in [("name", "<b>of</b>"), ("query", "> <0>")] {
        assert!(!section.contains(text), "the {what} is text, not markup");
    }
    let text = unescaped(&body);
    let sentence = "errors <b>of</b> \"all\" is 4.82 % (1240 samples in 1 min; old slot: 0.02 %, 11160 samples): over the limit of 0.1 %";
    assert!(text.contains(sentence), "why it went back, with numbers");
    assert!(text.contains("sum(rate(x{slot=\"green\"}[1m])) > <0>"), "the query");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_preflight_found_is_listed() {
    let dashboard = Dashboard::new().await;
    let id = dashboard.start("2.0.0").await;
    let rollout = dashboard.report(id, Report::Advance).await;
    let (step, _) = rollout.running().unwrap();
    let checks = vec![
        Check::ok("disk space", "80 GB are free"),
        Check::warning("DNS TTL", "shop.test: 3600 s"),
        Check::failure("database", "separate: <lost>"),
    ];
    let end = Box::new(Report::Failed { step, error: "database: separate".to_owned() });
    dashboard.report(id, Report::Checked { step, checks, end }).await;
    let body = dashboard.signed_in(Role::Viewer).await.get(&format!("/rollouts/{}", id.0)).await.body;
    for wanted in ["check-ok", "check-warning", "check-failure", "shop.test: 3600 s", "separate: &lt;lost&gt;"] {
        assert!(body.contains(wanted), "{wanted}");
    }
}
