//! The testers' door on the disk, beside the dial: a file whose name is the key, in the folder of the slot that it leads
//! to. nginx looks for the key that a request shows, so a door opens and closes without a reload.

use super::super::RouterError;
use super::dial::unless_gone;
use super::folder::{sync, touch};
use rollout::router::{Door, DoorKey};
use rollout::slot::Slot;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// nginx's workers may look for a name that they know; only the owner may see which names there are.
const CLOSED: u32 = 0o711;

/// One application's door. Its calls block: they belong on a thread for that.
#[derive(Clone, Debug)]
pub(super) struct Doorway {
    folder: PathBuf,
}

impl Doorway {
    /// In this dial's folder.
    pub fn new(dial: &Path) -> Doorway {
        Doorway { folder: dial.join("door") }
    }

    fn of(&self, slot: Slot) -> PathBuf {
        self.folder.join(slot.as_str())
    }

    /// The door that stands open. Of several, as a crash may leave them, any.
    pub fn door(&self) -> Result<Option<Door>, RouterError> {
        let doors = self.doors()?;
        Ok(doors.into_iter().next())
    }

    fn doors(&self) -> Result<Vec<Door>, RouterError> {
        let mut doors = vec![];
        for slot in Slot::BOTH {
            let folder = self.of(slot);
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(RouterError::io("look into", &folder)(error)),
            };
            for entry in entries {
                let entry = entry.map_err(RouterError::io("look into", &folder))?;
                let key = entry.file_name().to_str().and_then(DoorKey::parse);
                doors.extend(key.map(|key| Door { slot, key }));
            }
        }
        Ok(doors)
    }

    /// Opens it with this key alone.
    pub fn open(&self, door: &Door) -> Result<(), RouterError> {
        self.prepare()?;
        let folder = self.of(door.slot);
        touch(&folder.join(door.key.as_str()))
            .and_then(|()| sync(&folder))
            .map_err(RouterError::io("open the door in", &folder))?;
        self.take_away(|other| other != door)
    }

    /// Fine when it is closed.
    pub fn close(&self) -> Result<(), RouterError> {
        self.take_away(|_| true)
    }

    /// With the dial. Other people's files stay, and are an error there.
    pub fn remove(&self) -> Result<(), RouterError> {
        self.close()?;
        for folder in [self.of(Slot::Blue), self.of(Slot::Green), self.folder.clone()] {
            fs::remove_dir(&folder).or_else(unless_gone).map_err(RouterError::io("remove", &folder))?;
        }
        Ok(())
    }

    fn prepare(&self) -> Result<(), RouterError> {
        for folder in [self.folder.clone(), self.of(Slot::Blue), self.of(Slot::Green)] {
            let made = match DirBuilder::new().mode(CLOSED).create(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            };
            // Whatever the umask is.
            made.and_then(|()| fs::set_permissions(&folder, Permissions::from_mode(CLOSED)))
                .map_err(RouterError::io("make", &folder))?;
        }
        Ok(())
    }

    fn take_away(&self, which: impl Fn(&Door) -> bool) -> Result<(), RouterError> {
        for door in self.doors()?.into_iter().filter(which) {
            let folder = self.of(door.slot);
            fs::remove_file(folder.join(door.key.as_str()))
                .or_else(unless_gone)
                .and_then(|()| sync(&folder))
                .map_err(RouterError::io("close the door in", &folder))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(slot: Slot, byte: u8) -> Door {
        Door { slot, key: DoorKey::of([byte; 32]) }
    }

    #[test]
    fn one_key_opens_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let doorway = Doorway::new(folder.path());
        assert_eq!(doorway.door().unwrap(), None);
        doorway.close().unwrap();
        for wanted in [door(Slot::Green, 1), door(Slot::Green, 2), door(Slot::Blue, 3), door(Slot::Blue, 3)] {
            doorway.open(&wanted).unwrap();
            assert_eq!(doorway.doors().unwrap(), [wanted]);
        }
        doorway.close().unwrap();
        assert_eq!(doorway.door().unwrap(), None);
        doorway.remove().unwrap();
        doorway.remove().unwrap();
        assert!(!folder.path().join("door").exists());
    }

    #[test]
    fn others_cannot_see_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let doorway = Doorway::new(folder.path());
        doorway.open(&door(Slot::Green, 1)).unwrap();
        for path in ["door", "door/green", "door/blue"] {
            let mode = fs::metadata(folder.path().join(path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o711, "{path}");
        }
    }

    #[test]
    fn what_is_no_key_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let doorway = Doorway::new(folder.path());
        doorway.open(&door(Slot::Green, 1)).unwrap();
        let theirs = folder.path().join("door/green/notes.txt");
        fs::write(&theirs, "mine").unwrap();
        doorway.close().unwrap();
        assert_eq!(doorway.door().unwrap(), None);
        assert!(theirs.is_file());
        assert!(doorway.remove().is_err());
    }
}
