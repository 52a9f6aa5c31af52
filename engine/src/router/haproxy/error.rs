//! What can go wrong with HAProxy, in sentences.

use super::super::drift::Seen;
use rollout::slot::Split;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum HaproxyError {
    #[error(
        "HAProxy does not answer: its runtime socket {} is missing. Start HAProxy, and see that its `global` section has \
         `stats socket {} mode 660 level admin`", .path.display(), .path.display()
    )]
    SocketMissing { path: PathBuf },

    #[error(
        "HAProxy's runtime socket {} may not be used: permission denied. Run Crossfade as root, or as a user of the group \
         that owns the socket", .path.display()
    )]
    SocketDenied { path: PathBuf },

    #[error("HAProxy does not answer on its runtime socket {}: {why}. Start HAProxy", .path.display())]
    SocketSilent { path: PathBuf, why: String },

    #[error(
        "HAProxy's runtime socket {} does not allow changes: give it `level admin` in the `global` section", .path.display()
    )]
    NotAdmin { path: PathBuf },

    #[error("HAProxy was told `{command}` and said: {said}")]
    Said { command: String, said: String },

    #[error("HAProxy is version {version}: 2.6 or later is needed")]
    TooOld { version: String },

    #[error(
        "HAProxy's process {pid} cannot be seen: run Crossfade on the machine itself, where HAProxy runs, outside of any container"
    )]
    Elsewhere { pid: u32 },

    #[error(
        "HAProxy runs without a master process, so that it cannot be told to read a new file: start it with `-W` (or `-Ws` \
         under systemd)"
    )]
    NoMaster,

    #[error(
        "HAProxy does not read {}: it was started with {started}. Start it once more with `-f {}` at the end", .folder.display(), .folder.display()
    )]
    NotLoaded { folder: PathBuf, started: String },

    #[error("HAProxy refused the configuration, so it was taken back and nothing has changed. HAProxy said: {said}")]
    Refused { said: String },

    #[error("HAProxy could not be told to reload: {why}")]
    Signal { why: String },

    #[error(
        "HAProxy was told to reload, but after {seconds} s {seen}; generation {wanted} was expected. HAProxy's log says why"
    )]
    NotInEffect { seconds: u64, wanted: String, seen: String },

    #[error("HAProxy does not answer for this application on 127.0.0.1:{port}: {why}")]
    NotAnswering { port: u16, why: String },

    #[error(
        "HAProxy does not know {}, so that it does not serve this application: run `crossfade application add` again", .map.display()
    )]
    NotServed { map: PathBuf },

    #[error(
        "{} says `{text}`, which Crossfade did not write: remove the file, then run `crossfade application add` again", .path.display()
    )]
    Unreadable { path: PathBuf, text: String },

    #[error("HAProxy was told {wanted}, but sends {seen}")]
    Disagrees { wanted: Split, seen: Seen },
}
