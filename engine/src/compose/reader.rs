//! Typed values out of the tree. Every accessor takes what it can, reports the rest with its place, and goes on.
//!
//! A key without a value (`ports:`) counts as not there, as compose has it.

use super::interpolate::interpolate;
use super::problem::{Mark, Problem};
use super::scalar::Kind;
use super::tree::{Key, Node, Scalar, Value};
use super::variables::Variables;
use rollout::clock::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

/// Reads the files that `env_file` names; paths as they are written.
pub(super) type EnvFiles<'a> = &'a dyn Fn(&str) -> std::io::Result<String>;

/// What reading needs, and the problems it found.
pub(super) struct Reader<'a> {
    pub file: &'a str,
    pub variables: &'a Variables,
    pub env_files: EnvFiles<'a>,
    pub problems: Vec<Problem>,
}

impl Reader<'_> {
    pub fn report(&mut self, at: Mark, message: impl Into<String>) {
        self.problems.push(Problem::new(self.file, at, message));
    }

    /// A key that nobody has heard of.
    pub fn unknown(&mut self, key: &Key, place: &str) {
        let message =
            format!("`{}` is not a key that Crossfade supports in {place}: remove it, or correct it", key.name);
        self.report(key.at, message);
    }

    pub fn unsupported(&mut self, key: &Key, advice: &str) {
        self.report(key.at, format!("`{}` is not supported: {advice}", key.name));
    }

    /// The value with its variables replaced.
    pub fn expand(&mut self, scalar: &Scalar, at: Mark) -> Option<String> {
        let variables = self.variables;
        match interpolate(&scalar.text, &|name| variables.get(name).map(str::to_owned)) {
            Ok(text) => Some(text),
            Err(faults) => {
                for fault in faults {
                    let index = scalar.text[..fault.offset].matches('$').count();
                    self.report(scalar.dollars.get(index).copied().unwrap_or(at), fault.message);
                }
                None
            }
        }
    }

    /// Text; a number or a truth value that can be read one way only is text too.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.value {
            Value::Scalar(scalar) => {
                if scalar.plain {
                    match Kind::of(&scalar.text) {
                        Kind::Null => return None,
                        Kind::Bool(value) => return Some(value.to_string()),
                        Kind::OddNumber => {
                            let message = format!(
                                "`{}` is a number that YAML readers write differently: put it in quotes",
                                scalar.text
                            );
                            self.report(node.at, message);
                            return None;
                        }
                        Kind::Number | Kind::Text => {}
                    }
                }
                self.expand(scalar, node.at)
            }
            _ => {
                self.wrong_shape(node, what, "text");
                None
            }
        }
    }

    /// Text where an empty one means nothing.
    pub fn name(&mut self, node: &Node, what: &str) -> Option<String> {
        let text = self.text(node, what)?;
        if text.trim().is_empty() {
            self.report(node.at, format!("`{what}` is empty: give it a value, or remove it"));
            return None;
        }
        Some(text)
    }

    /// Text that `parse` understands; its error says what was expected.
    pub fn parsed<T, E: Display>(
        &mut self,
        node: &Node,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        // A number is read from its text here, so no way of writing it is odd.
        let text = match &node.value {
            Value::Scalar(scalar) if scalar.plain && Kind::of(&scalar.text) == Kind::Null => return None,
            Value::Scalar(scalar) => self.expand(scalar, node.at)?,
            _ => {
                self.wrong_shape(node, what, "a single value");
                return None;
            }
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(node.at, format!("`{what}`: {error}"));
                None
            }
        }
    }

    pub fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        self.parsed(node, what, |text| match Kind::of(text) {
            Kind::Bool(value) => Ok(value),
            _ => Err(format!("expected true or false, not `{text}`")),
        })
    }

    /// A number of type `T`; `expected` names its range.
    pub fn number<T: FromStr>(&mut self, node: &Node, what: &str, expected: &str) -> Option<T> {
        self.parsed(node, what, |text| {
            let canonical = !text.starts_with('+') && (text.len() == 1 || !text.starts_with('0'));
            let number = text.parse().ok().filter(|_| canonical);
            number.ok_or_else(|| format!("expected {expected}, not `{text}`"))
        })
    }

    pub fn duration(&mut self, node: &Node, what: &str) -> Option<Millis> {
        self.parsed(node, what, Millis::parse)
    }

    /// The items of a list.
    pub fn items<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            _ => {
                if !is_null(node) {
                    self.wrong_shape(node, what, "a list");
                }
                &[]
            }
        }
    }

    /// The items of a list, or one value that stands for a list of one.
    pub fn items_or_one<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::Scalar(_) if !is_null(node) => std::slice::from_ref(node),
            _ => self.items(node, what),
        }
    }

    /// A list of texts, none of them null.
    pub fn texts(&mut self, nodes: &[Node], what: &str) -> Vec<String> {
        nodes.iter().filter_map(|item| self.item(item, what)).collect()
    }

    /// A text in a list, where null is a mistake.
    pub fn item(&mut self, node: &Node, what: &str) -> Option<String> {
        if is_null(node) {
            self.report(node.at, format!("an item of `{what}` is empty: give it a value, or remove it"));
            return None;
        }
        self.text(node, what)
    }

    /// Every key of a mapping with free names.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [(Key, Node)] {
        match &node.value {
            Value::Map(entries) => entries,
            _ => {
                if !is_null(node) {
                    self.wrong_shape(node, what, "a mapping");
                }
                &[]
            }
        }
    }

    /// Every key of a mapping with settled names, but the extensions (`x-...`), which are for other programs.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &str) -> impl Iterator<Item = &'n (Key, Node)> + use<'n> {
        self.entries(node, what).iter().filter(|(key, _)| !key.name.starts_with("x-"))
    }

    /// Names and values: a mapping, or a list of `name=value`. A name without a value is empty.
    pub fn pairs(&mut self, node: &Node, what: &str) -> BTreeMap<String, String> {
        let mut pairs = BTreeMap::new();
        if let Value::List(items) = &node.value {
            for item in items {
                let Some(text) = self.item(item, what) else { continue };
                let (name, value) = text.split_once('=').unwrap_or((&text, ""));
                if name.is_empty() {
                    self.report(item.at, format!("an item of `{what}` has no name: write name=value"));
                } else if pairs.insert(name.to_owned(), value.to_owned()).is_some() {
                    self.report(item.at, format!("`{name}` is in `{what}` twice: keep one of them"));
                }
            }
            return pairs;
        }
        for (key, value) in self.entries(node, what) {
            let text = if is_null(value) { Some(String::new()) } else { self.text(value, &key.name) };
            pairs.extend(text.map(|text| (key.name.clone(), text)));
        }
        pairs
    }

    /// Labels: pairs, without those that say whose a container is.
    pub fn labels(&mut self, node: &Node) -> BTreeMap<String, String> {
        let labels = self.pairs(node, "labels");
        for name in labels.keys().filter(|name| name.starts_with("com.docker.compose.")) {
            self.report(node.at, format!("the label `{name}` is reserved for compose itself: remove it"));
        }
        labels
    }

    /// Reports every value that was there before; the text is what to call it.
    pub fn no_twins<T: Ord>(&mut self, values: impl IntoIterator<Item = (Mark, T, String)>) {
        let mut seen = BTreeSet::new();
        for (at, value, name) in values {
            if !seen.insert(value) {
                self.report(at, format!("{name} is here twice: keep one of them"));
            }
        }
    }

    fn wrong_shape(&mut self, node: &Node, what: &str, expected: &str) {
        let found = match &node.value {
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        };
        self.report(node.at, format!("`{what}` must be {expected}, not {found}"));
    }
}

/// A plain `null`, `~` or nothing at all.
pub(super) fn is_null(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(scalar) if scalar.plain && Kind::of(&scalar.text) == Kind::Null)
}

/// Whether an engine takes it for the name of a container, network or volume.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
