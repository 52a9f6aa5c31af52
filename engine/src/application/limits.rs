//! `max`, `min`, `max_times` and `max_more` of a metric: what its number must be.

use super::builtins::{Builtin, Usual};
use super::item::Item;
use super::section::Section;
use rollout::metric::{Amount, Compare, Limit, Unit};

/// What a number must be, by itself and beside the old slot's.
pub(super) struct Limits {
    pub limit: Option<Limit>,
    pub compare: Option<Compare>,
}

/// `unit` is that of the metric, if it could be read.
pub(super) fn read(section: &Section, builtin: Option<&Builtin>, unit: Option<Unit>) -> Limits {
    let limit = one_of(section, ["max", "min"], "a metric is bad on one side");
    let compare = one_of(section, ["max_times", "max_more"], "one of them says how far it may be from the old slot's");
    if let (None, Some(builtin)) = (limit, builtin) {
        usual_will_do(section, builtin, unit, compare.is_some());
    }
    let usual = match builtin.map(|builtin| builtin.usual) {
        Some(Usual::Max(max)) => Some(Limit::Most(max)),
        Some(Usual::Asked | Usual::Shown) | None => None,
    };
    let limit = match limit {
        Some(item) => in_unit(item, unit).map(|number| match item.name() {
            "max" => Limit::Most(number),
            _ => Limit::Least(number),
        }),
        None => usual,
    };
    let compare = compare.and_then(|item| match item.name() {
        "max_times" => times(item).map(Compare::Times),
        _ => more(item, unit).map(Compare::Plus),
    });
    Limits { limit, compare }
}

/// The one of two keys that is there.
fn one_of<'a>(section: &Section<'a>, keys: [&'static str; 2], why: &str) -> Option<Item<'a>> {
    let mut given: Vec<Item> = keys.iter().filter_map(|key| section.get(key)).collect();
    given.sort_by_key(|item| item.key.span().start);
    if let [first, second] = given[..] {
        second.wrong_key(format!("there is `{}` already: {why}. Keep one of them", first.name()));
    }
    given.first().copied()
}

/// Whether a built-in's own limit can be that of this metric.
fn usual_will_do(section: &Section, builtin: &Builtin, unit: Option<Unit>, compared: bool) {
    let word = builtin.word;
    match builtin.usual {
        Usual::Max(max) if unit.is_some_and(|unit| unit != builtin.unit) => {
            let (is, was) = (unit.unwrap_or_default().as_str(), builtin.unit.as_str());
            section.wrong(format!(
                "the limit of \"{word}\", {max}, is for the unit \"{was}\", and this metric's unit is \"{is}\": \
                 give it a `max` or a `min` of its own"
            ));
        }
        Usual::Asked if !compared => {
            section.wrong(format!(
                "\"{word}\" has no limit that fits everybody: give it `max`, in {}, or `max_times` beside the old slot",
                builtin.unit.as_str()
            ));
        }
        Usual::Max(_) | Usual::Asked | Usual::Shown => {}
    }
}

/// A number that the metric can have.
fn in_unit(item: Item, unit: Option<Unit>) -> Option<f64> {
    let number = finite(item)?;
    let ratio = unit == Some(Unit::Ratio);
    let sentence = match unit {
        Some(_) if ratio && !(0.0..=1.0).contains(&number) => {
            "a ratio is from 0 to 1: 0.1 % is 0.001, and 5 % is 0.05".to_owned()
        }
        Some(Unit::Seconds | Unit::Bytes | Unit::PerSecond) if number < 0.0 => {
            format!("must not be below 0: the unit is \"{}\"", unit.unwrap_or_default().as_str())
        }
        _ => return Some(number),
    };
    item.wrong(format!("{sentence}, not {number}"));
    None
}

fn times(item: Item) -> Option<f64> {
    let times = finite(item)?;
    if times < 1.0 {
        item.wrong(format!("must be 1 or more, like 1.5: at {times}, a slot as good as the old one would fail"));
        return None;
    }
    Some(times)
}

fn more(item: Item, unit: Option<Unit>) -> Option<f64> {
    let more = in_unit(item, unit)?;
    if more < 0.0 {
        item.wrong("must be 0 or more: below it, a slot as good as the old one would fail");
        return None;
    }
    Some(more)
}

/// A number that can be kept and shown: whole millionths, up to nine million million.
fn finite(item: Item) -> Option<f64> {
    let number = item.number()?;
    match Amount::of(number) {
        None => item.wrong("is too large: numbers up to 9000000000000 are kept"),
        Some(amount) if amount == Amount::default() && number != 0.0 => {
            item.wrong("is too small: numbers are kept to the millionth, 0.000001");
        }
        Some(_) => return Some(number),
    }
    None
}
