//! What a release is, by content: the files that its commands name. A program that is found on the PATH belongs to the
//! machine, and is known by its place alone.

use super::fill::fill;
use super::launch::program;
use super::lock;
use crate::clock;
use crate::runtime::Programs;
use rollout::clock::{Millis, Timestamp};
use rollout::release::Version;
use rollout::runtime::Program;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What a process is by content: `bin/shop@sha256:…`, or `/usr/bin/python3` of which no file of its own is known.
///
/// # Errors
/// A sentence: what is missing, and what to do.
pub(super) fn pin(base: &Path, version: &Version, program: &Program) -> Result<String, String> {
    let folder = folder(base, version, program);
    if !folder.is_dir() {
        return Err(format!("there is no folder {}: has release {version} been put there?", folder.display()));
    }
    let words: Vec<String> = program.command.iter().map(|word| with_version(word, version)).collect();
    let (first, arguments) = words.split_first().ok_or("it has no command")?;
    let found = find(&folder, first)?;
    let mut digest = Sha256::new();
    let mut named = vec![];
    if first.contains('/') {
        named.push(found.clone());
    }
    // Absolute paths lead elsewhere, to what is no part of the release.
    let inside = arguments.iter().filter(|word| !word.is_empty() && !Path::new(word).is_absolute());
    named.extend(inside.map(|word| folder.join(word)).filter(|path| path.is_file()));
    for path in &named {
        let of_file = digest_of(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        digest.update(of_file);
    }
    if named.is_empty() {
        return Ok(found.display().to_string());
    }
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{first}@sha256:{hex}"))
}

/// All of a release, with what could not be pinned.
pub(super) fn pin_all(base: &Path, programs: &Programs) -> Vec<(String, Result<String, String>)> {
    let services = programs.services.iter();
    services.map(|(name, program)| (name.clone(), pin(base, &programs.version, program))).collect()
}

/// Whether it says what is in files.
pub(super) fn is_by_content(pinned: &str) -> bool {
    pinned.contains("@sha256:")
}

/// Where a process runs.
pub(super) fn folder(base: &Path, version: &Version, program: &Program) -> PathBuf {
    program.folder.as_ref().map_or_else(|| base.to_owned(), |folder| base.join(with_version(folder, version)))
}

fn with_version(text: &str, version: &Version) -> String {
    fill(text, |name| (name == "version").then(|| version.to_string()))
}

fn find(folder: &Path, word: &str) -> Result<PathBuf, String> {
    let runs = |path: &Path| path.metadata().is_ok_and(|seen| seen.is_file() && seen.permissions().mode() & 0o111 != 0);
    let path = program(folder, word);
    if word.contains('/') {
        return match (path.exists(), runs(&path)) {
            (_, true) => Ok(path),
            (true, false) => Err(format!("{} is not a program: it may not be executed", path.display())),
            (false, _) => Err(format!("there is no program {}", path.display())),
        };
    }
    let places = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&places).map(|place| place.join(word)).find(|path| runs(path));
    found.ok_or_else(|| {
        format!("no program {word} is on the PATH of Crossfade: write ./{word} for one in {}", folder.display())
    })
}

const SETTLED: Millis = Millis(3_000);

type FileDigest = [u8; 32];
/// Device, file, size, and when contents and attributes were changed last: nobody changes a file and keeps all of them.
type FileState = (u64, u64, u64, [i64; 4]);

/// Read once, as long as the file does not change: one program is often that of several services and releases.
fn digest_of(path: &Path) -> io::Result<FileDigest> {
    static KNOWN: Mutex<BTreeMap<FileState, FileDigest>> = Mutex::new(BTreeMap::new());
    let mut file = File::open(path)?;
    let seen = file.metadata()?;
    let times = [seen.mtime(), seen.mtime_nsec(), seen.ctime(), seen.ctime_nsec()];
    let state = (seen.dev(), seen.ino(), seen.len(), times);
    if let Some(known) = lock(&KNOWN).get(&state) {
        return Ok(*known);
    }
    let (mut digest, mut piece) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => digest.update(&piece[..read]),
        }
    }
    let digest = digest.finalize().into();
    // Clocks of file systems are coarse: what was changed just now may be changed again at the same time.
    if clock::now() - Timestamp(seen.ctime().saturating_mul(1_000)) > SETTLED {
        lock(&KNOWN).insert(state, digest);
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_what_its_files_hold() {
        let base = tempfile::tempdir().unwrap();
        let version = Version::parse("1.1.0").unwrap();
        let pinned = |command: &[&str]| {
            let program = Program {
                command: command.iter().map(|word| (*word).to_owned()).collect(),
                environment: Default::default(),
                folder: Some("releases/{version}".to_owned()),
                health: None,
                stop_grace: Millis::ZERO,
            };
            pin(base.path(), &version, &program)
        };
        let missing = pinned(&["sh"]).unwrap_err();
        assert!(missing.ends_with("releases/1.1.0: has release 1.1.0 been put there?"), "{missing}");

        let folder = base.path().join("releases/1.1.0");
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(pinned(&["sh", "-c", "true"]).unwrap(), find(&folder, "sh").unwrap().display().to_string());
        assert!(!is_by_content(&pinned(&["sh"]).unwrap()));
        assert!(pinned(&["./shop"]).unwrap_err().contains("there is no program"));
        assert!(pinned(&["no-such-program"]).unwrap_err().contains("write ./no-such-program for one in "));

        std::fs::write(folder.join("shop"), "#!/bin/sh\n").unwrap();
        assert!(pinned(&["./shop"]).unwrap_err().ends_with("is not a program: it may not be executed"));
        std::fs::set_permissions(folder.join("shop"), PermissionsExt::from_mode(0o755)).unwrap();
        let first = pinned(&["./shop"]).unwrap();
        assert!(first.starts_with("./shop@sha256:") && is_by_content(&first), "{first}");
        assert_eq!(pinned(&["./shop", "web"]).unwrap(), first, "a word that names no file");
        std::fs::write(folder.join("shop"), "#!/bin/sh\nexit 1\n").unwrap();
        assert_ne!(pinned(&["./shop"]).unwrap(), first);

        // A script is pinned, and the shell that reads it is the machine's.
        std::fs::write(folder.join("serve.sh"), "exit 0\n").unwrap();
        let script = pinned(&["sh", "serve.sh"]).unwrap();
        assert!(script.starts_with("sh@sha256:"), "{script}");
        std::fs::write(folder.join("serve.sh"), "exit 1\n").unwrap();
        assert_ne!(pinned(&["sh", "serve.sh"]).unwrap(), script);
    }
}
