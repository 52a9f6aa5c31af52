//! A router that is not as it was left: what is said, what is offered, and what follows.

use crate::journal::*;
use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::clock::Millis;
use rollout::command::AskKind::{self, *};
use rollout::command::{Ask, Command, Report};
use rollout::event::Event;
use rollout::plan::Step;
use rollout::slot::{Slot, Split, Weight};

fn weight(percent: u8) -> Weight {
    Weight::new(percent).unwrap()
}

fn at(percent: u8) -> Split {
    Split { to: Slot::Green, weight: weight(percent) }
}

fn drifted(seen: Option<Split>) -> Said {
    engine(Event::Drifted { what: "It was set by hand.".to_owned(), seen })
}

fn offer(rollout: &Rollout, kind: AskKind) -> String {
    let offer = rollout.offer(&Actor::user("ben", Role::ReleaseManager), kind, NOW);
    match offer.refused {
        None => format!("{}: {}", offer.label, offer.consequence),
        Some(refusal) => format!("No. {refusal}"),
    }
}

fn report(rollout: &Rollout, report: Report) -> Vec<Event> {
    rollout.decide(&Actor::Engine, &Command::Engine(report), NOW + Millis::hours(9)).unwrap()
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}

#[test]
fn a_gate_is_not_passed_over_drift() {
    let rollout = at_25(&[asked(1), drifted(Some(at(60)))]);
    assert_eq!(rollout.headline(), "Waiting for approval: 25 % → 50 %");
    assert_eq!(
        rollout.waits_for(NOW),
        "A release-manager must approve. Not before the router is put right: it is not as it was left. In 4 h it is held."
    );
    for kind in [Approve, PromoteFull] {
        let said = offer(&rollout, kind);
        assert!(said.starts_with("No. The router is not as it was left, and nothing is shifted over that"), "{said}");
    }
    assert!(offer(&rollout, Reject).starts_with("Reject: All traffic goes back to blue"));
    assert_eq!(
        offer(&rollout, PutRight),
        "Put right: The router is brought back to how Crossfade left it: 25 % of the traffic to green (1.1.0). A file \
         that was edited is kept beside it."
    );
    // Nobody could say yes: that nobody did rejects nothing.
    assert_eq!(names(&report(&rollout, Report::Advance)), ["approval-timed-out", "held"]);
    assert_eq!(names(&report(&at_25(&[asked(1)]), Report::Advance)), ["approval-timed-out", "turned-back"]);
    let well = at_25(&[asked(1), drifted(Some(at(60))), engine(Event::DriftEnded { how: String::new() })]);
    assert!(offer(&well, Approve).starts_with("Approve 50 %"));
    assert_eq!(offer(&well, PutRight), "No. The router is as it was left: there is nothing to put right.");
}

#[test]
fn what_may_be_adopted() {
    let other_way = Split { to: Slot::Blue, weight: weight(90) };
    for (seen, said) in [
        (
            Some(at(60)),
            "No. The router is at 60 %, and nothing reaches green beyond the 25 % that it was left at: have it put right.",
        ),
        (Some(other_way), "No. The router gives the slots other sessions than Crossfade does: have it put right."),
        (None, "No. The router does not say how it splits the traffic: there is no weight to adopt."),
        (
            Some(at(10)),
            "Adopt 10 %: 10 % of the traffic to green (1.1.0) is right from now on, and the rollout is held there. \
             Stages above it begin anew, each after its approvals.",
        ),
        // As no traffic to green is all of it to blue.
        (
            Some(Split::all(Slot::Blue)),
            "Adopt 0 %: 0 % of the traffic to green (1.1.0) is right from now on, and the rollout is \
          held there. Stages above it begin anew, each after its approvals.",
        ),
    ] {
        assert_eq!(offer(&at_25(&[asked(1), drifted(seen)]), Adopt), said);
    }
    let back = at_25(&[drifted(Some(at(10))), back()]);
    assert_eq!(offer(&back, Adopt), "No. It is on the way back already.");
}

#[test]
fn an_adopted_weight_is_held_and_what_is_above_it_begins_anew() {
    let yes = by("cleo", Event::Approved { stage: 1, comment: String::new(), evidence: vec![] });
    let at_50 = [vec![asked(1), yes], done_at_once(SHIFT_50), vec![asked(2), drifted(Some(at(30)))]].concat();
    let rollout = at_25(&at_50);
    let ask = |percent| {
        let ask = Ask::Adopt { weight: weight(percent), reason: "the phones rang".to_owned() };
        rollout.decide(&Actor::user("ben", Role::ReleaseManager), &Command::Person(ask), NOW)
    };
    assert_eq!(ask(20).unwrap_err().message(), "The router has moved on: it now says 30 %. Look again.");
    let events = ask(30).unwrap();
    assert_eq!(names(&events), ["adopted", "held"]);
    let said: Vec<Said> = events.into_iter().map(|event| by("ben", event)).collect();
    let adopted = at_25(&[at_50, said].concat());
    assert_eq!(adopted.headline(), "Held at 30 %");
    assert_eq!((adopted.weight, &adopted.gate, &adopted.drift), (weight(30), &None, &None));
    assert!(adopted.cleared.is_empty(), "50 % is approved anew");
    assert_eq!(adopted.current().unwrap().1.step, Step::Shift { stage: 1 });
    assert_ne!(adopted.epoch(), rollout.epoch(), "looks at its metrics begin anew");
}

#[test]
fn time_counts_for_nothing_while_the_router_is_adrift() {
    let baking = || after(&[began(SHIFT_25), done(SHIFT_25), began_clock(BAKE_25, NOW)]);
    let seen = |expected| Report::Drifted { expected, what: "It was set by hand.".to_owned(), seen: Some(at(5)) };
    let events = report(&baking(), seen(at(25)));
    assert_eq!(names(&events), ["drifted", "held"]);
    assert_eq!(names(&report(&baking(), seen(at(10)))), [""; 0], "that was before it was shifted");
    // It went adrift while something else was at work.
    let later = after(&[began(SHIFT_25), done(SHIFT_25), began_clock(BAKE_25, NOW), drifted(None)]);
    assert_eq!(names(&report(&later, Report::Advance)), ["held"]);
    let next = after(&[drifted(None)]);
    assert_eq!(names(&report(&next, Report::Advance)), ["held"], "and no shift begins");
}

#[test]
fn a_shift_that_the_router_did_not_take_waits() {
    let rollout = after(&[began(SHIFT_25), unsure(SHIFT_25)]);
    assert_eq!(rollout.headline(), "Not shifted to 25 %: left at 0 %");
    assert_eq!(rollout.waits_for(NOW), "3 requests. The weight stays until somebody retries or goes back.");
    assert!(offer(&rollout, Retry).starts_with("Retry shift: The step is tried once more"));
    let adrift = after(&[began(SHIFT_25), unsure(SHIFT_25), drifted(None)]);
    assert!(offer(&adrift, Retry).contains("have it put right first, then retry."));
}
