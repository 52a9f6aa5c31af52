//! What outlives the process: three small files, each replaced as a whole.
//!
//! | file | what | written |
//! |---|---|---|
//! | `routes.json` | the applications, and the slot that is live in each | when one is adopted or forgotten, and when all traffic has come to the other slot |
//! | `weights.json` | how each is split | at every shift |
//! | `doors.json` | the keys of the doors that are open; for its owner alone | when one is opened or closed |
//!
//! Without `weights.json` everything goes to the live slots. Without `doors.json` every door is closed. Without `routes.json` there is nothing to serve until
//! Crossfade adopts its applications again.

use crate::wire::{Application, Kept};
use rollout::router::Door;
use rollout::slot::{Slot, Split, Weight};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The folder.
#[derive(Clone, Debug)]
pub struct Keep {
    folder: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Routes {
    version: u32,
    applications: Vec<Route>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Route {
    application: Application,
    live: Slot,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Weights {
    version: u32,
    splits: BTreeMap<String, Split>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Doors {
    version: u32,
    doors: BTreeMap<String, Door>,
}

/// Others than the owner may read what is no secret.
const OPEN: u32 = 0o644;
const SECRET: u32 = 0o600;

const VERSION: u32 = 1;

impl Keep {
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Keep, String> {
        fs::create_dir_all(folder).map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
        Ok(Keep { folder: folder.to_owned() })
    }

    /// What was kept. A file that cannot be read is put aside with a warning, never written over.
    ///
    /// # Errors
    /// When a file is there and the disk does not give it: what it says must not be guessed.
    pub fn load(&self) -> Result<Vec<Kept>, String> {
        let routes: Option<Routes> = self.read("routes.json", |routes: &Routes| routes.version)?;
        let weights: Option<Weights> = self.read("weights.json", |weights: &Weights| weights.version)?;
        let mut doors: Doors = self.read("doors.json", |doors: &Doors| doors.version)?.unwrap_or_default();
        let kept = routes.into_iter().flat_map(|routes| routes.applications).map(|route| {
            let split = weights.as_ref().and_then(|weights| weights.splits.get(&route.application.name)).copied();
            if split.is_none() {
                let (name, live) = (&route.application.name, route.live);
                tracing::warn!("how {name} was split is lost: all of it goes to {live}, which was live");
            }
            let door = doors.doors.remove(&route.application.name);
            Kept { application: route.application, split: split.unwrap_or(Split::all(route.live)), door }
        });
        Ok(kept.collect())
    }

    /// Returns when the disk has it.
    ///
    /// # Errors
    /// What could not be written. What was kept before still is.
    pub fn save(&self, kept: &[Kept]) -> Result<(), String> {
        let former: Option<Routes> = self.read("routes.json", |routes: &Routes| routes.version)?;
        let live = |kept: &Kept| {
            let mut routes = former.iter().flat_map(|routes| &routes.applications);
            let before = routes.find(|route| route.application.name == kept.application.name).map(|route| route.live);
            live_slot(kept.split, before)
        };
        let route = |kept: &Kept| Route { application: kept.application.clone(), live: live(kept) };
        let routes = Routes { version: VERSION, applications: kept.iter().map(route).collect() };
        let splits = kept.iter().map(|kept| (kept.application.name.clone(), kept.split)).collect();
        // Routes before weights: an application is never without a word on where its traffic goes.
        if former.as_ref() != Some(&routes) {
            self.write("routes.json", &routes, OPEN)?;
        }
        self.write("weights.json", &Weights { version: VERSION, splits }, OPEN)?;
        // Doors change seldom, and a shift is not to wait for them.
        let open = kept.iter().filter_map(|kept| Some((kept.application.name.clone(), kept.door.clone()?)));
        let doors = Doors { version: VERSION, doors: open.collect() };
        let former: Option<Doors> = self.read("doors.json", |doors: &Doors| doors.version)?;
        if former.unwrap_or(Doors { version: VERSION, doors: BTreeMap::new() }) != doors {
            self.write("doors.json", &doors, SECRET)?;
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, name: &str, version: impl Fn(&T) -> u32) -> Result<Option<T>, String> {
        let path = self.folder.join(name);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        let said = match serde_json::from_slice(&text) {
            Ok(read) if version(&read) == VERSION => return Ok(Some(read)),
            Ok(read) => format!("it is of version {}, expected {VERSION}", version(&read)),
            Err(error) => error.to_string(),
        };
        let aside = self.folder.join(format!("{name}.unreadable"));
        tracing::error!("{} cannot be understood and is put aside as {}: {said}", path.display(), aside.display());
        fs::rename(&path, &aside).map_err(|error| format!("cannot put {} aside: {error}", path.display()))?;
        Ok(None)
    }

    fn write(&self, name: &str, value: &impl Serialize, mode: u32) -> Result<(), String> {
        let path = self.folder.join(name);
        let wrote = || -> io::Result<()> {
            let beside = self.folder.join(format!(".{name}.new"));
            let mut text = serde_json::to_vec_pretty(value)?;
            text.push(b'\n');
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            // The name itself is in the folder.
            File::open(&self.folder)?.sync_all()
        };
        wrote().map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

/// The slot that carries everything, or that did so last.
fn live_slot(split: Split, before: Option<Slot>) -> Slot {
    match split.weight {
        Weight::ALL => split.to,
        Weight::NONE => split.to.other(),
        weight => before.unwrap_or(if weight.percent() > 50 { split.to } else { split.to.other() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::{application, service};
    use rollout::router::DoorKey;
    use std::os::unix::fs::PermissionsExt;

    fn kept(to: Slot, percent: u8) -> Vec<Kept> {
        let application = application("shop", vec![service("api", &["api.example.com"], 3000)]);
        vec![Kept { application, split: Split { to, weight: Weight::new(percent).unwrap() }, door: None }]
    }

    fn keep() -> (tempfile::TempDir, Keep) {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::open(&folder.path().join("proxy")).unwrap();
        (folder, keep)
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let (_folder, keep) = keep();
        assert_eq!(keep.load().unwrap(), vec![]);
        for percent in [0, 10, 100] {
            keep.save(&kept(Slot::Green, percent)).unwrap();
            assert_eq!(keep.load().unwrap(), kept(Slot::Green, percent));
        }
        keep.save(&[]).unwrap();
        assert_eq!(keep.load().unwrap(), vec![]);
    }

    #[test]
    fn a_door_is_kept_for_its_owner_alone() {
        let (_folder, keep) = keep();
        let mut open = kept(Slot::Green, 0);
        open[0].door = Some(Door { slot: Slot::Green, key: DoorKey::of([3; 32]) });
        keep.save(&open).unwrap();
        assert_eq!(keep.load().unwrap(), open);
        let file = fs::metadata(keep.folder.join("doors.json")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        keep.save(&kept(Slot::Green, 10)).unwrap();
        assert_eq!(keep.load().unwrap(), kept(Slot::Green, 10));
        let text = fs::read_to_string(keep.folder.join("doors.json")).unwrap();
        assert!(!text.contains("0303"), "{text}");
    }

    #[test]
    fn without_weights_all_goes_to_the_live_slot() {
        for (history, live) in [
            (vec![(Slot::Green, 0)], Slot::Blue),
            (vec![(Slot::Green, 0), (Slot::Green, 75)], Slot::Blue),
            (vec![(Slot::Green, 0), (Slot::Green, 75), (Slot::Green, 100)], Slot::Green),
            (vec![(Slot::Green, 100), (Slot::Blue, 25)], Slot::Green),
            (vec![(Slot::Green, 100), (Slot::Blue, 25), (Slot::Blue, 100)], Slot::Blue),
            (vec![(Slot::Green, 75)], Slot::Green),
        ] {
            for lost in [None, Some("{"), Some(r#"{"version":2,"splits":{}}"#)] {
                let (_folder, keep) = keep();
                for (to, percent) in &history {
                    keep.save(&kept(*to, *percent)).unwrap();
                }
                let file = keep.folder.join("weights.json");
                match lost {
                    None => fs::remove_file(&file).unwrap(),
                    Some(text) => fs::write(&file, text).unwrap(),
                }
                let loaded = keep.load().unwrap();
                assert_eq!(loaded[0].split, Split::all(live), "{history:?} {lost:?}");
                assert_eq!(keep.folder.join("weights.json.unreadable").exists(), lost.is_some());
            }
        }
    }

    #[test]
    fn a_full_disk_leaves_what_was() {
        let (_folder, keep) = keep();
        keep.save(&kept(Slot::Green, 10)).unwrap();
        // In the way of the new file.
        fs::create_dir(keep.folder.join(".weights.json.new")).unwrap();
        assert!(keep.save(&kept(Slot::Green, 20)).unwrap_err().contains("weights.json"));
        assert_eq!(keep.load().unwrap(), kept(Slot::Green, 10));
    }
}
