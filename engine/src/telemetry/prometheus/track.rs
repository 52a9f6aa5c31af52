//! One series of one instance over time.

use super::page::Page;
use rollout::clock::{Millis, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// What is taken from a page, given the pages before it.
pub(super) trait Tracked: Clone {
    type Seen;

    /// One page alone shows something: there is no need of one before it.
    const IS_LEVEL: bool = false;

    /// # Errors
    /// Why this page could never hold what is looked for.
    fn knows(&self, page: &Page) -> Result<(), String>;

    /// What came about since the last page that could be read; since 0 for what was not there.
    ///
    /// # Errors
    /// Why the page is of no use. It is then as if it had not been there.
    fn read(&mut self, page: &Page, restarted: bool) -> Result<Self::Seen, String>;
}

/// What came about between two pages. Of a level: how it was at a page, which is both.
pub(super) struct Span<S> {
    pub from: Timestamp,
    pub to: Timestamp,
    pub seen: S,
}

pub(super) struct Track<K: Tracked> {
    what: K,
    /// When the last page was read that the next one is held against. `None`: the next one is a beginning.
    baseline: Option<Timestamp>,
    /// The process began anew after that page.
    restarted: bool,
    spans: VecDeque<Span<K::Seen>>,
    /// Pages that were of no use, and why.
    unusable: VecDeque<(Timestamp, String)>,
    /// When the last page was, and whether it could hold what is looked for, or why not.
    known: Option<(Timestamp, Result<(), String>)>,
}

/// The same series of all instances.
pub(super) struct Tracks<K: Tracked> {
    pristine: K,
    pub of: BTreeMap<String, Track<K>>,
}

/// From a moment to another, both included.
#[derive(Clone, Copy)]
pub(super) struct Within {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Within {
    pub fn new(window: Millis, end: Timestamp) -> Within {
        let start = Timestamp(end.0.saturating_sub_unsigned(window.0));
        Within { start, end }
    }

    pub fn holds(&self, at: Timestamp) -> bool {
        (self.start..=self.end).contains(&at)
    }
}

impl<S> Span<S> {
    /// Most of it is in there. What is not cannot be cut off: nobody knows when in a span something happened.
    fn is_within(&self, within: Within) -> bool {
        let middle = Timestamp(self.from.0.saturating_add(self.to.0.saturating_sub(self.from.0) / 2));
        within.holds(middle) && within.holds(self.to)
    }
}

impl<K: Tracked> Track<K> {
    fn new(what: K) -> Track<K> {
        Track { what, baseline: None, restarted: false, spans: VecDeque::new(), unusable: VecDeque::new(), known: None }
    }

    fn add(&mut self, page: &Page, restarted: bool) {
        self.restarted |= restarted;
        self.known = Some((page.at, self.what.knows(page)));
        match self.what.read(page, self.restarted) {
            Ok(seen) => {
                let from = if K::IS_LEVEL { Some(page.at) } else { self.baseline };
                if let Some(from) = from {
                    self.spans.push_back(Span { from, to: page.at, seen });
                }
                self.baseline = Some(page.at);
                self.restarted = false;
            }
            Err(why) => self.unusable.push_back((page.at, why)),
        }
    }

    /// Everything that came about mostly in this time.
    pub fn within(&self, within: Within) -> impl Iterator<Item = &Span<K::Seen>> {
        self.spans.iter().filter(move |span| span.is_within(within))
    }

    /// The span in which this moment lies.
    pub fn at(&self, at: Timestamp) -> Option<&Span<K::Seen>> {
        let first = self.spans.partition_point(|span| span.to < at);
        self.spans.get(first).filter(|span| span.from < at)
    }

    /// It has something of this time, and the last of it is not older than `fresh`.
    fn is_useful(&self, within: Within, fresh: Millis) -> bool {
        self.within(within).last().is_some_and(|span| within.end - span.to <= fresh)
    }

    /// Why pages of this time were of no use, if none was, or none of late.
    fn useless(&self, within: Within, fresh: Millis) -> Option<String> {
        if self.is_useful(within, fresh) {
            return None;
        }
        let mut pages = self.unusable.iter().filter(|(at, _)| within.holds(*at));
        let (_, why) = pages.next_back()?;
        Some(match pages.count() {
            0 => why.clone(),
            more => format!("{why}; {more} answers before it were of no use either"),
        })
    }

    fn forget_before(&mut self, at: Timestamp) {
        while self.spans.front().is_some_and(|span| span.to < at) {
            self.spans.pop_front();
        }
        while self.unusable.front().is_some_and(|(unusable, _)| *unusable < at) {
            self.unusable.pop_front();
        }
    }

    fn forget_after(&mut self, at: Timestamp) {
        self.spans.retain(|span| span.to <= at);
        self.unusable.retain(|(unusable, _)| *unusable <= at);
        self.baseline = None;
    }
}

impl<K: Tracked> Tracks<K> {
    pub fn new(pristine: K) -> Tracks<K> {
        Tracks { pristine, of: BTreeMap::new() }
    }

    pub fn add(&mut self, instance: &str, page: &Page, restarted: bool) {
        match self.of.get_mut(instance) {
            Some(track) => track.add(page, restarted),
            None => {
                let mut track = Track::new(self.pristine.clone());
                track.add(page, restarted);
                self.of.insert(instance.to_owned(), track);
            }
        }
    }

    /// Why none of the instances that answered in this time could ever show anything.
    pub fn unknown(&self, within: Within) -> Option<&str> {
        let known = self.of.values().filter_map(|track| track.known.as_ref());
        let mut known = known.filter(|(at, _)| within.holds(*at)).map(|(_, known)| known.as_ref().err());
        let first = known.next()??;
        known.all(|each| each.is_some()).then_some(first)
    }

    /// Why nothing of this time is of use: of a level, of all instances; of what is added up, of one of them, for the
    /// sum would be too low.
    pub fn useless(&self, within: Within, fresh: Millis) -> Option<String> {
        let useless = |(name, track): (&String, &Track<K>)| Some((name.clone(), track.useless(within, fresh)?));
        let is_enough = K::IS_LEVEL && self.of.values().any(|track| track.is_useful(within, fresh));
        let (name, why) = self.of.iter().find_map(useless).filter(|_| !is_enough)?;
        Some(format!("{name}: {why}"))
    }

    pub fn forget_before(&mut self, at: Timestamp) {
        self.of.values_mut().for_each(|track| track.forget_before(at));
    }

    pub fn forget_after(&mut self, instance: &str, at: Timestamp) {
        if let Some(track) = self.of.get_mut(instance) {
            track.forget_after(at);
        }
    }
}
