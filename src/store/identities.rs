//! Identities: the accounts of users at OAuth2 providers.

use super::row::record;
use super::search::{self, Index};
use super::{On, ProjectKey, Result, Tx, sql};
use crate::clock::Millis;
use crate::fold::fold;

/// An identity as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The number of the row: the order of creation.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// The provider's name.
    pub provider: String,
    /// The user's id at the provider.
    pub provider_uid: String,
    /// The user's email address at the provider.
    pub provider_email: String,
    /// Sealed.
    pub provider_access_token: Option<Vec<u8>>,
    /// When the access token ends.
    pub provider_access_token_expiry: Option<Millis>,
    /// Sealed.
    pub provider_refresh_token: Option<Vec<u8>>,
    /// Sealed.
    pub provider_id_token: Option<Vec<u8>>,
}

record! {
    Identity {
        seq, id, user_id, created_at, updated_at, provider, provider_uid, provider_email, provider_access_token,
        provider_access_token_expiry, provider_refresh_token, provider_id_token,
    }
}

macro_rules! columns {
    () => {
        "t.seq, t.id, t.user_id, t.created_at, t.updated_at, t.provider, t.provider_uid, t.provider_email, \
         t.provider_access_token, t.provider_access_token_expiry, t.provider_refresh_token, t.provider_id_token"
    };
}

/// What lists select.
pub(super) const COLUMNS: &str = columns!();

/// The identity with this id.
pub async fn find(on: On<'_>, project: ProjectKey, id: &str) -> Result<Option<Identity>> {
    sql(concat!("SELECT ", columns!(), " FROM identities t WHERE t.project = $1 AND t.id = $2"))
        .bind(project)
        .bind(id)
        .optional(on)
        .await
}

/// The identities of a user, oldest first.
pub async fn of(on: On<'_>, project: ProjectKey, user: &str) -> Result<Vec<Identity>> {
    sql(concat!("SELECT ", columns!(), " FROM identities t WHERE t.project = $1 AND t.user_id = $2 ORDER BY t.seq"))
        .bind(project)
        .bind(user)
        .all(on)
        .await
}

/// What `search` looks in.
pub(super) fn search_text(provider_uid: &str, provider_email: &str) -> String {
    fold(&format!("{provider_uid} {provider_email}"))
}

/// Stores an identity; `seq` of what is passed is ignored.
pub async fn insert(tx: &mut Tx, project: ProjectKey, identity: &Identity) -> Result<()> {
    let text = search_text(&identity.provider_uid, &identity.provider_email);
    let (seq,): (i64,) = sql("INSERT INTO identities (project, id, user_id, created_at, updated_at, provider, \
         provider_uid, provider_email, provider_email_folded, provider_access_token, \
         provider_access_token_expiry, provider_refresh_token, provider_id_token, search) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING seq")
    .bind(project)
    .bind(&identity.id)
    .bind(&identity.user_id)
    .bind(identity.created_at)
    .bind(identity.updated_at)
    .bind(&identity.provider)
    .bind(&identity.provider_uid)
    .bind(&identity.provider_email)
    .bind(fold(&identity.provider_email))
    .bind(identity.provider_access_token.clone())
    .bind(identity.provider_access_token_expiry)
    .bind(identity.provider_refresh_token.clone())
    .bind(identity.provider_id_token.clone())
    .bind(&text)
    .one(tx.on())
    .await?;
    search::put(tx, Index::Identities, project, seq, &text).await
}

/// Whether an identity of a user other than `except` has this email address.
pub async fn email_taken(on: On<'_>, project: ProjectKey, email: &str, except: &str) -> Result<bool> {
    let row: Option<(i64,)> = sql("SELECT t.seq FROM identities t \
         WHERE t.project = $1 AND t.provider_email_folded = $2 AND t.user_id <> $3 LIMIT 1")
    .bind(project)
    .bind(fold(email))
    .bind(except)
    .optional(on)
    .await?;
    Ok(row.is_some())
}

/// Removes an identity.
pub async fn delete(tx: &mut Tx, project: ProjectKey, identity: &Identity) -> Result<()> {
    search::remove(tx, Index::Identities, project, identity.seq).await?;
    sql("DELETE FROM identities WHERE project = $1 AND id = $2")
        .bind(project)
        .bind(&identity.id)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Takes the identities of a user out of the search index, before they go with their user.
pub(super) async fn forget_search(tx: &mut Tx, project: ProjectKey, user: &str) -> Result<()> {
    let rows: Vec<(i64,)> = sql("SELECT seq FROM identities WHERE project = $1 AND user_id = $2")
        .bind(project)
        .bind(user)
        .all(tx.on())
        .await?;
    for (seq,) in rows {
        search::remove(tx, Index::Identities, project, seq).await?;
    }
    Ok(())
}
