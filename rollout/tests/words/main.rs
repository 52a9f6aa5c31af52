//! The words of the states that people meet most: what it does, what it waits for, what each button would do.

mod draining;
mod drift;
mod journal;

use journal::*;
use rollout::Rollout;
use rollout::actor::{Actor, Role};
use rollout::application::Stage;
use rollout::clock::Millis;
use rollout::command::AskKind::{self, *};
use rollout::command::{Ask, Command, Report};
use rollout::event::{Event, Kind, Outcome, RolloutId, Start};
use rollout::metric::{Act, Amount, Evidence, Figure, Unit, Verdict};
use rollout::plan::{Plan, Step};
use rollout::slot::{Slot, Weight};
use rollout::state::StepStatus;

#[test]
fn words_for_a_person() {
    for row in table() {
        let rollout = row.rollout;
        assert_eq!(rollout.headline(), row.headline);
        assert_eq!(rollout.waits_for(NOW), row.waits_for, "{}", row.headline);
        for (kind, wanted) in row.offers {
            let offer = rollout.offer(&Actor::user("ben", Role::Admin), kind, NOW);
            let said = match &offer.refused {
                None => format!("{}: {}", offer.label, offer.consequence),
                Some(refusal) => format!("No. {refusal}"),
            };
            assert_eq!(said, wanted, "{}: {kind:?}", row.headline);
        }
    }
}

/// A state, and what must be read there.
struct Row {
    rollout: Rollout,
    headline: &'static str,
    waits_for: &'static str,
    offers: Vec<(AskKind, &'static str)>,
}

fn table() -> Vec<Row> {
    vec![
        Row {
            rollout: at_25(&[asked(1)]),
            headline: "Waiting for approval: 25 % → 50 %",
            waits_for: "A release-manager must approve. In 4 h it counts as rejected.",
            offers: vec![
                (Approve, "Approve 50 %: 50 % of the traffic goes to green (1.1.0) at once."),
                (
                    Reject,
                    "Reject: All traffic goes back to blue (1.0.0); then green (1.1.0) is stopped. \
                     The rollout ends as rolled back.",
                ),
                (Hold, "Hold: 25 % of the traffic stays on green (1.1.0). Clocks stop, no stage begins."),
                (
                    PromoteFull,
                    "Promote full: Every approval and bake that is left is skipped: green (1.1.0) gets 100 % at once.",
                ),
                (
                    Abort,
                    "Abort: All traffic goes back to blue (1.0.0); then green (1.1.0) is stopped. \
                     The rollout ends as aborted.",
                ),
                (
                    RollBack,
                    "Roll back to 1.0.0: All traffic goes back to blue (1.0.0), once it is seen to be well; \
                     then green (1.1.0) is stopped.",
                ),
                (Retry, "No. No step has failed: there is nothing to retry."),
                (Resume, "No. It is not held."),
                (CleanUpNow, "No. No old slot is kept warm by this rollout."),
            ],
        },
        Row {
            rollout: after(&[]),
            headline: "Going on",
            waits_for: "",
            offers: vec![
                (
                    Abort,
                    "Abort: green (1.1.0) is stopped. blue (1.0.0) keeps all the traffic. The rollout ends as aborted.",
                ),
                (RollBack, "No. No traffic has moved yet: abort it instead."),
                (
                    PromoteFull,
                    "Promote full: Every approval and bake that is left is skipped: green (1.1.0) gets 100 % \
                     as soon as its checks have passed.",
                ),
                (Approve, "No. Nothing waits for an approval right now."),
            ],
        },
        Row {
            rollout: fresh(&[began(0), failed(0)]),
            headline: "Failed: preflight",
            waits_for: "Nothing was prepared yet. Retry the step, or abort.",
            offers: vec![(
                Abort,
                "Abort: Nothing was prepared yet. blue (1.0.0) keeps all the traffic. The rollout ends as failed.",
            )],
        },
        Row {
            rollout: fresh(&[]),
            headline: "Going on",
            waits_for: "",
            offers: vec![(
                Abort,
                "Abort: Nothing was prepared yet. blue (1.0.0) keeps all the traffic. The rollout ends as aborted.",
            )],
        },
        Row {
            rollout: after(&[began(SHIFT_25), held()]),
            headline: "Shifting 0 % → 25 % to green (1.1.0)",
            waits_for: "Goes on by itself when the step is done. Then it stops: cleo held it.",
            offers: vec![(Freeze, "Freeze: 25 % of the traffic stays on green (1.1.0) until an admin thaws it.")],
        },
        Row {
            rollout: after(&[began(SHIFT_25), done(SHIFT_25), began_clock(BAKE_25, NOW + Millis(90_000))]),
            headline: "Baking at 25 %",
            waits_for: "1 min 30 s left, then 50 % waits for an approval.",
            offers: vec![],
        },
        Row {
            rollout: at_25(&[asked(1), held()]),
            headline: "Held at 25 %",
            waits_for: "cleo held it: lunch. The weight stays; clocks stand still until somebody resumes it.",
            offers: vec![
                (Resume, "Resume: Clocks and stages go on where they stopped."),
                (Approve, "Approve 50 %: 50 % of the traffic goes to green (1.1.0) once it is resumed."),
                (
                    PromoteFull,
                    "Promote full: Every approval and bake that is left is skipped: green (1.1.0) gets 100 % \
                     once it is resumed.",
                ),
                (Hold, "No. It is held already."),
            ],
        },
        Row {
            rollout: at_25(&[held(), by("ada", Event::Frozen { reason: "audit".to_owned() })]),
            headline: "Frozen at 25 %",
            waits_for: "ada froze it: audit. The weight stays until an admin thaws it.",
            offers: vec![
                (Thaw, "Thaw: It stays held until somebody resumes it."),
                (Resume, "Resume: It stays frozen until an admin thaws it."),
            ],
        },
        Row {
            rollout: fresh(&[done_at_once(0), done_at_once(PREPARE), vec![began(HEALTH), failed(HEALTH)]].concat()),
            headline: "Failed: health check",
            waits_for: "green (1.1.0) has no traffic. Retry the step, or abort to stop it.",
            offers: vec![
                (Retry, "Retry health check: The step is tried once more; nothing before it is done again."),
                (
                    Abort,
                    "Abort: green (1.1.0) is stopped. blue (1.0.0) keeps all the traffic. The rollout ends as failed.",
                ),
                (PromoteFull, "No. A step has failed, and promoting does not mend it: retry it, or abort."),
                (RollBack, "No. No traffic has moved yet: abort it instead."),
            ],
        },
        Row {
            rollout: after(&[began(SHIFT_25), done(SHIFT_25), began_clock(BAKE_25, NOW), unsure(BAKE_25)]),
            headline: "Inconclusive at 25 %",
            waits_for: "3 requests. \
                        The weight stays until somebody retries, goes on without a verdict, or goes back.",
            offers: vec![(
                Retry,
                "Retry bake: 25 % stays for another 2 min, beginning at once. Requests at this weight still count.",
            )],
        },
        Row {
            rollout: at_25(&[back(), began(BACK)]),
            headline: "Going back: checking blue (1.0.0)",
            waits_for: "Goes on by itself when the step is done.",
            offers: vec![
                (RollBack, "No. It is on the way back already."),
                (Hold, "No. It is on the way back already."),
            ],
        },
        Row {
            rollout: at_25(&[back(), began(BACK), done(BACK), began(BACK + 1)]),
            headline: "Going back: all traffic to blue (1.0.0)",
            waits_for: "Goes on by itself when the step is done.",
            offers: vec![(Abort, "No. It is on the way back already.")],
        },
        Row {
            rollout: at_25(&[back(), began(BACK), failed(BACK)]),
            headline: "The roll back is stuck: check the old slot failed",
            waits_for: "The weight stays at 25 %. Mend what is wrong, then retry. \
                        If blue (1.0.0) is gone for good, a release-manager can promote green (1.1.0) in full.",
            offers: vec![
                (Retry, "Retry check the old slot: The step is tried once more; nothing before it is done again."),
                (
                    PromoteFull,
                    "Promote full: The way back is given up: green (1.1.0) gets 100 % at once, \
                     without the approvals and bakes left.",
                ),
                (Abort, "No. It is on the way back already."),
                (RollBack, "No. It is on the way back already."),
            ],
        },
        Row {
            rollout: at_25(
                &[vec![back()], done_at_once(BACK), vec![began(BACK + 1), failed(BACK + 1)], out()].concat(),
            ),
            headline: "Going on",
            waits_for: "",
            offers: vec![
                (PromoteFull, "No. It is promoted in full already."),
                (
                    RollBack,
                    "Roll back to 1.0.0: All traffic goes back to blue (1.0.0), once it is seen to be well; \
                     then green (1.1.0) is stopped.",
                ),
            ],
        },
        Row {
            rollout: at_25(&[vec![back()], done_at_once(BACK), done_at_once(BACK + 1), vec![began(BACK + 2)]].concat()),
            headline: "Keeping the logs of green (1.1.0), then stopping it",
            waits_for: "Goes on by itself when the step is done.",
            offers: vec![(PromoteFull, "No. It is on the way back already.")],
        },
        Row {
            rollout: at_25(
                &[
                    vec![back()],
                    done_at_once(BACK),
                    done_at_once(BACK + 1),
                    done_at_once(BACK + 2),
                    ended(Outcome::RolledBack),
                ]
                .concat(),
            ),
            headline: "Rolled back: all traffic is on blue (1.0.0)",
            waits_for: "It went back from 25 % at 22:13:20 UTC, by cleo.",
            offers: vec![
                (RollBack, "No. This rollout has ended."),
                (Approve, "No. Nothing waits for an approval right now."),
            ],
        },
        Row {
            rollout: live(&[began_clock(KEEP_WARM, NOW + Millis::hours(24))]),
            headline: "1.1.0 is live on green",
            waits_for: "blue (1.0.0) is kept warm for another 24 h, ready for a roll back.",
            offers: vec![
                (
                    RollBack,
                    "Roll back to 1.0.0: All traffic goes back to blue (1.0.0), once it is seen to be well; \
                     then green (1.1.0) is stopped.",
                ),
                (ExtendKeepWarm, "Extend keep warm: blue (1.0.0) stays up longer, ready for a roll back."),
                (CleanUpNow, "Clean up now: blue (1.0.0) is stopped. Rolling back then takes a rollout of its own."),
                (Abort, "No. This rollout has ended."),
            ],
        },
        Row {
            rollout: live(&[done_at_once(KEEP_WARM), vec![began(CLEAN_UP), failed(CLEAN_UP)]].concat()),
            headline: "1.1.0 is live on green",
            waits_for: "clean up failed: no answer",
            offers: vec![
                (Retry, "Retry clean up: The step is tried once more; nothing before it is done again."),
                (RollBack, "No. This rollout has ended."),
            ],
        },
        Row {
            rollout: live(&[done_at_once(KEEP_WARM), done_at_once(CLEAN_UP)].concat()),
            headline: "1.1.0 went live on green",
            waits_for: "",
            offers: vec![(AddNote, "Add note: Kept in the history of this rollout.")],
        },
    ]
}

#[test]
fn four_eyes_of_two_people() {
    let table = [
        (0, "2 people with the role admin must approve; ada started it and does not count."),
        (1, "One more admin must approve; ada started it and does not count. Approved so far by cleo."),
    ];
    let yes = by("cleo", Event::Approved { stage: 2, comment: String::new(), evidence: vec![] });
    for (yeses, waits_for) in table {
        let gate = [vec![asked(2)], vec![yes.clone(); yeses]].concat();
        let rollout = at_25(&[vec![began(SHIFT_50), done(SHIFT_50)], gate].concat());
        assert_eq!(rollout.headline(), "Waiting for approval: 50 % → 100 %");
        assert_eq!(rollout.waits_for(NOW), waits_for);
        let approve = |name: &str| rollout.offer(&Actor::user(name, Role::Admin), Approve, NOW);
        let consequence = match yeses {
            0 => "Your yes is recorded; one more is needed.",
            _ => "100 % of the traffic goes to green (1.1.0) at once.",
        };
        assert_eq!((approve("ben").consequence.as_str(), approve("ben").refused), (consequence, None));
        let why = approve("ada").refused.expect("ada started it").to_string();
        assert_eq!(why, "You started this rollout, and this stage needs other eyes: ask someone else.");
        let manager = rollout.offer(&Actor::user("mel", Role::ReleaseManager), Approve, NOW).refused;
        assert_eq!(manager.expect("a role too low").to_string(), "This stage is decided by the role admin.");
        if yeses == 1 {
            let twice = approve("cleo").refused.expect("cleo said it already").to_string();
            assert_eq!(twice, "You approved this stage already; somebody else must, too.");
        }
    }
}

#[test]
fn a_first_release_has_nothing_to_go_back_to() {
    let plan = Plan {
        stages: vec![Stage { weight: Weight::ALL, approve: None, bake: Millis::ZERO, min_requests: 0 }],
        steps: vec![Step::Prepare, Step::HealthCheck, Step::Shift { stage: 0 }, Step::Promote],
        ..Plan::back(false)
    };
    let start = Start { kind: Kind::First, from: None, slot: Slot::Blue, plan, ..start() };
    let ben = Actor::user("ben", Role::Admin);

    let rollout = fold(start.clone(), &[done_at_once(0), vec![began(1), failed(1)]].concat());
    assert_eq!(rollout.waits_for(NOW), "blue (1.1.0) has no traffic. Retry the step, or abort to stop it.");
    let abort = rollout.offer(&ben, Abort, NOW);
    assert_eq!(
        (abort.consequence.as_str(), abort.refused),
        ("blue (1.1.0) is stopped. The rollout ends as failed.", None)
    );

    let stuck = [done_at_once(0), done_at_once(1), vec![began(2), failed(2)]].concat();
    let rollout = fold(start.clone(), &stuck);
    assert_eq!(
        rollout.waits_for(NOW),
        "blue (1.1.0) may have traffic, and there is nothing to go back to. \
         Mend what is wrong and retry, or abort to stop it."
    );
    let abort = rollout.offer(&ben, Abort, NOW);
    assert_eq!(
        (abort.consequence.as_str(), abort.refused),
        (
            "blue (1.1.0) is stopped. It is the application's only release: nothing answers until another is started. \
             The rollout ends as failed.",
            None
        )
    );
    let back = rollout.offer(&ben, RollBack, NOW).refused.expect("nothing to go back to").to_string();
    assert_eq!(
        back,
        "This is the application's first release, and it has the traffic: there is nothing to go back to."
    );

    let abort = by("ben", Event::TurnedBack { outcome: Outcome::Failed, reason: "no".to_owned(), migrate_down: false });
    let gone = fold(start.clone(), &[stuck, vec![abort], done_at_once(4), ended(Outcome::Failed)].concat());
    assert_eq!(gone.headline(), "Shift failed: blue (1.1.0) is stopped; nothing answers until another is started");
    assert_eq!((gone.weight, gone.live_after(Outcome::Failed)), (Weight::NONE, None));

    let rollout = fold(start, &[]);
    let promote = rollout.offer(&ben, PromoteFull, NOW).refused.expect("no gates").to_string();
    assert_eq!(promote, "No gate is left to skip.");
}

#[test]
fn a_roll_back_of_a_finished_rollout() {
    let start = Start { kind: Kind::RollBack { of: RolloutId(7) }, plan: Plan::back(false), ..start() };
    let stuck = fold(start.clone(), &[began(0), failed(0)]);
    assert_eq!(stuck.headline(), "The roll back is stuck: check the old slot failed");
    assert_eq!(
        stuck.waits_for(NOW),
        "The weight stays at 100 %. Mend what is wrong, then retry. \
         If blue (1.0.0) is gone for good, abort the roll back: green (1.1.0) stays live."
    );
    let ben = Actor::user("ben", Role::Admin);
    let abort = stuck.offer(&ben, Abort, NOW);
    assert_eq!(
        (abort.consequence.as_str(), abort.refused),
        ("The roll back is given up: green (1.1.0) keeps the traffic. The rollout ends as aborted.", None)
    );
    let promote = stuck.offer(&ben, PromoteFull, NOW).refused.expect("no way forward").to_string();
    assert_eq!(promote, "It is on the way back already.");

    let given_up = fold(start.clone(), &[vec![began(0), failed(0)], ended(Outcome::Aborted)].concat());
    assert_eq!(given_up.headline(), "The roll back was given up: green (1.1.0) keeps the traffic");
    assert!(given_up.is_settled() && given_up.weight == Weight::ALL);
    assert_eq!(given_up.live_after(Outcome::Aborted), Some((Slot::Green, start.release.clone())));

    let gone = fold(start, &[done_at_once(0), done_at_once(1), done_at_once(2), ended(Outcome::RolledBack)].concat());
    assert_eq!(gone.headline(), "Rolled back: all traffic is on blue (1.0.0)");
}

#[test]
fn the_testers_door_is_open_between_the_checks_and_the_end() {
    for (rollout, open) in [
        (fresh(&[]), false),
        (fresh(&[done_at_once(0), done_at_once(PREPARE)].concat()), false),
        (fresh(&[done_at_once(0), done_at_once(PREPARE), vec![began(HEALTH), failed(HEALTH)]].concat()), false),
        (after(&[]), true),
        (after(&[held()]), true),
        (at_25(&[asked(1)]), true),
        (at_25(&[back()]), false),
        (live(&[]), false),
    ] {
        assert_eq!(rollout.wants_door(), open, "{}", rollout.headline());
    }
}

/// The old slot is gone: forward again, to the good end, and the steps tell the whole story.
#[test]
fn forward_out_of_a_stuck_way_back() {
    let stuck = vec![back(), began(BACK), failed(BACK)];
    let ends = [done_at_once(BACK + 3), done_at_once(BACK + 4), ended(Outcome::Succeeded)].concat();
    let rollout = at_25(&[stuck, out(), ends, vec![began_clock(BACK + 5, NOW + Millis::hours(24))]].concat());
    assert_eq!(rollout.headline(), "1.1.0 is live on green");
    assert_eq!(rollout.warm_until(), Some(NOW + Millis::hours(24)));
    assert_eq!((rollout.weight, rollout.back.is_none()), (Weight::ALL, true));
    let skipped = |index: usize| match &rollout.steps[index].status {
        StepStatus::Skipped { reason } => reason.clone(),
        other => panic!("step {index}: {other:?}"),
    };
    assert_eq!(skipped(SHIFT_50), "not reached");
    assert_eq!(skipped(BACK), "promoted in full by cleo; it had failed: no answer");
    assert_eq!(skipped(BACK + 1), "promoted in full by cleo");
    let cleaned = [Step::Shift { stage: 2 }, Step::Promote, Step::KeepWarm, Step::CleanUp];
    assert!(rollout.steps[BACK + 3..].iter().map(|record| record.step).eq(cleaned));
}

#[test]
fn all_the_traffic_and_a_clock() {
    let monitor = Millis(10_000);
    let plan = Plan { steps: vec![Step::Shift { stage: 0 }, Step::Monitor], monitor, ..start().plan };
    let said = [done_at_once(0), vec![began_clock(1, NOW + monitor)]].concat();
    let rollout = fold(Start { plan, ..start() }, &said);
    assert_eq!(rollout.headline(), "All traffic is on green (1.1.0); waiting 10 s before it is promoted");
    let done = Report::Succeeded { step: 1, summary: String::new(), images: Default::default() };
    let report = |now| rollout.decide(&Actor::Engine, &Command::Engine(done.clone()), now);
    let early = report(NOW + Millis(9_999)).expect_err("its time is not up").to_string();
    assert_eq!(early, "The time of that step is not up.");
    assert!(report(NOW + monitor).is_ok());

    let baked = Stage { bake: Millis(5_000), ..start().plan.stages[1].clone() };
    let stages = vec![start().plan.stages[0].clone(), baked, start().plan.stages[2].clone()];
    let rollout = fold(Start { plan: Plan { stages, ..start().plan }, ..start() }, &[asked(1)]);
    let approval = rollout.offer(&Actor::user("ben", Role::Admin), Approve, NOW).consequence;
    assert_eq!(approval, "50 % of the traffic goes to green (1.1.0) at once, and stays there for 5 s.");
}

/// A metric has stopped it: what it says, what is offered, and what is kept of it when a person goes back.
#[test]
fn a_metric_holds_it() {
    let seen = Evidence {
        metric: "error rate".to_owned(),
        at: NOW,
        verdict: Verdict::Failed,
        why: "over the limit of 0.1 %".to_owned(),
        new: Figure { value: Some(Amount(48_000)), samples: 1_240 },
        old: None,
        threshold: Some(Amount(1_000)),
        unit: Unit::Ratio,
        window: Millis::seconds(60),
        in_a_row: 2,
        query: "errors".to_owned(),
        dry_run: false,
        act: Act::Hold,
    };
    let sentence = seen.sentence();
    let held = [engine(Event::Breached { evidence: Box::new(seen) }), engine(Event::Held { reason: sentence.clone() })];
    let rollout = at_25(&held);
    assert_eq!(
        rollout.waits_for(NOW),
        format!(
            "Crossfade held it: {sentence}. The weight stays; clocks stand still until somebody goes back or resumes it."
        )
    );
    let ben = Actor::user("ben", Role::Admin);
    assert_eq!(
        rollout.offer(&ben, Resume, NOW).consequence,
        "Clocks and stages go on where they stopped. error rate is looked at anew: if it is still bad, this stops again."
    );
    let back = Command::Person(Ask::RollBack { reason: String::new(), migrate_down: false });
    let events = rollout.decide(&ben, &back, NOW).unwrap();
    let [Event::TurnedBack { reason, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(*reason, format!("ben rolled it back. It was held: {sentence}"));
    // A person's own hold has nothing to do with it.
    assert_eq!(
        at_25(&[held[0].clone(), by("cleo", Event::Held { reason: "lunch".to_owned() })]).held_by_breach(),
        None
    );
}

#[test]
fn requests_that_a_bake_wants_are_part_of_the_consequence() {
    let stage = |bake| Stage { bake, min_requests: 300, ..start().plan.stages[1].clone() };
    for (bake, watched, stays) in [
        (Millis(5_000), true, "stays there for at least 5 s and 300 requests"),
        (Millis(5_000), false, "stays there for 5 s and 300 requests"),
    ] {
        let stages = vec![start().plan.stages[0].clone(), stage(bake), start().plan.stages[2].clone()];
        let rollout = fold(Start { plan: Plan { stages, watched, ..start().plan }, ..start() }, &[asked(1)]);
        let approval = rollout.offer(&Actor::user("ben", Role::Admin), Approve, NOW).consequence;
        assert_eq!(approval, format!("50 % of the traffic goes to green (1.1.0) at once, and {stays}."));
    }
}

/// A router that takes its time says so wherever the weight is about to change, and nowhere else.
#[test]
fn a_slow_router_says_how_long_it_takes() {
    let start = Start { plan: Plan { takes: Millis::seconds(300), ..journal::start().plan }, ..journal::start() };
    let checked = [done_at_once(0), done_at_once(PREPARE), done_at_once(HEALTH)].concat();
    let shifting = fold(start.clone(), &[checked.clone(), vec![began(SHIFT_25)]].concat());
    assert_eq!(
        shifting.waits_for(NOW),
        "The router takes 5 min until every client follows. Goes on by itself when the step is done."
    );
    let asked = [checked, done_at_once(SHIFT_25), done_at_once(BAKE_25), vec![asked(1)]].concat();
    let rollout = fold(start, &asked);
    let consequence = |kind| rollout.offer(&Actor::user("ben", Role::Admin), kind, NOW).consequence;
    for kind in [Approve, Reject, Abort, RollBack, PromoteFull] {
        let said = consequence(kind);
        assert!(said.ends_with(" The router takes 5 min until every client follows."), "{kind:?}: {said}");
    }
    for kind in [Hold, Freeze, AddNote] {
        assert!(!consequence(kind).contains("router"), "{kind:?}");
    }
    let untouched = fold(Start { plan: rollout.start.plan.clone(), ..journal::start() }, &done_at_once(0));
    let abort = untouched.offer(&Actor::user("ben", Role::Admin), Abort, NOW).consequence;
    assert!(!abort.contains("router"), "{abort}");
}
