//! The activity log: what was done to users, written in the transaction of the change.

use super::{ProjectKey, Result, Tx, jobs, sql};
use crate::clock::Millis;

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
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

/// What lists select.
pub(super) const COLUMNS: &str = "t.seq, t.user_id, t.event, t.mode, t.actor_type, t.actor_id, t.actor_name, \
    t.actor_email, t.ip, t.user_agent, t.time";

/// Adds a row; `seq` of what is passed is ignored.
pub async fn insert(tx: &mut Tx, project: ProjectKey, log: &Log) -> Result<()> {
    sql("INSERT INTO logs (project, user_id, event, mode, actor_type, actor_id, actor_name, actor_email, ip, \
         user_agent, time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
    .bind(project)
    .bind(&log.user_id)
    .bind(&log.event)
    .bind(&log.mode)
    .bind(&log.actor_type)
    .bind(&log.actor_id)
    .bind(&log.actor_name)
    .bind(&log.actor_email)
    .bind(&log.ip)
    .bind(&log.user_agent)
    .bind(log.time)
    .execute(tx.on())
    .await
    .map(drop)
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
