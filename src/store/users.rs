//! Users.

use super::search::{self, Index};
use super::targets::{self, ProviderType, Targets};
use super::{Engine, On, ProjectKey, Result, Tx, sql};
use crate::clock::Millis;
use crate::fold::fold;

/// A user as stored. Lists and objects are JSON text.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct User {
    /// The number of the row: the order of creation.
    pub seq: i64,
    /// The id on the wire.
    pub id: String,
    /// When the row was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When the user registered.
    pub registration: Millis,
    /// Display name, possibly empty.
    pub name: String,
    /// Lower-case email address.
    pub email: Option<String>,
    /// Phone number with `+`.
    pub phone: Option<String>,
    /// `false` when blocked.
    pub status: bool,
    /// Whether the email address was confirmed.
    pub email_verified: bool,
    /// Whether the phone number was confirmed.
    pub phone_verified: bool,
    /// JSON list of labels.
    pub labels: String,
    /// JSON object of preferences.
    pub prefs: String,
    /// The hash; empty when the password was taken away.
    pub password: Option<String>,
    /// Algorithm of the hash.
    pub hash: String,
    /// What the algorithm needs beside the hash, as JSON.
    pub hash_options: String,
    /// Earlier hashes, as JSON, newest last.
    pub password_history: String,
    /// When the password was set.
    pub password_update: Option<Millis>,
    /// Whether the password is known from a breach; never looked up here.
    pub password_pwned: Option<bool>,
    /// Whether a second factor is asked for.
    pub mfa: bool,
    /// Whether the user may act as others.
    pub impersonator: bool,
    /// When the user was last seen, to the day.
    pub accessed_at: Option<Millis>,
    /// The addresses for messages. Those of email and phone are made and changed here, whatever callers do.
    #[sqlx(try_from = "String")]
    pub targets: Targets,
}

/// The columns of [`User`], of the table with the alias `t`.
macro_rules! columns {
    () => {
        "t.seq, t.id, t.created_at, t.updated_at, t.registration, t.name, t.email, t.phone, t.status, \
         t.email_verified, t.phone_verified, t.labels, t.prefs, t.password, t.hash, t.hash_options, \
         t.password_history, t.password_update, t.password_pwned, t.mfa, t.impersonator, t.accessed_at, \
         t.targets"
    };
}

/// What lists select.
pub(super) const COLUMNS: &str = columns!();

impl User {
    /// The labels in their order.
    #[must_use]
    pub fn label_list(&self) -> Vec<String> {
        serde_json::from_str(&self.labels).unwrap_or_default()
    }

    /// Keeps the targets in step with email and phone.
    fn follow_addresses(&mut self, before: Option<&Self>, now: Millis) {
        let (email, phone) =
            (before.and_then(|user| user.email.as_deref()), before.and_then(|user| user.phone.as_deref()));
        self.targets.follow(ProviderType::Email, &self.id, email, self.email.as_deref(), now);
        self.targets.follow(ProviderType::Sms, &self.id, phone, self.phone.as_deref(), now);
    }

    /// What `search` looks in: id, email, name, phone and each label behind `label:`, joined by blanks.
    fn search_text(&self) -> String {
        let labels = self.label_list();
        let words = [Some(self.id.as_str()), self.email.as_deref(), Some(&self.name), self.phone.as_deref()];
        let mut text: Vec<&str> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
        let labels: Vec<String> = labels.iter().map(|label| format!("label:{label}")).collect();
        text.extend(labels.iter().map(String::as_str));
        fold(&text.join(" "))
    }
}

/// The user with this id.
pub async fn find(on: On<'_>, project: ProjectKey, id: &str) -> Result<Option<User>> {
    sql(concat!("SELECT ", columns!(), " FROM users t WHERE t.project = $1 AND t.id = $2"))
        .bind(project)
        .bind(id)
        .optional(on)
        .await
}

/// The user with this email address, which must be in lower case, as all are stored.
pub async fn find_by_email(on: On<'_>, project: ProjectKey, email: &str) -> Result<Option<User>> {
    sql(concat!("SELECT ", columns!(), " FROM users t WHERE t.project = $1 AND t.email = $2"))
        .bind(project)
        .bind(email)
        .optional(on)
        .await
}

/// The user with this id, whom nobody else can change until the transaction ends. On SQLite there is only one
/// writer, so nothing has to be locked.
pub async fn lock(tx: &mut Tx, project: ProjectKey, id: &str) -> Result<Option<User>> {
    match tx.engine() {
        Engine::Sqlite => find(tx.on(), project, id).await,
        Engine::Postgres => {
            sql(concat!("SELECT ", columns!(), " FROM users t WHERE t.project = $1 AND t.id = $2 FOR UPDATE"))
                .bind(project)
                .bind(id)
                .optional(tx.on())
                .await
        }
    }
}

/// Whether there are that many users, at least one.
pub async fn reach(on: On<'_>, project: ProjectKey, count: i64) -> Result<bool> {
    // Reads as much of an index as it must, and no row.
    let row: Option<(i64,)> = sql("SELECT seq FROM users WHERE project = $1 ORDER BY seq LIMIT 1 OFFSET $2")
        .bind(project)
        .bind(count - 1)
        .optional(on)
        .await?;
    Ok(row.is_some())
}

/// Stores a new user. `seq` of what is passed is ignored; the answer holds the real one.
///
/// # Errors
/// A conflict on id, email or phone.
pub async fn insert(tx: &mut Tx, project: ProjectKey, mut user: User) -> Result<User> {
    let text = user.search_text();
    user.follow_addresses(None, user.created_at);
    let (seq,): (i64,) = sql("INSERT INTO users (project, id, created_at, updated_at, registration, name, \
         name_folded, email, phone, status, email_verified, phone_verified, labels, prefs, password, hash, \
         hash_options, password_history, password_update, password_pwned, mfa, impersonator, accessed_at, targets, \
         search) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
         $22, $23, $24, $25) RETURNING seq")
    .bind(project)
    .bind(&user.id)
    .bind(user.created_at)
    .bind(user.updated_at)
    .bind(user.registration)
    .bind(&user.name)
    .bind(fold(&user.name))
    .bind(user.email.as_deref())
    .bind(user.phone.as_deref())
    .bind(user.status)
    .bind(user.email_verified)
    .bind(user.phone_verified)
    .bind(&user.labels)
    .bind(&user.prefs)
    .bind(user.password.as_deref())
    .bind(&user.hash)
    .bind(&user.hash_options)
    .bind(&user.password_history)
    .bind(user.password_update)
    .bind(user.password_pwned)
    .bind(user.mfa)
    .bind(user.impersonator)
    .bind(user.accessed_at)
    .bind(user.targets.to_json())
    .bind(&text)
    .one(tx.on())
    .await?;
    search::put(tx, Index::Users, project, seq, &text).await?;
    let user = User { seq, ..user };
    insert_labels(tx, project, &user).await?;
    targets::save(tx, project, &Targets::default(), &user.targets).await?;
    Ok(user)
}

/// Stores what changed in a user who was locked in this transaction: the columns that differ from `before` and no
/// others, and with them `updated_at`. When nothing differs, nothing is written.
///
/// # Errors
/// A conflict when another user has the email or the phone number.
pub async fn save(tx: &mut Tx, project: ProjectKey, before: &User, user: &mut User, now: Millis) -> Result<()> {
    user.follow_addresses(Some(before), now);
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
        password_history password_update accessed_at
    }
    if before.targets != user.targets {
        update.push("targets = ").push_bind(user.targets.to_json()).push(", ");
    }
    if update.values.is_empty() {
        return Ok(());
    }
    if before.name != user.name {
        update.push("name_folded = ").push_bind(fold(&user.name)).push(", ");
    }
    let text = user.search_text();
    let found_otherwise = before.search_text() != text;
    if found_otherwise {
        update.push("search = ").push_bind(&text).push(", ");
    }
    user.updated_at = now;
    update.push("updated_at = ").push_bind(now);
    update.push(" WHERE project = ").push_bind(project).push(" AND id = ").push_bind(&user.id);
    update.execute(tx.on()).await?;
    if before.labels != user.labels {
        sql("DELETE FROM user_labels WHERE project = $1 AND user_seq = $2")
            .bind(project)
            .bind(user.seq)
            .execute(tx.on())
            .await?;
        insert_labels(tx, project, user).await?;
    }
    targets::save(tx, project, &before.targets, &user.targets).await?;
    if found_otherwise {
        search::remove(tx, Index::Users, project, user.seq).await?;
        search::put(tx, Index::Users, project, user.seq, &text).await?;
    }
    Ok(())
}

/// Removes a user who was locked in this transaction, with sessions, tokens, targets, identities, memberships and log rows; the
/// totals of the teams follow.
pub async fn delete(tx: &mut Tx, project: ProjectKey, user: &User) -> Result<()> {
    super::identities::forget_search(tx, project, &user.id).await?;
    super::teams::leave_all(tx, project, &user.id).await?;
    super::logs::delete_of(tx, project, &user.id).await?;
    search::remove(tx, Index::Users, project, user.seq).await?;
    // Sessions, tokens, targets, identities, memberships and labels go with the row, by their foreign keys.
    sql("DELETE FROM users WHERE project = $1 AND id = $2").bind(project).bind(&user.id).execute(tx.on()).await?;
    Ok(())
}

async fn insert_labels(tx: &mut Tx, project: ProjectKey, user: &User) -> Result<()> {
    let labels = user.label_list();
    if labels.is_empty() {
        return Ok(());
    }
    let mut insert = sql("INSERT INTO user_labels (project, label, user_seq) VALUES ");
    for (n, label) in labels.into_iter().enumerate() {
        insert.push(if n == 0 { "(" } else { ", (" }).push_bind(project);
        insert.push(", ").push_bind(label);
        insert.push(", ").push_bind(user.seq).push(")");
    }
    insert.execute(tx.on()).await.map(drop)
}
