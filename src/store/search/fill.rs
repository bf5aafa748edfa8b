//! Filling the indexes of the search, for texts that came in past them.

use super::{Index, array, grams, scope};
use crate::store::{Engine, ProjectKey, Result, Tx, sql};

/// Texts that are indexed by one statement.
const FILLED: i64 = 500;

/// Indexes the texts of a project of which none is in the indexes yet.
pub(in crate::store) async fn fill(tx: &mut Tx, project: ProjectKey) -> Result<()> {
    if tx.engine() == Engine::Sqlite {
        // FTS5 keeps of it in memory what it writes at once.
        for statement in [
            "INSERT INTO user_search (scope, rowid, text) SELECT $2, seq, search FROM users WHERE project = $1 ORDER BY seq",
            "INSERT INTO identity_search (scope, rowid, text) SELECT $2, seq, search FROM identities WHERE project = $1 \
             ORDER BY seq",
        ] {
            sql(statement).bind(project).bind(scope(project)).execute(tx.on()).await?;
        }
        return Ok(());
    }
    for (select, into) in [
        ("SELECT seq, search FROM users WHERE project = $1 AND seq > $2 ORDER BY seq LIMIT $3", Index::Users),
        ("SELECT seq, search FROM identities WHERE project = $1 AND seq > $2 ORDER BY seq LIMIT $3", Index::Identities),
    ] {
        let mut after = i64::MIN;
        loop {
            let select = sql(select).bind(project).bind(after).bind(FILLED);
            let rows: Vec<(i64, String)> = select.all(tx.on()).await?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            let mut insert = sql(match into {
                Index::Users => "INSERT INTO user_search (project, seq, text, grams) VALUES ",
                Index::Identities => "INSERT INTO identity_search (project, seq, text, grams) VALUES ",
            });
            for (n, (seq, text)) in rows.into_iter().enumerate() {
                let hashes = array(grams(project, &text));
                insert.push(if n == 0 { "(" } else { ", (" }).push_bind(project).push(", ").push_bind(seq).push(", ");
                insert.push_bind(text).push(", CAST(").push_bind(hashes).push(" AS INTEGER[]))");
            }
            insert.execute(tx.on()).await?;
        }
    }
    Ok(())
}
