//! Passkeys of users. Those whose credential has not come yet are not verified, and are seen by nothing here.

use super::row::record;
use super::{On, ProjectKey, Result, Tx, sql};
use crate::clock::Millis;
use crate::fold::fold;

/// A verified passkey, without its credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// What people call it.
    pub name: String,
    /// When it was last used to sign in.
    pub accessed_at: Option<Millis>,
}

record! {
    Passkey {
        id, user_id, created_at, updated_at, name, accessed_at,
    }
}

macro_rules! columns {
    () => {
        "t.id, t.user_id, t.created_at, t.updated_at, t.name, t.accessed_at"
    };
}

/// What lists select.
pub(super) const COLUMNS: &str = columns!();

/// What holds of those that are listed.
pub(super) const VERIFIED: &str = " AND t.credential_id IS NOT NULL";

/// What verifies that a passkey was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The authenticator's id of it.
    pub id: Vec<u8>,
    /// In the form of COSE.
    pub public_key: Vec<u8>,
    /// How often the authenticator says that it has signed.
    pub counter: i64,
}

/// Stores a passkey, which without a credential is not verified.
///
/// # Errors
/// A conflict when there is one with its id, or with its credential.
pub async fn insert(
    tx: &mut Tx,
    project: ProjectKey,
    passkey: &Passkey,
    credential: Option<&Credential>,
) -> Result<()> {
    sql("INSERT INTO passkeys (project, id, user_id, created_at, updated_at, name, name_folded, accessed_at, \
         credential_id, public_key, counter) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
    .bind(project)
    .bind(&passkey.id)
    .bind(&passkey.user_id)
    .bind(passkey.created_at)
    .bind(passkey.updated_at)
    .bind(&passkey.name)
    .bind(fold(&passkey.name))
    .bind(passkey.accessed_at)
    .bind(credential.map(|credential| credential.id.clone()))
    .bind(credential.map(|credential| credential.public_key.clone()))
    .bind(credential.map_or(0, |credential| credential.counter))
    .execute(tx.on())
    .await
    .map(drop)
}

/// The passkey of a user with this id.
pub async fn find(on: On<'_>, project: ProjectKey, user: &str, id: &str) -> Result<Option<Passkey>> {
    sql(concat!(
        "SELECT ",
        columns!(),
        " FROM passkeys t WHERE t.project = $1 AND t.user_id = $2 AND t.id = $3 AND t.credential_id IS NOT NULL"
    ))
    .bind(project)
    .bind(user)
    .bind(id)
    .optional(on)
    .await
}

/// Stores the name of a passkey and when it changed; `false` when it is gone.
pub async fn rename(tx: &mut Tx, project: ProjectKey, passkey: &Passkey) -> Result<bool> {
    let renamed = sql("UPDATE passkeys SET name = $4, name_folded = $5, updated_at = $6 \
         WHERE project = $1 AND user_id = $2 AND id = $3 AND credential_id IS NOT NULL")
    .bind(project)
    .bind(&passkey.user_id)
    .bind(&passkey.id)
    .bind(&passkey.name)
    .bind(fold(&passkey.name))
    .bind(passkey.updated_at)
    .execute(tx.on())
    .await?;
    Ok(renamed > 0)
}

/// Removes a passkey of a user; `false` when the user has none with this id.
pub async fn delete(tx: &mut Tx, project: ProjectKey, user: &str, id: &str) -> Result<bool> {
    let removed =
        sql("DELETE FROM passkeys WHERE project = $1 AND user_id = $2 AND id = $3 AND credential_id IS NOT NULL")
            .bind(project)
            .bind(user)
            .bind(id)
            .execute(tx.on())
            .await?;
    Ok(removed > 0)
}
