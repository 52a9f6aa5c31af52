//! One file's text in, its findings out.

use super::depth;
use super::finding::{Finding, LintError};
use super::flat::{self, Flat};
use super::harmless::is_harmless;
use super::ignores::Ignores;
use super::known::{Known, Made};
use super::own::{self, Found};
use super::place::Places;
use super::recreated::Recreated;
use super::rules::{self, Advice};
use squawk_linter::{Linter, Rule};
use squawk_syntax::ast::AstNode;
use squawk_syntax::{Parse, SourceFile};
use std::ops::Range;

/// What a file of PostgreSQL does to the release that still runs, in the order of the file. `file` is its name in
/// findings. Takes milliseconds for a migration and some seconds for 5 MB, without giving way: call it where that
/// may block.
///
/// # Errors
/// The first place that cannot be read, and what was expected there. Nothing is known about the file then.
pub fn lint(file: &str, sql: &str) -> Result<Vec<Finding>, LintError> {
    let sql = sql.strip_prefix('\u{feff}').unwrap_or(sql);
    let places = Places::new(sql);
    let refused = |(offset, message): (usize, String)| {
        let (line, column) = places.at(offset);
        LintError { file: file.to_owned(), line, column, message }
    };
    if let Some(offset) = depth::too_deep(sql) {
        let message =
            "this statement is nested too deeply to be read; split it, or write a long chain of OR as IN (..)";
        return Err(refused((offset, message.to_owned())));
    }
    let found = with_stack(|| judge(sql)).map_err(refused)?;
    Ok(found
        .into_iter()
        .map(|found| {
            let (line, column) = places.at(found.range.start);
            // What was blanked may end inside of a character.
            let message = message(sql.get(found.range).unwrap_or_default(), &found.advice);
            let rule = found.rule;
            Finding { rule, danger: found.advice.danger, file: file.to_owned(), line, column, message }
        })
        .collect())
}

struct Judged {
    rule: String,
    range: Range<usize>,
    advice: Advice,
}

/// Runs on a stack that is deep enough for [`depth::too_deep`], and turns a panic of the parser into an error.
fn with_stack<T: Send>(work: impl FnOnce() -> Result<T, (usize, String)> + Send) -> Result<T, (usize, String)> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("lint".into()).stack_size(depth::STACK).spawn_scoped(scope, work);
        match thread.map(|thread| thread.join()) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err((0, "the linter failed on this file; check it by hand, and report it as a bug".into())),
            Err(error) => Err((0, format!("no thread to read it on could be started: {error}"))),
        }
    })
}

fn judge(sql: &str) -> Result<Vec<Judged>, (usize, String)> {
    let text = flat::way_up(sql);
    let parsed = SourceFile::parse(&text);
    if let Some(error) = parsed.errors().first() {
        let message = format!(
            "this cannot be read as PostgreSQL: {}; write it as PostgreSQL does (no other dialect, no psql commands \
             and no COPY data are understood), or check this file by hand",
            error.message()
        );
        return Err((error.range().start().into(), message));
    }
    let flat = flat::flatten(text, &parsed.tree());
    let parsed = SourceFile::parse(&flat.text);
    let mut judged = by_squawk(&parsed, &flat);
    let places = Places::new(&flat.text);
    let ignores = Ignores::read(&parsed.syntax_node(), &places);
    let mut found = by_own_rules(&parsed, &flat);
    found.retain(|found| !ignores.ignore(found.rule, places.at(found.range.start).0));
    judged.extend(found.into_iter().map(|found| Judged {
        rule: found.rule.to_owned(),
        range: found.range,
        advice: found.advice,
    }));
    judged.sort_by(|a, b| (a.range.start, a.advice.danger, &a.rule).cmp(&(b.range.start, b.advice.danger, &b.rule)));
    Ok(judged)
}

/// What squawk found, without what cannot hurt and what is said better by another rule.
fn by_squawk(parsed: &Parse<SourceFile>, flat: &Flat) -> Vec<Judged> {
    let mut linter = Linter::from(rules::asked());
    // Most tools run a file in one transaction, so what a statement locks stays locked until the end of the file.
    linter.settings.assume_in_transaction = true;
    let mut violations = linter.lint(parsed, &flat.text).into_iter().peekable();

    let recreated = Recreated::read(&parsed.tree());
    let mut known = Known::default();
    let mut judged = Vec::new();
    for statement in parsed.tree().stmts() {
        let end = usize::from(statement.syntax().text_range().end());
        let mut here: Vec<(Rule, Range<usize>)> = Vec::new();
        while let Some(violation) = violations.next_if(|violation| usize::from(violation.text_range.start()) < end) {
            here.push((violation.code, violation.text_range.into()));
        }
        here.retain(|(rule, found)| {
            !is_harmless(&known, &statement, *rule, found) && !recreated.is_made_again(&statement, *rule, found)
        });
        known.learn(&statement, flat.made(&statement));
        for (rule, range) in &here {
            let better = here.iter().any(|(other, place)| is_better(*other, *rule) && range.contains(&place.start));
            if let (false, Some(advice)) = (better, rules::advice(*rule)) {
                judged.push(Judged { rule: rule.to_string(), range: range.clone(), advice });
            }
        }
    }
    judged
}

fn by_own_rules(parsed: &Parse<SourceFile>, flat: &Flat) -> Vec<Found> {
    let mut found: Vec<Found> = flat.unread.iter().cloned().map(own::unread).collect();
    // A statement of a block that cannot stand alone, as it names a variable.
    found.extend(parsed.errors().first().map(|error| own::unread(error.range().into())));
    let mut known = Known::default();
    for statement in parsed.tree().stmts() {
        if !known.is_new(&statement, Made::Certainly) {
            found.extend(own::judge(&statement));
        }
        known.learn(&statement, flat.made(&statement));
    }
    found
}

/// Whether `other` says what `rule` says, and more of it.
fn is_better(other: Rule, rule: Rule) -> bool {
    match rule {
        Rule::ConstraintMissingNotValid => matches!(
            other,
            Rule::AddingForeignKeyConstraint | Rule::DisallowedUniqueConstraint | Rule::AddingSerialPrimaryKeyField
        ),
        Rule::BanDisableTrigger => other == Rule::BanAlterRowLevelSecurity,
        _ => false,
    }
}

/// "`DROP COLUMN a`: what is suffered. What to do instead", without a full stop, as all texts here.
fn message(part: &str, advice: &Advice) -> String {
    const LONGEST: usize = 60;
    let mut short: String = String::new();
    for word in part.trim_end_matches(';').split_whitespace() {
        if short.chars().count() + word.chars().count() >= LONGEST {
            short.push_str(" ..");
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    format!("`{}`: {}. {}", short.trim(), advice.suffers, advice.instead)
}
