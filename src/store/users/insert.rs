//! Storing a new user and all that hangs on it in one trip to the database: SQLite takes several statements in one text,
//! PostgreSQL several parts of one statement.

use super::User;
use crate::fold::fold;
use crate::store::logs::{self, Log};
use crate::store::{Engine, Error, ProjectKey, Result, Sql, Tx, identities, search, sql, targets};

/// Stores a new user, and what the log says of that. `seq` of what is passed is ignored; the answer holds the real one.
/// On PostgreSQL this is one statement, which may be a transaction by itself.
///
/// # Errors
/// A conflict on id, email or phone; [`Error::Identified`] when an identity has the email.
pub async fn insert(tx: &mut Tx, project: ProjectKey, mut user: User, log: Option<&Log>) -> Result<User> {
    user.follow_addresses(None, user.created_at);
    let engine = tx.engine();
    if engine == Engine::Sqlite
        && let Some(email) = &user.email
        // No user has the empty id, so no identity is excepted.
        && identities::email_taken(tx.on(), project, email, "").await?
    {
        return Err(Error::Identified);
    }
    let rows: Vec<(i64,)> = statement(engine, project, &user, log).all(tx.on()).await?;
    rows.first().map(|(seq,)| User { seq: *seq, ..user }).ok_or(Error::Identified)
}

/// The whole text. Its first values are the project and the id, which the later parts for SQLite refer to.
fn statement(engine: Engine, project: ProjectKey, user: &User, log: Option<&Log>) -> Sql {
    let mut all = sql(match engine {
        Engine::Sqlite => "",
        Engine::Postgres => "WITH u AS (",
    });
    let text = user.search_text();
    push_row(&mut all, project, user, &text);
    if let Some(email) = user.email.as_ref().filter(|_| engine == Engine::Postgres) {
        all.push(" WHERE NOT EXISTS (SELECT 1 FROM identities i WHERE i.project = $1 AND i.provider_email_folded = ");
        all.push_bind(fold(email)).push(")");
    }
    all.push(" RETURNING seq, project");

    let part = |all: &mut Sql, name: &'static str| {
        all.push(match engine {
            Engine::Sqlite => "; ",
            Engine::Postgres => "), ",
        });
        if engine == Engine::Postgres {
            all.push(name).push(" AS (");
        }
    };
    let (of_user, condition) = match engine {
        Engine::Sqlite => (" FROM users u", " WHERE u.project = $1 AND u.id = $2"),
        Engine::Postgres => (" FROM u", ""),
    };
    part(&mut all, "found");
    search::push_insert(&mut all, engine, project, &text);
    all.push(of_user).push(condition);
    let labels = user.label_list();
    if !labels.is_empty() {
        part(&mut all, "labelled");
        all.push("INSERT INTO user_labels (project, label, user_seq) SELECT u.project, v.column1, u.seq");
        all.push(of_user).push(", (VALUES ");
        for (n, label) in labels.into_iter().enumerate() {
            all.push(if n == 0 { "(" } else { ", (" }).push_bind(label).push(")");
        }
        all.push(") v").push(condition);
    }
    if !user.targets.0.is_empty() {
        part(&mut all, "reached");
        all.push(
            "INSERT INTO targets (project, id, user_id, created_at, updated_at, name, provider_id, provider_type, ",
        );
        all.push("identifier, expired) SELECT u.project, v.*").push(of_user).push(", (VALUES ");
        for (n, target) in user.targets.0.iter().enumerate() {
            all.push(if n == 0 { "(" } else { ", (" });
            targets::push_values(&mut all, target);
            all.push(")");
        }
        all.push(") v").push(condition);
    }
    if let Some(log) = log {
        part(&mut all, "logged");
        logs::push_insert(&mut all, log);
        all.push(of_user).push(condition);
    }
    if engine == Engine::Postgres {
        all.push(") SELECT seq, project FROM u");
    }
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
