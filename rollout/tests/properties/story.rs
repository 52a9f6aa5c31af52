//! The random input of every property, and how it is shrunk to the shortest story that still goes wrong.

use crate::world::World;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRunner};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A plan, and what is done turn by turn: one number each, so that proptest can drop whole turns.
#[derive(Clone)]
pub struct Story {
    pub plan: [u64; 6],
    pub turns: Vec<u64>,
}

impl fmt::Debug for Story {
    /// The numbers, to play it again; and the journal, to understand it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Story {{ plan: {:?}, turns: vec!{:?} }}", self.plan, self.turns)?;
        let mut world = World::new(self);
        // What is told here went wrong: perhaps so that it cannot be played to its end.
        let _ = catch_unwind(AssertUnwindSafe(|| self.turns.iter().for_each(|turn| world.turn(*turn, &mut |_, _| ()))));
        world.journal.iter().try_for_each(|entry| writeln!(f, "{entry:?}"))
    }
}

/// Plays that many stories; the shortest that goes wrong is in the panic.
pub fn for_all(cases: u32, property: impl Fn(&Story)) {
    let strategy = (any::<[u64; 6]>(), vec(any::<u64>(), 0..=60)).prop_map(|(plan, turns)| Story { plan, turns });
    let rng_algorithm = RngAlgorithm::XorShift;
    let config = Config { cases, rng_algorithm, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&strategy, |story| {
        property(&story);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, story)) => {
            // Told before the panic, for telling it plays it, which may panic itself.
            let told = format!("{why}\n{story:?}");
            panic!("{told}")
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}
