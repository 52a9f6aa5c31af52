//! What the instances of a service told in one slot: kept for a while, and shown as windows. Counters are held against
//! the page before, of each instance by itself; only what they grew by is added up. So the age of a process does not
//! matter, and neither does whether two of them are of one age.

use super::attendance::Attendance;
use super::buckets::{self, Buckets};
use super::counter::{Counter, Share};
use super::level::Level;
use super::page::Page;
use super::selector;
use super::text::ParseError;
use super::track::{Tracked, Tracks, Within};
use rollout::clock::{Millis, Timestamp};
use rollout::metric::{Aggregate, Series, Window};
use std::collections::{BTreeMap, BTreeSet};

/// The longest window that the application file allows.
const LONGEST: Millis = Millis::hours(1);

/// Of some series, all that was told of them.
///
/// Every instance is asked in each look, and what it answered is handed in with the moment of the look, the same for
/// all of them: [`Scrapes::add`] or [`Scrapes::failed`].
pub struct Scrapes {
    kept: Vec<(Series, Result<Kept, String>)>,
    attendance: Attendance,
    keep: Millis,
}

enum Kept {
    Rate(Tracks<Counter>),
    Share(Tracks<Share>),
    Quantile { quantile: f64, tracks: Tracks<Buckets> },
    Gauge { take: Aggregate, tracks: Tracks<Level> },
}

/// The same for whatever is tracked.
macro_rules! each {
    ($kept:expr, $tracks:ident => $what:expr) => {
        match $kept {
            Kept::Rate($tracks) => $what,
            Kept::Share($tracks) => $what,
            Kept::Quantile { tracks: $tracks, .. } => $what,
            Kept::Gauge { tracks: $tracks, .. } => $what,
        }
    };
}

impl Scrapes {
    /// Of these series; what is told of others is not kept. A selector that cannot be read shows in the windows of its
    /// series.
    pub fn new(series: impl IntoIterator<Item = Series>) -> Scrapes {
        let mut kept: Vec<(Series, Result<Kept, String>)> = vec![];
        for series in series {
            if !kept.iter().any(|(have, _)| *have == series) {
                let tracks = Kept::new(&series);
                kept.push((series, tracks));
            }
        }
        Scrapes { kept, attendance: Attendance::default(), keep: LONGEST }
    }

    /// No longer than for windows of this length: less memory than for an hour.
    pub fn keeping(mut self, window: Millis) -> Scrapes {
        self.keep = window;
        self
    }

    /// What an instance answered in the look of this moment.
    ///
    /// # Errors
    /// The place in the text that cannot be read. The instance then counts as one that did not answer, for this
    /// reason: there is no need to say so again.
    pub fn add(&mut self, instance: &str, at: Timestamp, text: &str) -> Result<(), ParseError> {
        let page = match Page::read(text, at) {
            Ok(page) => page,
            Err(error) => {
                self.failed(instance, at, error.to_string());
                return Err(error);
            }
        };
        self.turn_back(instance, at);
        if self.attendance.has_answered_since(instance, at) {
            self.forget_after(instance, at);
        }
        let restarted = self.attendance.answered(instance, &page);
        self.tracks(|kept| each!(kept, tracks => tracks.add(instance, &page, restarted)));
        self.forget(at);
        Ok(())
    }

    /// That an instance did not answer in the look of this moment, and why.
    pub fn failed(&mut self, instance: &str, at: Timestamp, why: String) {
        self.turn_back(instance, at);
        self.attendance.failed(instance, at, why);
        self.forget(at);
    }

    /// What the series showed in the `window` that ends `now`.
    pub fn window(&self, series: &Series, window: Millis, now: Timestamp) -> Window {
        let Some((_, kept)) = self.kept.iter().find(|(have, _)| have == series) else {
            return Window::Failed(format!("{} is not kept here", series.expression()));
        };
        let within = Within::new(window, now);
        let kept = match kept {
            Ok(kept) => kept,
            Err(why) => return Window::Failed(why.clone()),
        };
        let problem = self.attendance.problem(within).or_else(|| kept.problem(within, self.attendance.fresh()));
        problem.map_or_else(|| self.show(kept, within), Window::Failed)
    }

    fn show(&self, kept: &Kept, within: Within) -> Window {
        match kept {
            Kept::Rate(tracks) => points(self.rates(tracks, within)),
            Kept::Share(tracks) => {
                let sum = seen(tracks, within).copied().reduce(|sum, one| (sum.0 + one.0, sum.1 + one.1));
                sum.map_or(Window::Silent, |(part, of)| Window::Share { part, of })
            }
            Kept::Quantile { quantile, tracks } => match seen(tracks, within).next() {
                None => Window::Silent,
                Some(_) => {
                    let seen = buckets::merge(seen(tracks, within).flatten());
                    Window::Quantile { quantile: *quantile, seen }
                }
            },
            Kept::Gauge { take, tracks } => {
                let looks = self.levels(tracks, *take, within);
                match take {
                    Aggregate::Mean => points(looks),
                    Aggregate::Min | Aggregate::Max => one_of(*take, &looks)
                        .map_or(Window::Silent, |value| Window::Extreme { value, of: looks.len() as u64 }),
                }
            }
        }
    }

    /// Per second, one for each look: all instances together. A look at which one of them was asked and nothing is
    /// known of it, now or from a later answer, is left out: the others' sum would be too low.
    fn rates(&self, tracks: &Tracks<Counter>, within: Within) -> Vec<f64> {
        // After a small step of the clock, what came about in many seconds seems to have taken none.
        let shortest = self.attendance.interval().0 / 4;
        let looks: BTreeSet<Timestamp> =
            tracks.of.values().flat_map(|track| track.within(within).map(|span| span.to)).collect();
        let rate = |look: Timestamp| {
            let mut sum = 0.0;
            for instance in self.attendance.names() {
                let span = tracks.of.get(instance).and_then(|track| track.at(look));
                match span {
                    Some(span) if (span.to - span.from).0 < shortest.max(1) => return None,
                    Some(span) => sum += span.seen / ((span.to - span.from).0 as f64 / 1e3),
                    None if self.attendance.answered_at(instance, look).is_some() => return None,
                    None => {}
                }
            }
            Some(sum)
        };
        looks.into_iter().filter_map(rate).collect()
    }

    /// One for each look: of the instances that had one. A look at which one of them did not answer is left out.
    fn levels(&self, tracks: &Tracks<Level>, take: Aggregate, within: Within) -> Vec<f64> {
        let mut looks: BTreeMap<Timestamp, Vec<f64>> = BTreeMap::new();
        for span in tracks.of.values().flat_map(|track| track.within(within)) {
            looks.entry(span.to).or_default().push(span.seen);
        }
        let answered = |name, look| self.attendance.answered_at(name, look) != Some(false);
        let all_answered = |look: &Timestamp| self.attendance.names().all(|name| answered(name, *look));
        looks.retain(|look, _| all_answered(look));
        looks.values().filter_map(|values| one_of(take, values)).collect()
    }

    /// When the clock was set back, what is dated later than now did not come about then, and the next page of those
    /// instances is a beginning.
    fn turn_back(&mut self, asked: &str, at: Timestamp) {
        let ahead = |name: &&str| self.attendance.is_ahead(name, asked, at);
        let ahead: Vec<String> = self.attendance.names().filter(ahead).map(str::to_owned).collect();
        ahead.iter().for_each(|instance| self.forget_after(instance, at));
    }

    fn forget_after(&mut self, instance: &str, at: Timestamp) {
        self.attendance.forget_after(instance, at);
        self.tracks(|kept| each!(kept, tracks => tracks.forget_after(instance, at)));
    }

    fn forget(&mut self, now: Timestamp) {
        let slack = self.attendance.interval().0.saturating_mul(2);
        let before = Timestamp(now.0.saturating_sub_unsigned(self.keep.0.saturating_add(slack)));
        self.attendance.forget_before(before);
        let attendance = std::mem::take(&mut self.attendance);
        self.tracks(|kept| {
            each!(kept, tracks => {
                tracks.of.retain(|instance, _| attendance.has(instance));
                tracks.forget_before(before);
            });
        });
        self.attendance = attendance;
    }

    #[cfg(test)]
    pub(super) fn remembered(&mut self) -> usize {
        let mut tracks_of_all = self.attendance.names().count();
        self.tracks(|kept| tracks_of_all += each!(kept, tracks => tracks.of.len()));
        tracks_of_all
    }

    fn tracks(&mut self, mut what: impl FnMut(&mut Kept)) {
        self.kept.iter_mut().filter_map(|(_, kept)| kept.as_mut().ok()).for_each(&mut what);
    }
}

impl Kept {
    fn new(series: &Series) -> Result<Kept, String> {
        let selector = |text: &String| selector::parse(text).map_err(|why| format!("the selector `{text}`, {why}"));
        let counter = |text: &String| selector(text).map(Counter::new);
        Ok(match series {
            Series::Rate(text) => Kept::Rate(Tracks::new(counter(text)?)),
            Series::Share { part, of } => Kept::Share(Tracks::new(Share { part: counter(part)?, of: counter(of)? })),
            Series::Quantile { quantile, histogram } => {
                Kept::Quantile { quantile: *quantile, tracks: Tracks::new(Buckets::new(selector(histogram)?)) }
            }
            Series::Gauge { gauge, of, take } => {
                let of = of.as_ref().map(selector).transpose()?;
                Kept::Gauge { take: *take, tracks: Tracks::new(Level { gauge: selector(gauge)?, of }) }
            }
        })
    }

    /// Why the pages that are there are not enough: none of them could hold what is looked for, or one instance's are
    /// of no use. Levels are taken of those that have one.
    fn problem(&self, within: Within, fresh: Millis) -> Option<String> {
        each!(self, tracks => {
            tracks.unknown(within).map(str::to_owned).or_else(|| tracks.useless(within, fresh))
        })
    }
}

fn seen<K: Tracked>(tracks: &Tracks<K>, within: Within) -> impl Iterator<Item = &K::Seen> {
    tracks.of.values().flat_map(move |track| track.within(within)).map(|span| &span.seen)
}

fn points(points: Vec<f64>) -> Window {
    if points.is_empty() { Window::Silent } else { Window::Points(points) }
}

fn one_of(take: Aggregate, values: &[f64]) -> Option<f64> {
    match take {
        Aggregate::Min => values.iter().copied().reduce(f64::min),
        Aggregate::Max => values.iter().copied().reduce(f64::max),
        Aggregate::Mean => (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64),
    }
}
