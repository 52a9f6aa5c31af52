//! Numbers that are asked for one at a time, kept for as long as a window is.

use rollout::clock::{Millis, Timestamp};
use rollout::metric::Window;
use rollout::slot::Slot;
use std::collections::{HashMap, VecDeque};

/// What a source answered: a number, that it has none, or why it could not be asked.
pub(crate) type Answer = Result<Option<f64>, String>;

#[derive(Default)]
pub(crate) struct Readings {
    kept: HashMap<(usize, Slot), VecDeque<(Timestamp, f64)>>,
}

impl Readings {
    /// Adds what the metric's source answered just now, and gives what the window shows with it. A source that fails now has
    /// failed, whatever it said before.
    pub(crate) fn window(
        &mut self,
        metric: usize,
        slot: Slot,
        answer: Answer,
        window: Millis,
        now: Timestamp,
    ) -> Window {
        let kept = self.kept.entry((metric, slot)).or_default();
        // After the clock was set back, what is dated later is not known to be of this window.
        kept.retain(|(at, _)| *at <= now && now - *at < window);
        match answer {
            Err(why) => Window::Failed(why),
            Ok(None) => Window::Silent,
            Ok(Some(value)) => {
                kept.push_back((now, value));
                Window::Points(kept.iter().map(|(_, value)| *value).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_what_was_read_in_it() {
        let mut readings = Readings::default();
        let mut look = |seconds: i64, answer: Answer| {
            readings.window(0, Slot::Green, answer, Millis::seconds(10), Timestamp(seconds * 1_000))
        };
        assert_eq!(look(0, Ok(Some(1.0))), Window::Points(vec![1.0]));
        assert_eq!(look(5, Ok(Some(2.0))), Window::Points(vec![1.0, 2.0]));
        assert_eq!(look(6, Ok(None)), Window::Silent);
        assert_eq!(look(7, Err("refused".to_owned())), Window::Failed("refused".to_owned()));
        assert_eq!(look(10, Ok(Some(3.0))), Window::Points(vec![2.0, 3.0]));
        // The clock is set back.
        assert_eq!(look(3, Ok(Some(4.0))), Window::Points(vec![4.0]));
    }
}
