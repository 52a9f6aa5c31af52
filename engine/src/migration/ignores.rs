//! `-- squawk-ignore ..` for the rules that are not squawk's own, with squawk's meaning.

use super::place::Places;
use squawk_linter::ignore::{IgnoreKind, ignore_rule_info};
use squawk_syntax::SyntaxNode;

/// What the comments of a file say.
#[derive(Default)]
pub(super) struct Ignores {
    /// A rule, and the line of its comment; `None` for the whole file.
    rules: Vec<(String, Option<u32>)>,
    /// `-- squawk-ignore-file` without a name.
    everything: bool,
}

impl Ignores {
    pub fn read(file: &SyntaxNode, places: &Places<'_>) -> Ignores {
        let mut ignores = Ignores::default();
        for token in file.descendants_with_tokens().filter_map(|element| element.into_token()) {
            let Some((names, range, kind)) = ignore_rule_info(&token) else { continue };
            let line = match kind {
                IgnoreKind::File => None,
                IgnoreKind::Line => Some(places.at(range.start().into()).0),
            };
            ignores.everything |= line.is_none() && names.trim().is_empty();
            ignores.rules.extend(names.split(',').map(|name| (name.trim().to_owned(), line)));
        }
        ignores
    }

    /// Whether a finding on this line is not wanted: the comment stands on it, on the line above, or anywhere for the
    /// whole file.
    pub fn ignore(&self, rule: &str, line: u32) -> bool {
        self.everything
            || self
                .rules
                .iter()
                .any(|(name, at)| name == rule && at.is_none_or(|comment| comment == line || comment + 1 == line))
    }
}
