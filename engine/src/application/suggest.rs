//! "Did you mean": the known word that an unknown one is close to.

/// The word of `known` that `word` is most likely a slip of, if there is one.
pub(super) fn closest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let word = plain(word);
    // A third of the letters may differ; comparing very long words is work for nothing.
    let most = (word.chars().count() / 3).clamp(1, 3);
    if word.len() > 64 {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// `: did you mean `word`?` to go on with, or nothing.
pub(super) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    closest(word, known).map(|word| format!(": did you mean `{word}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["service", "sticky_by", "port", "hosts", "up"];
        for (word, meant) in [
            ("sevrice", Some("service")),
            ("Service", Some("service")),
            ("sticky-by", Some("sticky_by")),
            ("host", Some("hosts")),
            ("prot", Some("port")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest(word, known), meant, "{word}");
        }
        assert_eq!(closest(&"service".repeat(100), known), None);
    }
}
