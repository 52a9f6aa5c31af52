//! `[migrate.lint]`: where the SQL that a migration is going to run can be read.

use super::item::Item;
use super::section::Keys;
use super::suggest::did_you_mean;
use super::words;
use crate::migration::rules;
use rollout::application::Lint;

pub(super) const LINT: Keys = Keys::new(&["files", "command", "allow"]);

pub(super) fn read(item: Item) -> Option<Lint> {
    let section = item.section("[migrate.lint]", &LINT, "a section: [migrate.lint]")?;
    let files = section.get("files");
    let command = section.get("command");
    if files.is_none() && command.is_none() {
        section.wrong(
            "[migrate.lint] needs `files` or `command`: where the SQL can be read, like files = [\"migrations\"]",
        );
    }
    let listed = files.map(|item| item.texts("a list of files or folders, like [\"migrations\"]", words::not_empty));
    if let (Some(item), Some([])) = (files, listed.as_deref())
        && item.value.get_ref().as_array().is_some_and(|list| list.is_empty())
    {
        item.wrong("must name at least one file or folder");
    }
    Some(Lint {
        files: listed.unwrap_or_default(),
        command: command.and_then(|item| item.command()),
        allow: section
            .get("allow")
            .map(|item| item.texts("a list of rules, like [\"adding-required-field\"]", rule))
            .unwrap_or_default(),
    })
}

/// A rule that looks through SQL, by its name. A slip would allow nothing, and be noticed in the middle of a rollout.
fn rule(text: &str) -> Result<(), String> {
    words::rule(text)?;
    if rules::is_known(text) {
        return Ok(());
    }
    let names = rules::names();
    let guess = did_you_mean(text, names.iter().map(String::as_str));
    let stop = if guess.is_empty() { ". A finding has its rule's name at its end, like (ban-drop-column)" } else { "" };
    Err(format!("there is no rule `{text}`{guess}{stop}"))
}
