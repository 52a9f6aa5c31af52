//! Applications, their addresses, and the images that their releases mean.

use super::{Store, StoreError, unreadable};
use crate::clock;
use rollout::event::RolloutId;
use rollout::plan::Step;
use rollout::release::{PinnedImages, Version};
use rollout::slot::Slot;
use rollout::start::Standing;
use rollout::state::StepStatus;
use sqlx::{Sqlite, SqliteConnection, Transaction};

/// An application's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationRow {
    pub id: i64,
    pub name: String,
    pub file: String,
    pub admin_port: u16,
    pub live: Option<Slot>,
    pub blue: Option<Version>,
    pub green: Option<Version>,
}

impl ApplicationRow {
    /// The release that a slot holds.
    pub fn holds(&self, slot: Slot) -> Option<&Version> {
        match slot {
            Slot::Blue => self.blue.as_ref(),
            Slot::Green => self.green.as_ref(),
        }
    }
}

/// The port of a routed service in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub service: String,
    pub slot: Slot,
    pub port: u16,
}

struct RawApplication {
    id: i64,
    name: String,
    file: String,
    admin_port: i64,
    live_slot: Option<String>,
    blue: Option<String>,
    green: Option<String>,
}

impl TryFrom<RawApplication> for ApplicationRow {
    type Error = StoreError;

    fn try_from(raw: RawApplication) -> Result<Self, StoreError> {
        let bad = unreadable("an application");
        let version = |text: Option<String>| text.as_deref().map(Version::parse).transpose().map_err(&bad);
        Ok(ApplicationRow {
            id: raw.id,
            name: raw.name,
            file: raw.file,
            admin_port: port(raw.admin_port)?,
            live: raw.live_slot.as_deref().and_then(Slot::parse),
            blue: version(raw.blue)?,
            green: version(raw.green)?,
        })
    }
}

impl Store {
    /// All of them, by name.
    pub async fn applications(&self) -> Result<Vec<ApplicationRow>, StoreError> {
        let rows = sqlx::query_as!(
            RawApplication,
            r#"select id as "id!", name, file, admin_port, live_slot, blue, green from applications order by name"#
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    pub async fn application(&self, name: &str) -> Result<Option<ApplicationRow>, StoreError> {
        let row = sqlx::query_as!(
            RawApplication,
            r#"select id as "id!", name, file, admin_port, live_slot, blue, green from applications where name = ?"#,
            name
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Adds the application, or notes that its file has moved. Ports already given are kept.
    pub async fn save_application(
        &self,
        name: &str,
        file: &str,
        admin_port: u16,
        addresses: &[Address],
    ) -> Result<ApplicationRow, StoreError> {
        let mut tx = self.write().await?;
        let (port, now) = (i64::from(admin_port), clock::now().0);
        sqlx::query!(
            "insert into applications (name, file, admin_port, added_at) values (?, ?, ?, ?)
             on conflict (name) do update set file = excluded.file",
            name,
            file,
            port,
            now
        )
        .execute(&mut *tx)
        .await?;
        let row = application_in(&mut tx, name).await?.ok_or(StoreError::Sql(sqlx::Error::RowNotFound))?;
        for address in addresses {
            let (slot, port) = (address.slot.as_str(), i64::from(address.port));
            sqlx::query!(
                "insert into addresses (application_id, service, slot, port) values (?, ?, ?, ?)
                 on conflict (application_id, service, slot) do nothing",
                row.id,
                address.service,
                slot,
                port
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(row)
    }

    pub async fn addresses(&self, application: i64) -> Result<Vec<Address>, StoreError> {
        let rows = sqlx::query!(
            "select service, slot, port from addresses where application_id = ? order by service, slot",
            application
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|row| {
                let slot = Slot::parse(&row.slot).ok_or_else(|| unreadable("an address")(row.slot.clone()))?;
                Ok(Address { service: row.service, slot, port: port(row.port)? })
            })
            .collect()
    }

    /// Every port given to anyone.
    pub async fn ports_given(&self) -> Result<Vec<u16>, StoreError> {
        let rows = sqlx::query_scalar!(
            r#"select port as "port!: i64" from addresses union select admin_port from applications"#
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(port).collect()
    }

    /// What this version was first seen to mean; `None` for one never seen.
    pub async fn release_images(
        &self,
        application: i64,
        version: &Version,
    ) -> Result<Option<PinnedImages>, StoreError> {
        let version = version.as_str();
        let images = sqlx::query_scalar!(
            "select images from releases where application_id = ? and version = ?",
            application,
            version
        )
        .fetch_optional(&self.readers)
        .await?;
        images.map(|text| serde_json::from_str(&text).map_err(|e| unreadable("a release")(e.to_string()))).transpose()
    }

    /// Versions seen so far, newest first.
    pub async fn releases(&self, application: i64) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar!(
            "select version from releases where application_id = ? order by pinned_at desc, version desc limit 20",
            application
        )
        .fetch_all(&self.readers)
        .await?)
    }

    /// Where the application stands between rollouts.
    pub async fn standing(&self, row: &ApplicationRow) -> Result<Standing, StoreError> {
        let mut connection = self.readers.acquire().await?;
        standing_in(&mut connection, row).await
    }
}

/// The row, as this transaction sees it.
pub(super) async fn application_in(
    tx: &mut Transaction<'static, Sqlite>,
    name: &str,
) -> Result<Option<ApplicationRow>, StoreError> {
    let row = sqlx::query_as!(
        RawApplication,
        r#"select id as "id!", name, file, admin_port, live_slot, blue, green from applications where name = ?"#,
        name
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// The standing, as this connection sees it.
pub(super) async fn standing_in(
    connection: &mut SqliteConnection,
    row: &ApplicationRow,
) -> Result<Standing, StoreError> {
    let open = sqlx::query!(
        r#"select id as "id!", ended_at from rollouts where application_id = ? and settled = 0 order by id"#,
        row.id
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut standing = Standing {
        live: row.live.and_then(|slot| row.holds(slot).map(|version| (slot, version.clone()))),
        standby: row.live.and_then(|slot| row.holds(slot.other()).cloned()),
        ..Standing::default()
    };
    for rollout in open {
        if rollout.ended_at.is_none() {
            standing.active = Some(RolloutId(rollout.id));
            continue;
        }
        let state = super::journal::fold_in(connection, RolloutId(rollout.id)).await?;
        let cleaning = state
            .steps
            .iter()
            .any(|record| record.step == Step::CleanUp && matches!(record.status, StepStatus::Running { .. }));
        if cleaning {
            standing.cleaning = Some(RolloutId(rollout.id));
        }
    }
    Ok(standing)
}

fn port(number: i64) -> Result<u16, StoreError> {
    u16::try_from(number).map_err(|e| unreadable("a port")(e.to_string()))
}
