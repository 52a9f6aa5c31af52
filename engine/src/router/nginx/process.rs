//! nginx's processes: testing a configuration, reloading, and what the error log says.

use super::super::RouterError;
use super::container;
use super::settings::Settings;
use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::process::Command;

/// A test reads every file and opens every log; a minute is far above any real configuration.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

/// What `nginx -T` said.
#[derive(Debug)]
pub(super) struct Tested {
    pub passed: bool,
    /// The lines of its standard error, without dates and process numbers.
    pub said: Vec<String>,
    /// Every file that it read, by its path there, the main one first.
    pub files: Vec<(PathBuf, String)>,
}

/// The pid of nginx's master.
///
/// # Errors
/// When the pid file is missing or stale, or names a process that is not nginx.
/// In a container there is no pid to be had: see [`runs`].
pub(super) async fn master(settings: &Settings) -> Result<u32, RouterError> {
    let file = settings.pid.display();
    let fails = |why: String| RouterError::NotRunning { why };
    let text = match fs::read_to_string(&settings.pid).await {
        Ok(text) => text,
        Err(error) => {
            return Err(fails(format!("its pid file {file} cannot be read ({error}); start nginx, or correct `pid`")));
        }
    };
    // `nginx -t` leaves an empty pid file where there was none.
    let pid: u32 = match text.trim().parse() {
        Ok(pid) if pid > 1 => pid,
        _ => return Err(fails(format!("its pid file {file} holds no process number; start nginx"))),
    };
    let Ok(name) = fs::read_to_string(format!("/proc/{pid}/comm")).await else {
        return Err(fails(format!("its pid file {file} names process {pid}, which is gone; start nginx")));
    };
    let program = Path::new(&settings.binary).file_name().map(|name| name.to_string_lossy().into_owned());
    // The kernel keeps 15 bytes of a name.
    let program: Option<String> = program.map(|name| name.chars().take(15).collect());
    let title = fs::read_to_string(format!("/proc/{pid}/cmdline")).await.unwrap_or_default();
    let is_nginx = name.trim() == "nginx" || Some(name.trim()) == program.as_deref();
    if !is_nginx || title.contains("worker process") || title.contains("cache manager") {
        return Err(fails(format!(
            "its pid file {file} names process {pid}, which is `{}` and not nginx's master; start nginx, or correct \
             `pid`",
            name.trim()
        )));
    }
    Ok(pid)
}

/// Sees that nginx runs.
///
/// # Errors
/// As [`master`]; or when the container does not run.
pub(super) async fn runs(settings: &Settings) -> Result<(), RouterError> {
    match &settings.container {
        Some(name) => container::runs(name).await,
        None => master(settings).await.map(drop),
    }
}

/// Tells the master to reload.
///
/// # Errors
/// When it cannot be told. That it did reload is seen by the generation alone.
pub(super) async fn reload(settings: &Settings) -> Result<(), RouterError> {
    if let Some(name) = &settings.container {
        return container::reload(name).await;
    }
    let pid = master(settings).await?;
    let output = run(Command::new("kill").args(["-HUP", &pid.to_string()]), "kill").await?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(RouterError::Signal { why: format!("{said}; Crossfade must run as root or as nginx's own user") })
}

/// Has nginx test its whole configuration as it lies on the disk.
pub(super) async fn test(settings: &Settings) -> Result<Tested, RouterError> {
    // -T is -t that also shows every file it read.
    let arguments = ["-T", "-q", "-c"].map(String::from).into_iter().chain([settings.config.display().to_string()]);
    let arguments: Vec<String> = arguments.collect();
    if let Some(name) = &settings.container {
        let ran = container::run(name, &settings.binary, &arguments).await?;
        return Ok(tested(ran.passed, &ran.out, &ran.err));
    }
    let output = run(Command::new(&settings.binary).args(arguments), &settings.binary).await?;
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    Ok(tested(output.status.success(), &out, &err))
}

fn tested(passed: bool, out: &str, err: &str) -> Tested {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for line in out.lines() {
        match (line.strip_prefix("# configuration file ").and_then(|rest| rest.strip_suffix(':')), files.last_mut()) {
            (Some(path), _) => files.push((PathBuf::from(path), String::new())),
            (None, Some((_, text))) => text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    let said = err.lines().map(plain).filter(|line| !line.is_empty()).collect();
    Tested { passed, said, files }
}

/// The version of the nginx that runs, which a package may have replaced on the disk since; `None` when it does not tell.
pub(super) async fn version(settings: &Settings) -> Option<Version> {
    if let Some(name) = &settings.container {
        let ran = container::run(name, &settings.binary, &["-v".to_owned()]).await.ok()?;
        return version_in(&ran.err);
    }
    let master = master(settings).await.ok()?;
    for program in [format!("/proc/{master}/exe"), settings.binary.clone()] {
        if let Ok(output) = run(Command::new(&program).arg("-v"), &program).await
            && let Some(version) = version_in(&String::from_utf8_lossy(&output.stderr))
        {
            return Some(version);
        }
    }
    None
}

/// Major, minor, patch.
pub(super) type Version = (u32, u32, u32);

/// `nginx version: nginx/1.22.1 (Debian)`, or another name of one that is made from it.
fn version_in(said: &str) -> Option<Version> {
    let (_, rest) = said.lines().find_map(|line| line.split_once("version: "))?;
    let (_, number) = rest.split_once('/')?;
    let end = number.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(number.len());
    let mut parts = number[..end].split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)))
}

async fn run(command: &mut Command, program: &str) -> Result<Output, RouterError> {
    let fails = |why: String| RouterError::Program { program: program.to_owned(), why };
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    match tokio::time::timeout(TEST_TIMEOUT, output).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(fails(error.to_string())),
        Err(_) => Err(fails(format!("it was not done after {} s", TEST_TIMEOUT.as_secs()))),
    }
}

/// `2026/01/02 03:04:05 [emerg] 12#12: what` and `nginx: [emerg] what` become `[emerg] what`.
fn plain(line: &str) -> String {
    let line = line.trim();
    let Some(start) = line.find('[') else { return line.to_owned() };
    let line = &line[start..];
    let Some((level, rest)) = line.split_once("] ") else { return line.to_owned() };
    let rest = match rest.split_once(": ") {
        Some((numbers, what)) if numbers.bytes().all(|b| b.is_ascii_digit() || b == b'#') => what,
        _ => rest,
    };
    format!("{level}] {rest}")
}

/// nginx's error log from here on. nginx says there, and nowhere else, why it did not reload.
pub(super) struct ErrorLog {
    path: Option<PathBuf>,
    from: u64,
}

impl ErrorLog {
    pub async fn open(settings: &Settings) -> ErrorLog {
        if settings.container.is_some() {
            // It is inside, and most often the container's own output.
            return ErrorLog { path: None, from: 0 };
        }
        let config = fs::read_to_string(&settings.config).await.unwrap_or_default();
        let path = directive(&config, "error_log").unwrap_or("/var/log/nginx/error.log");
        match fs::metadata(path).await {
            Ok(log) if log.is_file() => ErrorLog { path: Some(PathBuf::from(path)), from: log.len() },
            _ => ErrorLog { path: None, from: 0 },
        }
    }

    /// The last lines since then that tell of a failure, in words to end a sentence with. Empty when there are none.
    pub async fn since(&self) -> String {
        let Some(path) = &self.path else { return String::new() };
        let text = read_from(path, self.from).await.unwrap_or_default();
        let serious =
            |line: &&str| ["[emerg]", "[alert]", "[crit]", "[error]"].iter().any(|level| line.contains(level));
        let mut lines: Vec<String> = text.lines().filter(serious).map(plain).collect();
        lines.dedup();
        let last = &lines[lines.len().saturating_sub(3)..];
        if last.is_empty() {
            return String::new();
        }
        format!(". Its error log {} says: {}", path.display(), last.join("; "))
    }
}

/// At most the last 64 KiB.
async fn read_from(path: &Path, from: u64) -> std::io::Result<String> {
    let mut file = fs::File::open(path).await?;
    let length = file.metadata().await?.len();
    // A log that was rotated meanwhile is shorter: read it from its start.
    let from = if length < from { 0 } else { from };
    file.seek(SeekFrom::Start(from.max(length.saturating_sub(65_536)))).await?;
    let mut bytes = Vec::new();
    file.take(65_536).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The user that nginx's workers run as, as far as the main file says.
pub(super) async fn worker_user(settings: &Settings) -> Option<String> {
    let config = fs::read_to_string(&settings.config).await.ok()?;
    directive(&config, "user").map(str::to_owned)
}

/// The first word after this one, at the start of a statement.
pub(super) fn directive<'a>(config: &'a str, name: &str) -> Option<&'a str> {
    config
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split([';', '{', '}']))
        .find_map(|statement| {
            let mut words = statement.split_whitespace();
            (words.next() == Some(name)).then(|| words.next()).flatten()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx_is_quoted_without_dates() {
        for (line, expected) in [
            ("nginx: [emerg] unknown directive \"x\" in /a.conf:3", "[emerg] unknown directive \"x\" in /a.conf:3"),
            ("2026/01/02 03:04:05 [warn] 12#12: conflicting server name", "[warn] conflicting server name"),
            (
                "2026/01/02 03:04:05 [emerg] 1#1: bind() failed (98: Address in use)",
                "[emerg] bind() failed (98: Address in use)",
            ),
            ("nginx: configuration file /a.conf test failed", "nginx: configuration file /a.conf test failed"),
        ] {
            assert_eq!(plain(line), expected);
        }
    }

    #[test]
    fn versions_are_read() {
        for (said, expected) in [
            ("nginx version: nginx/1.22.1\n", Some((1, 22, 1))),
            ("nginx version: nginx/1.27.4 (Debian)", Some((1, 27, 4))),
            ("warning\nnginx version: openresty/1.25.3.2", Some((1, 25, 3))),
            ("nginx version: angie/1.8", Some((1, 8, 0))),
            ("nginx version: nginx/x", None),
            ("sh: nginx: not found", None),
        ] {
            assert_eq!(version_in(said), expected, "{said}");
        }
        assert!((1, 27, 4) > (1, 27, 3) && (1, 27, 4) <= (1, 28, 0));
    }

    #[test]
    fn what_nginx_prints_is_taken_apart() {
        let out = "# configuration file /a.conf:\nhttp {\n}\n\n# configuration file /b c.conf:\n# x\n";
        let found = tested(true, out, "2026/01/02 03:04:05 [warn] 12#12: x\n");
        assert_eq!(found.files, [("/a.conf".into(), "http {\n}\n\n".into()), ("/b c.conf".into(), "# x\n".into())]);
        assert_eq!(found.said, ["[warn] x"]);
    }

    #[test]
    fn directives_are_found() {
        let config = "# user nobody;\nuser www-data; worker_processes 2;\nhttp { error_log /var/log/e.log warn; }\n";
        assert_eq!(directive(config, "user"), Some("www-data"));
        assert_eq!(directive(config, "error_log"), Some("/var/log/e.log"));
        assert_eq!(directive(config, "pid"), None);
    }
}
