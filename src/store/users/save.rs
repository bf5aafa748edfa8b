//! Storing what changed in a user: the columns that differ and no others, and what follows from them.

use std::collections::BTreeSet;

use super::User;
use crate::clock::Millis;
use crate::fold::fold;
use crate::store::logs::{self, Log};
use crate::store::{Engine, ProjectKey, Result, Sql, Tx, search, sql, targets};

/// Stores what changed in a user who was locked in this transaction: the columns that differ from `before` and no
/// others, and with them `updated_at`. When nothing differs, nothing is written but the row of the log.
///
/// # Errors
/// A conflict when another user has the email or the phone number.
pub async fn save(
    tx: &mut Tx,
    project: ProjectKey,
    before: &User,
    user: &mut User,
    now: Millis,
    log: Option<&Log>,
) -> Result<()> {
    user.follow_addresses(Some(before), now);
    let text = text_if_other(before, user);
    if let Some(mut update) = columns(before, user, text.as_deref(), now) {
        update.push(" WHERE project = ").push_bind(project).push(" AND id = ").push_bind(&user.id);
        update.execute(tx.on()).await?;
        let labels = labels(project, before, user);
        for statement in labels.into_iter().chain(targets::changes(project, &before.targets, &user.targets)) {
            statement.execute(tx.on()).await?;
        }
        if let Some(text) = &text {
            search::change(tx, project, user.seq, text).await?;
        }
    }
    match log {
        Some(log) => logs::insert(tx, project, log).await,
        None => Ok(()),
    }
}

/// As [`save`] on PostgreSQL, by one statement that may be a transaction by itself, for a user who was read and not locked.
/// `false` when nothing was stored: because the user is gone, or was changed meanwhile in a way that matters here, or
/// because the change is one that takes more than a statement. All that matters is what other columns are computed from,
/// since every column that is written was wanted as it is.
///
/// # Errors
/// As [`save`].
pub async fn save_at_once(
    tx: &mut Tx,
    project: ProjectKey,
    before: &User,
    user: &mut User,
    now: Millis,
    log: &Log,
) -> Result<bool> {
    user.follow_addresses(Some(before), now);
    if tx.engine() != Engine::Postgres || before.labels != user.labels || before.targets != user.targets {
        return Ok(false);
    }
    let text = text_if_other(before, user);
    let mut all = sql("WITH u AS (");
    match columns(before, user, text.as_deref(), now) {
        Some(update) => {
            // Begins with the columns, so that its numbers stay right.
            all.values = update.values;
            all.text.to_mut().push_str(&update.text);
            all.push(" WHERE project = ").push_bind(project).push(" AND id = ").push_bind(&user.id);
            if text.is_some() {
                all.push(" AND search = ").push_bind(before.search_text());
            }
            all.push(" RETURNING project, seq");
        }
        None => {
            all.push("SELECT project, seq FROM users WHERE project = ").push_bind(project);
            all.push(" AND id = ").push_bind(&user.id);
        }
    }
    if let Some(text) = &text {
        all.push("), ");
        search::push_change(&mut all, project, text);
    }
    all.push("), logged AS (");
    logs::push_insert(&mut all, log);
    all.push(" FROM u) SELECT seq, project FROM u");
    let stored: Option<(i64,)> = all.optional(tx.on()).await?;
    Ok(stored.is_some())
}

/// The text that `search` looks in, when it is another one than before.
fn text_if_other(before: &User, user: &User) -> Option<String> {
    Some(user.search_text()).filter(|text| *text != before.search_text())
}

/// `UPDATE users SET …` for the columns that differ, the text of the search and the time; `None` when there are none.
fn columns(before: &User, user: &mut User, text: Option<&str>, now: Millis) -> Option<Sql> {
    let mut update = sql("UPDATE users SET ");
    macro_rules! push_changed {
        ($($column:ident)*) => {$(
            if before.$column != user.$column {
                update.push(concat!(stringify!($column), " = ")).push_bind(user.$column.clone()).push(", ");
            }
        )*};
    }
    push_changed! {
        name email phone status email_verified phone_verified labels prefs password hash hash_options
        password_history password_update mfa impersonator accessed_at
    }
    if before.targets != user.targets {
        update.push("targets = ").push_bind(user.targets.to_json()).push(", ");
    }
    if update.values.is_empty() {
        return None;
    }
    if before.name != user.name {
        update.push("name_folded = ").push_bind(fold(&user.name)).push(", ");
    }
    if let Some(text) = text {
        update.push("search = ").push_bind(text).push(", ");
    }
    user.updated_at = now;
    update.push("updated_at = ").push_bind(now);
    Some(update)
}

/// The rows of labels that go, and those that come.
fn labels(project: ProjectKey, before: &User, user: &User) -> Vec<Sql> {
    let set = |user: &User| -> BTreeSet<String> { user.label_list().into_iter().collect() };
    let (old, new) = (set(before), set(user));
    let (gone, come): (Vec<_>, Vec<_>) = (old.difference(&new).collect(), new.difference(&old).collect());
    let mut statements = Vec::new();
    if !gone.is_empty() {
        let mut delete = sql("DELETE FROM user_labels WHERE project = $1 AND user_seq = $2 AND label IN (")
            .bind(project)
            .bind(user.seq);
        for (n, label) in gone.into_iter().enumerate() {
            delete.push(if n == 0 { "" } else { ", " }).push_bind(label);
        }
        delete.push(")");
        statements.push(delete);
    }
    if !come.is_empty() {
        let mut insert = sql("INSERT INTO user_labels (project, user_seq, label) VALUES ");
        for (n, label) in come.into_iter().enumerate() {
            insert.push(if n == 0 { "(" } else { ", (" });
            insert.push_binds([project.into(), user.seq.into(), label.into()]).push(")");
        }
        statements.push(insert);
    }
    statements
}
