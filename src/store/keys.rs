//! API keys. Only their SHA-256 is stored.

use super::row::record;
use super::{On, ProjectKey, Result, Tx, sql};
use crate::clock::Millis;

/// An API key, without its secret.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The last characters of the secret.
    pub hint: String,
    /// Scope names, as a JSON list.
    pub scopes: String,
    /// When it stops to work.
    pub expire: Option<Millis>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last used, to the day.
    pub accessed_at: Option<Millis>,
}

record! {
    Key {
        id, name, hint, scopes, expire, created_at, accessed_at,
    }
}

macro_rules! columns {
    () => {
        "id, name, hint, scopes, expire, created_at, accessed_at"
    };
}

/// A key that is about to be stored.
#[derive(Debug)]
pub struct NewKey<'a> {
    /// Its id.
    pub id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// SHA-256 of the secret, in lower-case hexadecimal.
    pub digest: &'a str,
    /// The last characters of the secret.
    pub hint: &'a str,
    /// Scope names, as a JSON list.
    pub scopes: &'a str,
    /// When it stops to work.
    pub expire: Option<Millis>,
}

/// The key with this digest.
pub async fn find(on: On<'_>, project: ProjectKey, digest: &str) -> Result<Option<Key>> {
    sql(concat!("SELECT ", columns!(), " FROM api_keys WHERE project = $1 AND digest = $2"))
        .bind(project)
        .bind(digest)
        .optional(on)
        .await
}

/// The keys of a project, oldest first.
pub async fn all(on: On<'_>, project: ProjectKey) -> Result<Vec<Key>> {
    sql(concat!("SELECT ", columns!(), " FROM api_keys WHERE project = $1 ORDER BY seq")).bind(project).all(on).await
}

/// Stores a key.
pub async fn insert(tx: &mut Tx, project: ProjectKey, key: &NewKey<'_>, now: Millis) -> Result<()> {
    sql("INSERT INTO api_keys (project, id, name, digest, hint, scopes, expire, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
    .bind(project)
    .bind(key.id)
    .bind(key.name)
    .bind(key.digest)
    .bind(key.hint)
    .bind(key.scopes)
    .bind(key.expire)
    .bind(now)
    .execute(tx.on())
    .await
    .map(drop)
}

/// Gives a key all of `scopes` and no expiry again.
pub async fn renew(tx: &mut Tx, project: ProjectKey, digest: &str, scopes: &str) -> Result<()> {
    sql("UPDATE api_keys SET scopes = $3, expire = NULL WHERE project = $1 AND digest = $2")
        .bind(project)
        .bind(digest)
        .bind(scopes)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Notes that a key was used.
pub async fn touch(tx: &mut Tx, project: ProjectKey, id: &str, now: Millis) -> Result<()> {
    sql("UPDATE api_keys SET accessed_at = $3 WHERE project = $1 AND id = $2")
        .bind(project)
        .bind(id)
        .bind(now)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Removes a key; `false` when there is none with this id.
pub async fn delete(tx: &mut Tx, project: ProjectKey, id: &str) -> Result<bool> {
    let removed =
        sql("DELETE FROM api_keys WHERE project = $1 AND id = $2").bind(project).bind(id).execute(tx.on()).await?;
    Ok(removed > 0)
}
