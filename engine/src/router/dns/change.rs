//! A change, from its beginning until every name server has it.

use super::error::DnsError;
use super::memory::Memory;
use super::records::Held;
use super::update::{self, Sent};
use super::{Inner, servers};
use rollout::clock::{Millis, Timestamp};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Between two looks at a name server that has to follow.
const PAUSE: Duration = Duration::from_millis(200);
/// How long the primary may take until it answers what it said that it did.
const OWN: Duration = Duration::from_secs(5);

impl Inner {
    /// Sees that the primary answers these. What others keep of the former ones is noted first, for a crash may follow.
    pub(super) async fn change(&self, held: &Held, wanted: &Held) -> Result<(), DnsError> {
        if held == wanted {
            return Ok(());
        }
        let before = self.memory.read().await;
        let longer = held.longest_ttl() > self.layout.ttl;
        let now = crate::clock::now();
        let longer_until = longer.then(|| now + Millis::seconds(held.longest_ttl().into()));
        let memory = Memory {
            records: wanted.to_string(),
            kept: held.longest_ttl_of_changed(wanted),
            seen: None,
            longer_until: longer_until.max(before.as_ref().and_then(|memory| memory.longer_until)),
        };
        self.memory.write(&memory).await?;
        if let Err(error) = self.tell_primary(held, wanted).await {
            // Nothing was changed, so what was known before still holds.
            if let Some(before) = before {
                let _ = self.memory.write(&before).await;
            }
            return Err(error);
        }
        Ok(())
    }

    /// Tells the primary, and sees that it did it.
    pub(super) async fn tell_primary(&self, held: &Held, wanted: &Held) -> Result<(), DnsError> {
        let signer = update::signer(&self.update)?;
        let message = update::message(&self.layout.zone, held, wanted);
        let sent = update::send(&self.primary, &signer, message).await?;
        let server = self.primary.to_string();
        let begun = Instant::now();
        loop {
            let now = servers::held(&self.primary, &self.layout).await;
            let late = begun.elapsed() > OWN;
            match (now, &sent) {
                (Ok(now), _) if now == *wanted => return Ok(()),
                (Ok(now), Sent::Done) if late => {
                    return Err(DnsError::NotDone { server, held: now.to_string(), wanted: wanted.to_string() });
                }
                (Ok(now), Sent::Unclear(why)) if late => {
                    return Err(DnsError::Unclear { server, why: why.clone(), held: now.to_string() });
                }
                (Err(error), _) if late => return Err(error),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Sees that every other name server has them, too; and notes when. If one does not get them, a change that brings
    /// traffic to the new slot is taken back; any other is left.
    pub(super) async fn everywhere(
        &self,
        before: &Held,
        wanted: &Held,
        rises: bool,
        number: u64,
    ) -> Result<(), DnsError> {
        let last = self.memory.read().await;
        let longer_until = last.as_ref().and_then(|memory| memory.longer_until);
        let known = last.filter(|memory| memory.records == wanted.to_string());
        if let Err(mut error) = self.follow(wanted, number).await {
            let then = match rises && before != wanted && error != DnsError::Overtaken {
                false => "The primary one keeps the change".to_owned(),
                true => match self.change(wanted, before).await {
                    Ok(()) => "The former records were put back".to_owned(),
                    Err(why) => format!("The former records could not be put back: {why}"),
                },
            };
            if let DnsError::Stale { then: word, .. } | DnsError::Silent { then: word, .. } = &mut error {
                *word = then;
            }
            return Err(error);
        }
        let now = crate::clock::now();
        let memory = match known {
            // It was seen before, and goes on from there; a clock that was set back begins anew.
            Some(memory) if memory.seen.is_some_and(|seen| seen <= now) => return Ok(()),
            Some(memory) => Memory { seen: Some(now), ..memory },
            // Somebody has set them, who knows when: as long as any record is kept.
            None => Memory { records: wanted.to_string(), kept: self.layout.ttl, seen: Some(now), longer_until },
        };
        self.memory.write(&memory).await
    }

    /// Until every other name server answers these, at most as long as that may take, and until the next change is asked
    /// for: a way back does not wait for them.
    async fn follow(&self, wanted: &Held, number: u64) -> Result<(), DnsError> {
        let begun = Instant::now();
        let seconds = self.propagation.as_secs();
        let others = self.others().await?;
        for server in others {
            loop {
                let answer = servers::held(&server, &self.layout).await;
                let late = begun.elapsed() > self.propagation;
                let name = server.to_string();
                let overtaken = self.asked.load(Ordering::Relaxed) != number;
                match answer {
                    Ok(held) if held == *wanted => break,
                    _ if overtaken => return Err(DnsError::Overtaken),
                    Ok(held) if late => {
                        let (held, wanted) = (held.to_string(), wanted.to_string());
                        return Err(DnsError::Stale { server: name, seconds, held, wanted, then: String::new() });
                    }
                    Err(DnsError::Server { why, .. }) if late => {
                        return Err(DnsError::Silent { server: name, seconds, why, then: String::new() });
                    }
                    Err(error) if late => return Err(error),
                    _ => tokio::time::sleep(PAUSE).await,
                }
            }
        }
        Ok(())
    }

    /// Until when others may keep what was there before the last change.
    pub(super) async fn kept_until(&self) -> Timestamp {
        let now = crate::clock::now();
        let whole = now + Millis::seconds(self.layout.ttl.into());
        let Some(memory) = self.memory.read().await else { return whole };
        let Some(seen) = memory.seen else { return whole };
        // Caches count whole seconds.
        let until = match memory.kept {
            0 => seen,
            kept => seen + Millis::seconds(u64::from(kept) + 1),
        };
        match memory.longer_until.filter(|_| memory.kept > 0) {
            Some(longer) => until.max(longer),
            None => until,
        }
    }
}
