//! What counters grew by from one page to the next.

use super::page::Page;
use super::selector::Selector;
use super::track::Tracked;
use std::borrow::Cow;
use std::collections::HashMap;

/// Labels in the order of their names.
pub(super) type Key = Vec<(String, String)>;

pub(super) fn key<'a>(labels: impl IntoIterator<Item = &'a (Cow<'a, str>, Cow<'a, str>)>) -> Key {
    labels.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// How a number that only grows came from `before` to `now`: what is less than before has begun anew from 0.
fn growth(before: f64, now: f64) -> f64 {
    if now < before { now } else { now - before }
}

/// All series of one selector, added up.
#[derive(Clone)]
pub(super) struct Counter {
    selector: Selector,
    /// The last number of every series that was ever seen of this process.
    last: HashMap<Key, f64>,
}

/// Two counters on the same pages: what one grew by, of what the other did.
#[derive(Clone)]
pub(super) struct Share {
    pub part: Counter,
    pub of: Counter,
}

impl Counter {
    pub fn new(selector: Selector) -> Counter {
        Counter { selector, last: HashMap::new() }
    }

    fn values(&self, page: &Page) -> Result<Vec<(Key, f64)>, String> {
        page.select(&self.selector).map(|sample| Ok((key(&sample.labels), page.counted(sample)?))).collect()
    }

    /// A series that was not there before counts from 0: the process was under watch already.
    fn grow(&mut self, values: Vec<(Key, f64)>, restarted: bool) -> f64 {
        if restarted {
            self.last.clear();
        }
        values.into_iter().map(|(key, now)| growth(self.last.insert(key, now).unwrap_or(0.0), now)).sum()
    }
}

impl Tracked for Counter {
    type Seen = f64;

    fn knows(&self, page: &Page) -> Result<(), String> {
        page.knows(&self.selector)
    }

    fn read(&mut self, page: &Page, restarted: bool) -> Result<f64, String> {
        let values = self.values(page)?;
        Ok(self.grow(values, restarted))
    }
}

impl Tracked for Share {
    /// Part, and of what.
    type Seen = (f64, f64);

    fn knows(&self, page: &Page) -> Result<(), String> {
        self.part.knows(page).and(self.of.knows(page))
    }

    /// Both or none: a part of this page must not be held against a whole of another.
    fn read(&mut self, page: &Page, restarted: bool) -> Result<(f64, f64), String> {
        let (part, of) = (self.part.values(page)?, self.of.values(page)?);
        Ok((self.part.grow(part, restarted), self.of.grow(of, restarted)))
    }
}
