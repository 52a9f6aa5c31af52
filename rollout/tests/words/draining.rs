//! Draining, in words and by the clock; and journals from before there was a drain.

use crate::journal::*;
use rollout::actor::{Actor, Role};
use rollout::clock::{Millis, Timestamp};
use rollout::command::{Ask, AskKind, Command, Report};
use rollout::event::{Entry, Event, Outcome, Start};
use rollout::open::Open;
use rollout::plan::{Plan, Step};
use rollout::slot::Slot;
use rollout::{Rollout, state::StepStatus};

const GRACE: Millis = Millis::seconds(300);

/// The plan of `journal`, with a drain before the old slot is cleaned up; the way back has one as well.
fn with_drain() -> Start {
    let mut start = start();
    start.plan.drain = GRACE;
    start.plan.steps.insert(CLEAN_UP, Step::Drain { slot: Slot::Blue });
    start
}

fn drained_back(said: &[Said]) -> Rollout {
    let before = [done_at_once(0), done_at_once(PREPARE), done_at_once(HEALTH), done_at_once(SHIFT_25)].concat();
    let back = [vec![back()], done_at_once(BACK + 1), done_at_once(BACK + 2)].concat();
    fold(with_drain(), &[before, back, vec![began_clock(BACK + 3, NOW + GRACE)], said.to_vec()].concat())
}

fn decide(rollout: &Rollout, report: Report, now: Timestamp) -> Vec<Event> {
    rollout.decide(&Actor::Engine, &Command::Engine(report), now).unwrap()
}

#[test]
fn the_way_back_drains_before_it_stops() {
    let rollout = drained_back(&[]);
    assert_eq!(rollout.headline(), "All traffic is on blue (1.0.0); draining green (1.1.0)");
    assert_eq!(
        rollout.waits_for(NOW + Millis::seconds(60)),
        "Once nothing is open on green, and in 4 min at the latest, green (1.1.0) is stopped."
    );
    let offer = |kind| rollout.offer(&Actor::user("ben", Role::ReleaseManager), kind, NOW);
    assert_eq!(offer(AskKind::DrainNow).consequence, "What is still open on green (1.1.0) is cut, and it is stopped.");
    assert_eq!(offer(AskKind::ExtendDrain).consequence, "What is open on green gets more time to end.");
    assert_eq!(rollout.left_slot(), Some(Slot::Green));
    let wanted = [Step::CheckOldSlot, Step::ShiftBack, Step::Drain { slot: Slot::Green }, Step::StopNewSlot];
    assert!(rollout.steps[BACK + 1..].iter().map(|record| record.step).eq(wanted));
}

#[test]
fn a_drain_ends_by_what_is_open_or_by_its_time() {
    let rollout = drained_back(&[]);
    let step = BACK + 3;
    let drained = |open, now| decide(&rollout, Report::Drained { step, open }, now);
    let summary = |events: &[Event]| match events {
        [Event::StepSucceeded { summary, .. }] => summary.clone(),
        other => panic!("{other:?}"),
    };
    let open = Open::Each { requests: 0, websockets: 2 };
    assert_eq!(summary(&drained(Open::Connections(0), NOW)), "nothing is open on green any more");
    for early in [Open::Unknown, open, Open::Connections(1)] {
        assert_eq!(drained(early, NOW + Millis(GRACE.0 - 1)), []);
    }
    assert_eq!(summary(&drained(open, NOW + GRACE)), "time is up: 2 websockets on green may be cut");
    assert_eq!(decide(&rollout, Report::Advance, NOW + GRACE), [], "somebody must have looked");
    let done = Report::Succeeded { step, summary: String::new(), images: Default::default() };
    assert!(rollout.decide(&Actor::Engine, &Command::Engine(done), NOW + GRACE).is_err());
    // After a crash the grace goes on from where it began.
    let again = decide(&rollout, Report::Interrupted, NOW + Millis::seconds(100));
    assert_eq!(again, [Event::StepStarted { step, until: Some(NOW + GRACE) }]);
    let taken_up = drained_back(&[(Actor::Engine, again[0].clone())]);
    assert_eq!(taken_up.draining().map(|d| (d.since, d.until)), Some((NOW, NOW + GRACE)));
}

#[test]
fn a_person_extends_it_or_does_not_wait() {
    let ada = Actor::user("ada", Role::ReleaseManager);
    let rollout = drained_back(&[]);
    let ask = |ask| rollout.decide(&ada, &Command::Person(ask), NOW);
    let longer = ask(Ask::ExtendDrain { by: Millis::seconds(60) }).unwrap();
    assert_eq!(longer, [Event::DrainExtended { step: BACK + 3, until: NOW + Millis::seconds(360) }]);
    assert!(
        ask(Ask::ExtendDrain { by: Millis::ZERO }).is_err() && ask(Ask::ExtendDrain { by: Millis::hours(25) }).is_err()
    );
    let extended = drained_back(&[(ada.clone(), longer[0].clone())]);
    let open = Open::Connections(3);
    assert_eq!(decide(&extended, Report::Drained { step: BACK + 3, open }, NOW + GRACE), []);

    let now = ask(Ask::DrainNow { cut: Some(open) }).unwrap();
    let cut = drained_back(&[(ada, now[0].clone())]);
    let StepStatus::Succeeded { summary, .. } = &cut.steps[BACK + 3].status else { panic!() };
    assert_eq!(summary, "ada did not wait: 3 connections may be cut");
    assert_eq!(decide(&cut, Report::Advance, NOW), [Event::StepStarted { step: BACK + 4, until: None }]);
    assert!(cut.decide(&Actor::Engine, &Command::Person(Ask::DrainNow { cut: None }), NOW).is_err());
}

#[test]
fn after_the_end_the_old_slot_is_drained_before_it_is_stopped() {
    let end =
        [done_at_once(SHIFT_50), done_at_once(SHIFT_100), done_at_once(PROMOTE), ended(Outcome::Succeeded)].concat();
    let before =
        [done_at_once(0), done_at_once(PREPARE), done_at_once(HEALTH), done_at_once(SHIFT_25), done_at_once(BAKE_25)];
    let warm = [before.concat(), end, vec![began_clock(KEEP_WARM, NOW + Millis::hours(24))]].concat();
    let rollout = fold(with_drain(), &warm);
    assert_eq!(rollout.left_slot(), Some(Slot::Blue), "counted while it is warm");
    assert_eq!(
        rollout.offer(&Actor::user("ben", Role::Admin), AskKind::CleanUpNow, NOW).consequence,
        "blue (1.0.0) is stopped as soon as nothing is open there, in 5 min at the latest. Rolling back then takes a \
         rollout of its own."
    );
    let let_go = by("cleo", Event::KeepWarmEnded { reason: "ended by cleo".to_owned(), stop: true });
    let draining = fold(with_drain(), &[warm.clone(), vec![let_go, began_clock(CLEAN_UP, NOW + GRACE)]].concat());
    assert_eq!(
        draining.waits_for(NOW),
        "Once nothing is open on blue, and in 5 min at the latest, blue (1.0.0) is stopped."
    );
    // Another rollout takes the slot, and drains it by itself.
    let taken = engine(Event::KeepWarmEnded { reason: "rollout #9 took over".to_owned(), stop: false });
    assert!(fold(with_drain(), &[warm, vec![taken]].concat()).is_settled());
}

/// Journals and plans of a Crossfade that knew no drain: their steps stay where they were.
#[test]
fn a_journal_of_before_folds_as_it_did() {
    let mut plan = serde_json::to_value(Plan { drain: Millis::ZERO, ..start().plan }).unwrap();
    plan.as_object_mut().unwrap().remove("drain");
    let start = Start { plan: serde_json::from_value(plan).unwrap(), ..start() };
    let before = [done_at_once(0), done_at_once(PREPARE), done_at_once(HEALTH), done_at_once(SHIFT_25)].concat();
    let way = [vec![back()], done_at_once(BACK), done_at_once(BACK + 1), done_at_once(BACK + 2)].concat();
    let rollout = fold(start, &[before, way, ended(Outcome::RolledBack)].concat());
    assert_eq!(rollout.headline(), "Rolled back: all traffic is on blue (1.0.0)");
    assert!(rollout.is_settled());
    assert_eq!(rollout.steps.last().unwrap().step, Step::StopNewSlot);
    let entry = Entry { seq: 1, at: NOW, by: Actor::Engine, event: Event::DrainEnded { step: 0, cut: None } };
    assert!(Rollout::begin(&entry).is_err());
}
