//! What was measured, look by look.

use super::{Store, StoreError, unreadable};
use rollout::clock::{Millis, Timestamp};
use rollout::event::RolloutId;
use rollout::slot::Slot;
use std::time::Duration;

/// One look at a metric in one slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Empty: the measured share.
    pub metric: String,
    pub slot: Slot,
    pub at: Timestamp,
    pub value: Option<f64>,
    pub threshold: Option<f64>,
}

/// From this age on, one look in so long is kept.
const THINNED: [(Millis, Millis); 2] =
    [(Millis::hours(24), Millis::seconds(60)), (Millis::hours(24 * 30), Millis::seconds(15 * 60))];

/// So many are thinned at once: some milliseconds of the one connection that writes.
const BITE: i64 = 1_000;
const REST: Duration = Duration::from_millis(20);

impl Store {
    pub async fn add_samples(&self, id: RolloutId, samples: &[Sample]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for sample in samples {
            let (slot, at) = (sample.slot.as_str(), sample.at.0);
            // Two looks in one millisecond, or a clock that was set back: the last one stays.
            sqlx::query!(
                "insert or replace into samples (rollout_id, metric, slot, at, value, threshold) values (?, ?, ?, ?, ?, ?)",
                id.0,
                sample.metric,
                slot,
                at,
                sample.value,
                sample.threshold
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// All that was measured in a rollout, oldest first.
    pub async fn samples(&self, id: RolloutId) -> Result<Vec<Sample>, StoreError> {
        let rows = sqlx::query!(
            "select metric, slot, at, value, threshold from samples where rollout_id = ? order by at",
            id.0
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Sample {
                    slot: Slot::parse(&row.slot).ok_or_else(|| unreadable("a sample")(format!("slot {}", row.slot)))?,
                    metric: row.metric,
                    at: Timestamp(row.at),
                    value: row.value,
                    threshold: row.threshold,
                })
            })
            .collect()
    }

    /// Leaves out what is too fine for its age: of each minute, then of each quarter of an hour, the first look stays.
    /// In small bites, with a rest between them: decisions must not wait for it.
    pub async fn thin_samples(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        for (age, step) in THINNED {
            let before = now.0.saturating_sub_unsigned(age.0);
            let mut from = i64::MIN;
            while let Some((last, count)) = self.thin_some(from, before, step).await? {
                gone += count;
                from = last;
                tokio::time::sleep(REST).await;
            }
        }
        Ok(gone)
    }

    /// One bite of those between two moments: where it ended, and how many are gone. `None` when nothing is left to do.
    async fn thin_some(&self, from: i64, before: i64, step: Millis) -> Result<Option<(i64, u64)>, StoreError> {
        let step = step.0.cast_signed();
        let late = sqlx::query!(
            "select rollout_id, metric, slot, at from samples as late
             where at >= ?1 and at < ?2 and exists (
               select 1 from samples as early
               where early.rollout_id = late.rollout_id and early.metric = late.metric and early.slot = late.slot
                 and early.at < late.at and early.at >= late.at - late.at % ?3)
             order by at limit ?4",
            from,
            before,
            step,
            BITE
        )
        .fetch_all(&self.readers)
        .await?;
        let Some(last) = late.last().map(|sample| sample.at) else { return Ok(None) };
        let mut tx = self.write().await?;
        for sample in &late {
            sqlx::query!(
                "delete from samples where rollout_id = ? and metric = ? and slot = ? and at = ?",
                sample.rollout_id,
                sample.metric,
                sample.slot,
                sample.at
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(Some((last, late.len() as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of an application with nothing but a name.
    async fn rollout(store: &Store) -> RolloutId {
        let row = "insert into applications (id, name, file, admin_port, added_at) values (1, 'shop', '', 1, 0);
                   insert into rollouts (id, application_id, kind, version, slot, phase, headline, weight, started_by,
                                         started_at, definition)
                   values (7, 1, 'first', '1', 'blue', 'progressing', '', 0, 'ada', 0, '{}')";
        sqlx::raw_sql(row).execute(&store.writer).await.unwrap();
        RolloutId(7)
    }

    #[tokio::test]
    async fn samples_come_back_and_are_thinned_with_age() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("crossfade.db")).await.unwrap();
        let id = rollout(&store).await;
        let hour = 3_600_000;
        let samples: Vec<Sample> = (0..hour / 5_000)
            .flat_map(|n| Slot::BOTH.map(|slot| (n, slot)))
            .map(|(n, slot)| Sample {
                metric: "error rate".to_owned(),
                slot,
                at: Timestamp(n * 5_000),
                value: (n % 7 != 0).then_some(0.25),
                threshold: Some(0.001),
            })
            .collect();
        store.add_samples(id, &samples).await.unwrap();
        store.add_samples(id, &samples[..2]).await.unwrap();
        assert_eq!(store.samples(id).await.unwrap(), samples);
        assert_eq!(store.thin_samples(Timestamp(hour)).await.unwrap(), 0);
        store.thin_samples(Timestamp(25 * hour)).await.unwrap();
        assert_eq!(store.samples(id).await.unwrap().len(), 60 * 2);
        store.thin_samples(Timestamp(24 * 32 * hour)).await.unwrap();
        let left = store.samples(id).await.unwrap();
        assert_eq!(left.len(), 4 * 2);
        assert_eq!(left[0], samples[0]);
    }
}
