//! Getting our file into effect, and out of it again. Whatever goes wrong, the former file comes back.
//!
//! The file that is replaced lies beside it as `.previous` until nginx has confirmed the new one; an empty one says
//! that there was none. So a crash in between is seen, and mended by the next call.

use super::super::RouterError;
use super::admin::Admin;
use super::process::{self, ErrorLog, Tested};
use super::render::{ADMIN_NAME, Author, Rendered, author};
use super::settings::Settings;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long nginx may take to answer with a new generation.
const PATIENCE: Duration = Duration::from_secs(5);
/// For about 100 ms after a reload both generations answer: so long must the new one answer alone.
const ALONE: Duration = Duration::from_millis(250);
const ALONE_ANSWERS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// One at a time, whatever the application: a test and a reload take in every file in nginx's folder, and another
/// application's must not be there untested.
static RELOADING: Mutex<()> = Mutex::const_new(());

/// Our file as it lies on the disk; `None` when there is none.
pub(super) async fn read(settings: &Settings) -> Result<Option<String>, RouterError> {
    let path = settings.file();
    match fs::read(&path).await {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(RouterError::io("read", &path)(error)),
    }
}

/// Writes the file, has nginx test and load it, waits until only it answers, and sees that `verify` holds.
pub(super) async fn bring_in(
    settings: &Settings,
    admin: &Admin,
    rendered: &Rendered,
    verify: impl Future<Output = Result<(), RouterError>>,
) -> Result<(), RouterError> {
    let _reloading = RELOADING.lock().await;
    if read(settings).await?.as_deref() != Some(&rendered.text) {
        keep_previous(settings).await?;
        write(&settings.beside("new"), &settings.file(), &rendered.text).await?;
    }
    let judged = process::test(settings).await.and_then(|tested| judge(settings, rendered, &tested));
    if let Err(refusal) = judged {
        put_back(settings).await?;
        return Err(refusal);
    }
    let log = ErrorLog::open(settings).await;
    let done = async {
        process::reload(settings).await?;
        settle(admin, &rendered.generation, &log).await?;
        verify.await
    };
    match done.await {
        Ok(()) => drop_previous(settings).await,
        Err(why) => {
            let now = back_out(settings, admin).await;
            Err(RouterError::TakenBack { why: Box::new(why), now })
        }
    }
}

/// Takes the file away and has nginx drop it.
pub(super) async fn take_out(settings: &Settings, admin: &Admin) -> Result<(), RouterError> {
    let _reloading = RELOADING.lock().await;
    let text = read(settings).await?;
    if text.as_deref().is_some_and(|text| author(text) == Author::Somebody) {
        return Err(RouterError::NotOurs { path: settings.file() });
    }
    let answers = admin.generation().await.is_ok();
    let runs = match process::master(settings).await {
        Ok(_) => true,
        // It does run, with our file, but it cannot be told to drop it.
        Err(error) if answers => return Err(error),
        Err(_) => false,
    };
    if text.is_some() {
        let (file, previous) = (settings.file(), settings.beside("previous"));
        fs::rename(&file, &previous).await.map_err(RouterError::io("move away", &file))?;
        sync(&settings.conf_d).await?;
    }
    if runs && (text.is_some() || answers) {
        match process::test(settings).await {
            Ok(tested) if tested.passed => {}
            failed => {
                put_back(settings).await?;
                return Err(
                    failed.map_or_else(|error| error, |tested| RouterError::Refused { said: tested.said.join("; ") })
                );
            }
        }
        let log = ErrorLog::open(settings).await;
        let gone = async {
            process::reload(settings).await?;
            silence(admin, &log).await
        };
        if let Err(why) = gone.await {
            let now = back_out(settings, admin).await;
            return Err(RouterError::TakenBack { why: Box::new(why), now });
        }
    }
    drop_previous(settings).await
}

/// What `nginx -t` says with success, but that would keep our file from taking effect.
fn judge(settings: &Settings, rendered: &Rendered, tested: &Tested) -> Result<(), RouterError> {
    if !tested.passed {
        return Err(RouterError::Refused { said: tested.said.join("; ") });
    }
    for line in &tested.said {
        let Some((host, listen)) = conflict(line) else {
            tracing::warn!(said = line, "nginx warns about its configuration");
            continue;
        };
        if host == ADMIN_NAME {
            let port = settings.admin_port;
            if listen.ends_with(&format!(":{port}")) {
                return Err(RouterError::AdminPortTaken { port });
            }
        } else if rendered.hosts.contains(host) && listen == settings.listen_address() {
            return Err(RouterError::HostTaken { host: host.to_owned(), listen: listen.to_owned() });
        }
    }
    let file = settings.file();
    let same = |path: &Path| match (path.canonicalize(), file.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => path == file,
    };
    if !tested.files.is_empty() && !tested.files.iter().any(|path| same(path)) {
        return Err(RouterError::NotIncluded { path: file, config: settings.config.clone() });
    }
    Ok(())
}

/// `[warn] conflicting server name "a.b" on 0.0.0.0:80, ignored`: the name and where.
fn conflict(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("conflicting server name \"")?;
    let (host, rest) = rest.split_once("\" on ")?;
    Some((host, rest.split_once(", ignored")?.0))
}

/// Waits until nothing but this generation answers.
async fn settle(admin: &Admin, wanted: &str, log: &ErrorLog) -> Result<(), RouterError> {
    let start = Instant::now();
    let mut alone: Option<(Instant, u32)> = None;
    loop {
        let answer = admin.generation().await;
        match &answer {
            Ok(generation) if generation == wanted => {
                let (since, answers) = alone.map_or((Instant::now(), 1), |(since, answers)| (since, answers + 1));
                if answers >= ALONE_ANSWERS && since.elapsed() >= ALONE {
                    return Ok(());
                }
                alone = Some((since, answers));
            }
            _ => alone = None,
        }
        // Once the new generation answers, its predecessor may take its time to fall silent.
        let patience = if alone.is_some() { 2 * PATIENCE } else { PATIENCE };
        if start.elapsed() > patience {
            return Err(not_in_effect(answer, wanted, log).await);
        }
        sleep(PAUSE).await;
    }
}

/// Waits until nginx answers for this application no more.
async fn silence(admin: &Admin, log: &ErrorLog) -> Result<(), RouterError> {
    let start = Instant::now();
    while let Ok(generation) = admin.generation().await {
        if start.elapsed() > PATIENCE {
            return Err(not_in_effect(Ok(generation), "none", log).await);
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

async fn not_in_effect(answer: Result<String, RouterError>, wanted: &str, log: &ErrorLog) -> RouterError {
    let seen = match answer {
        Ok(generation) => format!("generation {generation} of its file answers"),
        Err(error) => error.to_string(),
    };
    RouterError::NotInEffect { seconds: PATIENCE.as_secs(), wanted: wanted.to_owned(), seen, log: log.since().await }
}

/// After a reload that did not do what it should: the former file, and a reload. Says how it stands then.
async fn back_out(settings: &Settings, admin: &Admin) -> String {
    if let Err(error) = put_back(settings).await {
        return format!("The former file could not be put back: {error}");
    }
    let log = ErrorLog::open(settings).await;
    let back = async {
        process::reload(settings).await?;
        match read(settings).await?.as_deref().map(author) {
            Some(Author::Crossfade { generation }) => settle(admin, &generation, &log).await,
            _ => silence(admin, &log).await,
        }
    };
    match back.await {
        Ok(()) => String::from("The file was taken back, and nginx serves as before"),
        Err(error) => format!("The file was taken back, but nginx does not confirm that it serves as before: {error}"),
    }
}

/// Keeps what lies on the disk, unless an interrupted call has kept what was there before it.
async fn keep_previous(settings: &Settings) -> Result<(), RouterError> {
    let previous = settings.beside("previous");
    if fs::try_exists(&previous).await.map_err(RouterError::io("look for", &previous))? {
        return Ok(());
    }
    let text = read(settings).await?.unwrap_or_default();
    write(&settings.beside("new"), &previous, &text).await
}

/// What was kept goes back to its place. When nothing was kept, nothing was replaced.
async fn put_back(settings: &Settings) -> Result<(), RouterError> {
    let (file, previous) = (settings.file(), settings.beside("previous"));
    let kept = match fs::metadata(&previous).await {
        Ok(kept) => kept,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(RouterError::io("look for", &previous)(error)),
    };
    if kept.len() == 0 {
        // The file first: were it left without its mark, a bad one would stay for good.
        remove(&file).await?;
        remove(&previous).await?;
    } else {
        fs::rename(&previous, &file).await.map_err(RouterError::io("put back", &file))?;
    }
    sync(&settings.conf_d).await
}

pub(super) async fn drop_previous(settings: &Settings) -> Result<(), RouterError> {
    remove(&settings.beside("previous")).await
}

/// Writes aside, to the disk, and renames: nginx never reads half a file.
async fn write(aside: &Path, path: &Path, text: &str) -> Result<(), RouterError> {
    let written = async {
        let mut file = File::create(aside).await?;
        file.write_all(text.as_bytes()).await?;
        file.sync_all().await?;
        fs::rename(aside, path).await
    };
    if let Err(error) = written.await {
        // A full disk is the likely reason: leave nothing half written on it.
        let _ = fs::remove_file(aside).await;
        return Err(RouterError::io("write", path)(error));
    }
    match path.parent() {
        Some(folder) => sync(folder).await,
        None => Ok(()),
    }
}

async fn remove(path: &Path) -> Result<(), RouterError> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(RouterError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

async fn sync(folder: &Path) -> Result<(), RouterError> {
    let synced = async { File::open(folder).await?.sync_all().await };
    synced.await.map_err(RouterError::io("sync", folder))
}

#[cfg(test)]
mod tests {
    use super::super::render::render;
    use super::super::settings::tests::{route, settings};
    use super::*;
    use rollout::application::StickyBy;

    #[test]
    fn warnings_that_would_cost_traffic_are_refusals() {
        let settings = settings("shop", StickyBy::Cookie);
        let rendered = render(&settings, &[route("api", &["a.b"], 3000)]).unwrap();
        let judge = |passed: bool, line: &str, file: &str| {
            let files = if file.is_empty() { vec![] } else { vec![file.into()] };
            judge(&settings, &rendered, &Tested { passed, said: vec![line.to_owned()], files })
        };
        let ours = "/etc/nginx/conf.d/crossfade-shop.conf";
        assert!(judge(true, "[warn] something else", ours).is_ok());
        // Other people's quarrels are not ours.
        assert!(judge(true, "[warn] conflicting server name \"x.y\" on 0.0.0.0:80, ignored", ours).is_ok());
        assert!(judge(true, "[warn] conflicting server name \"a.b\" on 0.0.0.0:443, ignored", ours).is_ok());
        let taken = judge(true, "[warn] conflicting server name \"a.b\" on 0.0.0.0:80, ignored", ours);
        assert!(matches!(taken, Err(RouterError::HostTaken { .. })), "{taken:?}");
        let port = judge(true, "[warn] conflicting server name \"crossfade-admin\" on 127.0.0.1:21011, ignored", ours);
        assert!(matches!(port, Err(RouterError::AdminPortTaken { port: 21011 })), "{port:?}");
        let refused = judge(false, "[emerg] unknown directive", ours);
        assert!(refused.unwrap_err().to_string().contains("[emerg] unknown directive"));
        assert!(matches!(judge(true, "", "/etc/nginx/nginx.conf"), Err(RouterError::NotIncluded { .. })));
    }
}
