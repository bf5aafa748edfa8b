//! How many users and sessions there are, and what was done, in equal pieces of time.

use super::sqlite::Reads;
use super::{ProjectKey, Result, STATEMENT_LIMIT, Sql, Store, sql, users};
use crate::clock::Millis;

/// Pieces of time that follow each other.
#[derive(Debug, Clone, Copy)]
pub struct Pieces {
    /// Where the first begins.
    pub from: Millis,
    /// How long each is, in milliseconds.
    pub each: i64,
    /// How many there are.
    pub count: usize,
}

impl Pieces {
    /// The moments at which they begin.
    pub fn begins(self) -> impl Iterator<Item = Millis> {
        (0..self.count).scan(self.from, move |next, _| {
            let begin = *next;
            *next = Millis(begin.0.saturating_add(self.each));
            Some(begin)
        })
    }

    /// Counts in pieces from rows of a piece and a count. What was written down by a clock that was ahead counts in the
    /// last.
    fn filled(self, rows: Vec<(i64, i64)>) -> Vec<i64> {
        let mut counts = vec![0; self.count];
        for (piece, count) in rows {
            let piece = usize::try_from(piece).unwrap_or(0).min(self.count.saturating_sub(1));
            if let Some(sum) = counts.get_mut(piece) {
                *sum += count;
            }
        }
        counts
    }
}

/// How many users there are.
pub async fn users(store: &Store, project: ProjectKey) -> Result<i64> {
    users::count(store.read(), project).await
}

/// How many sessions there are that have not ended.
pub async fn sessions(store: &Store, project: ProjectKey, now: Millis) -> Result<i64> {
    let count = sql("SELECT count(*) FROM sessions WHERE project = $1 AND expire > $2").bind(project).bind(now);
    let rows: Vec<(i64,)> = store.db.long(count, Reads::Lists, STATEMENT_LIMIT).await?;
    Ok(rows.first().map_or(0, |(count,)| *count))
}

/// How many of the users that there are were made in each piece.
pub async fn users_made(store: &Store, project: ProjectKey, pieces: Pieces) -> Result<Vec<i64>> {
    let count = sql("SELECT (created_at - $2) / $3, count(*) FROM users WHERE project = $1 AND created_at >= $2");
    counted(store, bound(count, project, pieces), pieces).await
}

/// How many of the sessions that have not ended were begun in each piece, by one provider or by all.
pub async fn sessions_made(
    store: &Store,
    project: ProjectKey,
    pieces: Pieces,
    provider: Option<&str>,
    now: Millis,
) -> Result<Vec<i64>> {
    let count = sql("SELECT (created_at - $2) / $3, count(*) FROM sessions WHERE project = $1 AND created_at >= $2");
    let mut count = bound(count, project, pieces);
    count.push(" AND expire > ").push_bind(now);
    if let Some(provider) = provider {
        count.push(" AND provider = ").push_bind(provider);
    }
    counted(store, count, pieces).await
}

/// How many rows of the activity log tell of one of two events in each piece.
pub async fn logged(store: &Store, project: ProjectKey, pieces: Pieces, events: [&str; 2]) -> Result<Vec<i64>> {
    let count = sql("SELECT (time - $2) / $3, count(*) FROM logs WHERE project = $1 AND time >= $2");
    let mut count = bound(count, project, pieces);
    count.push(" AND event IN (").push_binds(events.map(Into::into)).push(")");
    counted(store, count, pieces).await
}

fn bound(count: Sql, project: ProjectKey, pieces: Pieces) -> Sql {
    count.bind(project).bind(pieces.from).bind(pieces.each)
}

/// Counts that may take long: of a large project many rows are read.
async fn counted(store: &Store, mut count: Sql, pieces: Pieces) -> Result<Vec<i64>> {
    count.push(" GROUP BY 1");
    Ok(pieces.filled(store.db.long(count, Reads::Lists, STATEMENT_LIMIT).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ahead_of_the_clock_counts_in_the_last_piece() {
        let pieces = Pieces { from: Millis(1000), each: 500, count: 3 };
        assert_eq!(pieces.begins().collect::<Vec<_>>(), [Millis(1000), Millis(1500), Millis(2000)]);
        assert_eq!(pieces.filled(vec![(2, 1), (0, 7), (9, 4)]), [7, 0, 5]);
        assert_eq!(pieces.filled(Vec::new()), [0, 0, 0]);
    }
}
