//! Getting our files into effect, and out of it again. Whatever goes wrong, the former ones come back.

use super::super::RouterError;
use super::super::on_disk::read;
use super::admin::Admin;
use super::files::{drop_previous, ours, place, put_back, take_away};
use super::process::{self, ErrorLog, Tested};
use super::reloads::{Joined, Lines, Turn, Waiting};
use super::render::{ADMIN_NAME, Author, Rendered, author};
use super::settings::Settings;
use super::workers;
use futures::future::join_all;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long nginx may take to answer with a new generation.
const PATIENCE: Duration = Duration::from_secs(5);
/// For about 100 ms after a reload both generations answer: so long must the new one answer alone.
const ALONE: Duration = Duration::from_millis(250);
const ALONE_ANSWERS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// What one application wants of its nginx.
pub(super) struct Wanted {
    settings: Settings,
    admin: Admin,
    rendered: Rendered,
}

static LINES: Lines<Wanted> = Lines::new();

/// Writes the files, has nginx test and load them, waits until only the new generation answers, and sees that `verify`
/// holds. With other applications that want the same of this nginx at this time, by one reload.
pub(super) async fn bring_in(
    settings: &Settings,
    admin: &Admin,
    rendered: &Rendered,
    verify: impl Future<Output = Result<(), RouterError>>,
) -> Result<(), RouterError> {
    let line = LINES.of(settings);
    let wanted = Wanted { settings: settings.clone(), admin: admin.clone(), rendered: rendered.clone() };
    match line.join(wanted).await {
        Joined::Done(done) => done?,
        Joined::Mine { mut turn, all, mut answered } => {
            together(&mut turn, all).await;
            answered.try_recv().unwrap_or(Err(RouterError::Interrupted))?;
        }
    }
    match verify.await {
        Ok(()) => drop_previous(settings).await,
        Err(why) => {
            let now = back_out(&mut line.turn().await, settings, admin).await;
            Err(RouterError::TakenBack { why: Box::new(why), now })
        }
    }
}

/// One test and one reload for all. When the test fails, it is not known for whom, so each has its own.
async fn together(turn: &mut Turn, all: Vec<Waiting<Wanted>>) {
    if all.len() > 1 && attempt(&all).await.is_ok() {
        return load(turn, all).await;
    }
    for waiting in all {
        let one = [waiting];
        let tried = attempt(&one).await;
        let [waiting] = one;
        match tried {
            Ok(()) => load(turn, vec![waiting]).await,
            Err(refusal) => waiting.answer(Err(refusal)),
        }
    }
}

/// Everybody's files, tested. When nginx or we say no, all of them are as they were.
async fn attempt(all: &[Waiting<Wanted>]) -> Result<(), RouterError> {
    let Some(first) = all.first() else { return Ok(()) };
    let tried = async {
        for Waiting { wanted, .. } in all {
            place(&wanted.settings, &wanted.rendered).await?;
        }
        let tested = process::test(&first.wanted.settings).await?;
        all.iter().try_for_each(|Waiting { wanted, .. }| judge(&wanted.settings, &wanted.rendered, &tested))
    };
    if let Err(refusal) = tried.await {
        for Waiting { wanted, .. } in all {
            put_back(&wanted.settings).await?;
        }
        return Err(refusal);
    }
    Ok(())
}

/// Has nginx load what was tested, and sees that each application's generation runs. One that does not is taken out.
async fn load(turn: &mut Turn, all: Vec<Waiting<Wanted>>) {
    let Some(settings) = all.first().map(|first| first.wanted.settings.clone()) else { return };
    let log = ErrorLog::open(&settings).await;
    let told = turn.reload(&settings).await;
    let settled = all.iter().map(|Waiting { wanted, .. }| async {
        match &told {
            Ok(()) => settle(&wanted.admin, &wanted.rendered.generation, &log).await,
            Err(error) => Err(RouterError::Signal { why: error.to_string() }),
        }
    });
    let settled = join_all(settled).await;
    workers::watch(&settings);
    for (waiting, settled) in all.into_iter().zip(settled) {
        let answer = match settled {
            Ok(()) => Ok(()),
            Err(why) => {
                let now = back_out(turn, &waiting.wanted.settings, &waiting.wanted.admin).await;
                Err(RouterError::TakenBack { why: Box::new(why), now })
            }
        };
        waiting.answer(answer);
    }
}

/// Takes the files away and has nginx drop them.
pub(super) async fn take_out(settings: &Settings, admin: &Admin) -> Result<(), RouterError> {
    let line = LINES.of(settings);
    let mut turn = line.turn().await;
    let mut there = false;
    for (file, _) in ours(settings).await? {
        let Some(text) = read(&file).await? else { continue };
        if author(&text) == Author::Somebody {
            return Err(RouterError::NotOurs { path: file });
        }
        there = true;
    }
    let answers = admin.generation().await.is_ok();
    let runs = match process::runs(settings).await {
        Ok(()) => true,
        // It does run, with our file, but it cannot be told to drop it.
        Err(error) if answers => return Err(error),
        Err(_) => false,
    };
    take_away(settings).await?;
    if runs && (there || answers) {
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
            turn.reload(settings).await?;
            silence(admin, &log).await
        };
        if let Err(why) = gone.await {
            let now = back_out(&mut turn, settings, admin).await;
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
    if !tested.files.is_empty() && !tested.files.iter().any(|(path, _)| same(path)) {
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

/// After a reload that did not do what it should: the former files, and a reload. Says how it stands then.
async fn back_out(turn: &mut Turn, settings: &Settings, admin: &Admin) -> String {
    if let Err(error) = put_back(settings).await {
        return format!("The former file could not be put back: {error}");
    }
    let log = ErrorLog::open(settings).await;
    let back = async {
        turn.reload(settings).await?;
        match read(&settings.file()).await?.as_deref().map(author) {
            Some(Author::Crossfade { generation }) => settle(admin, &generation, &log).await,
            _ => silence(admin, &log).await,
        }
    };
    match back.await {
        Ok(()) => String::from("The file was taken back, and nginx serves as before"),
        Err(error) => format!("The file was taken back, but nginx does not confirm that it serves as before: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::render::{Found, render};
    use super::super::settings::tests::{route, settings};
    use super::*;
    use rollout::application::StickyBy;

    #[test]
    fn warnings_that_would_cost_traffic_are_refusals() {
        let settings = settings("shop", StickyBy::Cookie);
        let rendered = render(&settings, &[route("api", &["a.b"], 3000)], &Found::default()).unwrap();
        let judge = |passed: bool, line: &str, file: &str| {
            let files = if file.is_empty() { vec![] } else { vec![(file.into(), String::new())] };
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
