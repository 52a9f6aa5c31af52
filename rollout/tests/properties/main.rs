//! What must hold for every rollout, whatever people ask and whatever happens to its steps.
//!
//! A [`story::Story`] is a random plan and a random list of turns; a [`world::World`] plays it the way the engine
//! does: policy, `decide`, and each event written, read back and applied. The judges know nothing of `decide` and
//! `apply`: they keep books of their own from the journal. Together the tests below play more than 100,000 stories.

mod chance;
mod city;
mod clocks;
mod damage;
mod draining;
mod offers;
mod plans;
mod story;
mod traffic;
mod world;

use chance::Chance;
use story::{Story, for_all};
use world::World;

/// Traffic, gates, ends and clocks; and the journal alone tells the same as what was seen live.
#[test]
fn traffic_is_never_at_risk() {
    for_all(72_000, |story: &Story| {
        let mut judges = (traffic::Judge::default(), clocks::Judge::default(), draining::Judge::default());
        let mut world = World::new(story);
        judges.0.see(&world.rollout, &world.journal[0]);
        for turn in &story.turns {
            world.turn(*turn, &mut |rollout, entry| {
                judges.0.see(rollout, entry);
                judges.1.see(rollout, entry);
                judges.2.see(rollout, entry);
            });
        }
        damage::every_part_folds(&mut Chance(story.plan[5]), &world);
    });
}

/// Whoever looks at it always finds something true to read and, where a person must act, something to do.
#[test]
fn offers_agree_with_decisions() {
    for_all(8_000, |story: &Story| {
        let mut world = World::new(story);
        for turn in &story.turns {
            world.turn(*turn, &mut |_, _| ());
            offers::agree(&world, *turn);
            offers::someone_can_go_on(&world);
        }
    });
}

/// From wherever a story stops, people of good will get the rollout to its end, even if the old slot is lost for good.
#[test]
fn there_are_no_dead_ends() {
    for_all(12_000, |story: &Story| {
        let mut world = World::new(story);
        for turn in &story.turns {
            world.turn(*turn, &mut |_, _| ());
        }
        match Chance(story.plan[5]).once_in(2) {
            false => offers::settles(&mut world),
            true => offers::settles_without(&mut world),
        }
    });
}

/// A journal that lost, doubled or mixed up entries is an error or a state; never a panic, never half applied.
#[test]
fn damaged_journals_are_survived() {
    for_all(8_000, |story: &Story| {
        let mut world = World::new(story);
        for turn in &story.turns {
            world.turn(*turn, &mut |_, _| ());
        }
        damage::survived(&mut Chance(story.plan[5]), &world);
    });
}

/// Rollout after rollout of one application: one at a time, and no slot that has traffic is ever stopped.
#[test]
fn one_rollout_at_a_time() {
    for_all(4_000, |story: &Story| city::City::new(story).play(&story.turns));
}
