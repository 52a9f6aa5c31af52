//! A process' own check, as a container has one: asked at its interval, and remembered.

use super::launch;
use super::record::Record;
use super::{Processes, lock};
use crate::clock;
use crate::runtime::{Health, Pipe};
use rollout::clock::{Millis, Timestamp};
use rollout::runtime::{OwnCheck, Question};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// Until it has passed once it is asked at least so often.
const WHILE_STARTING: Millis = Millis(500);

#[derive(Default)]
pub(super) struct Checks {
    seen: Mutex<HashMap<String, Seen>>,
}

struct Seen {
    /// The process that was asked.
    mark: String,
    health: Health,
    failures: u32,
    next: Timestamp,
    is_being_asked: bool,
}

impl Checks {
    pub(super) fn health(&self, name: &str, mark: &str) -> Health {
        let seen = lock(&self.seen);
        seen.get(name).filter(|seen| seen.mark == mark).map_or(Health::Starting, |seen| seen.health.clone())
    }

    pub(super) fn forget(&self, name: &str) {
        lock(&self.seen).remove(name);
    }

    /// Whether it is to be asked now; if so, it is being asked from now on.
    fn is_due(&self, name: &str, mark: &str, now: Timestamp) -> bool {
        let mut all = lock(&self.seen);
        let anew =
            || Seen { mark: mark.to_owned(), health: Health::Starting, failures: 0, next: now, is_being_asked: false };
        let seen = all.entry(name.to_owned()).or_insert_with(anew);
        if seen.mark != mark {
            *seen = anew();
        }
        let due = !seen.is_being_asked && now >= seen.next;
        seen.is_being_asked |= due;
        due
    }

    fn answered(&self, name: &str, mark: &str, check: &OwnCheck, age: Millis, answer: Result<(), String>) {
        let mut all = lock(&self.seen);
        let Some(seen) = all.get_mut(name).filter(|seen| seen.mark == mark) else { return };
        seen.is_being_asked = false;
        match answer {
            Ok(()) => (seen.health, seen.failures) = (Health::Healthy, 0),
            Err(why) => {
                seen.failures += 1;
                // It gets the time to start that it would get to fail.
                let was_to_start = seen.health == Health::Starting;
                let patience = Millis(check.interval.0.saturating_mul(u64::from(check.retries)));
                if if was_to_start { age >= patience } else { seen.failures >= check.retries } {
                    seen.health = Health::Unhealthy(why);
                }
            }
        }
        let pause = if seen.health == Health::Starting { check.interval.min(WHILE_STARTING) } else { check.interval };
        seen.next = clock::now() + pause;
    }
}

impl Processes {
    /// Asks it, if it is time to.
    pub(super) fn check(&self, record: &Record) {
        let (Some(check), Some(begun)) = (record.spec.health.clone(), record.begun.clone()) else { return };
        if !self.inner.checks.is_due(&record.name, &begun.mark, clock::now()) {
            return;
        }
        let (this, record) = (self.clone(), record.clone());
        tokio::spawn(async move {
            let limit = Duration::from_millis(check.timeout.0);
            let answer = match tokio::time::timeout(limit, this.ask(&record, &check.ask)).await {
                Ok(answer) => answer,
                Err(_) => Err(format!("no answer within {}", check.timeout)),
            };
            let age = clock::now() - begun.at;
            this.inner.checks.answered(&record.name, &begun.mark, &check, age, answer);
        });
    }

    async fn ask(&self, record: &Record, question: &Question) -> Result<(), String> {
        match question {
            Question::Path(path) => {
                let port = record.spec.port.ok_or("it has no port to be asked at")?;
                let answer = self.inner.http.get(format!("http://127.0.0.1:{port}{path}")).send().await;
                let status = answer.map_err(|error| crate::steps::deepest(&error))?.status();
                if status.is_success() { Ok(()) } else { Err(format!("{path} answers {}", status.as_u16())) }
            }
            Question::Command(command) => {
                let variables = launch::environment(&record.spec)?;
                let mut last = String::new();
                let mut line = |_: Pipe, text: &str| text.clone_into(&mut last);
                let code = super::exec::run(&record.spec.folder, command, variables, |_| {}, &mut line).await?;
                if code == 0 { Ok(()) } else { Err(format!("exit code {code}: {last}")) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_what_was_answered_often_enough() {
        let check =
            OwnCheck { ask: Question::Path("/".to_owned()), interval: Millis(100), timeout: Millis(100), retries: 3 };
        let checks = Checks::default();
        let now = Timestamp(1_000);
        let answer = |age: u64, answer: Result<(), &str>| {
            checks.answered("a", "1", &check, Millis(age), answer.map_err(str::to_owned));
            checks.health("a", "1")
        };
        assert_eq!(checks.health("a", "1"), Health::Starting);
        assert!(checks.is_due("a", "1", now));
        assert!(!checks.is_due("a", "1", now), "it is being asked");
        assert_eq!(answer(10, Err("refused")), Health::Starting);
        assert_eq!(answer(300, Err("refused")), Health::Unhealthy("refused".to_owned()));
        assert_eq!(answer(400, Ok(())), Health::Healthy);
        for expected in [Health::Healthy, Health::Healthy, Health::Unhealthy("503".to_owned())] {
            assert_eq!(answer(500, Err("503")), expected);
        }
        // The next process starts anew, and is asked at once.
        assert_eq!(checks.health("a", "2"), Health::Starting);
        assert!(checks.is_due("a", "2", now));
        checks.forget("a");
        assert!(checks.is_due("a", "2", now));
    }
}
