//! A table of the file, whose keys are known.

use super::item::Item;
use super::problems::Problems;
use super::suggest::did_you_mean;
use std::ops::Range;
use toml::de::DeTable;

/// The keys that may stand in a section.
pub(super) struct Keys {
    pub known: &'static [&'static str],
}

impl Keys {
    pub const fn new(known: &'static [&'static str]) -> Keys {
        Keys { known }
    }
}

/// A table of the file. Opening it reports the keys that do not belong there.
pub(super) struct Section<'a> {
    pub problems: &'a Problems<'a>,
    /// How a sentence calls it: `[migrate]`, `a stage`.
    pub name: String,
    at: Range<usize>,
    table: &'a DeTable<'a>,
    keys: &'static Keys,
}

impl<'a> Section<'a> {
    pub fn open(
        problems: &'a Problems<'a>,
        name: impl Into<String>,
        at: Range<usize>,
        table: &'a DeTable<'a>,
        keys: &'static Keys,
    ) -> Section<'a> {
        let section = Section { problems, name: name.into(), at, table, keys };
        section.check_keys();
        section
    }

    fn check_keys(&self) {
        for key in self.table.keys() {
            let (at, name) = (key.span(), key.get_ref().as_ref());
            if self.keys.known.contains(&name) {
                continue;
            }
            let known = self.keys.known;
            let guess = did_you_mean(name, known.iter().copied());
            let stop = if guess.is_empty() { "." } else { "" };
            let message =
                format!("unknown key `{name}` in {}{guess}{stop} Known there: {}", self.name, known.join(", "));
            self.problems.add(at, message);
        }
    }

    /// The value of a key, if the key is there.
    pub fn get(&self, key: &'static str) -> Option<Item<'a>> {
        debug_assert!(self.keys.known.contains(&key), "`{key}` is not among the known keys of {}", self.name);
        let (key, value) = self.table.get_key_value(key)?;
        Some(Item::new(self.problems, key, value))
    }

    /// The value of a key that must be there; `what` says what it is for.
    pub fn need(&self, key: &'static str, what: &str) -> Option<Item<'a>> {
        let item = self.get(key);
        if item.is_none() {
            self.wrong(format!("{} needs `{key}`: {what}", self.name));
        }
        item
    }

    /// Something is wrong with the section as a whole.
    pub fn wrong(&self, message: impl Into<String>) {
        self.problems.add(self.at.clone(), message);
    }
}
