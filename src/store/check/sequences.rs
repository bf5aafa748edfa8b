//! The numbers that PostgreSQL gives to rows: the next one must be behind all that there are, which it is not where rows were brought in
//! with their numbers by somebody who forgot that.

use super::{Check, Mend};
use crate::store::{ProjectKey, Result, sql};

macro_rules! tables {
    ($($table:literal)*) => {
        [$((
            $table,
            concat!(
                "SELECT (SELECT coalesce(max(seq), 0) FROM ", $table, "), CASE WHEN s.is_called THEN s.last_value \
                 ELSE s.last_value - 1 END FROM ", $table, "_seq_seq s"
            ),
            concat!(
                "SELECT setval('", $table, "_seq_seq', greatest((SELECT max(seq) FROM ", $table, "), s.last_value)) \
                 FROM ", $table, "_seq_seq s"
            ),
        )),*]
    };
}

pub(super) async fn all(check: &mut Check<'_>) -> Result<()> {
    let tables = tables! {
        "projects" "api_keys" "users" "sessions" "identities" "teams" "memberships" "logs" "targets" "tokens" "passkeys"
    };
    for (table, select, set) in tables {
        let rows: Vec<(i64, i64)> = check.all(sql(select)).await?;
        if rows.iter().any(|(largest, last)| last < largest) {
            // No project is zero; the numbers are of all of them.
            let mended = check.mend(ProjectKey(0), vec![Mend::Run(sql(set))]).await?;
            check.fault(&format!("{table}: the next number of a row is not behind the largest one"), mended);
        }
    }
    Ok(())
}
