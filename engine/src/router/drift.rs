//! How a router can differ from how it was left.

use super::haproxy::HaproxyDrift;
use super::nginx::NginxDrift;
use super::{BalancerDrift, same_split};
use rollout::slot::{Slot, Split};
use std::fmt;
use std::path::PathBuf;

/// One difference. Displays as a sentence that says what is wrong; and what to do, if that is not to put the router right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// The router's file for this application is gone.
    FileMissing { path: PathBuf },
    /// Crossfade wrote it, and somebody changed it.
    FileEdited { path: PathBuf },
    /// It is as Crossfade wrote it, but not what it would write now: by another version of it, or before the application's
    /// file or addresses changed.
    FileOutdated { path: PathBuf },
    /// A file of that name is there, and somebody else wrote it.
    FileNotOurs { path: PathBuf },
    /// A file or folder could not be looked at.
    Unreadable { path: PathBuf, why: String },
    /// There is no dial, so all traffic goes to blue.
    LinkMissing { path: PathBuf },
    /// The dial points at something that Crossfade does not make.
    LinkElsewhere { path: PathBuf, target: PathBuf },
    /// It says another split than the one that it was left at.
    LinkMoved { path: PathBuf, dial: Split, expected: Split },
    /// The folder that the dial points at does not hold the files that its name promises.
    FolderDamaged { path: PathBuf },
    /// The router's program does not run.
    NotRunning { why: String },
    /// It runs, but does not answer for this application.
    NotAnswering { port: u16, why: String },
    /// It has not loaded the file.
    OtherGeneration { running: String, expected: String },
    /// The router's workers cannot see the dial.
    DialHidden { folder: PathBuf, fix: String },
    /// What only nginx can differ in.
    Nginx(NginxDrift),
    /// What only HAProxy can differ in.
    Haproxy(HaproxyDrift),
    /// The embedded proxy does not run, or does not answer.
    ProxySilent { why: String },
    /// It does not know this application.
    NotServed,
    /// It serves the application, but not as it was told.
    ServedOtherwise,
    /// Of a load balancer of DigitalOcean.
    Balancer(BalancerDrift),
    /// The records of the names.
    Dns(super::dns::DnsDrift),
    /// What only Caddy can differ in.
    Caddy(super::caddy::CaddyDrift),
    /// What only Traefik can differ in.
    Traefik(super::traefik::TraefikDrift),
    /// Traffic is split in another way than it was left.
    Split { expected: Split, seen: Seen },
}

impl From<NginxDrift> for Drift {
    fn from(drift: NginxDrift) -> Drift {
        Drift::Nginx(drift)
    }
}

/// Which slot the router gave to the sessions that it was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen(pub Vec<(u8, Slot)>);

impl Seen {
    pub fn agrees_with(&self, split: Split) -> bool {
        self.0.iter().all(|&(session, slot)| split.slot_of(session) == slot)
    }

    /// The split that explains what was seen, when it is all of one slot.
    fn one_slot(&self) -> Option<Slot> {
        let &(_, first) = self.0.first()?;
        self.0.iter().all(|&(_, slot)| slot == first).then_some(first)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (session, slot)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}session {session} to {slot}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drift::FileMissing { path } => write!(
                f,
                "{} is gone. The router serves on from memory, but its next reload or restart drops this \
                 application.",
                path.display()
            ),
            Drift::FileEdited { path } => write!(
                f,
                "{} was edited by hand since Crossfade wrote it. Putting it right keeps the \
                 edited one beside it.",
                path.display()
            ),
            Drift::FileOutdated { path } => write!(
                f,
                "{} was written by another version of Crossfade, or before the application file was changed. Run \
                 `crossfade application add` once: it brings the new one in.",
                path.display()
            ),
            Drift::FileNotOurs { path } => write!(
                f,
                "{} was not written by Crossfade. Putting it right keeps it beside Crossfade's.",
                path.display()
            ),
            Drift::Unreadable { path, why } => {
                write!(f, "{} could not be looked at: {why}.", path.display())
            }
            Drift::LinkMissing { path } => {
                write!(f, "The dial {} is gone, so all traffic goes to blue.", path.display())
            }
            Drift::LinkElsewhere { path, target } => {
                write!(f, "The dial {} points at {}, which Crossfade did not make.", path.display(), target.display())
            }
            Drift::LinkMoved { path, dial, expected } => {
                write!(f, "The dial {} says {dial}; it was left at {expected}.", path.display())
            }
            Drift::FolderDamaged { path } => write!(
                f,
                "{} does not hold the files that its name promises, so some sessions go to the wrong slot.",
                path.display()
            ),
            Drift::NotRunning { why } => write!(f, "nginx does not run: {why}."),
            Drift::NotAnswering { port, why } => {
                write!(f, "nginx does not answer for this application on 127.0.0.1:{port} ({why}).",)
            }
            Drift::OtherGeneration { running, expected } => {
                write!(f, "nginx runs generation {running} of this application's file, not {expected}.",)
            }
            Drift::DialHidden { folder, fix } => {
                write!(f, "nginx cannot see the dial {}, so all traffic goes to blue: {fix}.", folder.display())
            }
            Drift::Nginx(drift) => drift.fmt(f),
            Drift::Haproxy(drift) => drift.fmt(f),
            Drift::ProxySilent { why } => {
                write!(f, "The embedded proxy does not answer: {why}. `crossfade proxy` starts it.")
            }
            Drift::Balancer(drift) => drift.fmt(f),
            Drift::NotServed => write!(
                f,
                "The embedded proxy does not serve this application: what it keeps was lost, or somebody took it out."
            ),
            Drift::ServedOtherwise => write!(
                f,
                "The embedded proxy serves this application with other hosts, addresses or stickiness than it was told."
            ),
            Drift::Dns(drift) => write!(f, "{drift}"),
            Drift::Caddy(drift) => write!(f, "{drift}"),
            Drift::Traefik(drift) => write!(f, "{drift}"),
            Drift::Split { expected, seen } => {
                let all = seen.one_slot().filter(|slot| !same_split(Split::all(*slot), *expected));
                match all {
                    Some(slot) => write!(f, "All traffic goes to {slot}; it was left at {expected}."),
                    None => write!(f, "Traffic was left at {expected}; the router sends {seen}."),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollout::slot::Weight;

    #[test]
    fn a_drift_says_what_differs() {
        let expected = Split { to: Slot::Green, weight: Weight::new(25).unwrap() };
        let blue = Seen(vec![(0, Slot::Blue), (24, Slot::Blue), (25, Slot::Blue), (99, Slot::Blue)]);
        let other = Seen(vec![(0, Slot::Green), (24, Slot::Blue), (25, Slot::Blue), (99, Slot::Blue)]);
        for (drift, sentence) in [
            (Drift::Split { expected, seen: blue }, "All traffic goes to blue; it was left at green 25 %, blue 75 %."),
            (
                Drift::Split { expected, seen: other },
                "Traffic was left at green 25 %, blue 75 %; the router sends session 0 to green, session 24 to blue, \
                 session 25 to blue, session 99 to blue.",
            ),
            (
                Drift::OtherGeneration { running: "aaa".into(), expected: "bbb".into() },
                "nginx runs generation aaa of this application's file, not bbb.",
            ),
        ] {
            assert_eq!(drift.to_string(), sentence);
        }
    }
}
