//! Projects: the tenants of one server. Every other row belongs to exactly one.

use serde::{Deserialize, Serialize};

use super::row::record;
use super::{Engine, Error, On, Result, Tx, Value, sql};
use crate::clock::Millis;

/// The number of a project's row, by which all its other rows name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProjectKey(pub(super) i64);

impl ProjectKey {
    /// The number itself, for derived keys.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl From<ProjectKey> for Value {
    fn from(key: ProjectKey) -> Self {
        Self::Int(Some(key.0))
    }
}

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its number.
    pub key: ProjectKey,
    /// Its id on the wire.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How it behaves.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Millis,
}

/// What an operator sets with `usher project set`. Absent fields have their defaults, so that a setting that a
/// newer Usher adds needs no migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Earlier passwords that may not come back, 0 to 20; 0 switches the check off.
    pub password_history: u8,
    /// Whether the words of `USHER_PASSWORD_DICTIONARY` are refused as passwords.
    pub password_dictionary: bool,
    /// Whether a password may not contain the user's id, name, email or phone.
    pub personal_data_check: bool,
    /// Whether a new password ends the user's sessions.
    pub invalidate_sessions: bool,
    /// How long a new session lives, in seconds, 60 to 31,536,000.
    pub session_duration: u32,
    /// Sessions that a user may have at the same time, 0 to 100; 0 is no limit.
    pub sessions_limit: u8,
    /// Users that may sign up, 0 is no limit. Does not bind API keys.
    pub users_limit: u32,
    /// Whether strangers may sign up.
    pub sign_up: SignUp,
    /// Host names allowed as Origin and as redirect target; `*.` before a name stands for its subdomains.
    pub platforms: Vec<String>,
}

/// Whether strangers may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUp {
    /// Anybody may.
    Open,
    /// Only API keys make users.
    Closed,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password_history: 0,
            password_dictionary: false,
            personal_data_check: false,
            invalidate_sessions: true,
            session_duration: 31_536_000,
            sessions_limit: 10,
            users_limit: 0,
            sign_up: SignUp::Open,
            platforms: Vec::new(),
        }
    }
}

struct Row {
    seq: i64,
    id: String,
    name: String,
    settings: String,
    created_at: Millis,
}

record! {
    Row {
        seq, id, name, settings, created_at,
    }
}

impl TryFrom<Row> for Project {
    type Error = Error;

    /// Settings that this version cannot read are an error: with the defaults in their place, protections would be off.
    fn try_from(row: Row) -> Result<Self> {
        let settings = serde_json::from_str(&row.settings).map_err(|error| {
            Error::Other(format!("the settings of project {} cannot be read: {error}", row.id).into())
        })?;
        Ok(Self { key: ProjectKey(row.seq), id: row.id, name: row.name, settings, created_at: row.created_at })
    }
}

/// The project with this id.
pub async fn find(on: On<'_>, id: &str) -> Result<Option<Project>> {
    let row: Option<Row> =
        sql("SELECT seq, id, name, settings, created_at FROM projects WHERE id = $1").bind(id).optional(on).await?;
    row.map(Project::try_from).transpose()
}

/// All projects, oldest first.
pub async fn all(on: On<'_>) -> Result<Vec<Project>> {
    let rows: Vec<Row> = sql("SELECT seq, id, name, settings, created_at FROM projects ORDER BY seq").all(on).await?;
    rows.into_iter().map(Project::try_from).collect()
}

/// The numbers of all projects, oldest first, also of those whose settings this version cannot read.
pub async fn keys(on: On<'_>) -> Result<Vec<ProjectKey>> {
    let rows: Vec<(i64,)> = sql("SELECT seq FROM projects ORDER BY seq").all(on).await?;
    Ok(rows.into_iter().map(|(seq,)| ProjectKey(seq)).collect())
}

/// Makes a project with default settings.
///
/// # Errors
/// [`super::Constraint::ProjectId`] when the id is taken.
pub async fn insert(tx: &mut Tx, id: &str, name: &str, now: Millis) -> Result<Project> {
    let row: Row =
        sql("INSERT INTO projects (id, name, settings, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) \
         RETURNING seq, id, name, settings, created_at")
        .bind(id)
        .bind(name)
        .bind(encode(&Settings::default())?)
        .bind(now)
        .one(tx.on())
        .await?;
    row.try_into()
}

/// Replaces the settings.
pub async fn set_settings(tx: &mut Tx, project: ProjectKey, settings: &Settings, now: Millis) -> Result<()> {
    sql("UPDATE projects SET settings = $2, updated_at = $3 WHERE seq = $1")
        .bind(project)
        .bind(encode(settings)?)
        .bind(now)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Sees to it that nobody else is between this and the end of the transaction. On SQLite there is only one writer.
pub async fn lock(tx: &mut Tx, project: ProjectKey) -> Result<()> {
    if tx.engine() == Engine::Postgres {
        sql("SELECT seq FROM projects WHERE seq = $1 FOR NO KEY UPDATE").bind(project).execute(tx.on()).await?;
    }
    Ok(())
}

/// Removes a project and everything in it.
pub async fn delete(tx: &mut Tx, project: ProjectKey) -> Result<()> {
    if tx.engine() == Engine::Postgres {
        // A large project takes longer than any request may.
        sql("SELECT set_config('statement_timeout', '0', TRUE)").execute(tx.on()).await?;
    }
    super::search::clear(tx, project).await?;
    for statement in [
        // In this order each statement finds nothing that still refers to its rows.
        "DELETE FROM memberships WHERE project = $1",
        "DELETE FROM teams WHERE project = $1",
        // In one statement, which changes each kept total once; the cascade from users would for each row.
        "DELETE FROM user_labels WHERE project = $1",
        "DELETE FROM users WHERE project = $1",
        "DELETE FROM logs WHERE project = $1",
        "DELETE FROM attempts WHERE project = $1",
        "DELETE FROM projects WHERE seq = $1",
    ] {
        sql(statement).bind(project).execute(tx.on()).await?;
    }
    Ok(())
}

fn encode(settings: &Settings) -> Result<String> {
    serde_json::to_string(settings).map_err(|error| Error::Other(Box::new(error)))
}
