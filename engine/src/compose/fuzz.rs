//! Whatever the text, the reader answers: with a model that holds together, or with problems that have places.

use super::testing::{env_files, variables};
use super::tests::{GUIDE, SHOP};
use super::*;
use proptest::prelude::*;

fn check(text: &str) {
    match read("f", text, &variables(), &env_files) {
        Ok(compose) => {
            assert_eq!(start_order(&compose).unwrap().len(), compose.services.len());
            for service in compose.services.values() {
                assert!(!service.image.is_empty() && !service.networks.is_empty());
                assert!(service.networks.keys().all(|name| compose.networks.contains_key(name)));
                assert!(service.depends_on.keys().all(|name| compose.services.contains_key(name)));
                assert!(service.volumes.iter().all(|mount| match &mount.source {
                    MountSource::Volume { name, .. } => compose.volumes.contains_key(name),
                    _ => true,
                }));
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            let lines: Vec<&str> = text.split(['\n', '\r']).collect();
            for problem in problems.iter().filter(|problem| problem.file == "f") {
                assert!((1..=lines.len() + 1).contains(&problem.line), "{problem}");
                let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
                assert!((1..=longest + 2).contains(&problem.column), "{problem}");
            }
        }
    }
}

/// What files are made of, in no order.
fn soup() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "services:",
        "volumes:",
        "networks:",
        "image:",
        "ports:",
        "environment:",
        "depends_on:",
        "healthcheck:",
        "deploy:",
        "a:",
        "b:",
        " ",
        "  ",
        "    ",
        "\n",
        "\n  ",
        "\n    ",
        "\n      - ",
        "\r\n",
        "\t",
        "- ",
        "? ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&a ",
        "*a",
        "<<: *a",
        "<<:",
        "!!str ",
        "!x ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "\\",
        "#",
        " # ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "$",
        "${",
        "}",
        "${VERSION}",
        "$NOPE",
        "${A:-",
        "$$",
        "80:80",
        "1.10",
        "~",
        "null",
        "true",
        "10s",
        "é",
        "\u{feff}",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "x-a:",
    ]);
    proptest::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

/// A real file after a few accidents.
fn mutated() -> impl Strategy<Value = String> {
    let accident = (0u8..6, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<char>());
    (prop::bool::ANY, proptest::collection::vec(accident, 1..8)).prop_map(|(guide, accidents)| {
        let mut chars: Vec<char> = if guide { GUIDE } else { SHOP }.chars().collect();
        for (kind, at, to, c) in accidents {
            let at = at.index(chars.len() + 1);
            let to = (at + to.index(40)).min(chars.len());
            match kind {
                0 => drop(chars.drain(at..to)),
                1 => chars.insert(at, c),
                2 => chars
                    .insert(at, ['$', '{', '}', '[', ']', ':', '-', '&', '*', '\t', '\n', '\'', '"'][c as usize % 13]),
                3 => chars.extend_from_within(at..to),
                4 => {
                    let part: Vec<char> = chars[at..to].to_vec();
                    chars.splice(at..at, part);
                }
                _ => chars.truncate(at.max(1)),
            }
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_pieces_are_answered(text in soup()) {
        check(&text);
    }

    #[test]
    fn any_accident_is_answered(text in mutated()) {
        check(&text);
    }

    #[test]
    fn any_value_is_answered(value in "[ -~é]{0,24}", key in prop::sample::select(vec![
        "image", "command", "environment", "env_file", "ports", "expose", "volumes", "tmpfs", "networks", "depends_on",
        "restart", "labels", "mem_limit", "cpus", "ulimits", "extra_hosts", "stop_grace_period", "healthcheck",
        "deploy", "logging", "shm_size",
    ])) {
        let quoted = value.replace('\'', "''");
        check(&format!("services:\n  a:\n    {key}: '{quoted}'\n    image: i\n"));
        check(&format!("services:\n  a:\n    image: i\n    {key}: ['{quoted}']\n"));
        check(&format!("services:\n  a:\n    image: i\n    {key}: {{'{quoted}': '{quoted}'}}\n"));
    }

    #[test]
    fn any_dotenv_is_answered(text in "([A-Z]{1,2}=?|['\"$#{}\\\\ \n:-]|export |.){0,40}") {
        if let Err(problems) = Variables::default().with_dotenv(".env", &text) {
            assert!(!problems.is_empty());
        }
    }
}
