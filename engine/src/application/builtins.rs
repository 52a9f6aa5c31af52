//! The metrics that have a name of their own: what is to be watched while a release goes out, and what it must be, by
//! the guide that the first customer deploys by. Whatever a file writes beside `builtin` goes before what stands here.

use super::source::Kind;
use rollout::metric::{Aggregate, OnBreach, Signal, Unit};

/// What a built-in metric says of itself.
pub(super) struct Builtin {
    /// As the file writes it.
    pub word: &'static str,
    /// As people see it.
    pub name: &'static str,
    pub numbers: Numbers,
    pub unit: Unit,
    pub usual: Usual,
    pub on_breach: OnBreach,
}

/// Where its numbers come from.
pub(super) enum Numbers {
    Router(Signal),
    Gauge { gauge: &'static str, of: Option<&'static str>, take: Aggregate },
    Command { service: &'static str, command: &'static [&'static str] },
}

/// What its number must be.
#[derive(Clone, Copy)]
pub(super) enum Usual {
    /// At most this.
    Max(f64),
    /// Nobody else can say: the file must.
    Asked,
    /// It is shown, and no more.
    Shown,
}

/// Redis' own count of the bytes that it has allocated. `redis-cli` is in its image; with a password, it takes that of
/// the variable `REDISCLI_AUTH`. <https://redis.io/docs/latest/commands/info/>
const REDIS_MEMORY: &[&str] = &["sh", "-c", "redis-cli info memory | tr -d '\\r' | sed -n 's/^used_memory://p'"];

pub(super) const BUILTINS: &[Builtin] = &[
    Builtin {
        word: "error-ratio",
        name: "error rate",
        numbers: Numbers::Router(Signal::Errors),
        unit: Unit::Ratio,
        usual: Usual::Max(0.001),
        on_breach: OnBreach::RollBack,
    },
    Builtin {
        word: "p95",
        name: "p95",
        numbers: Numbers::Router(Signal::Time(0.95)),
        unit: Unit::Seconds,
        usual: Usual::Max(0.5),
        on_breach: OnBreach::RollBack,
    },
    Builtin {
        word: "database-pool",
        name: "database pool",
        numbers: Numbers::Gauge {
            gauge: "db_connections_active",
            of: Some("db_connections_max"),
            take: Aggregate::Max,
        },
        unit: Unit::Ratio,
        usual: Usual::Max(0.9),
        on_breach: OnBreach::Hold,
    },
    Builtin {
        word: "redis-memory",
        name: "Redis memory",
        numbers: Numbers::Command { service: "redis", command: REDIS_MEMORY },
        unit: Unit::Bytes,
        usual: Usual::Asked,
        on_breach: OnBreach::Hold,
    },
    Builtin {
        word: "queue-depth",
        name: "queue depth",
        numbers: Numbers::Gauge { gauge: "queue_depth", of: None, take: Aggregate::Max },
        unit: Unit::Number,
        usual: Usual::Max(100.0),
        on_breach: OnBreach::Hold,
    },
    Builtin {
        word: "active-calls",
        name: "active calls",
        numbers: Numbers::Gauge { gauge: "calls_active", of: None, take: Aggregate::Mean },
        unit: Unit::Number,
        usual: Usual::Shown,
        on_breach: OnBreach::Hold,
    },
];

impl Numbers {
    pub fn kind(&self) -> Kind {
        match self {
            Numbers::Router(_) => Kind::Router,
            Numbers::Gauge { .. } => Kind::Text,
            Numbers::Command { .. } => Kind::Command,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_memory_of_redis_is_found_in_what_redis_says() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("redis-cli");
        let said = "# Memory\\r\\nused_memory:1048576\\r\\nused_memory_human:1.00M\\r\\nused_memory_rss:9\\r\\n";
        let script = format!("#!/bin/sh\ntest \"$*\" = 'info memory' && printf '{said}'\n");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
        let run = |path: &str| {
            let mut command = std::process::Command::new(REDIS_MEMORY[0]);
            let output = command.args(&REDIS_MEMORY[1..]).env("PATH", path).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(run(&path), "1048576\n");
        std::fs::write(&program, "#!/bin/sh\nprintf 'Could not connect' >&2; exit 1\n").unwrap();
        assert_eq!(run(&path), "", "a Redis that is down has no number");
    }
}
