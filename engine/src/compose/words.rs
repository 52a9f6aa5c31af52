//! A command written as one string, split into its words as compose does it: quotes and backslashes, no shell.

/// Splits `text` into words.
///
/// # Errors
/// Says what is wrong: a quote that is never closed, or something that only a shell understands. Compose drops the
/// rest of the command there without a word.
pub fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) => {
                let escaped = chars.next().ok_or("ends with a `\\`: write `\\\\` for the character itself")?;
                word.get_or_insert_default().push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                });
            }
            (_, Some(open)) if c == open => quote = None,
            (_, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (';' | '&' | '|' | '<' | '>' | '(' | ')' | '`', None) => {
                return Err(format!(
                    "has a `{c}`, which only a shell understands: write [\"sh\", \"-c\", \"...\"], or put it in quotes"
                ));
            }
            (' ' | '\t' | '\r' | '\n', None) => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("has a {open} that is never closed"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split() {
        for (text, words) in [
            ("", vec![]),
            ("  ", vec![]),
            ("a", vec!["a"]),
            (" a  b\tc\nd ", vec!["a", "b", "c", "d"]),
            ("sh -c 'a && b'", vec!["sh", "-c", "a && b"]),
            ("a \"b c\" d", vec!["a", "b c", "d"]),
            ("a''b\"c\"", vec!["abc"]),
            ("''", vec![""]),
            ("a \"\" b", vec!["a", "", "b"]),
            (r"a\ b", vec!["a b"]),
            (r#""a\"b""#, vec!["a\"b"]),
            (r"'a\b'", vec![r"a\b"]),
            (r"\\", vec!["\\"]),
            ("'a\"b'", vec!["a\"b"]),
            ("--x=é", vec!["--x=é"]),
            (r"a\nb", vec!["a\nb"]),
            (
                "redis-server --save 60 1 --loglevel warning",
                vec!["redis-server", "--save", "60", "1", "--loglevel", "warning"],
            ),
        ] {
            assert_eq!(split(text), Ok(words.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_split_says_why() {
        for (text, why) in [
            ("a 'b", "never closed"),
            ("a \"b'", "never closed"),
            ("a\\", "ends with"),
            ("a && b", "only a shell"),
            ("a > b", "only a shell"),
            ("a $(b)", "only a shell"),
            ("a; b", "only a shell"),
        ] {
            assert!(split(text).unwrap_err().contains(why), "{text}");
        }
    }
}
