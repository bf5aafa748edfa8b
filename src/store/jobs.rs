//! Background work: which of the servers on one database does it, and how it removes rows in nobody's way.

use std::time::Duration;

use super::{Engine, ProjectKey, Result, Tx, sql};
use crate::clock::Millis;

/// Rows that one transaction removes at most, so that other writers wait for a moment only.
pub const BATCH: u64 = 1000;

/// Whether a job is the caller's to do: true for exactly one of the servers that ask, once it was last begun `apart`
/// ago or longer. A beginning further ahead than that was written down by a clock that was wrong, and counts for
/// nothing.
pub async fn claim(tx: &mut Tx, name: &str, now: Millis, apart: Duration) -> Result<bool> {
    let begun = sql("INSERT INTO jobs (name, begun_at) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET begun_at = $2 WHERE jobs.begun_at <= $3 OR jobs.begun_at > $4")
    .bind(name)
    .bind(now)
    .bind(now.minus(apart))
    .bind(now.plus(apart))
    .execute(tx.on())
    .await?;
    Ok(begun > 0)
}

/// A statement that removes a batch of rows, for either engine. In both the rows are looked up by their key once they
/// are chosen; left to themselves, the planners would go through the project, or the table, for each batch.
pub(super) struct Ended {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// The statement for a table, a column that is unique in a project, and the column of the time when a row is over,
/// which has an index. On PostgreSQL rows that another transaction is working on are left for the next time: waiting
/// for them, it might stand in the way of a request that waits for others of these rows.
macro_rules! ended {
    ($table:literal, $key:literal, $time:literal) => {
        $crate::store::jobs::Ended {
            sqlite: concat!(
                "DELETE FROM ",
                $table,
                " NOT INDEXED WHERE project = $1 AND ",
                $key,
                " IN (SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE project = $1 AND ",
                $time,
                " <= $2 ORDER BY ",
                $time,
                " LIMIT $3)"
            ),
            postgres: concat!(
                "DELETE FROM ",
                $table,
                " WHERE project = $1 AND ",
                $key,
                " = ANY(ARRAY(SELECT ",
                $key,
                " FROM ",
                $table,
                " WHERE project = $1 AND ",
                $time,
                " <= $2 ORDER BY ",
                $time,
                " LIMIT $3 FOR UPDATE SKIP LOCKED))"
            ),
        }
    };
}
pub(super) use ended;

/// Removes rows that were over at `until`, the oldest first and at most [`BATCH`]; how many those were.
pub(super) async fn remove_batch(tx: &mut Tx, rows: Ended, project: ProjectKey, until: Millis) -> Result<u64> {
    let text = match tx.engine() {
        Engine::Sqlite => rows.sqlite,
        Engine::Postgres => rows.postgres,
    };
    let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
    sql(text).bind(project).bind(until).bind(most).execute(tx.on()).await
}
