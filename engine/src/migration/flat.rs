//! A file as the rules see it: what they must not see is blanked, and what they would not see is laid open. Every
//! character stays where it was, so that a place in this text is a place in the file.

use super::known::Made;
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};
use std::ops::Range;

/// The statements of a file.
pub(super) struct Flat {
    pub text: String,
    /// Statements that stood in a `DO` block, where they may run or not, in order.
    conditional: Vec<Range<usize>>,
    /// What stands in a `DO` block and cannot be read.
    pub unread: Vec<Range<usize>>,
}

impl Flat {
    /// Whether what a statement makes is there afterwards.
    pub fn made(&self, statement: &ast::Stmt) -> Made {
        let start = usize::from(statement.syntax().text_range().start());
        let at = self.conditional.partition_point(|range| range.end <= start);
        let conditional = self.conditional.get(at).is_some_and(|range| range.contains(&start));
        if conditional { Made::Perhaps } else { Made::Certainly }
    }
}

/// Tools that keep both ways in one file: what begins the way up, and what begins the way down.
const SECTIONS: [(&str, &str); 4] = [
    ("-- migrate:up", "-- migrate:down"),
    ("-- +goose up", "-- +goose down"),
    ("-- +migrate up", "-- +migrate down"),
    ("-- up migration", "-- down migration"),
];

/// Blanks what is not run: the way down of a file that has both (dbmate, goose, sql-migrate, node-pg-migrate).
pub(super) fn way_up(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let (mut tool, mut down) = (None, false);
    for line in sql.split_inclusive('\n') {
        let begins = |marker: &str| {
            let line = line.trim_start();
            let rest = line.get(marker.len()..).filter(|_| line[..marker.len()].eq_ignore_ascii_case(marker));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        if let Some(section) = SECTIONS.iter().find(|section| begins(section.0)) {
            (tool, down) = (Some(section), false);
        } else if tool.is_some_and(|section| begins(section.1)) {
            down = true;
        }
        if down { text.extend(line.bytes().map(blank)) } else { text.push_str(line) }
    }
    text
}

/// The line ends stay: places are counted by them.
fn blank(byte: u8) -> char {
    if byte == b'\n' { '\n' } else { ' ' }
}

/// Lays `DO` blocks open. `file` is what `text` was parsed to.
pub(super) fn flatten(text: String, file: &SourceFile) -> Flat {
    let mut flat = Flat { text, conditional: Vec::new(), unread: Vec::new() };
    for statement in file.stmts() {
        if let ast::Stmt::Do(block) = statement {
            open(&mut flat, &block);
        }
    }
    flat
}

/// The first words of statements that are laid open. Others cannot be a danger, or stand in PL/pgSQL only.
const OPENED: [&str; 11] =
    ["alter", "drop", "create", "truncate", "lock", "revoke", "grant", "refresh", "reindex", "cluster", "comment"];

/// Words that make what cannot be read worth a finding.
const RISKY: [&str; 7] = ["alter", "drop", "truncate", "revoke", "reindex", "cluster", "execute"];

fn open(flat: &mut Flat, block: &ast::Do) {
    let range = significant(block.syntax());
    let source = flat.text[range.clone()].to_owned();
    let Some(body) = in_dollars(block).then(|| block.plpgsql()).flatten() else {
        let mut words = source.split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| is_one_of(&RISKY, word)) {
            flat.unread.push(range);
        }
        return;
    };
    let mut laid_open: Vec<u8> = source.bytes().map(|byte| blank(byte) as u8).collect();
    let mut kept: Vec<Range<usize>> = Vec::new();
    for node in body.syntax().descendants().filter(|node| node.kind() == SyntaxKind::PLPGSQL_EXEC_SQL_STMT) {
        let word = node.first_token().is_some_and(|token| is_one_of(&OPENED, token.text()));
        if word && !node.descendants().any(|inner| inner.kind() == SyntaxKind::ERROR) {
            kept.push(body.source_range(node.text_range()).into());
        }
    }
    flat.conditional.extend(kept.iter().cloned());
    for token in body.syntax().descendants_with_tokens().filter_map(|element| element.into_token()) {
        let place: Range<usize> = body.source_range(token.text_range()).into();
        if token.kind() == SyntaxKind::COMMENT {
            kept.push(place);
        } else if is_one_of(&RISKY, token.text()) && !kept.iter().any(|kept| kept.contains(&place.start)) {
            flat.unread.push(place);
        }
    }
    for kept in kept {
        let kept = kept.start - range.start..kept.end - range.start;
        laid_open[kept.clone()].copy_from_slice(&source.as_bytes()[kept]);
    }
    if let Ok(laid_open) = String::from_utf8(laid_open) {
        flat.text.replace_range(range, &laid_open);
    }
}

/// Whether the body stands between dollars. One in plain quotes may hold doubled quotes, so that its places are not
/// places in the file.
fn in_dollars(block: &ast::Do) -> bool {
    block.body().is_some_and(|body| {
        let mut tokens = body.syntax().children_with_tokens().filter_map(|element| element.into_token());
        tokens.all(|token| token.kind() == SyntaxKind::DOLLAR_QUOTED_STRING)
    })
}

fn is_one_of(words: &[&str], text: &str) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Where a node stands, without the white space and comments at its beginning.
fn significant(node: &SyntaxNode) -> Range<usize> {
    let range: Range<usize> = node.text_range().into();
    let mut children = node.children_with_tokens();
    let start = children.find(|child| !child.kind().is_trivia()).map(|child| usize::from(child.text_range().start()));
    start.unwrap_or(range.start)..range.end
}
