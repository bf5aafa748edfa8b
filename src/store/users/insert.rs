//! Storing a new user and all that hangs on it: on PostgreSQL by one statement of several parts, on SQLite, where a statement
//! costs no trip, by one for each part.

use super::User;
use crate::fold::fold;
use crate::store::logs::{self, Log};
use crate::store::search::{self, Index};
use crate::store::{Engine, Error, ProjectKey, Result, Sql, Tx, identities, sql, targets};

/// Stores a new user, and what the log says of that. `seq` of what is passed is ignored; the answer holds the real one.
/// On PostgreSQL this is one statement, which may be a transaction by itself.
///
/// # Errors
/// A conflict on id, email or phone; [`Error::Identified`] when an identity has the email.
pub async fn insert(tx: &mut Tx, project: ProjectKey, mut user: User, log: Option<&Log>) -> Result<User> {
    user.follow_addresses(None, user.created_at);
    let seq = match tx.engine() {
        Engine::Sqlite => in_parts(tx, project, &user, log).await?,
        Engine::Postgres => {
            let row: Option<(i64,)> = at_once(project, &user, log).optional(tx.on()).await?;
            row.ok_or(Error::Identified)?.0
        }
    };
    Ok(User { seq, ..user })
}

async fn in_parts(tx: &mut Tx, project: ProjectKey, user: &User, log: Option<&Log>) -> Result<i64> {
    if let Some(email) = &user.email
        // No user has the empty id, so no identity is excepted.
        && identities::email_taken(tx.on(), project, email, "").await?
    {
        return Err(Error::Identified);
    }
    let (mut row, text) = (sql(""), user.search_text());
    push_row(&mut row, project, user, &text);
    row.push(" RETURNING seq");
    let (seq,): (i64,) = row.one(tx.on()).await?;
    search::put(tx, Index::Users, project, seq, &text).await?;
    for label in user.label_list() {
        sql("INSERT INTO user_labels (project, label, user_seq) VALUES ($1, $2, $3)")
            .bind(project)
            .bind(label)
            .bind(seq)
            .execute(tx.on())
            .await?;
    }
    for target in &user.targets.0 {
        targets::insert(project, target).execute(tx.on()).await?;
    }
    if let Some(log) = log {
        logs::insert(tx, project, log).await?;
    }
    Ok(seq)
}

/// The statement for PostgreSQL. Its first values are the project and the id.
fn at_once(project: ProjectKey, user: &User, log: Option<&Log>) -> Sql {
    let mut all = sql("WITH u AS (");
    let text = user.search_text();
    push_row(&mut all, project, user, &text);
    if let Some(email) = &user.email {
        all.push(" WHERE NOT EXISTS (SELECT 1 FROM identities i WHERE i.project = $1 AND i.provider_email_folded = ");
        all.push_bind(fold(email)).push(")");
    }
    all.push(" RETURNING seq, project), found AS (");
    search::push_insert(&mut all, project, &text);
    all.push(" FROM u");
    let labels = user.label_list();
    if !labels.is_empty() {
        all.push("), labelled AS (");
        all.push(
            "INSERT INTO user_labels (project, label, user_seq) SELECT u.project, v.column1, u.seq FROM u, (VALUES ",
        );
        for (n, label) in labels.into_iter().enumerate() {
            all.push(if n == 0 { "(" } else { ", (" }).push_bind(label).push(")");
        }
        all.push(") v");
    }
    if !user.targets.0.is_empty() {
        all.push("), reached AS (INSERT INTO targets (project, id, user_id, created_at, updated_at, name, ");
        all.push("provider_id, provider_type, identifier, expired) SELECT u.project, v.* FROM u, (VALUES ");
        for (n, target) in user.targets.0.iter().enumerate() {
            all.push(if n == 0 { "(" } else { ", (" });
            targets::push_values(&mut all, target);
            all.push(")");
        }
        all.push(") v");
    }
    if let Some(log) = log {
        all.push("), logged AS (");
        logs::push_insert(&mut all, log);
        all.push(" FROM u");
    }
    all.push(") SELECT seq, project FROM u");
    all
}

/// The row itself, as a `SELECT`, so that a condition may follow.
fn push_row(to: &mut Sql, project: ProjectKey, user: &User, text: &str) {
    to.push(
        "INSERT INTO users (project, id, created_at, updated_at, registration, name, name_folded, email, phone, status, \
         email_verified, phone_verified, labels, prefs, password, hash, hash_options, password_history, \
         password_update, password_pwned, mfa, impersonator, accessed_at, targets, search) SELECT ",
    );
    to.push_binds([
        project.into(),
        (&user.id).into(),
        user.created_at.into(),
        user.updated_at.into(),
        user.registration.into(),
        (&user.name).into(),
        fold(&user.name).into(),
        user.email.as_deref().into(),
        user.phone.as_deref().into(),
        user.status.into(),
        user.email_verified.into(),
        user.phone_verified.into(),
        (&user.labels).into(),
        (&user.prefs).into(),
        user.password.as_deref().into(),
        (&user.hash).into(),
        (&user.hash_options).into(),
        (&user.password_history).into(),
        user.password_update.into(),
        user.password_pwned.into(),
        user.mfa.into(),
        user.impersonator.into(),
        user.accessed_at.into(),
        user.targets.to_json().into(),
        text.into(),
    ]);
}
