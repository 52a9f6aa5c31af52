//! The journal is the truth: whole, in part, and damaged.

use crate::chance::Chance;
use crate::plans::CROWD;
use crate::world::{World, through_json};
use rollout::Rollout;
use rollout::actor::Actor;
use rollout::clock::Timestamp;
use rollout::command::{AskKind, Command, Report};
use rollout::event::{Entry, Event, Outcome};

/// A browser that joins in the middle gets the state there, as JSON, and folds what follows by itself.
pub fn every_part_folds(chance: &mut Chance, world: &World) {
    let (seen, unseen) = world.journal.split_at(1 + chance.index(world.journal.len()));
    let mut browser = Rollout::fold(seen).unwrap();
    if world.as_json {
        browser = through_json(&browser);
        through_json(&world.journal[0]);
    }
    for entry in unseen {
        browser.apply(entry).unwrap();
    }
    assert_eq!(browser, world.rollout);
}

/// Drops, doubles, swaps and invents entries, and reads the rest: as it is, and with its numbers mended.
pub fn survived(chance: &mut Chance, world: &World) {
    let mut damaged = world.journal.clone();
    for _ in 0..=chance.below(3) {
        damage(chance, &mut damaged);
    }
    if Rollout::fold(&damaged).is_ok() {
        assert!(world.journal.starts_with(&damaged), "entries are missing, and nobody notices");
    }
    if chance.once_in(2) {
        invent(chance, &mut damaged);
    }
    let missing = Rollout::fold(&damaged[..0]).unwrap_err();
    assert!(missing.to_string().contains("the journal is empty"));
    read(damaged.iter().cloned());
    // Whatever the numbers hide, the events themselves must not hurt either.
    let mut next = 0;
    read(damaged.into_iter().map(|entry| {
        next += 1;
        Entry { seq: next, ..entry }
    }));
}

fn damage(chance: &mut Chance, journal: &mut Vec<Entry>) {
    let (here, there) = (chance.index(journal.len()), chance.index(journal.len()));
    match chance.below(3) {
        0 if journal.len() > 1 => drop(journal.remove(here)),
        1 => journal.insert(here, journal[here].clone()),
        _ => journal.swap(here, there),
    }
}

fn invent(chance: &mut Chance, journal: &mut [Entry]) {
    let here = chance.index(journal.len());
    let event = chance.pick(&wild()).clone();
    let at = *chance.pick(&[Timestamp(0), Timestamp(i64::MIN), Timestamp(i64::MAX)]);
    journal[here] = Entry { event, at, ..journal[here].clone() };
}

/// Takes what fits and leaves out what does not, renumbering behind the gap.
fn read(entries: impl Iterator<Item = Entry>) {
    let mut taken: Vec<Entry> = vec![];
    let mut state: Option<Rollout> = None;
    let mut left_out = 0;
    for mut entry in entries {
        entry.seq = entry.seq.saturating_sub(left_out);
        let fits = match &mut state {
            Some(rollout) => rollout.apply(&entry),
            None => Rollout::begin(&entry).map(|rollout| state = Some(rollout)),
        };
        match (fits, &state) {
            (Ok(()), Some(rollout)) => {
                assert!(talks(rollout, entry.at));
                taken.push(entry);
            }
            (Err(illegal), Some(rollout)) => {
                left_out += 1;
                assert!(!illegal.to_string().is_empty());
                assert_eq!(*rollout, Rollout::fold(&taken).unwrap(), "half applied: {illegal}");
            }
            (_, None) => left_out += 1,
        }
    }
}

/// However strange a state is, it is asked for its words and its next moves, and does not panic.
fn talks(rollout: &Rollout, now: Timestamp) -> bool {
    let reports = [Report::Advance, Report::Interrupted, Report::Failed { step: 0, error: String::new() }];
    for report in reports {
        let _ = rollout.decide(&Actor::Engine, &Command::Engine(report), now);
    }
    let _ = (rollout.phase(), rollout.deadline(), rollout.split(), rollout.lasted(now), rollout.waits_for(now));
    !rollout.headline().is_empty() && rollout.offers(&CROWD[0], now).len() == AskKind::ALL.len()
}

fn wild() -> [Event; 13] {
    let nowhere = usize::MAX;
    let text = String::new;
    [
        Event::StepStarted { step: nowhere, until: Some(Timestamp(i64::MAX)) },
        Event::StepStarted { step: 0, until: Some(Timestamp(i64::MIN)) },
        Event::StepSucceeded { step: nowhere, summary: text(), images: Default::default() },
        Event::StepFailed { step: 4, error: text() },
        Event::ApprovalRequested { stage: nowhere, expires: None },
        Event::ApprovalRequested { stage: 0, expires: Some(Timestamp(i64::MAX)) },
        Event::Approved { stage: nowhere, comment: text(), evidence: vec![] },
        Event::Retried { step: nowhere },
        Event::TurnedBack { outcome: Outcome::Succeeded, reason: text(), migrate_down: false },
        Event::PromotedFull { reason: text() },
        Event::KeepWarmExtended { until: Timestamp(i64::MIN) },
        Event::KeepWarmEnded { reason: text(), stop: false },
        Event::Ended { outcome: Outcome::Failed },
    ]
}
