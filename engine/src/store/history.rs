//! Rollouts as lists: every filter, newest first, page by page from a key.

use super::{Store, StoreError, unreadable};
use rollout::clock::Timestamp;
use rollout::event::RolloutId;
use rollout::slot::Slot;
use rollout::state::Phase;

/// What to look for; everything named must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub application: Option<String>,
    pub phase: Option<Phase>,
    pub started_by: Option<String>,
    pub version: Option<String>,
    /// Started at this moment or later.
    pub since: Option<Timestamp>,
    /// Started before this moment.
    pub before: Option<Timestamp>,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutRow {
    pub id: RolloutId,
    pub application: String,
    pub kind: String,
    pub version: String,
    pub from: Option<String>,
    pub slot: Slot,
    pub phase: Phase,
    pub headline: String,
    pub weight: u8,
    pub started_by: String,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

struct RawRow {
    id: i64,
    application: String,
    kind: String,
    version: String,
    from_version: Option<String>,
    slot: String,
    phase: String,
    headline: String,
    weight: i64,
    started_by: String,
    started_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<RawRow> for RolloutRow {
    type Error = StoreError;

    fn try_from(raw: RawRow) -> Result<Self, StoreError> {
        let bad = unreadable("a rollout");
        Ok(RolloutRow {
            id: RolloutId(raw.id),
            application: raw.application,
            kind: raw.kind,
            version: raw.version,
            from: raw.from_version,
            slot: Slot::parse(&raw.slot).ok_or_else(|| bad(raw.slot))?,
            phase: Phase::parse(&raw.phase).ok_or_else(|| bad(raw.phase))?,
            headline: raw.headline,
            weight: u8::try_from(raw.weight).map_err(|e| bad(e.to_string()))?,
            started_by: raw.started_by,
            started_at: Timestamp(raw.started_at),
            ended_at: raw.ended_at.map(Timestamp),
        })
    }
}

impl Store {
    /// The application that a rollout is of.
    pub async fn application_of(&self, id: RolloutId) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar!(
            "select a.name from rollouts r join applications a on a.id = r.application_id where r.id = ?",
            id.0
        )
        .fetch_optional(&self.readers)
        .await?)
    }

    /// Up to `limit` rollouts older than `below` (all of them when `None`), newest first.
    ///
    /// One statement for each filter that narrows most, each with the index that serves it: SQLite plans a
    /// statement once, and `? is null or …` alone would walk the whole table for a rare version or person.
    pub async fn history(
        &self,
        filter: &Filter,
        below: Option<RolloutId>,
        limit: u32,
    ) -> Result<Vec<RolloutRow>, StoreError> {
        let below = below.map_or(i64::MAX, |id| id.0);
        let (application, version, by) = (&filter.application, &filter.version, &filter.started_by);
        let phase = filter.phase.map(Phase::as_str);
        let since = filter.since.map_or(i64::MIN, |at| at.0);
        let before = filter.before.map_or(i64::MAX, |at| at.0);
        let limit = i64::from(limit);
        macro_rules! rows {
            ($narrowest:literal) => {
                sqlx::query_as!(
                    RawRow,
                    r#"select r.id as "id!", a.name as application, r.kind, r.version, r.from_version, r.slot, r.phase,
                              r.headline, r.weight, r.started_by, r.started_at, r.ended_at
                       from rollouts r join applications a on a.id = r.application_id
                       where r.id < ?1 and "#
                        + $narrowest
                        + r#"
                         and (?2 is null or r.application_id = (select id from applications where name = ?2))
                         and (?3 is null or r.version = ?3)
                         and (?4 is null or r.started_by = ?4)
                         and (?5 is null or r.phase = ?5)
                         and r.started_at >= ?6 and r.started_at < ?7
                       order by r.id desc limit ?8"#,
                    below,
                    application,
                    version,
                    by,
                    phase,
                    since,
                    before,
                    limit
                )
                .fetch_all(&self.readers)
                .await?
            };
        }
        let rows = match (version, by, application, phase) {
            (Some(_), ..) => rows!("r.version = ?3"),
            (None, Some(_), ..) => rows!("r.started_by = ?4"),
            (None, None, Some(_), _) => rows!("r.application_id = (select id from applications where name = ?2)"),
            (None, None, None, Some(_)) => rows!("r.phase = ?5"),
            (None, None, None, None) => rows!("true"),
        };
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
