//! Which processes there are, by `/proc`: proc_pid_stat(5). A process is known by its number and the time it started at,
//! and by the boot of the machine: a number that was given anew is another process.

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::OnceLock;

/// A process that was started as the leader of a group of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) pid: i32,
    /// In ticks of the clock since the machine started.
    pub(super) start: u64,
    /// Which start of the machine.
    pub(super) boot: String,
}

/// What is of use in a line of `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    /// Ended, and not buried yet.
    is_zombie: bool,
    group: i32,
    start: u64,
}

impl Identity {
    /// Of a process that runs now.
    pub(super) fn of(pid: i32) -> Option<Identity> {
        let stat = stat(pid)?;
        Some(Identity { pid, start: stat.start, boot: boot().to_owned() })
    }

    pub(super) fn of_this_boot(&self) -> bool {
        self.boot == boot()
    }

    /// Whether it is at work.
    pub(super) fn is_alive(&self) -> bool {
        self.of_this_boot() && stat(self.pid).is_some_and(|stat| !stat.is_zombie && stat.start == self.start)
    }

    /// Whether it, or something that it started and left behind, is at work.
    pub(super) fn group_is_alive(&self) -> bool {
        self.is_alive() || (self.of_this_boot() && !self.left_behind().is_empty())
    }

    /// Members of its group. While there is one, its number is given to nobody else.
    fn left_behind(&self) -> Vec<i32> {
        // Somebody else has the number: whatever is in a group of that name is theirs.
        if stat(self.pid).is_some_and(|stat| stat.start != self.start) {
            return vec![];
        }
        let is_member = |stat: Stat| !stat.is_zombie && stat.group == self.pid && stat.start >= self.start;
        all().filter(|pid| stat(*pid).is_some_and(is_member)).collect()
    }

    /// Sends a signal to the whole group, if it is still that group.
    pub(super) fn signal(&self, signal: Signal) {
        if self.group_is_alive()
            && let Some(group) = Pid::from_raw(self.pid)
        {
            // Gone since: just as well.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

/// The process that has this variable with this value in its environment, and leads a group.
pub(super) fn find(variable: &str) -> Option<Identity> {
    let has = |pid: i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|line| line == variable.as_bytes())
    };
    all().find(|pid| stat(*pid).is_some_and(|stat| stat.group == *pid) && has(*pid)).and_then(Identity::of)
}

/// Variables of a process that runs.
pub(super) fn environment(pid: i32) -> impl Iterator<Item = (String, String)> {
    let bytes = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let lines: Vec<String> = bytes.split(|byte| *byte == 0).map(|line| String::from_utf8_lossy(line).into()).collect();
    lines.into_iter().filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
}

/// Whether this machine tells.
pub(super) fn is_there() -> bool {
    Path::new("/proc/self/stat").exists() && !boot().is_empty()
}

fn all() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn stat(pid: i32) -> Option<Stat> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse(line: &str) -> Option<Stat> {
    // The name of the program stands in parentheses, and may hold some itself.
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat {
        is_zombie: matches!(*fields.first()?, "Z" | "X"),
        group: fields.get(2)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}

fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        let read = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        read.map(|id| id.trim().to_owned()).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_whatever_the_program_is_called() {
        let line = |state: &str, name: &str| {
            format!("71 ({name}) {state} 1 70 70 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 8912 1 2 3")
        };
        let stat = |is_zombie| Some(Stat { is_zombie, group: 70, start: 8_912 });
        assert_eq!(parse(&line("S", "sh")), stat(false));
        assert_eq!(parse(&line("Z", "a) R 1 (b")), stat(true));
        for bad in ["", "71", "71 (sh)", "71 (sh) S 1", "71 (sh) S 1 x"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_process_is_known_by_its_start_and_not_by_its_number_alone() {
        let me = Identity::of(std::process::id().cast_signed()).unwrap();
        assert!(me.is_alive());
        let other = Identity { start: me.start + 1, ..me.clone() };
        assert!(!other.is_alive() && !other.group_is_alive(), "the number was given anew");
        let earlier = Identity { boot: "another".to_owned(), ..me.clone() };
        assert!(!earlier.is_alive() && !earlier.group_is_alive());
        // A signal to somebody else's number reaches nobody: we are still here.
        other.signal(Signal::KILL);
        earlier.signal(Signal::KILL);
        assert_eq!(Identity::of(i32::MAX), None);
    }
}
