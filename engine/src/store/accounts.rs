//! Users and their sessions.

use super::{Store, StoreError, unreadable};
use crate::clock;
use rollout::actor::Role;
use rollout::clock::{Millis, Timestamp};

/// A user's row, the password's hash included.
#[derive(Clone)]
pub struct UserRow {
    pub id: i64,
    pub name: String,
    pub role: Role,
    pub password: String,
    pub locked_until: Timestamp,
}

struct RawUser {
    id: i64,
    name: String,
    role: String,
    password: String,
    locked_until: i64,
}

impl TryFrom<RawUser> for UserRow {
    type Error = StoreError;

    fn try_from(raw: RawUser) -> Result<Self, StoreError> {
        let role = Role::parse(&raw.role).ok_or_else(|| unreadable("a user")(raw.role))?;
        let locked_until = Timestamp(raw.locked_until);
        Ok(UserRow { id: raw.id, name: raw.name, role, password: raw.password, locked_until })
    }
}

impl Store {
    pub async fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        let row = sqlx::query_as!(
            RawUser,
            r#"select id as "id!", name, role, password, locked_until from users where name = ?"#,
            name
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    pub async fn user(&self, id: i64) -> Result<Option<UserRow>, StoreError> {
        let row = sqlx::query_as!(
            RawUser,
            r#"select id as "id!", name, role, password, locked_until from users where id = ?"#,
            id
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Adds a user, or changes role and password of the one with that name; whoever was signed in by it is signed out.
    pub async fn save_user(&self, name: &str, role: Role, password: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let (role, now) = (role.as_str(), clock::now().0);
        sqlx::query!(
            "insert into users (name, role, password, added_at) values (?, ?, ?, ?)
             on conflict (name) do update set role = excluded.role, password = excluded.password,
                                              failures = 0, locked_until = 0",
            name,
            role,
            password,
            now
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("delete from sessions where user_id = (select id from users where name = ?)", name)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// A wrong password: from the fifth in a row, the account is locked for a while, doubling up to an hour.
    pub async fn note_failure(&self, id: i64) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let failures = sqlx::query_scalar!(
            r#"update users set failures = failures + 1 where id = ? returning failures as "failures!""#,
            id
        )
        .fetch_one(&mut *tx)
        .await?;
        if let Some(over) = u32::try_from(failures).unwrap_or(u32::MAX).checked_sub(5) {
            let lock = Millis::seconds((30 << over.min(7)).min(3_600));
            let until = (clock::now() + lock).0;
            sqlx::query!("update users set locked_until = ? where id = ?", until, id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    pub async fn note_success(&self, id: i64) -> Result<(), StoreError> {
        sqlx::query!("update users set failures = 0, locked_until = 0 where id = ?", id).execute(&self.writer).await?;
        Ok(())
    }

    /// False when there is a session of that id already.
    pub async fn add_session(&self, id: &str, data: &str, expires: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "insert into sessions (id, data, expires_at) values (?, ?, ?) on conflict (id) do nothing",
            id,
            data,
            expires.0
        )
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn save_session(
        &self,
        id: &str,
        user: Option<i64>,
        data: &str,
        expires: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into sessions (id, user_id, data, expires_at) values (?, ?, ?, ?)
             on conflict (id) do update set user_id = excluded.user_id, data = excluded.data,
                                            expires_at = excluded.expires_at",
            id,
            user,
            data,
            expires.0
        )
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The record of a session that has not expired.
    pub async fn session(&self, id: &str) -> Result<Option<String>, StoreError> {
        let now = clock::now().0;
        Ok(sqlx::query_scalar!("select data from sessions where id = ? and expires_at > ?", id, now)
            .fetch_optional(&self.readers)
            .await?)
    }

    pub async fn remove_session(&self, id: &str) -> Result<(), StoreError> {
        sqlx::query!("delete from sessions where id = ?", id).execute(&self.writer).await?;
        Ok(())
    }

    /// Also the proof that the file can be written.
    pub async fn remove_expired_sessions(&self) -> Result<(), StoreError> {
        let now = clock::now().0;
        sqlx::query!("delete from sessions where expires_at <= ?", now).execute(&self.writer).await?;
        Ok(())
    }
}
