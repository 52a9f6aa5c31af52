//! `{variable}` in smoke tests: what an earlier answer gave.
//!
//! A variable is a letter or `_`, then letters, digits and `_`, in braces without spaces. Other braces are
//! themselves, so that JSON needs no escapes and `{ id }` is a way to write braces around a word.

/// Whether this may be the name of a variable.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The names of the variables in a text, in its order.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    // A name holds no brace: it is what stands between a `{` and the next `}`, if that is a name.
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).filter(|name| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_among_other_braces() {
        for (text, expected) in [
            ("", &[][..]),
            ("/a/{id}/b/{token_2}", &["id", "token_2"]),
            ("{\"a\": {\"b\": \"{c}\"}}", &["c"]),
            ("{{a}}", &["a"]),
            ("{ a } {} {1a} {a b} {a", &[]),
            ("{é}", &[]),
        ] {
            assert_eq!(names(text).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
