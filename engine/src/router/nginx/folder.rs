//! The folders that the dial points at. A folder's name says what it holds: `to-green-25` has the files 0 to 24,
//! `to-blue-25` has 25 to 99.

use rollout::slot::{Slot, Split, Weight};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The name of the folder for this split.
pub(super) fn name(split: Split) -> String {
    format!("to-{}-{}", split.to, split.weight.percent())
}

/// The split of the folder of that name, if it is one.
pub(super) fn parse(text: &str) -> Option<Split> {
    let (to, percent) = text.strip_prefix("to-")?.split_once('-')?;
    let split = Split { to: Slot::parse(to)?, weight: Weight::new(percent.parse().ok()?)? };
    // `to-green-+5` and `to-green-05` are not ours.
    (name(split) == text).then_some(split)
}

/// The files that belong into it: the numbers of the sessions that go to green.
pub(super) fn wanted(split: Split) -> BTreeSet<String> {
    (0..100).filter(|session| split.slot_of(*session) == Slot::Green).map(|session| session.to_string()).collect()
}

/// Makes the folder hold these files and no others, readable by everybody, and on the disk.
pub(super) fn fill(folder: &Path, wanted: &BTreeSet<String>) -> io::Result<()> {
    let there = files_in(folder)?;
    for name in wanted.difference(&there) {
        touch(&folder.join(name))?;
    }
    for name in there.difference(wanted) {
        fs::remove_file(folder.join(name))?;
    }
    if fs::metadata(folder)?.permissions().mode() & 0o777 != 0o755 {
        fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    }
    // Even when nothing is missing: whoever made it may have been killed before this. It costs next to nothing then.
    sync(folder)
}

/// The names of the plain files in the folder, since nginx's `-f` sees only those. Anything else is an error.
pub(super) fn files_in(folder: &Path) -> io::Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_file() {
            return Err(io::Error::other(format!("`{name}` in it is not a plain file: move it away")));
        }
        files.insert(name);
    }
    Ok(files)
}

pub(super) fn touch(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(path).map(drop)
}

pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(to: Slot, percent: u8) -> Split {
        Split { to, weight: Weight::new(percent).unwrap() }
    }

    #[test]
    fn folder_names_are_read_as_they_are_written() {
        for to in Slot::BOTH {
            for percent in 0..=100 {
                assert_eq!(parse(&name(split(to, percent))), Some(split(to, percent)), "{to} {percent}");
            }
        }
        for text in [
            "",
            "to-green",
            "to-green-",
            "to-green-05",
            "to-green-+5",
            "to-green-101",
            "to-red-5",
            "to-green-5/",
            "../to-green-5",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_files_are_the_sessions_that_go_to_green() {
        assert_eq!(wanted(split(Slot::Green, 0)).len(), 0);
        assert_eq!(wanted(split(Slot::Blue, 0)).len(), 100);
        assert_eq!(wanted(split(Slot::Green, 2)), BTreeSet::from(["0".into(), "1".into()]));
        assert_eq!(wanted(split(Slot::Blue, 98)), BTreeSet::from(["98".into(), "99".into()]));
    }
}
