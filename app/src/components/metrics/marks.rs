//! What happened to the rollout, to be marked in its charts: stages, and what was decided.

use super::axis::{Span, WIDTH};
use rollout::Rollout;
use rollout::clock::Timestamp;
use rollout::event::{Entry, Event, Outcome};
use rollout::plan::Step;

/// Something that happened at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    /// In a word or two.
    pub(super) label: String,
    /// In a sentence.
    pub(super) told: String,
}

/// The last is the one whose label is not left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The router confirmed a weight.
    Stage,
    Said,
    Stopped,
    Bad,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::Stage => "stage",
            Kind::Said => "said",
            Kind::Stopped => "stopped",
            Kind::Bad => "bad",
        }
    }
}

/// Oldest first. What was written at one moment is one mark.
pub(super) fn marks(rollout: &Rollout, entries: &[Entry]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = vec![];
    for mark in entries.iter().filter_map(|entry| mark(rollout, entry)) {
        match marks.iter_mut().rev().find(|before| before.at == mark.at && before.is_stage() == mark.is_stage()) {
            Some(before) => {
                before.kind = before.kind.max(mark.kind);
                if before.label.split(", ").all(|label| label != mark.label) {
                    before.label += &format!(", {}", mark.label);
                }
                before.told += &format!("; {}", mark.told);
            }
            None => marks.push(mark),
        }
    }
    marks
}

fn mark(rollout: &Rollout, entry: &Entry) -> Option<Mark> {
    let by = &entry.by;
    let weight = |stage: usize| rollout.stage(stage).map_or_else(String::new, |stage| stage.weight.to_string());
    let (kind, label, told) = match &entry.event {
        Event::StepSucceeded { step, .. } => match rollout.steps.get(*step)?.step {
            Step::Shift { stage } => {
                (Kind::Stage, weight(stage), format!("{} on {}", weight(stage), rollout.start.slot))
            }
            Step::ShiftBack => (Kind::Stage, "0 %".to_owned(), format!("all traffic left {}", rollout.start.slot)),
            _ => return None,
        },
        Event::Breached { evidence } => (Kind::Bad, "breach".to_owned(), format!("breach of {}", evidence.metric)),
        Event::Approved { stage, .. } => {
            (Kind::Said, "approved".to_owned(), format!("{by} approved {}", weight(*stage)))
        }
        Event::Rejected { stage, .. } => {
            (Kind::Bad, "rejected".to_owned(), format!("{by} rejected {}", weight(*stage)))
        }
        Event::ApprovalTimedOut { stage } => {
            (Kind::Stopped, "timed out".to_owned(), format!("the approval of {} timed out", weight(*stage)))
        }
        Event::Held { .. } => (Kind::Stopped, "held".to_owned(), format!("{by} held it")),
        Event::Frozen { .. } => (Kind::Stopped, "frozen".to_owned(), format!("{by} froze it")),
        Event::Resumed => (Kind::Said, "resumed".to_owned(), format!("{by} resumed it")),
        Event::Thawed => (Kind::Said, "thawed".to_owned(), format!("{by} thawed it")),
        Event::PromotedFull { .. } => (Kind::Said, "promoted full".to_owned(), format!("{by} promoted it in full")),
        Event::TurnedBack { outcome: Outcome::Aborted, .. } => {
            (Kind::Bad, "abort".to_owned(), format!("{by} aborted it"))
        }
        Event::TurnedBack { .. } => (Kind::Bad, "roll back".to_owned(), format!("{by} rolled it back")),
        _ => return None,
    };
    Some(Mark { at: entry.at, kind, label, told })
}

impl Mark {
    pub(super) fn is_stage(&self) -> bool {
        self.kind == Kind::Stage
    }
}

/// A mark where it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed<'a> {
    pub(super) mark: &'a Mark,
    pub(super) x: f64,
    /// Where its label is, if it fits beside the others.
    pub(super) label: Option<Side>,
}

/// Where a label is, seen from its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Over,
    Right,
    Left,
}

impl Side {
    /// From where to where, for a label of this length.
    fn reach(self, x: f64, long: f64) -> (f64, f64) {
        match self {
            Side::Over => (x - long / 2.0, x + long / 2.0),
            Side::Right => (x, x + long),
            Side::Left => (x - long, x),
        }
    }
}

/// Units of the plot that a letter takes where the plot is narrowest, 260 pixels.
const LETTER: f64 = WIDTH * 6.2 / 260.0;

/// Labels of stages are in one row, over their marks; those of decisions in another, beside them. Where two would
/// overlap, the more urgent one is shown, and of two that are as urgent, the later one.
pub(super) fn place<'a>(marks: &'a [Mark], span: &Span) -> Vec<Placed<'a>> {
    let place = |mark: &'a Mark| span.x(mark.at).map(|x| Placed { mark, x, label: None });
    let mut placed: Vec<Placed> = marks.iter().filter_map(place).collect();
    let mut order: Vec<usize> = (0..placed.len()).collect();
    order.sort_by_key(|index| (placed[*index].mark.kind, *index));
    let mut taken: Vec<(bool, f64, f64)> = vec![];
    for index in order.into_iter().rev() {
        let (mark, x) = (placed[index].mark, placed[index].x);
        let row = mark.is_stage();
        // With the air around it.
        let long = LETTER * (mark.label.chars().count() as f64 + if row { 0.5 } else { 1.0 });
        let sides: &[Side] = match row {
            true if x < long / 2.0 => &[Side::Right],
            true if x + long / 2.0 > WIDTH => &[Side::Left],
            true => &[Side::Over],
            false => &[Side::Right, Side::Left],
        };
        let free = |side: &&Side| {
            let (left, right) = side.reach(x, long);
            let inside = left >= 0.0 && right <= WIDTH;
            inside && taken.iter().all(|(other, from, to)| *other != row || right <= *from || left >= *to)
        };
        placed[index].label = sides.iter().find(free).copied();
        if let Some(side) = placed[index].label {
            let (left, right) = side.reach(x, long);
            taken.push((row, left, right));
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: i64, kind: Kind, label: &str) -> Mark {
        Mark { at: Timestamp(at), kind, label: label.to_owned(), told: label.to_owned() }
    }

    #[test]
    fn labels_never_lie_over_each_other() {
        let marks = [
            mark(0, Kind::Said, "approved"),
            mark(1, Kind::Stage, "10 %"),
            mark(500, Kind::Said, "approved"),
            mark(510, Kind::Stage, "25 %"),
            mark(600, Kind::Bad, "breach, roll back"),
            mark(605, Kind::Stage, "0 %"),
            mark(900, Kind::Said, "resumed"),
            mark(990, Kind::Stage, "50 %"),
            mark(1_001, Kind::Said, "later"),
        ];
        let placed = place(&marks, &Span { from: Timestamp(0), to: Timestamp(1_000) });
        let shown: Vec<_> = placed.iter().map(|placed| (placed.mark.label.as_str(), placed.label)).collect();
        assert_eq!(
            shown,
            [
                // Two that would lie under the roll back, which is written to the left of its mark.
                ("approved", None),
                ("10 %", Some(Side::Right)),
                ("approved", None),
                ("25 %", None),
                ("breach, roll back", Some(Side::Left)),
                ("0 %", Some(Side::Over)),
                ("resumed", Some(Side::Left)),
                ("50 %", Some(Side::Left)),
            ]
        );
    }
}
