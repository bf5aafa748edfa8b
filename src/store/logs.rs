//! The activity log: what was done to users, written in the transaction of the change.

use super::row::record;
use super::{On, ProjectKey, Result, Sql, Tx, jobs, sql};
use crate::clock::Millis;

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The number of the row: the order of what happened.
    pub seq: i64,
    /// The user it is about.
    pub user_id: String,
    /// What happened, such as `user.update`.
    pub event: String,
    /// `default`, or `admin` for people who run the server.
    pub mode: String,
    /// Who did it: `user`, `keyProject` or `admin`.
    pub actor_type: String,
    /// The actor's id: of the API key, or of the user.
    pub actor_id: String,
    /// The actor's name at that time.
    pub actor_name: String,
    /// The actor's email address at that time.
    pub actor_email: String,
    /// Where the request came from.
    pub ip: String,
    /// With which client.
    pub user_agent: String,
    /// When.
    pub time: Millis,
}

record! {
    Log {
        seq, user_id, event, mode, actor_type, actor_id, actor_name, actor_email, ip, user_agent, time,
    }
}

macro_rules! columns {
    () => {
        "t.seq, t.user_id, t.event, t.mode, t.actor_type, t.actor_id, t.actor_name, t.actor_email, t.ip, t.user_agent, \
         t.time"
    };
}

/// What lists select.
pub(super) const COLUMNS: &str = columns!();

/// The rows about a user, oldest first.
pub async fn of(on: On<'_>, project: ProjectKey, user: &str) -> Result<Vec<Log>> {
    sql(concat!("SELECT ", columns!(), " FROM logs t WHERE t.project = $1 AND t.user_id = $2 ORDER BY t.time, t.seq"))
        .bind(project)
        .bind(user)
        .all(on)
        .await
}

macro_rules! into {
    () => {
        "INSERT INTO logs (project, user_id, event, mode, actor_type, actor_id, actor_name, actor_email, ip, \
         user_agent, time) "
    };
}

/// Adds a row; `seq` of what is passed is ignored.
pub async fn insert(tx: &mut Tx, project: ProjectKey, log: &Log) -> Result<()> {
    let mut insert = sql(concat!(into!(), "VALUES ($1, ")).bind(project);
    push_values(&mut insert, log);
    insert.push(")");
    insert.execute(tx.on()).await.map(drop)
}

/// Appends the same as a `SELECT` from something called `u` that has the project.
pub(super) fn push_insert(to: &mut Sql, log: &Log) {
    to.push(concat!(into!(), "SELECT u.project, "));
    push_values(to, log);
}

fn push_values(to: &mut Sql, log: &Log) {
    to.push_binds([
        (&log.user_id).into(),
        (&log.event).into(),
        (&log.mode).into(),
        (&log.actor_type).into(),
        (&log.actor_id).into(),
        (&log.actor_name).into(),
        (&log.actor_email).into(),
        (&log.ip).into(),
        (&log.user_agent).into(),
        log.time.into(),
    ]);
}

/// Removes rows of `until` and before, at most [`jobs::BATCH`] of them; how many those were.
pub async fn delete_old(tx: &mut Tx, project: ProjectKey, until: Millis) -> Result<u64> {
    jobs::remove_batch(tx, jobs::ended!("logs", "seq", "time"), project, until).await
}

/// Forgets what was done to a user.
pub(super) async fn delete_of(tx: &mut Tx, project: ProjectKey, user: &str) -> Result<()> {
    sql("DELETE FROM logs WHERE project = $1 AND user_id = $2")
        .bind(project)
        .bind(user)
        .execute(tx.on())
        .await
        .map(drop)
}
