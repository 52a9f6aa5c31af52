//! `{version}`, `{slot}`, `{port}` and `{port.NAME}` in what an application file says of a process.

/// Words in braces that are filled in, beside `port.NAME`.
pub(crate) const KNOWN: [&str; 3] = ["version", "slot", "port"];

/// What stands in braces in a text and could be one of ours, in its order.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    // No brace can be inside: what stands between a `{` and the next `}` is a word or none of ours.
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).filter(|name| is_name(name))
}

fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(good)
}

/// The text with its words filled in. Braces around a word that `value` does not know stay as they are.
pub(crate) fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let word = after.split_once('}').filter(|(name, _)| is_name(name));
        match word.and_then(|(name, rest)| Some((value(name)?, rest))) {
            Some((value, after)) => {
                filled.push_str(&value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_filled_in_and_other_braces_are_left() {
        let value = |name: &str| match name {
            "version" => Some("1.1.0".to_owned()),
            "port.web" => Some("21001".to_owned()),
            // What is filled in is not looked at again.
            "port" => Some("{version}".to_owned()),
            _ => None,
        };
        for (text, filled) in [
            ("", ""),
            ("releases/{version}/bin", "releases/1.1.0/bin"),
            ("{version}{version}", "1.1.01.1.0"),
            ("http://127.0.0.1:{port.web}/", "http://127.0.0.1:21001/"),
            ("{port}", "{version}"),
            ("{port.gone} {slot}", "{port.gone} {slot}"),
            ("${HOME} {a {version} }", "${HOME} {a 1.1.0 }"),
            ("awk '{print $1}' {", "awk '{print $1}' {"),
            ("{}{{version}}", "{}{1.1.0}"),
        ] {
            assert_eq!(fill(text, value), filled, "{text}");
        }
    }

    #[test]
    fn names_are_what_could_be_ours() {
        assert_eq!(names("{version} {print $1} {port.web-1} {}{1}").collect::<Vec<_>>(), ["version", "port.web-1"]);
    }
}
