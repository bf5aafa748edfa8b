//! The activity log: what was done to users, written in the transaction of the change.

use super::{On, ProjectKey, Result, Tx, sql};
use crate::clock::Millis;

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Log {
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

/// Adds a row.
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

/// A page of the log of one user, newest first.
pub async fn of(on: On<'_>, project: ProjectKey, user: &str, limit: i64, offset: i64) -> Result<Vec<Log>> {
    sql("SELECT user_id, event, mode, actor_type, actor_id, actor_name, actor_email, ip, user_agent, time \
         FROM logs WHERE project = $1 AND user_id = $2 ORDER BY seq DESC LIMIT $3 OFFSET $4")
    .bind(project)
    .bind(user)
    .bind(limit)
    .bind(offset)
    .all(on)
    .await
}

/// How many rows the log of one user has.
pub async fn total(on: On<'_>, project: ProjectKey, user: &str) -> Result<i64> {
    let (total,): (i64,) =
        sql("SELECT count(*) FROM logs WHERE project = $1 AND user_id = $2").bind(project).bind(user).one(on).await?;
    Ok(total)
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
