//! Turns at one nginx. A test and a reload take in every file in its folder, whatever the application: so those that want
//! one at the same time share it, no two reloads come within a second, and nothing of anybody is there untested.

use super::super::RouterError;
use super::process;
use super::settings::Settings;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

/// Two reloads are at least so far apart: each leaves a generation of workers behind that is on its way out.
const APART: Duration = Duration::from_secs(1);
/// How long the first waits for others that come at the same time.
const GATHER: Duration = Duration::from_millis(50);

/// Those who wait for one nginx; `W` is what they want of it.
pub(super) struct Line<W> {
    waiting: Mutex<Vec<Waiting<W>>>,
    /// When nginx was last told to reload.
    turn: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

/// One who waits, and where the answer goes.
pub(super) struct Waiting<W> {
    pub wanted: W,
    answer: oneshot::Sender<Result<(), RouterError>>,
}

impl<W> Waiting<W> {
    pub fn answer(self, answer: Result<(), RouterError>) {
        // Whoever asked may be gone; what was done is done.
        let _ = self.answer.send(answer);
    }
}

/// What comes of standing in line.
pub(super) enum Joined<W> {
    /// Somebody else did it.
    Done(Result<(), RouterError>),
    /// It is for this one to do, for all.
    Mine { turn: Turn, all: Vec<Waiting<W>>, answered: oneshot::Receiver<Result<(), RouterError>> },
}

/// The only one who may touch files and processes of this nginx.
pub(super) struct Turn {
    last: OwnedMutexGuard<Option<Instant>>,
}

impl Turn {
    /// Tells nginx to reload, as soon as the last time is long enough ago.
    pub async fn reload(&mut self, settings: &Settings) -> Result<(), RouterError> {
        if let Some(last) = *self.last {
            sleep_until(last + APART).await;
        }
        process::reload(settings).await?;
        *self.last = Some(Instant::now());
        Ok(())
    }
}

impl<W> Default for Line<W> {
    fn default() -> Self {
        Line { waiting: Mutex::default(), turn: Arc::default() }
    }
}

impl<W> Line<W> {
    /// A turn for oneself alone.
    pub async fn turn(&self) -> Turn {
        Turn { last: self.turn.clone().lock_owned().await }
    }

    /// Stands in line. Whoever's turn comes first does what all want by then, and answers every one.
    pub async fn join(&self, wanted: W) -> Joined<W> {
        let (answer, mut answered) = oneshot::channel();
        self.lock().push(Waiting { wanted, answer });
        sleep(GATHER).await;
        let turn = self.turn().await;
        if let Ok(answer) = answered.try_recv() {
            return Joined::Done(answer);
        }
        // Those who come while the second passes are taken along as well.
        if let Some(last) = *turn.last {
            sleep_until(last + APART).await;
        }
        let all = std::mem::take(&mut *self.lock());
        Joined::Mine { turn, all, answered }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting<W>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line for each nginx of this machine.
pub(super) struct Lines<W: 'static>(LazyLock<Mutex<HashMap<String, Arc<Line<W>>>>>);

impl<W> Lines<W> {
    pub const fn new() -> Lines<W> {
        Lines(LazyLock::new(Mutex::default))
    }

    pub fn of(&self, settings: &Settings) -> Arc<Line<W>> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.entry(settings.whose()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn those_who_come_at_once_share_a_turn() {
        let (line, turns) = (Arc::new(Line::default()), Arc::new(AtomicUsize::new(0)));
        let one = |number: usize| {
            let (line, turns) = (line.clone(), turns.clone());
            async move {
                match line.join(number).await {
                    Joined::Done(done) => done,
                    Joined::Mine { mut turn, all, mut answered } => {
                        turns.fetch_add(1, Ordering::Relaxed);
                        *turn.last = Some(Instant::now());
                        for waiting in all {
                            let refused = waiting.wanted == 3;
                            waiting.answer(if refused { Err(RouterError::NoRoutes) } else { Ok(()) });
                        }
                        answered.try_recv().unwrap()
                    }
                }
                .is_ok()
            }
        };
        let start = Instant::now();
        let answers = futures::future::join_all((0..8).map(one)).await;
        assert_eq!(answers, [true, true, true, false, true, true, true, true]);
        assert_eq!(turns.load(Ordering::Relaxed), 1);
        // The next one keeps its distance.
        assert!(one(0).await);
        assert_eq!(turns.load(Ordering::Relaxed), 2);
        assert!(start.elapsed() >= APART, "{:?}", start.elapsed());
    }
}
