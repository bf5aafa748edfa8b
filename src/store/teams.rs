//! Teams, as far as the memberships of users need them.

use super::{ProjectKey, Result, Tx, sql};
use crate::clock::Millis;

/// Stores a team without members.
pub async fn insert(tx: &mut Tx, project: ProjectKey, id: &str, name: &str, now: Millis) -> Result<()> {
    sql("INSERT INTO teams (project, id, created_at, updated_at, name, total, prefs) \
         VALUES ($1, $2, $3, $3, $4, 0, '{}')")
    .bind(project)
    .bind(id)
    .bind(now)
    .bind(name)
    .execute(tx.on())
    .await
    .map(drop)
}

/// How many confirmed members a team has; `None` when there is no such team.
pub async fn total(on: super::On<'_>, project: ProjectKey, id: &str) -> Result<Option<i64>> {
    let row: Option<(i64,)> =
        sql("SELECT total FROM teams WHERE project = $1 AND id = $2").bind(project).bind(id).optional(on).await?;
    Ok(row.map(|(total,)| total))
}

/// Counts a confirmed member in.
pub(super) async fn join(tx: &mut Tx, project: ProjectKey, id: &str) -> Result<()> {
    sql("UPDATE teams SET total = total + 1 WHERE project = $1 AND id = $2")
        .bind(project)
        .bind(id)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Counts a user out of every team in which the membership is confirmed.
pub(super) async fn leave_all(tx: &mut Tx, project: ProjectKey, user: &str) -> Result<()> {
    sql("UPDATE teams SET total = total - 1 WHERE project = $1 AND total > 0 AND id IN \
         (SELECT m.team_id FROM memberships m WHERE m.project = $1 AND m.user_id = $2 AND m.confirm)")
    .bind(project)
    .bind(user)
    .execute(tx.on())
    .await
    .map(drop)
}
