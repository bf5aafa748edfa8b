//! Kept totals. A statement sees them and what they count at one moment, and at each they are equal.

use super::{Check, LISTED, Mend, Project};
use crate::store::{Engine, ProjectKey, Result, Sql, sql};

/// In which shard a user is counted.
const fn shard(engine: Engine, user: &'static str) -> &'static str {
    match engine {
        Engine::Sqlite => "0",
        Engine::Postgres => user,
    }
}

/// The totals as they should be, by shard.
fn push_users(to: &mut Sql, engine: Engine, project: ProjectKey) {
    to.push("SELECT project, ").push(shard(engine, "seq & 31")).push(" AS shard, count(*) AS users, ");
    to.push("sum(CASE WHEN status THEN 1 ELSE 0 END) AS status, ");
    to.push("sum(CASE WHEN email_verified THEN 1 ELSE 0 END) AS email_verified, ");
    to.push("sum(CASE WHEN phone_verified THEN 1 ELSE 0 END) AS phone_verified, ");
    to.push("sum(CASE WHEN impersonator THEN 1 ELSE 0 END) AS impersonator, ");
    to.push("sum(CASE WHEN password_pwned THEN 1 ELSE 0 END) AS password_pwned, ");
    to.push("sum(CASE WHEN password_pwned IS NULL THEN 1 ELSE 0 END) AS password_pwned_unknown ");
    to.push("FROM users WHERE project = ").push_bind(project).push(" GROUP BY 1, 2");
}

/// Those of users, and of the users for whom something is true.
pub(super) async fn of_users(check: &mut Check<'_>, project: &Project) -> Result<()> {
    let engine = check.store.engine();
    let mut select = sql("SELECT coalesce(k.shard, t.shard) FROM (SELECT * FROM user_totals WHERE project = ");
    select.push_bind(project.key()).push(") k FULL OUTER JOIN (");
    push_users(&mut select, engine, project.key());
    select.push(") t ON k.shard = t.shard WHERE ");
    for (n, test) in [
        "coalesce(k.users, 0) <> coalesce(t.users, 0)",
        "coalesce(k.status, 0) <> coalesce(t.status, 0)",
        "coalesce(k.email_verified, 0) <> coalesce(t.email_verified, 0)",
        "coalesce(k.phone_verified, 0) <> coalesce(t.phone_verified, 0)",
        "coalesce(k.impersonator, 0) <> coalesce(t.impersonator, 0)",
        "coalesce(k.password_pwned, 0) <> coalesce(t.password_pwned, 0)",
        "coalesce(k.password_pwned_unknown, 0) <> coalesce(t.password_pwned_unknown, 0)",
    ]
    .into_iter()
    .enumerate()
    {
        select.push(if n == 0 { "" } else { " OR " }).push(test);
    }
    if check.all::<(i64,)>(select).await?.is_empty() {
        return Ok(());
    }
    let mut insert = sql("INSERT INTO user_totals ");
    push_users(&mut insert, engine, project.key());
    let delete = sql("DELETE FROM user_totals WHERE project = $1").bind(project.key());
    let mended = recount(check, project, delete, insert).await?;
    check.fault(&format!("project {}: user_totals counts other users than there are", project.id), mended);
    Ok(())
}

/// The totals as they should be, by label and shard.
fn push_labels(to: &mut Sql, engine: Engine, project: ProjectKey) {
    to.push("SELECT project, label, ").push(shard(engine, "user_seq & 31")).push(" AS shard, count(*) AS users ");
    to.push("FROM user_labels WHERE project = ").push_bind(project).push(" GROUP BY 1, 2, 3");
}

/// Those of the users with a label.
pub(super) async fn of_labels(check: &mut Check<'_>, project: &Project) -> Result<()> {
    let engine = check.store.engine();
    let mut select = sql("SELECT DISTINCT coalesce(k.label, t.label) AS label FROM \
         (SELECT * FROM label_totals WHERE project = ");
    select.push_bind(project.key()).push(") k FULL OUTER JOIN (");
    push_labels(&mut select, engine, project.key());
    select.push(") t ON k.label = t.label AND k.shard = t.shard ");
    select.push("WHERE coalesce(k.users, 0) <> coalesce(t.users, 0) ORDER BY 1 LIMIT ").push_bind(LISTED);
    let labels: Vec<(String,)> = check.all(select).await?;
    if labels.is_empty() {
        return Ok(());
    }
    let mut insert = sql("INSERT INTO label_totals ");
    push_labels(&mut insert, engine, project.key());
    let delete = sql("DELETE FROM label_totals WHERE project = $1").bind(project.key());
    let mended = recount(check, project, delete, insert).await?;
    for (label,) in labels {
        check.fault(&format!("project {}: label_totals counts other users than have {label}", project.id), mended);
    }
    Ok(())
}

/// Puts new totals in the place of the old ones, and keeps others from changing what is counted until it is done. On SQLite
/// there is only one writer.
async fn recount(check: &mut Check<'_>, project: &Project, delete: Sql, insert: Sql) -> Result<bool> {
    let lock = sql("LOCK TABLE users, user_labels, user_totals, label_totals IN SHARE ROW EXCLUSIVE MODE");
    let lock = Some(lock).filter(|_| check.store.engine() == Engine::Postgres);
    check.mend(project.key(), lock.into_iter().chain([delete, insert]).map(Mend::Run).collect()).await
}
