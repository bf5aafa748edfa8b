//! Tokens: secrets that may be exchanged for a session once.

use super::row::record;
use super::{On, ProjectKey, Result, Tx, jobs, sql};
use crate::clock::Millis;

/// A token as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expire: Millis,
    /// SHA-256 of the secret, in lower-case hexadecimal.
    pub digest: String,
    /// Wrong secrets that were tried while it waited.
    pub attempts: i64,
}

record! {
    Token {
        id, user_id, created_at, expire, digest, attempts,
    }
}

macro_rules! columns {
    () => {
        "id, user_id, created_at, expire, digest, attempts"
    };
}

/// The tokens of a user, oldest first.
pub async fn of(on: On<'_>, project: ProjectKey, user: &str) -> Result<Vec<Token>> {
    sql(concat!("SELECT ", columns!(), " FROM tokens WHERE project = $1 AND user_id = $2 ORDER BY seq"))
        .bind(project)
        .bind(user)
        .all(on)
        .await
}

/// Stores a token.
pub async fn insert(tx: &mut Tx, project: ProjectKey, token: &Token) -> Result<()> {
    sql("INSERT INTO tokens (project, id, user_id, created_at, expire, digest, attempts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)")
    .bind(project)
    .bind(&token.id)
    .bind(&token.user_id)
    .bind(token.created_at)
    .bind(token.expire)
    .bind(&token.digest)
    .bind(token.attempts)
    .execute(tx.on())
    .await
    .map(drop)
}

/// Takes a token of a user away when there is one with this digest that has not ended: who finds it may use it, and
/// nobody finds it twice.
pub async fn take(tx: &mut Tx, project: ProjectKey, user: &str, digest: &str, now: Millis) -> Result<bool> {
    let taken = sql("DELETE FROM tokens WHERE project = $1 AND user_id = $2 AND digest = $3 AND expire > $4")
        .bind(project)
        .bind(user)
        .bind(digest)
        .bind(now)
        .execute(tx.on())
        .await?;
    Ok(taken > 0)
}

/// Counts a wrong secret against every token of a user; those that have seen `most` of them are gone.
pub async fn miss(tx: &mut Tx, project: ProjectKey, user: &str, most: i64) -> Result<()> {
    sql("UPDATE tokens SET attempts = attempts + 1 WHERE project = $1 AND user_id = $2")
        .bind(project)
        .bind(user)
        .execute(tx.on())
        .await?;
    sql("DELETE FROM tokens WHERE project = $1 AND user_id = $2 AND attempts >= $3")
        .bind(project)
        .bind(user)
        .bind(most)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Removes all tokens of a user.
pub async fn delete_all(tx: &mut Tx, project: ProjectKey, user: &str) -> Result<()> {
    sql("DELETE FROM tokens WHERE project = $1 AND user_id = $2")
        .bind(project)
        .bind(user)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Removes tokens that have ended, at most [`jobs::BATCH`] of them; how many those were.
pub async fn delete_ended(tx: &mut Tx, project: ProjectKey, now: Millis) -> Result<u64> {
    jobs::remove_batch(tx, jobs::ended!("tokens", "seq", "expire"), project, now).await
}
