//! Releases that lie where a rollout would look for them.

use crate::definition::Definition;
use rollout::release::Version;
use rollout::runtime::RuntimeKind;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Those that have a folder, the lowest version first. Empty where no folder is named after a release.
pub(crate) fn releases(definition: &Definition) -> Vec<Version> {
    let RuntimeKind::Process(programs) = &definition.application.runtime else { return vec![] };
    let folders = programs.values().filter_map(|program| program.folder.as_deref());
    let patterns: BTreeSet<&str> = folders.filter(|folder| folder.contains("{version}")).collect();
    let Some(first) = patterns.first() else { return vec![] };
    // `releases/{version}/app` is looked for in `releases`.
    let before = first.split("{version}").next().unwrap_or_default();
    let Some((parent, "")) = before.rsplit_once('/').or(Some(("", before))) else { return vec![] };
    let entries = std::fs::read_dir(definition.folder.join(parent)).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| Version::parse(entry.file_name().to_str()?).ok());
    let is_whole = |version: &Version| {
        patterns.iter().all(|folder| definition.folder.join(folder.replace("{version}", version.as_str())).is_dir())
    };
    let mut versions: Vec<Version> = named.filter(is_whole).collect();
    versions.sort_by(|a, b| compare(a.as_str(), b.as_str()));
    versions
}

/// By their numbers: 1.9 comes before 1.10.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    };
    numbers(a).cmp(&numbers(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_found_by_their_folders_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("crossfade.toml");
        let text = "name = \"shop\"\nruntime = \"process\"\n[services.web]\nrouted = { hosts = [\"a\"] }\ncommand = [\"./a\"]\n";
        let found = |of_web: &str| {
            std::fs::write(&file, format!("{text}{of_web}")).unwrap();
            let versions = releases(&Definition::load(&file).unwrap());
            versions.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        for version in ["1.10.0", "1.9.0", "1.9.0-rc", "not a version"] {
            std::fs::create_dir_all(folder.path().join("releases").join(version)).unwrap();
        }
        std::fs::create_dir(folder.path().join("releases/1.10.0/app")).unwrap();
        std::fs::write(folder.path().join("releases/2.0.0"), "a file").unwrap();
        assert_eq!(found("folder = \"releases/{version}\"\n"), ["1.9.0", "1.9.0-rc", "1.10.0"]);
        assert_eq!(found("folder = \"releases/{version}/app\"\n"), ["1.10.0"]);
        assert_eq!(found("folder = \"releases/v{version}\"\n"), [""; 0]);
        assert_eq!(found("folder = \"releases\"\n"), [""; 0]);
        assert_eq!(found(""), [""; 0]);
    }
}
