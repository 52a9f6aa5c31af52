//! The whole of it, as HTML.

use super::{evidence_html, metrics_html, numbers};
use crate::live::Numbers;
use engine::telemetry::board::{Board, Chart, Point, Share, Wanted};
use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::application::Stage;
use rollout::clock::{Millis, Timestamp};
use rollout::event::{Entry, Event, Kind, Outcome, Start};
use rollout::metric::{Act, Amount, Evidence, Figure, Unit, Verdict};
use rollout::plan::{Plan, Step};
use rollout::release::Version;
use rollout::slot::{Slot, Weight};

const NOW: Timestamp = Timestamp(1_795_378_443_000);

/// One at 10 %, in its bake, and what else happened.
fn rollout(more: &[Event]) -> (Rollout, Vec<Entry>) {
    let stage = |percent| Stage {
        weight: Weight::new(percent).unwrap(),
        approve: None,
        bake: Millis::seconds(60),
        min_requests: 300,
    };
    let steps = vec![Step::Shift { stage: 0 }, Step::Bake { stage: 0 }, Step::Shift { stage: 1 }, Step::Promote];
    let plan = Plan { stages: vec![stage(10), stage(100)], steps, ..Plan::back(false) };
    let start = Start {
        application: "shop".to_owned(),
        kind: Kind::Forward,
        release: Version::parse("2.0").unwrap(),
        from: Some(Version::parse("1.0").unwrap()),
        slot: Slot::Green,
        plan,
    };
    let mut events = vec![
        Event::Started(Box::new(start)),
        Event::StepStarted { step: 0, until: None },
        Event::StepSucceeded { step: 0, summary: String::new(), images: Default::default() },
        Event::StepStarted { step: 1, until: None },
    ];
    events.extend_from_slice(more);
    let entry = |(index, event): (usize, Event)| Entry {
        seq: index as u64 + 1,
        at: NOW + Millis::seconds(index as u64 * 10),
        by: Actor::user("ada", Role::Admin),
        event,
    };
    let entries: Vec<Entry> = events.into_iter().enumerate().map(entry).collect();
    (Rollout::fold(&entries).unwrap(), entries)
}

fn evidence(verdict: Verdict, act: Act) -> Evidence {
    Evidence {
        metric: "error rate".to_owned(),
        at: NOW,
        verdict,
        why: "over the limit of 0.1 %".to_owned(),
        new: Figure { value: Amount::of(0.0482), samples: 1_240 },
        old: Some(Figure { value: Amount::of(0.0002), samples: 11_160 }),
        threshold: Amount::of(0.001),
        unit: Unit::Ratio,
        window: Millis::seconds(60),
        in_a_row: 2,
        query: "router log: upstream 5xx / requests".to_owned(),
        dry_run: false,
        act,
    }
}

fn chart(new: &[(i64, Option<f64>)], old: &[(i64, Option<f64>)], threshold: Option<f64>) -> Chart {
    let points = |points: &[(i64, Option<f64>)]| {
        points.iter().map(|(at, value)| Point { at: Timestamp(*at), value: *value }).collect::<Vec<_>>()
    };
    Chart { name: "error rate".to_owned(), unit: Unit::Ratio, new: points(new), old: points(old), threshold }
}

fn drawn(charts: Vec<Chart>) -> String {
    let (rollout, entries) = rollout(&[]);
    metrics_html(&Board { charts, ..Board::default() }, &rollout, &entries, NOW)
}

/// What a reader reads.
fn text(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    text
}

#[test]
fn without_numbers_there_is_nothing() {
    let (rollout, entries) = rollout(&[]);
    assert_eq!(numbers(&Board::default(), &rollout, &entries, NOW), Numbers::default());
    let board = Board { evidence: vec![evidence(Verdict::Successful, Act::Pass)], ..Board::default() };
    let numbers = numbers(&board, &rollout, &entries, NOW);
    assert!(
        numbers.board.contains("<table") && text(&numbers.evidence).starts_with("What the metrics say: 1 successful")
    );
}

#[test]
fn the_measured_share_stands_beside_the_weight() {
    let (rollout, entries) = rollout(&[]);
    let share = Share {
        weight: Weight::new(10).unwrap(),
        measured: Some(0.098),
        requests: 1_240,
        rate: 20.66,
        window: Millis::seconds(60),
        open: Some((12, 1_104)),
    };
    let shown = |share: Share, lost| {
        let board = Board { share: Some(share), lost, ..Board::default() };
        text(&metrics_html(&board, &rollout, &entries, NOW))
    };
    let words = shown(share, 12);
    for part in [
        "green: 10 % wanted · 9.8 % measured of 1,240 requests in the last minute, 20.7/s",
        "Open connections: green 12, blue 1,104.",
        "12 lines of the router's log were lost since the server started: figures are a little low.",
    ] {
        assert!(words.replace("&#x27;", "'").contains(part), "{part} in {words}");
    }
    let silent = Share { measured: None, requests: 0, open: None, window: Millis::seconds(90), ..share };
    let words = shown(silent, 0);
    assert!(words.contains("10 % wanted · not measured: no requests to either slot in the last 1 min 30 s"), "{words}");
    assert!(!words.contains("lost") && !words.contains("Open connections"), "{words}");
    assert!(shown(Share { measured: Some(f64::NAN), ..share }, 0).contains("not measured, of 1,240 requests"));
}

#[test]
fn a_verdict_is_shown_with_all_it_rests_on() {
    let (rollout, entries) = rollout(&[]);
    let look = |evidence: Evidence, now| {
        let board = Board { evidence: vec![evidence], ..Board::default() };
        metrics_html(&board, &rollout, &entries, now)
    };
    let html = look(evidence(Verdict::Failed, Act::RollBack), NOW + Millis::seconds(4));
    let words = text(&html);
    for part in [
        "Metrics 1 failed",
        "error rate",
        "last 1 min",
        "✕ Failed",
        "4.82 %",
        "1,240 samples",
        "0.02 %",
        "11,160 samples",
        "over the limit of 0.1 %",
        "2 in a row: rolls back",
        "router log: upstream 5xx / requests",
        "Last look at 20:14:03 UTC",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert!(html.contains("badge verdict-failed") && html.contains("id=\"query-0\""), "{html}");
    assert!(!words.contains("perhaps not true any more"), "{words}");
    for (evidence, wanted) in [
        (evidence(Verdict::Failed, Act::Wait), "2 in a row: not often enough yet to act"),
        (evidence(Verdict::Failed, Act::Hold), "2 in a row: holds the rollout"),
        (
            Evidence { dry_run: true, ..evidence(Verdict::Failed, Act::Pass) },
            "2 in a row: nothing follows in a dry run",
        ),
        (evidence(Verdict::Inconclusive, Act::Wait), "? Inconclusive"),
        (
            Evidence { new: Figure::default(), ..evidence(Verdict::Error, Act::Ask) },
            "2 in a row: a person is asked once its time is up",
        ),
        (Evidence { old: None, ..evidence(Verdict::Successful, Act::Pass) }, "✓ Successful"),
        (Evidence { threshold: None, ..evidence(Verdict::Successful, Act::Pass) }, "none"),
    ] {
        let words = text(&look(evidence, NOW));
        assert!(words.contains(wanted), "{wanted} in {words}");
    }
    let stale = text(&look(evidence(Verdict::Successful, Act::Pass), NOW + Millis::seconds(61)));
    assert!(stale.contains("perhaps not true any more: error rate since 20:14:03 UTC."), "{stale}");
}

#[test]
fn after_the_watch_the_breach_is_left() {
    let breach = Event::Breached { evidence: Box::new(evidence(Verdict::Failed, Act::RollBack)) };
    let back = Event::TurnedBack { outcome: Outcome::RolledBack, reason: "bad".to_owned(), migrate_down: false };
    let (rollout, entries) = rollout(&[breach, back]);
    let words = text(&metrics_html(&Board::default(), &rollout, &entries, NOW));
    assert!(words.contains("The breach, at 20:14:03 UTC:") && words.contains("2 in a row: rolls back"), "{words}");
}

#[test]
fn evidence_is_short_and_the_worst_is_first() {
    let named = |name: &str, verdict, act| Evidence { metric: name.to_owned(), ..evidence(verdict, act) };
    let all = [
        named("fine", Verdict::Successful, Act::Pass),
        Evidence { dry_run: true, ..named("on trial", Verdict::Failed, Act::Pass) },
        named("unknown", Verdict::Inconclusive, Act::Wait),
        named("broken", Verdict::Failed, Act::Hold),
    ];
    let words = text(&evidence_html("What ada knew", &all, Slot::Green, None));
    assert!(words.starts_with("What ada knew: 1 failed, 1 inconclusive, 1 successful, 1 dry run"), "{words}");
    let place = |name: &str| words.find(name).unwrap_or_else(|| panic!("{name} in {words}"));
    assert!(
        place("broken") < place("unknown") && place("unknown") < place("on trial") && place("on trial") < place("fine")
    );
    assert!(words.contains("green 4.82 % · blue 0.02 % · limit 0.1 % · 1,240 samples"), "{words}");
    assert!(words.contains("over the limit of 0.1 % (2 in a row: holds the rollout)"), "{words}");
    assert!(words.contains("As of 20:14:03 UTC"), "{words}");
    let none = text(&evidence_html("Now", &[], Slot::Blue, Some(NOW)));
    assert_eq!(none, "Now: nothing was measured");
}

#[test]
fn what_others_wrote_is_text() {
    let evil = "</title></svg><script>alert(1)</script>\"'&";
    let (rollout, entries) = rollout(&[]);
    let seen = Evidence {
        metric: evil.to_owned(),
        why: evil.to_owned(),
        query: evil.to_owned(),
        at: Timestamp(0),
        ..evidence(Verdict::Failed, Act::Hold)
    };
    let mut charts = vec![chart(&[(0, Some(1.0)), (9, Some(2.0))], &[], None), chart(&[], &[], Some(1.0))];
    charts.iter_mut().for_each(|chart| chart.name = evil.to_owned());
    let board = Board { evidence: vec![seen.clone()], charts, ..Board::default() };
    for html in [
        metrics_html(&board, &rollout, &entries, NOW),
        evidence_html(evil, std::slice::from_ref(&seen), Slot::Green, Some(NOW)),
    ] {
        assert!(!html.contains("<script") && !html.contains("</title></svg><"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }
}

#[test]
fn a_chart_says_its_numbers_its_limit_and_what_happened() {
    let at = |seconds: i64| NOW.0 + seconds * 1_000;
    let new = [(at(20), Some(0.0)), (at(30), Some(0.04)), (at(40), None), (at(50), Some(0.05))];
    let old = [(at(20), Some(0.0)), (at(50), Some(0.0))];
    let breach = Event::Breached { evidence: Box::new(evidence(Verdict::Failed, Act::Hold)) };
    let (rollout, entries) = rollout(&[breach, Event::Held { reason: "a <look>".to_owned() }]);
    let board = Board { charts: vec![chart(&new, &old, Some(0.001))], ..Board::default() };
    let html = metrics_html(&board, &rollout, &entries, NOW);
    for part in [
        // The zero line is the floor of the plot; the new slot is on top, drawn last.
        "<path d=\"M0 96L1000 96\" class=\"trace trace-blue trace-old\">",
        "<path d=\"M0 96L333.3 19.2\" class=\"trace trace-green trace-new\">",
        "d=\"M1000 0h0\"",
        "<title>error rate</title>",
        "Last values: green 5 % at 20:14:53 UTC, blue 0 % at 20:14:53 UTC. Limit 0.1 %. From 20:14:23 to 20:14:53 UTC.",
        "10 % on green at 20:14:23 UTC.",
        "breach of error rate at 20:14:43 UTC.",
        "ada held it at 20:14:53 UTC.",
        ">limit 0.1 %</text>",
        ">2.5 %</text>",
        ">20:14:53 UTC</text>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(html.find("M0 96L1000 96").unwrap() < html.find("M0 96L333.3").unwrap());
    let far = drawn(vec![chart(&[(0, Some(0.001)), (1_000, Some(0.001))], &[], Some(0.5))]);
    assert!(far.contains(">limit 50 % is above this chart</text>") && !far.contains("limit-line"), "{far}");
}

#[test]
fn a_chart_without_numbers_says_so() {
    assert!(text(&drawn(vec![chart(&[], &[], Some(0.001))])).contains("No numbers yet. Limit 0.1 %."));
    assert!(text(&drawn(vec![chart(&[], &[], Some(f64::NAN))])).ends_with("No numbers yet."));
    let silent = text(&drawn(vec![chart(&[(0, None), (1, None)], &[], None)]));
    assert!(silent.contains("It was asked, and there was no number."), "{silent}");
}

#[test]
fn waiting_is_shown_as_a_bar() {
    let (rollout, entries) = rollout(&[]);
    let wanted = Some(Wanted { have: 212, want: 300, until: None });
    let html = metrics_html(&Board { wanted, ..Board::default() }, &rollout, &entries, NOW);
    assert!(html.contains("value=\"212\" max=\"300\""), "{html}");
    assert!(text(&html).contains("212 of 300 requests at this weight; no requests come: it cannot end by itself."));
}

mod any_points {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Option<f64>> {
        prop_oneof![
            4 => (-1e3..1e6f64).prop_map(Some),
            2 => Just(None),
            2 => any::<f64>().prop_map(Some),
            1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::MIN, 1e-300, -0.0, 9.1e12]).prop_map(Some),
        ]
    }

    fn points() -> impl Strategy<Value = Vec<(i64, Option<f64>)>> {
        let time = prop_oneof![6 => 0..100_000i64, 1 => any::<i64>(), 1 => Just(NOW.0)];
        let few = prop::collection::vec((time.clone(), value()), 0..12);
        let many = prop::collection::vec((time, value()), 300..900);
        prop_oneof![6 => few, 1 => many]
    }

    /// Every number that a drawing has, by the attributes that hold one.
    fn coordinates(html: &str) -> impl Iterator<Item = f64> + '_ {
        let attributes = ["x", "y", "x1", "x2", "y1", "y2", "dx", "width", "height", "d", "viewBox"];
        attributes.into_iter().flat_map(move |name| {
            let open = format!(" {name}=\"");
            html.match_indices(&open)
                .map(|(at, _)| html[at + open.len()..].split('"').next().unwrap_or("").to_owned())
                .flat_map(|value| {
                    value
                        .split([' ', 'M', 'L', 'h', '%'])
                        .filter(|part| !part.is_empty())
                        .map(|part| part.parse::<f64>().unwrap_or(f64::NAN))
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        #[test]
        fn every_number_in_a_drawing_is_one_and_inside(
            new in points(),
            old in points(),
            threshold in value(),
            unit in prop::sample::select(&Unit::ALL[..]),
        ) {
            let html = drawn(vec![Chart { unit, ..chart(&new, &old, threshold) }]);
            for number in coordinates(&html) {
                prop_assert!((-10.0..=1_000.0).contains(&number), "{number} in {html}");
            }
            prop_assert!(!html.contains("NaN") && !html.contains("inf\"") && !html.contains(">inf"), "{html}");
            for path in html.split(" d=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                prop_assert!(path.starts_with('M'), "{path}");
                prop_assert!(path.matches(['M', 'L']).count() <= 300, "{}", path.len());
            }
        }
    }
}
