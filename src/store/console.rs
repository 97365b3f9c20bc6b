//! Accounts and sessions of the web console. They are no part of any request, so they are written directly.

use jiff::Timestamp;

use super::sql::Sql;
use super::{Store, StoreError};
use crate::domain::{Digest, PersonId};

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The digest of the token in their cookie; the token itself is kept nowhere.
    pub token: Digest,
    /// Who.
    pub person: PersonId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Store {
    /// Sets the password hash of a person, in the PHC string format, and ends their sessions.
    pub async fn put_account(&self, person: &PersonId, password_hash: &str) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        Sql::new(
            "INSERT INTO account (person, password_hash) VALUES (?, ?) \
             ON CONFLICT (person) DO UPDATE SET password_hash = excluded.password_hash",
        )
        .bind(&person.0)
        .bind(password_hash)
        .execute(&mut *tx)
        .await?;
        Sql::new("DELETE FROM session WHERE person = ?").bind(&person.0).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// The password hash of a person.
    pub async fn account(&self, person: &PersonId) -> Result<Option<String>, StoreError> {
        let query = Sql::new("SELECT password_hash FROM account WHERE person = ?").bind(&person.0);
        query.fetch_optional_scalar(&self.readers).await
    }

    /// Signs somebody in, and forgets sessions that ended before this one began.
    pub async fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        Sql::new("DELETE FROM session WHERE expires_at <= ?")
            .bind(session.created_at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Sql::new("INSERT INTO session (token_digest, person, created_at, expires_at) VALUES (?, ?, ?, ?)")
            .bind(session.token.to_string())
            .bind(&session.person.0)
            .bind(session.created_at.as_millisecond())
            .bind(session.expires_at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// The session of this token, if it has not ended at `now`.
    pub async fn session(&self, token: &Digest, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let row = Sql::new(
            "SELECT person, created_at, expires_at FROM session WHERE token_digest = ? AND expires_at > ?",
        )
        .bind(token.to_string())
        .bind(now.as_millisecond())
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let time =
            |millis| Timestamp::from_millisecond(millis).map_err(|e| StoreError::unreadable("session", e));
        Ok(Some(Session {
            token: *token,
            person: PersonId(row.try_get(0)?),
            created_at: time(row.try_get(1)?)?,
            expires_at: time(row.try_get(2)?)?,
        }))
    }

    /// Signs somebody out.
    pub async fn drop_session(&self, token: &Digest) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        Sql::new("DELETE FROM session WHERE token_digest = ?")
            .bind(token.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Notes a wrong password for `name`, as typed or an address, and forgets those before `keep_since`.
    pub async fn put_sign_in_failure(
        &self,
        name: &str,
        at: Timestamp,
        keep_since: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        Sql::new("DELETE FROM sign_in_failure WHERE at_ms < ?")
            .bind(keep_since.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Sql::new("INSERT INTO sign_in_failure (name, at_ms) VALUES (?, ?)")
            .bind(name)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// How many wrong passwords there were for `name` since then, and when the last one was.
    pub async fn sign_in_failures(
        &self,
        name: &str,
        since: Timestamp,
    ) -> Result<(i64, Option<Timestamp>), StoreError> {
        let row = Sql::new("SELECT COUNT(*), MAX(at_ms) FROM sign_in_failure WHERE name = ? AND at_ms >= ?")
            .bind(name)
            .bind(since.as_millisecond())
            .fetch_one(&self.readers)
            .await?;
        let last: Option<i64> = row.try_get(1)?;
        let last = last.map(Timestamp::from_millisecond).transpose();
        Ok((row.try_get(0)?, last.map_err(|error| StoreError::unreadable("sign_in_failure", error))?))
    }

    /// Forgets the wrong passwords for `name`, after a right one.
    pub async fn drop_sign_in_failures(&self, name: &str) -> Result<(), StoreError> {
        let mut tx = self.lock().await?;
        Sql::new("DELETE FROM sign_in_failure WHERE name = ?").bind(name).execute(&mut *tx).await?;
        tx.commit().await
    }
}
