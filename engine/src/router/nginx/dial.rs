//! The dial: where the weight lies on the disk. nginx looks there for every request.
//!
//! `current` is a symbolic link to a folder that holds an empty file for each session that goes to green. A change is
//! one `rename` over the link, so a request sees the old split or the new one and nothing else.

use super::super::RouterError;
use super::folder;
use rollout::slot::{Slot, Split};
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// One application's dial. Its calls block: they belong on a thread for that.
#[derive(Clone, Debug)]
pub(in crate::router) struct Dial {
    folder: PathBuf,
}

/// What the link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::router) enum Link {
    /// There is none: all traffic goes to blue.
    Missing,
    To(Split),
    /// It points at something that Crossfade does not make.
    Elsewhere(PathBuf),
}

impl Link {
    /// Where it points.
    pub fn target(&self) -> Option<PathBuf> {
        match self {
            Link::Missing => None,
            Link::To(split) => Some(PathBuf::from(folder::name(*split))),
            Link::Elsewhere(target) => Some(target.clone()),
        }
    }

    /// The split that nginx makes of it; unknown when it points elsewhere.
    pub fn split(&self) -> Option<Split> {
        match self {
            Link::Missing => Some(Split::all(Slot::Blue)),
            Link::To(split) => Some(*split),
            Link::Elsewhere(_) => None,
        }
    }
}

impl Dial {
    pub fn new(folder: &Path) -> Dial {
        Dial { folder: folder.to_owned() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn link_path(&self) -> PathBuf {
        self.folder.join("current")
    }

    pub fn folder_of(&self, split: Split) -> PathBuf {
        self.folder.join(folder::name(split))
    }

    pub fn link(&self) -> Result<Link, RouterError> {
        let path = self.link_path();
        match fs::read_link(&path) {
            Ok(target) => Ok(match target.to_str().and_then(folder::parse) {
                Some(split) => Link::To(split),
                None => Link::Elsewhere(target),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Link::Missing),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(RouterError::Dial {
                path,
                why: String::from("is not a symbolic link, so Crossfade did not make it: move it away, then try again"),
            }),
            Err(error) => Err(RouterError::io("read the dial", &path)(error)),
        }
    }

    /// Makes the folder, and the file by which nginx shows that it can look into it.
    pub fn prepare(&self) -> Result<(), RouterError> {
        let failed = |path: &Path| RouterError::io("make", path);
        for folder in [self.folder.parent(), Some(self.folder.as_path())].into_iter().flatten() {
            if !folder.is_dir() {
                DirBuilder::new().recursive(true).mode(0o755).create(folder).map_err(failed(folder))?;
                // Whatever the umask is: nginx's workers are another user.
                fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(failed(folder))?;
            }
        }
        let probe = self.folder.join("readable");
        folder::touch(&probe).map_err(failed(&probe))
    }

    /// Does the split's folder hold the files that its name promises?
    pub fn is_whole(&self, split: Split) -> Result<bool, RouterError> {
        let path = self.folder_of(split);
        match folder::files_in(&path) {
            Ok(files) => Ok(files == folder::wanted(split)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(RouterError::io("look into", &path)(error)),
        }
    }

    /// Points the link at the split's folder, which is made or mended first. Nothing has changed on an error.
    pub fn turn(&self, split: Split) -> Result<(), RouterError> {
        self.prepare()?;
        let folder = self.folder_of(split);
        self.complete(split, &folder).map_err(RouterError::io("make", &folder))?;
        self.point(Path::new(&folder::name(split)))
    }

    /// Puts back what [`Dial::link`] said before.
    pub fn restore(&self, former: &Link) -> Result<(), RouterError> {
        match former.target() {
            Some(target) => self.point(&target),
            None => {
                let path = self.link_path();
                fs::remove_file(&path).or_else(unless_gone).map_err(RouterError::io("remove", &path))
            }
        }
    }

    /// Takes away everything that Crossfade puts into the folder, and the folder. Other people's files stay.
    pub fn remove(&self) -> Result<(), RouterError> {
        let failed = |path: &Path| RouterError::io("remove", path);
        let link = self.link_path();
        fs::remove_file(&link).or_else(unless_gone).map_err(failed(&link))?;
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&self.folder)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed(&self.folder))?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if folder::parse(&name).is_some() || name.starts_with(".making-") {
                fs::remove_dir_all(&path).map_err(failed(&path))?;
            } else if name == "readable" || name.starts_with(".link-") {
                fs::remove_file(&path).map_err(failed(&path))?;
            }
        }
        fs::remove_dir(&self.folder).map_err(failed(&self.folder))
    }

    /// A new folder is made aside and renamed when it is whole; one that is there is mended where it is.
    fn complete(&self, split: Split, folder: &Path) -> io::Result<()> {
        let wanted = folder::wanted(split);
        if folder.is_dir() {
            return folder::fill(folder, &wanted);
        }
        let aside = self.folder.join(unique(".making"));
        fs::create_dir(&aside)?;
        folder::fill(&aside, &wanted).and_then(|()| fs::rename(&aside, folder)).inspect_err(|_| {
            let _ = fs::remove_dir_all(&aside);
        })?;
        folder::sync(&self.folder)
    }

    fn point(&self, target: &Path) -> Result<(), RouterError> {
        let link = self.link_path();
        let aside = self.folder.join(unique(".link"));
        let turned = symlink(target, &aside).and_then(|()| fs::rename(&aside, &link)).inspect_err(|_| {
            let _ = fs::remove_file(&aside);
        });
        turned.map_err(RouterError::io("turn the dial", &link))?;
        // The split has changed already. If the disk cannot keep it for the next start, that is no reason to turn back.
        if let Err(error) = folder::sync(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "the dial was turned but not synced to the disk");
        }
        Ok(())
    }
}

pub(super) fn unless_gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// A name that neither this process nor another one uses at the same time.
fn unique(what: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    format!("{what}-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::slot::Weight;
    use std::collections::BTreeSet;

    fn split(to: Slot, percent: u8) -> Split {
        Split { to, weight: Weight::new(percent).unwrap() }
    }

    fn dial() -> (tempfile::TempDir, Dial) {
        let folder = tempfile::tempdir().unwrap();
        let dial = Dial::new(&folder.path().join("dial/shop"));
        (folder, dial)
    }

    #[test]
    fn the_dial_turns_and_leaves_nothing_behind() {
        let (_keep, dial) = dial();
        assert_eq!(dial.link().unwrap(), Link::Missing);
        for wanted in [split(Slot::Green, 10), split(Slot::Green, 100), split(Slot::Blue, 25), split(Slot::Green, 10)] {
            dial.turn(wanted).unwrap();
            assert_eq!(dial.link().unwrap(), Link::To(wanted));
            assert!(dial.is_whole(wanted).unwrap());
            for session in 0..100 {
                let green = dial.link_path().join(session.to_string()).is_file();
                assert_eq!(green, wanted.slot_of(session) == Slot::Green, "{wanted}: {session}");
            }
        }
        let names: BTreeSet<_> = fs::read_dir(dial.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
        let expected = ["current", "readable", "to-blue-25", "to-green-10", "to-green-100"];
        assert_eq!(names, expected.into_iter().map(Into::into).collect());
    }

    #[test]
    fn a_damaged_folder_is_found_and_mended() {
        let (_keep, dial) = dial();
        let wanted = split(Slot::Green, 25);
        assert!(!dial.is_whole(wanted).unwrap());
        dial.turn(wanted).unwrap();
        fs::remove_file(dial.link_path().join("7")).unwrap();
        fs::write(dial.link_path().join("99"), "").unwrap();
        assert!(!dial.is_whole(wanted).unwrap());
        dial.turn(wanted).unwrap();
        assert!(dial.is_whole(wanted).unwrap());
    }

    #[test]
    fn what_was_there_is_put_back() {
        let (_keep, dial) = dial();
        let missing = dial.link().unwrap();
        dial.turn(split(Slot::Green, 10)).unwrap();
        let ten = dial.link().unwrap();
        dial.turn(split(Slot::Green, 50)).unwrap();
        dial.restore(&ten).unwrap();
        assert_eq!(dial.link().unwrap(), ten);
        dial.restore(&missing).unwrap();
        assert_eq!(dial.link().unwrap(), Link::Missing);
        let elsewhere = Link::Elsewhere(PathBuf::from("../somewhere"));
        dial.restore(&elsewhere).unwrap();
        assert_eq!(dial.link().unwrap(), elsewhere);
    }

    #[test]
    fn a_folder_in_the_links_place_is_an_error_and_stays() {
        let (_keep, dial) = dial();
        fs::create_dir_all(dial.link_path()).unwrap();
        assert!(dial.link().unwrap_err().to_string().contains("is not a symbolic link"));
        assert!(dial.turn(split(Slot::Green, 10)).is_err());
        assert!(dial.link_path().is_dir());
        assert!(
            !fs::read_dir(dial.folder()).unwrap().any(|e| e.unwrap().file_name().to_string_lossy().starts_with('.'))
        );
    }

    #[test]
    fn removing_leaves_other_peoples_files() {
        let (_keep, dial) = dial();
        dial.remove().unwrap();
        dial.turn(split(Slot::Green, 10)).unwrap();
        let theirs = dial.folder().join("notes.txt");
        fs::write(&theirs, "mine").unwrap();
        assert!(dial.remove().is_err());
        assert!(theirs.is_file());
        fs::remove_file(theirs).unwrap();
        dial.remove().unwrap();
        assert!(!dial.folder().exists());
    }
}
