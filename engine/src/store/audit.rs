//! What was done to an application outside of its rollouts: by whom, when and why.

use super::{Store, StoreError};
use crate::clock;
use rollout::actor::Actor;
use rollout::clock::Timestamp;

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    pub at: Timestamp,
    pub by: String,
    /// `put right`.
    pub what: String,
    /// Why, or what came of it.
    pub said: String,
}

/// Lines that are read at once.
const SHOWN: i64 = 10;

impl Store {
    pub async fn audit(&self, application: i64, by: &Actor, what: &str, said: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let (by, at) = (by.name(), clock::now().0);
        sqlx::query!(
            "insert into audit (application_id, at, actor, what, said) values (?, ?, ?, ?, ?)",
            application,
            at,
            by,
            what,
            said
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The last ones, newest first.
    pub async fn audited(&self, application: &str) -> Result<Vec<Audited>, StoreError> {
        let rows = sqlx::query!(
            "select at, actor, what, said from audit
             where application_id = (select id from applications where name = ?) order by id desc limit ?",
            application,
            SHOWN
        )
        .fetch_all(&self.readers)
        .await?;
        let audited = rows.into_iter().map(|row| Audited {
            at: Timestamp(row.at),
            by: row.actor,
            what: row.what,
            said: row.said,
        });
        Ok(audited.collect())
    }

    /// The router was left as it should be: from now on anything else is drift.
    pub async fn adopted(&self, application: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let now = clock::now().0;
        sqlx::query!("update applications set adopted_at = coalesce(adopted_at, ?) where id = ?", now, application)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The applications whose routers were left as they should be, by name.
    pub async fn adopted_applications(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar!("select name from applications where adopted_at is not null order by name")
            .fetch_all(&self.readers)
            .await?)
    }
}
