//! The number that a command prints.

use crate::secrets::Mask;

/// So much of a line is shown.
const SHOWN: usize = 80;

/// The last line that is not empty, which must be a number and nothing else.
///
/// # Errors
/// A sentence with that line, without the secrets of the mask: it is masked before it is cut, or a half of one would stay.
pub fn number(output: &str, mask: &Mask) -> Result<f64, String> {
    let line = output.lines().map(str::trim).rfind(|line| !line.is_empty());
    let line = line.ok_or("it printed nothing: the last line must be a number, like 42 or 0.5")?;
    let shown = || {
        let masked = mask.mask(line);
        let cut: String = masked.chars().take(SHOWN).collect();
        let more = if cut.len() < masked.len() { ".." } else { "" };
        format!("`{}{more}`", cut.escape_debug())
    };
    match line.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(format!("its last line is {}: that is no number to judge by", shown())),
        Err(_) => Err(format!("its last line must be a number and nothing else, like 42 or 0.5, and is {}", shown())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_number() {
        for (output, value) in [
            ("42", 42.0),
            ("42\n", 42.0),
            ("\n\n -0.5 \r\n\n \t\n", -0.5),
            (" depth\n-------\n     7\n", 7.0),
            ("1\n2\n3\n", 3.0),
            ("1.5e3", 1_500.0),
            ("+7", 7.0),
            (".5", 0.5),
            ("0", 0.0),
        ] {
            assert_eq!(number(output, &Mask::new()), Ok(value), "{output:?}");
        }
    }

    #[test]
    fn anything_else_is_said() {
        for (output, said) in [
            ("", "it printed nothing"),
            (" \n\r\n", "it printed nothing"),
            ("42\n(1 row)", "is `(1 row)`"),
            ("42 MB", "is `42 MB`"),
            ("1,000", "is `1,000`"),
            ("1_000", "is `1_000`"),
            ("0x10", "is `0x10`"),
            ("1 2", "is `1 2`"),
            ("\u{1b}[1m1", "is `\\u{1b}[1m1`"),
            ("NaN", "its last line is `NaN`: that is no number to judge by"),
            ("-inf", "`-inf`: that is no number"),
            ("1e999", "`1e999`: that is no number"),
        ] {
            let why = number(output, &Mask::new()).expect_err(output);
            assert!(why.contains(said), "{output:?}: {why}");
        }
        let long = number(&"é".repeat(1_000), &Mask::new()).unwrap_err();
        assert!(long.ends_with(&format!("`{}..`", "é".repeat(80))), "{long}");
        let mut mask = Mask::new();
        mask.add("correct horse battery staple");
        let said = number(&format!("{}correct horse battery staple", "x".repeat(70)), &mask).unwrap_err();
        assert!(!said.contains("correct"), "{said}");
    }
}
