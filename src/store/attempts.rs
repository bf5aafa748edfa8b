//! How often something was tried, in windows of time: what limits of requests are counted with, on all servers
//! together.

use std::time::Duration;

use super::{On, ProjectKey, Result, Tx, jobs, sql};
use crate::clock::Millis;

/// Longer than any window. One that ends further ahead was begun by a clock that was wrong, and counts for nothing.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Attempts in the window of this bucket that has not ended yet.
pub async fn count(on: On<'_>, project: ProjectKey, bucket: &str, now: Millis) -> Result<i64> {
    let row: Option<(i64,)> =
        sql("SELECT count FROM attempts WHERE project = $1 AND bucket = $2 AND reset > $3 AND reset <= $4")
            .bind(project)
            .bind(bucket)
            .bind(now)
            .bind(now.plus(DAY))
            .optional(on)
            .await?;
    Ok(row.map_or(0, |(count,)| count))
}

/// Counts one attempt; how many there are with it in the window, which ends at `reset`.
pub async fn add(tx: &mut Tx, project: ProjectKey, bucket: &str, now: Millis, reset: Millis) -> Result<i64> {
    let (count,): (i64,) = sql("INSERT INTO attempts (project, bucket, reset, count) VALUES ($1, $2, $3, 1) \
         ON CONFLICT (project, bucket) DO UPDATE SET \
         count = CASE WHEN attempts.reset > $4 AND attempts.reset <= $5 THEN attempts.count + 1 ELSE 1 END, \
         reset = CASE WHEN attempts.reset > $4 AND attempts.reset <= $5 THEN attempts.reset ELSE $3 END \
         RETURNING count")
    .bind(project)
    .bind(bucket)
    .bind(reset)
    .bind(now)
    .bind(now.plus(DAY))
    .one(tx.on())
    .await?;
    Ok(count)
}

/// Takes one attempt back.
pub async fn undo(tx: &mut Tx, project: ProjectKey, bucket: &str) -> Result<()> {
    sql("UPDATE attempts SET count = count - 1 WHERE project = $1 AND bucket = $2 AND count > 0")
        .bind(project)
        .bind(bucket)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Forgets the attempts of a bucket.
pub async fn clear(tx: &mut Tx, project: ProjectKey, bucket: &str) -> Result<()> {
    sql("DELETE FROM attempts WHERE project = $1 AND bucket = $2")
        .bind(project)
        .bind(bucket)
        .execute(tx.on())
        .await
        .map(drop)
}

/// Forgets counters whose window has ended, at most [`jobs::BATCH`] of them; how many those were.
pub async fn delete_ended(tx: &mut Tx, project: ProjectKey, now: Millis) -> Result<u64> {
    jobs::remove_batch(tx, jobs::ended!("attempts", "bucket", "reset"), project, now).await
}
