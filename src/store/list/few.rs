//! Searches that few rows match. Those are looked up once, for the total and for the page. FTS5 finds them without the word of
//! the project, whose list of all its rows would have to be read beside those of the term; whose they are is asked of each.

use super::Ask;
use super::effort::Effort;
use crate::store::search::{self, Index};
use crate::store::{Engine, ProjectKey, Result, Sql, Store, sql};

/// Matches in all projects, up to which they are few.
const FEW: usize = 1000;

impl Ask<'_> {
    /// The numbers of the rows in which the index finds the terms, or `None` when they are many, or there is no index to ask.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn few(&self, store: &Store, project: ProjectKey) -> Result<Option<Vec<i64>>> {
        let (Engine::Sqlite, Some(index), Some(terms)) = (store.engine(), self.source.search, self.terms) else {
            return Ok(None);
        };
        if terms.needs_scan() {
            return Ok(None);
        }
        let mut select = sql(match index {
            Index::Users => {
                "SELECT f.rowid, EXISTS (SELECT 1 FROM users t INDEXED BY users_project \
                 WHERE t.project = $1 AND t.seq = f.rowid) \
                 FROM (SELECT rowid FROM user_search WHERE user_search MATCH "
            }
            Index::Identities => {
                "SELECT f.rowid, EXISTS (SELECT 1 FROM identities t INDEXED BY identities_project \
                 WHERE t.project = $1 AND t.seq = f.rowid) \
                 FROM (SELECT rowid FROM identity_search WHERE identity_search MATCH "
            }
        })
        .bind(project);
        select.push_bind(search::any_project(terms));
        select.push(" LIMIT ").push_bind(i64::try_from(FEW + 1).unwrap_or(i64::MAX)).push(") f");
        let found: Vec<(i64, bool)> = self.run(store, select, Effort::Unknown).await?;
        let own = found.iter().filter(|(_, own)| *own).map(|(seq, _)| *seq);
        Ok((found.len() <= FEW).then(|| own.collect()))
    }
}

/// Adds ` AND …` for those of these rows that still have all terms.
pub(super) fn push(to: &mut Sql, few: &[i64]) {
    let few: Vec<String> = few.iter().map(i64::to_string).collect();
    to.push(" AND t.seq IN (SELECT value FROM json_each(").push_bind(format!("[{}]", few.join(","))).push("))");
}
