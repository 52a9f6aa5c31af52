//! A value of the file, with its key and place.

use super::problems::Problems;
use super::section::{Keys, Section};
use rollout::application::Secret;
use rollout::clock::Millis;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use toml::Spanned;
use toml::de::{DeString, DeValue};

/// A value of the file. The readers below report what is wrong and then give `None`.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    pub problems: &'a Problems<'a>,
    pub key: &'a Spanned<DeString<'a>>,
    pub value: &'a Spanned<DeValue<'a>>,
    /// Whether it is one of a list that has the key.
    of_list: bool,
}

impl<'a> Item<'a> {
    pub fn new(problems: &'a Problems<'a>, key: &'a Spanned<DeString<'a>>, value: &'a Spanned<DeValue<'a>>) -> Self {
        Item { problems, key, value, of_list: false }
    }

    /// One value of this list.
    pub fn element(self, value: &'a Spanned<DeValue<'a>>) -> Self {
        Item { value, of_list: true, ..self }
    }

    pub fn name(&self) -> &'a str {
        self.key.get_ref()
    }

    /// Where the value stands.
    pub fn at(&self) -> Range<usize> {
        self.value.span()
    }

    /// The value is not as it must be.
    pub fn wrong(&self, sentence: impl Display) {
        self.problems.add(self.at(), format!("`{}`: {sentence}", self.name()));
    }

    /// The key is not as it must be.
    pub fn wrong_key(&self, sentence: impl Display) {
        self.problems.add(self.key.span(), format!("`{}`: {sentence}", self.name()));
    }

    /// The value is of another kind than the one that belongs there.
    pub fn wrong_kind(&self, expected: impl Display) {
        let kind = match self.value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let each = if self.of_list { "each of " } else { "" };
        self.problems.add(self.at(), format!("{each}`{}` must be {expected}, not {kind}", self.name()));
    }

    fn expect<T>(self, value: Option<T>, expected: impl Display) -> Option<T> {
        if value.is_none() {
            self.wrong_kind(expected);
        }
        value
    }

    pub fn text(self) -> Option<&'a str> {
        self.expect(self.value.get_ref().as_str(), "text in quotes")
    }

    /// Text that passes a check, which says what is wrong with it.
    pub fn text_that(self, check: impl FnOnce(&str) -> Result<(), String>) -> Option<String> {
        let text = self.text()?;
        match check(text) {
            Ok(()) => Some(text.to_owned()),
            Err(sentence) => {
                self.wrong(sentence);
                None
            }
        }
    }

    pub fn flag(self) -> Option<bool> {
        self.expect(self.value.get_ref().as_bool(), "true or false, without quotes")
    }

    /// A whole number within these bounds.
    pub fn whole<T: TryFrom<i64>>(self, within: RangeInclusive<i64>) -> Option<T> {
        let expected = format!("a whole number from {} to {}", within.start(), within.end());
        let integer = self.expect(self.value.get_ref().as_integer(), &expected)?;
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| within.contains(number)).and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.wrong(format!("must be {expected}, not {}", self.problems.text_at(self.at())));
        }
        number
    }

    /// Any number, with or without a fraction.
    pub fn number(self) -> Option<f64> {
        const EXPECTED: &str = "a number without quotes, like 0.001 or 300";
        let number = match self.value.get_ref() {
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|number| number as f64)
            }
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => {
                self.wrong_kind(EXPECTED);
                return None;
            }
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            self.wrong(format!("must be {EXPECTED}, not {}", self.problems.text_at(self.at())));
        }
        number
    }

    /// A length of time, zero or longer.
    pub fn duration(self) -> Option<Millis> {
        const EXPECTED: &str = "a duration in quotes, like \"500ms\", \"10s\", \"1m30s\", \"24h\" or \"2d\"";
        let text = self.expect(self.value.get_ref().as_str(), EXPECTED)?;
        Millis::parse(text).map_err(|sentence| self.wrong(sentence)).ok()
    }

    /// A length of time that is not zero.
    pub fn duration_above_zero(self) -> Option<Millis> {
        let duration = self.duration()?;
        if duration.is_zero() {
            self.wrong("must be longer than zero");
            return None;
        }
        Some(duration)
    }

    /// A length of time within these bounds.
    pub fn duration_within(self, within: RangeInclusive<Millis>) -> Option<Millis> {
        let duration = self.duration()?;
        if !within.contains(&duration) {
            self.wrong(format!("must be from {} to {}, not {duration}", within.start(), within.end()));
            return None;
        }
        Some(duration)
    }

    /// One word of a few.
    pub fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Option<T> {
        let expected = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ");
        let text = self.expect(self.value.get_ref().as_str(), &expected)?;
        let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
        if chosen.is_none() {
            self.wrong(format!("must be {expected}, not \"{text}\""));
        }
        chosen
    }

    /// `env:NAME`, `file:PATH` or plain text.
    pub fn secret(self) -> Option<Secret> {
        self.text_that(super::words::secret).map(|text| Secret::parse(&text))
    }

    /// A program and its arguments.
    pub fn command(self) -> Option<Vec<String>> {
        let words = self.list("a list of the program and its arguments, like [\"pnpm\", \"db:migrate\"]")?;
        let words: Vec<(Item, &str)> = words.into_iter().filter_map(|item| Some((item, item.text()?))).collect();
        for (item, word) in &words {
            if word.contains('\0') {
                item.wrong("an argument must not hold the character U+0000");
            }
        }
        match words.first() {
            None => {
                self.wrong("must not be empty: it is the program and its arguments, like [\"pnpm\", \"db:migrate\"]");
            }
            Some((first, program)) if program.trim().is_empty() => first.wrong("the program must not be empty"),
            Some(_) => {}
        }
        Some(words.into_iter().map(|(_, word)| word.to_owned()).collect())
    }

    /// A list of texts that each pass a check and stand there once. `expected` shows one.
    pub fn texts(self, expected: &str, check: impl Fn(&str) -> Result<(), String>) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for item in self.list(expected).unwrap_or_default() {
            if let Some(text) = item.text_that(&check) {
                if texts.contains(&text) {
                    item.wrong(format!("\"{text}\" is given twice: keep one of them"));
                }
                texts.push(text);
            }
        }
        texts
    }

    pub fn list(self, expected: &str) -> Option<Vec<Item<'a>>> {
        let list = self.expect(self.value.get_ref().as_array(), expected)?;
        Some(list.iter().map(|value| self.element(value)).collect())
    }

    /// A table with known keys. `expected` shows one, `name` is how sentences call it.
    pub fn section(self, name: impl Into<String>, keys: &'static Keys, expected: &str) -> Option<Section<'a>> {
        let table = self.expect(self.value.get_ref().as_table(), expected)?;
        Some(Section::open(self.problems, name, self.at(), table, keys))
    }

    /// The tables of `[[name]]`.
    pub fn sections(self, name: &str, keys: &'static Keys) -> Vec<Section<'a>> {
        let expected = format!("written as {name}, with two brackets: there may be several");
        let items = self.list(&expected).unwrap_or_default();
        items.into_iter().filter_map(|item| item.section(name, keys, &expected)).collect()
    }

    /// The entries of a table whose keys are free, in the order of the text.
    pub fn entries(self, expected: &str) -> Option<Vec<Item<'a>>> {
        let table = self.expect(self.value.get_ref().as_table(), expected)?;
        let mut entries: Vec<_> = table.iter().map(|(key, value)| Item::new(self.problems, key, value)).collect();
        entries.sort_by_key(|entry| entry.key.span().start);
        Some(entries)
    }
}
