//! Knowing our own file again: it says the hash of itself, which HAProxy tells when asked what it runs.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The first words of every file that Crossfade wrote.
pub(super) const MARKER: &str = "# Crossfade wrote this file";
/// Stands before the generation in its own line.
const GENERATION: &str = "# generation: ";
/// Stands in the generation's place while the generation is worked out. No name or path may hold an `@`.
pub(super) const BLANK: &str = "@@@@@@@@@@@@";

/// A text that says its own hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    pub text: String,
    pub seal: String,
}

/// Whose a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// Crossfade wrote it, and nobody has changed it since.
    Crossfade {
        seal: String,
    },
    /// Crossfade wrote it, and somebody changed it.
    Edited,
    Somebody,
}

/// The line that the generation stands in, for the head of the file.
pub(super) fn line() -> String {
    format!("{GENERATION}{BLANK}\n")
}

/// Puts the hash into every [`BLANK`].
pub(super) fn seal(text: &str) -> Sealed {
    let seal = hash(text);
    Sealed { text: text.replace(BLANK, &seal), seal }
}

pub(super) fn author(text: &str) -> Author {
    if !text.starts_with(MARKER) {
        return Author::Somebody;
    }
    match text.lines().find_map(|line| line.strip_prefix(GENERATION)) {
        Some(claimed) if claimed.len() == BLANK.len() && hash(&text.replace(claimed, BLANK)) == claimed => {
            Author::Crossfade { seal: claimed.to_owned() }
        }
        _ => Author::Edited,
    }
}

/// The first 12 hexadecimal digits of the text's SHA-256.
fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_is_known() {
        let Sealed { text, seal } = seal(&format!("{MARKER}.\n{}string {BLANK}\n", line()));
        assert_eq!(text.matches(&seal).count(), 2);
        assert_eq!(author(&text), Author::Crossfade { seal: seal.clone() });
        assert_eq!(author(&text.replace("string", "text")), Author::Edited);
        assert_eq!(author(&format!("{text}# more\n")), Author::Edited);
        assert_eq!(author(&text.replace(&seal, "000000000000")), Author::Edited);
        assert_eq!(author(&text.replace(GENERATION, "# ")), Author::Edited);
        assert_eq!(author("global\n"), Author::Somebody);
        assert_eq!(author(""), Author::Somebody);
    }
}
