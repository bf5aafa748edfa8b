//! What SQLite finds wrong by itself: in the pages of the file, in its indexes and in those of the search.

use std::collections::BTreeSet;

use super::{Check, fts};
use crate::store::search::Index;
use crate::store::sqlite::all as select;
use crate::store::{Error, Result, sql};

/// The pages, the order of all rows, and that each index has exactly the rows of its table. An index of the search that is broken can
/// be made anew; those that are left broken.
pub(super) async fn pages(check: &mut Check<'_>) -> Result<BTreeSet<Index>> {
    let mut left = BTreeSet::new();
    // FTS5 remembers how the parts of its index lay when a connection last looked, and does not ask again for this.
    let lines = check.alone(|connection| select::<(String,)>(connection, &sql("PRAGMA integrity_check"))).await?;
    for (line,) in lines.into_iter().filter(|(line,)| line != "ok") {
        let index = [("user_search", Index::Users), ("identity_search", Index::Identities)];
        let broken =
            index.into_iter().find(|(name, _)| line.to_ascii_lowercase().contains("fts5") && line.contains(name));
        if let Some((_, index)) = broken {
            if check.repair {
                fts::renew(check, index).await?;
            } else {
                left.insert(index);
            }
        }
        check.fault(&format!("integrity: {line}"), check.repair && broken.is_some());
    }
    Ok(left)
}

/// Rows that refer to nothing, in tables of which none was found so far.
pub(super) async fn foreign_keys(check: &mut Check<'_>, told: &BTreeSet<&'static str>) -> Result<()> {
    let select = sql("SELECT DISTINCT \"table\", parent FROM pragma_foreign_key_check ORDER BY 1, 2");
    let tables: Vec<(String, String)> = match check.all(select).await {
        // The index is missing by which rows are referred to, which was told. SQLite would not look without it.
        Err(Error::Other(why)) if why.to_string().contains("foreign key mismatch") => return Ok(()),
        tables => tables?,
    };
    for (table, parent) in tables.into_iter().filter(|(table, _)| !told.contains(table.as_str())) {
        check.fault(&format!("{table}: there are rows without their row in {parent}"), false);
    }
    Ok(())
}
