//! Getting our file into effect, and out of it again. Whatever goes wrong, the former file comes back.

use super::super::RouterError;
use super::admin::Admin;
use super::error::HaproxyError;
use super::master::{self, Master};
use super::seal::{Author, Sealed, author};
use super::settings::Settings;
use super::socket::Socket;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long HAProxy may take to answer with a new generation.
const PATIENCE: Duration = Duration::from_secs(10);
/// After a reload both generations may answer for a moment: so long must the new one answer alone.
const ALONE: Duration = Duration::from_millis(250);
const ALONE_ANSWERS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// One at a time, whatever the application: a check and a reload take in every file, and another application's must not
/// be there unchecked. Signals that come close together count as one.
static RELOADING: Mutex<()> = Mutex::const_new(());

/// Our file as it lies on the disk; `None` when there is none.
///
/// # Errors
/// When it is not ours any more.
pub(super) async fn ours(settings: &Settings) -> Result<Option<String>, RouterError> {
    let (text, path) = (settings.file().read().await?, settings.file().path());
    match text.as_deref().map(author) {
        Some(Author::Somebody) => Err(RouterError::NotOurs { path }),
        Some(Author::Edited) => Err(RouterError::Edited { path }),
        Some(Author::Crossfade { .. }) | None => Ok(text),
    }
}

/// Writes the file, has HAProxy check and load it, waits until only it answers, and sees that `verify` holds.
pub(super) async fn bring_in(
    settings: &Settings,
    socket: &Socket,
    admin: &Admin,
    wanted: &Sealed,
    verify: impl Future<Output = Result<(), RouterError>>,
) -> Result<(), RouterError> {
    let _reloading = RELOADING.lock().await;
    let master = master::of(&socket.worker().await?).await?;
    settings.file().replace(&wanted.text).await?;
    if let Err(refusal) = master.check(settings).await {
        settings.file().put_back().await?;
        return Err(refusal);
    }
    let done = async {
        settle(&master, admin, &wanted.seal).await?;
        verify.await
    };
    match done.await {
        Ok(()) => settings.file().drop_previous().await,
        Err(why) => {
            let now = back_out(settings, &master, admin).await;
            Err(RouterError::TakenBack { why: Box::new(why), now })
        }
    }
}

/// Takes the file away and has HAProxy drop it.
pub(super) async fn take_out(settings: &Settings, socket: &Socket, admin: &Admin) -> Result<(), RouterError> {
    let _reloading = RELOADING.lock().await;
    let text = settings.file().read().await?;
    if text.as_deref().is_some_and(|text| author(text) == Author::Somebody) {
        return Err(RouterError::NotOurs { path: settings.file().path() });
    }
    let answers = admin.generation().await.is_ok();
    let master = match socket.worker().await {
        Ok(worker) => Some(master::of(&worker).await?),
        // It does run, with our file, but it cannot be told to drop it.
        Err(error) if answers => return Err(error.into()),
        Err(_) => None,
    };
    if text.is_some() {
        settings.file().move_away().await?;
    }
    if let Some(master) = master.filter(|_| text.is_some() || answers) {
        if let Err(refusal) = master.check(settings).await {
            settings.file().put_back().await?;
            return Err(refusal);
        }
        if let Err(why) = silence(&master, admin).await {
            let now = back_out(settings, &master, admin).await;
            return Err(RouterError::TakenBack { why: Box::new(why), now });
        }
    }
    settings.file().drop_previous().await
}

/// Has HAProxy reload, once, and waits until nothing but this generation answers. To tell it again would do harm: while a new
/// worker tries in vain to listen, the old one accepts nothing.
async fn settle(master: &Master, admin: &Admin, wanted: &str) -> Result<(), RouterError> {
    let start = Instant::now();
    master.reload().await?;
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
            return Err(not_in_effect(answer, wanted));
        }
        sleep(PAUSE).await;
    }
}

/// Has HAProxy reload, and waits until it answers for this application no more.
async fn silence(master: &Master, admin: &Admin) -> Result<(), RouterError> {
    let start = Instant::now();
    master.reload().await?;
    while let Ok(generation) = admin.generation().await {
        if start.elapsed() > PATIENCE {
            return Err(not_in_effect(Ok(generation), "none"));
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

fn not_in_effect(answer: Result<String, HaproxyError>, wanted: &str) -> RouterError {
    let seen = match answer {
        Ok(generation) => format!("generation {generation} of its file answers"),
        Err(error) => error.to_string(),
    };
    HaproxyError::NotInEffect { seconds: PATIENCE.as_secs(), wanted: wanted.to_owned(), seen }.into()
}

/// After a reload that did not do what it should: the former file, and a reload. Says how it stands then.
async fn back_out(settings: &Settings, master: &Master, admin: &Admin) -> String {
    let back = async {
        settings.file().put_back().await?;
        match settings.file().read().await?.as_deref().map(author) {
            Some(Author::Crossfade { seal }) => settle(master, admin, &seal).await,
            _ => silence(master, admin).await,
        }
    };
    match back.await {
        Ok(()) => String::from("The file was taken back, and HAProxy serves as before"),
        Err(error) => format!("It could not be confirmed that HAProxy serves as before: {error}"),
    }
}
