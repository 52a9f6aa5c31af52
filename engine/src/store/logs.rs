//! What steps print.

use super::{Store, StoreError};
use rollout::clock::Timestamp;
use rollout::event::{RolloutId, StepIndex};
use serde::{Deserialize, Serialize};

/// A line before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    pub step: StepIndex,
    pub at: Timestamp,
    pub stream: Stream,
    pub text: String,
}

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Crossfade itself.
    Info,
    /// Standard output of a command.
    Out,
    /// Its standard error.
    Err,
    /// A container's last lines, kept before it was removed.
    Kept,
}

impl Stream {
    pub fn as_str(self) -> &'static str {
        match self {
            Stream::Info => "info",
            Stream::Out => "out",
            Stream::Err => "err",
            Stream::Kept => "kept",
        }
    }
}

/// A line as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Rises over all rollouts: "everything after this one" is a complete question.
    pub id: i64,
    pub step: StepIndex,
    pub at: Timestamp,
    pub stream: String,
    pub text: String,
}

/// Most lines handed out at once.
pub const PAGE: i64 = 1_000;

impl Store {
    pub async fn add_lines(&self, id: RolloutId, lines: &[NewLine]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for line in lines {
            let (step, stream) = (i64::try_from(line.step).unwrap_or(i64::MAX), line.stream.as_str());
            sqlx::query!(
                "insert into log_lines (rollout_id, step, at, stream, text) values (?, ?, ?, ?, ?)",
                id.0,
                step,
                line.at.0,
                stream,
                line.text
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Up to [`PAGE`] lines after one of them, in order.
    pub async fn lines_after(&self, id: RolloutId, after: i64) -> Result<Vec<Line>, StoreError> {
        let rows = sqlx::query!(
            r#"select id as "id!", step, at, stream, text from log_lines
               where rollout_id = ? and id > ? order by id limit ?"#,
            id.0,
            after,
            PAGE
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Line {
                id: row.id,
                step: usize::try_from(row.step).unwrap_or(usize::MAX),
                at: Timestamp(row.at),
                stream: row.stream,
                text: row.text,
            })
            .collect())
    }

    /// The last [`PAGE`] lines of a rollout, in order.
    pub async fn last_lines(&self, id: RolloutId) -> Result<Vec<Line>, StoreError> {
        let before = sqlx::query_scalar!(
            r#"select id as "id!" from log_lines where rollout_id = ? order by id desc limit 1 offset ?"#,
            id.0,
            PAGE
        )
        .fetch_optional(&self.readers)
        .await?;
        self.lines_after(id, before.unwrap_or(0)).await
    }
}
