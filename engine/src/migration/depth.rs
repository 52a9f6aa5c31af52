//! Text that is nested so deeply that reading it would overflow the stack of the parser, which descends into what it
//! reads. A stack that overflows ends the whole process, so this is asked first.

use squawk_lexer::{LiteralKind, TokenKind, tokenize};

/// How deep a statement may be, in tokens. An expression is at most as deep as it has tokens; what stands between
/// commas stands side by side. `WHERE a = 1 OR a = 2 OR ..` may have 1,200 members.
const LIMIT: usize = 5_000;

/// How many blocks of PL/pgSQL may stand inside of each other.
const BLOCKS: usize = 200;

/// The stack for [`LIMIT`], in bytes. Measured in the worst place (`NOT NOT NOT ..`, `f(f(f(..`): less than 8 KiB a
/// token without optimisation. Memory that is not touched is not taken.
pub(super) const STACK: usize = 128 << 20;

/// Where the text is nested too deeply, if it is.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    deep(text, 0)
}

/// `text` begins at `start` of the file. The bodies of functions and blocks are SQL of their own, read one level down.
fn deep(text: &str, start: usize) -> Option<usize> {
    // Tokens since the last comma, for every bracket that is open, and their sum.
    let mut open = vec![0usize];
    let mut depth = 0;
    let mut offset = 0;
    let mut before = "";
    let mut blocks = 0usize;
    for token in tokenize(text) {
        let at = offset;
        offset += token.len as usize;
        let own = &text[at..offset];
        match token.kind {
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => continue,
            TokenKind::Literal { kind: LiteralKind::DollarQuotedString { .. } } if start == 0 => {
                let tag = own[1..].find('$').map_or(own.len(), |end| end + 2);
                if let Some(found) = deep(&own[tag..], at + tag) {
                    return Some(found);
                }
            }
            TokenKind::Literal { kind: LiteralKind::Str { .. } } if start == 0 && is_one_of(&["as", "do"], before) => {
                if let Some(found) = deep(&own[1..], at + 1) {
                    return Some(found);
                }
            }
            _ => {}
        }
        // At the beginning of a statement these words open and close blocks; elsewhere `IF EXISTS`, `CASE .. END`.
        let begins = matches!(before, "" | ";") || is_one_of(&["then", "else", "begin", "loop"], before);
        if begins && is_one_of(&["begin", "if", "case", "for", "foreach", "while", "loop"], own) {
            blocks += 1;
        } else if begins && own.eq_ignore_ascii_case("end") {
            blocks = blocks.saturating_sub(1);
        }
        before = own;
        match token.kind {
            TokenKind::Semi => (open, depth) = (vec![0], 0),
            TokenKind::Comma => depth -= open.last_mut().map(std::mem::take).unwrap_or_default(),
            TokenKind::CloseParen | TokenKind::CloseBracket if open.len() > 1 => {
                depth -= open.pop().unwrap_or_default();
            }
            kind => {
                depth += 1;
                if let Some(tokens) = open.last_mut() {
                    *tokens += 1;
                }
                if matches!(kind, TokenKind::OpenParen | TokenKind::OpenBracket) {
                    open.push(0);
                }
            }
        }
        if depth > LIMIT || (start > 0 && blocks > BLOCKS) {
            return Some(start + at);
        }
    }
    None
}

fn is_one_of(words: &[&str], text: &str) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_side_by_side_is_not_deep() {
        for text in [
            format!("insert into t values (1, 'a'){};", ", (1, 'a')".repeat(20_000)),
            format!("insert into t values ('{}');", "(not ".repeat(20_000)),
            "insert into t values (1, 2);".repeat(20_000),
            format!("select f({});", "a, ".repeat(20_000)),
            format!("-- {}\nselect 1;", "( ".repeat(20_000)),
            format!("do $$ begin {} end $$;", "perform f(1); ".repeat(20_000)),
            format!("do $$ begin {} end $$;", "if a then f(); else begin null; end; end if; ".repeat(20_000)),
            format!("do $$ begin {} end $$;", "drop table if exists t; a := case a when 1 then 2 end; ".repeat(20_000)),
            format!(
                "do $$ begin {} end $$;",
                "for a in b loop null; end loop; case when a then b; end case; ".repeat(9)
            ),
            "begin; select 1; commit; if; ".repeat(20_000),
            format!("delete from t where a = 1{};", " or a = 2".repeat(1_200)),
        ] {
            assert_eq!(too_deep(&text), None, "{}", &text[..40]);
        }
    }

    #[test]
    fn what_is_nested_is_deep() {
        for (text, at) in [
            (format!("select {}", "(".repeat(20_000)), 7 + 4_999),
            (format!("select {}a", "not ".repeat(20_000)), 7 + 4 * 4_999),
            (format!("do $$ {} $$", "( ".repeat(20_000)), 0),
            (format!("create function f() returns int language sql as '{}'", "( ".repeat(20_000)), 0),
            (format!("do $$ begin {} $$", "if a then b; ".repeat(20_000)), 0),
            (format!("do $$ {} $$", "begin null; ".repeat(20_000)), 0),
            (format!("do $$ begin {} $$", "for a in b loop c; ".repeat(20_000)), 0),
            (format!("select a{}", "::int".repeat(20_000)), 0),
            (format!("select 1{}", " union select 1".repeat(20_000)), 0),
        ] {
            let found = too_deep(&text).unwrap();
            assert!(at == 0 || found == at, "{}: {found}", &text[..40]);
        }
    }
}
