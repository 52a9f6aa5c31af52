//! TOML values that stand for JSON.

use super::item::Item;
use serde_json::Value;
use toml::de::DeValue;

/// Far below what a JSON reader refuses (128 for `serde_json`).
const MOST_LEVELS: usize = 64;

/// The value as JSON. `string` is shown every string in it, but for the names of fields.
pub(super) fn read<'a>(item: Item<'a>, string: &mut dyn FnMut(Item<'a>, &'a str)) -> Option<Value> {
    convert(item, string, MOST_LEVELS)
}

fn convert<'a>(item: Item<'a>, string: &mut dyn FnMut(Item<'a>, &'a str), levels: usize) -> Option<Value> {
    let Some(below) = levels.checked_sub(1) else {
        item.wrong(format!("is nested more than {MOST_LEVELS} levels deep"));
        return None;
    };
    match item.value.get_ref() {
        DeValue::String(text) => {
            string(item, text);
            Some(Value::from(text.as_ref()))
        }
        DeValue::Boolean(flag) => Some(Value::from(*flag)),
        DeValue::Integer(integer) => {
            let (digits, radix) = (integer.as_str(), integer.radix());
            let number = i64::from_str_radix(digits, radix).map(Value::from);
            let number = number.or_else(|_| u64::from_str_radix(digits, radix).map(Value::from)).ok();
            or_wrong(item, number, "this number is too large for JSON: 64 bits are kept")
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(serde_json::Number::from_f64).map(Value::Number);
            or_wrong(item, number, "JSON has no such number")
        }
        DeValue::Datetime(_) => or_wrong(item, None, "JSON has no dates: write it in quotes"),
        DeValue::Array(list) => {
            // Every entry is looked at, so that all problems are found at once.
            let values: Vec<_> = list.iter().map(|value| convert(item.element(value), string, below)).collect();
            values.into_iter().collect::<Option<_>>().map(Value::Array)
        }
        DeValue::Table(table) => {
            let mut values = Vec::new();
            for (key, value) in table {
                let value = convert(Item::new(item.problems, key, value), string, below);
                values.push(value.map(|value| (key.get_ref().to_string(), value)));
            }
            values.into_iter().collect::<Option<_>>().map(Value::Object)
        }
    }
}

fn or_wrong(item: Item, value: Option<Value>, sentence: &str) -> Option<Value> {
    if value.is_none() {
        item.wrong(sentence);
    }
    value
}
