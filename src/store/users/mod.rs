//! Users.

mod insert;
mod save;

pub use self::insert::insert;
pub use self::save::{save, save_at_once};
use super::row::record;
use super::search::{self, Index};
use super::targets::{ProviderType, Targets};
use super::{Engine, On, ProjectKey, Result, Tx, sql};
use crate::clock::Millis;
use crate::fold::fold;

/// A user as stored. Lists and objects are JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub targets: Targets,
}

record! {
    User {
        seq, id, created_at, updated_at, registration, name, email, phone, status, email_verified, phone_verified,
        labels, prefs, password, hash, hash_options, password_history, password_update, password_pwned, mfa,
        impersonator, accessed_at, targets,
    }
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

    /// What `search` looks in.
    fn search_text(&self) -> String {
        search_text(&self.id, self.email.as_deref(), &self.name, self.phone.as_deref(), &self.label_list())
    }
}

/// What `search` looks in: id, email, name, phone and each label behind `label:`, joined by blanks.
pub(super) fn search_text(id: &str, email: Option<&str>, name: &str, phone: Option<&str>, labels: &[String]) -> String {
    let words = [Some(id), email, Some(name), phone];
    let mut text: Vec<&str> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    let labels: Vec<String> = labels.iter().map(|label| format!("label:{label}")).collect();
    text.extend(labels.iter().map(String::as_str));
    fold(&text.join(" "))
}

/// The user with this id.
pub async fn find(on: On<'_>, project: ProjectKey, id: &str) -> Result<Option<User>> {
    sql(concat!("SELECT ", columns!(), " FROM users t WHERE t.project = $1 AND t.id = $2"))
        .bind(project)
        .bind(id)
        .optional(on)
        .await
}

/// The users with these ids, each once, in any order.
pub(super) async fn find_all(on: On<'_>, project: ProjectKey, ids: &[&str]) -> Result<Vec<User>> {
    let (Some(last), [_, _, ..]) = (ids.last(), ids) else {
        return match ids.first() {
            Some(id) => Ok(find(on, project, id).await?.into_iter().collect()),
            None => Ok(Vec::new()),
        };
    };
    let mut select =
        sql(concat!("SELECT ", columns!(), " FROM users t WHERE t.project = $1 AND t.id IN (")).bind(project);
    // A few lengths only, so that the statements stay prepared.
    for n in 0..ids.len().next_power_of_two() {
        select.push(if n == 0 { "" } else { ", " }).push_bind(*ids.get(n).unwrap_or(last));
    }
    select.push(")");
    select.all(on).await
}

/// The user with this email address, which must be in lower case, as all are stored.
pub async fn find_by_email(on: On<'_>, project: ProjectKey, email: &str) -> Result<Option<User>> {
    sql(concat!("SELECT ", columns!(), " FROM users t WHERE t.project = $1 AND t.email = $2"))
        .bind(project)
        .bind(email)
        .optional(on)
        .await
}

/// The user with this phone number.
pub async fn find_by_phone(on: On<'_>, project: ProjectKey, phone: &str) -> Result<Option<User>> {
    sql(concat!("SELECT ", columns!(), " FROM users t WHERE t.project = $1 AND t.phone = $2"))
        .bind(project)
        .bind(phone)
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

/// How many users there are.
pub async fn count(on: On<'_>, project: ProjectKey) -> Result<i64> {
    let (users,): (i64,) = sql("SELECT CAST(coalesce(sum(users), 0) AS BIGINT) FROM user_totals WHERE project = $1")
        .bind(project)
        .one(on)
        .await?;
    Ok(users)
}

/// Removes a user who was locked in this transaction, with sessions, tokens, targets, identities, memberships and log
/// rows; the totals of the teams follow.
pub async fn delete(tx: &mut Tx, project: ProjectKey, user: &User) -> Result<()> {
    super::identities::forget_search(tx, project, &user.id).await?;
    super::teams::leave_all(tx, project, &user.id).await?;
    super::logs::delete_of(tx, project, &user.id).await?;
    search::remove(tx, Index::Users, project, user.seq).await?;
    // Sessions, tokens, targets, identities, memberships and labels go with the row, by their foreign keys.
    sql("DELETE FROM users WHERE project = $1 AND id = $2").bind(project).bind(&user.id).execute(tx.on()).await?;
    Ok(())
}
