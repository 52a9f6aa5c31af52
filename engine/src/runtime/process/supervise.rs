//! What ends by itself is started again, after a pause that grows from one second to half a minute, for as long as it is
//! meant to run.

use super::end::end;
use super::record::Record;
use super::{Processes, logs};
use crate::clock;
use rollout::clock::Millis;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(250);
const FIRST_PAUSE: Millis = Millis(1_000);
const LONGEST_PAUSE: Millis = Millis(30_000);
/// One that ran for so long did not fall over at once: the next pause is the first again.
const STEADY: Millis = Millis(60_000);

/// How long is waited after so many falls in a row.
fn pause(streak: u32) -> Millis {
    Millis(FIRST_PAUSE.0.saturating_mul(1 << streak.min(10)).min(LONGEST_PAUSE.0))
}

impl Processes {
    /// Goes on until it is dropped.
    pub(super) async fn supervise(self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for record in self.all() {
                self.look_after(&record.name);
            }
        }
    }

    fn look_after(&self, name: &str) {
        // Somebody is starting or stopping it.
        let Ok(turn) = self.turn(name).try_lock_owned() else { return };
        let Some(record) = self.record(name) else { return };
        match (record.up, record.is_alive()) {
            (true, true) => {
                self.check(&record);
                if let Err(error) = logs::cut(&self.files(name)) {
                    tracing::warn!("the log of {name} cannot be cut: {error}");
                }
            }
            // A stop of ours was cut short.
            (false, true) => {
                let this = self.clone();
                let name = name.to_owned();
                tokio::spawn(async move {
                    let _turn = turn;
                    if let Err(error) = this.stop_in_turn(&name).await {
                        tracing::warn!("{error}");
                    }
                });
            }
            (true, false) => match record.begun {
                Some(_) => self.has_ended(&record, turn),
                None => self.start_again(&record),
            },
            (false, false) => {}
        }
    }

    fn has_ended(&self, record: &Record, turn: tokio::sync::OwnedMutexGuard<()>) {
        let (Some(begun), files) = (&record.begun, self.files(&record.name)) else { return };
        // Its children may live, and have its port.
        if let Some(identity) = begun.identity.clone().filter(super::alive::Identity::group_is_alive) {
            let grace = Duration::from_millis(record.spec.stop_grace.0);
            tokio::spawn(async move {
                let _turn = turn;
                if let Err(why) = end(&identity, grace).await {
                    tracing::warn!("{why}");
                }
            });
            return;
        }
        // One that never came to be did not fall; and with the machine, all of them ended.
        let fell = begun.identity.as_ref().is_some_and(|identity| identity.of_this_boot());
        let now = clock::now();
        let exit_code = files.exit_code();
        let streak = if now - begun.at < STEADY { record.streak } else { 0 };
        let wait = if fell { pause(streak) } else { Millis::ZERO };
        let code = exit_code.map_or_else(|| "nobody saw how".to_owned(), |code| format!("exit code {code}"));
        logs::note(&files, &format!("it ended by itself: {code}. Started again in {wait}"));
        tracing::warn!("{} ended by itself: {code}", record.name);
        let noted = self.change(&record.name, |record| {
            record.begun = None;
            record.exit_code = exit_code;
            record.crashes += u32::from(fell);
            record.streak = streak + u32::from(fell);
            record.again_at = Some(now + wait);
        });
        if let Err(error) = noted {
            tracing::warn!("{error}");
        }
    }

    fn start_again(&self, record: &Record) {
        let now = clock::now();
        if record.again_at.is_some_and(|at| now < at && at - now <= LONGEST_PAUSE) {
            return;
        }
        let exit_code = record.exit_code;
        let begun = self.begin(&record.name);
        let noted = match &begun {
            // It is what the last one ended with, until this one ends.
            Ok(()) => self.change(&record.name, |record| record.exit_code = exit_code),
            Err(error) => {
                logs::note(&self.files(&record.name), &error.to_string());
                self.change(&record.name, |record| {
                    record.streak += 1;
                    record.exit_code = exit_code;
                    record.again_at = Some(now + pause(record.streak));
                })
            }
        };
        if let Err(error) = begun.and(noted) {
            tracing::warn!("{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_and_has_an_end() {
        let pauses: Vec<u64> = [0, 1, 2, 4, 5, 6, 40, u32::MAX].map(|streak| pause(streak).0 / 1_000).into();
        assert_eq!(pauses, [1, 2, 4, 16, 30, 30, 30, 30]);
    }
}
