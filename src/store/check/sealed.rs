//! What was sealed with `USHER_SECRET`, which another secret does not open.

use super::{Check, Project};
use crate::secret::Seal;
use crate::store::{Result, sql};

/// Values that are read at a time.
const PAGE: i64 = 500;

macro_rules! columns {
    ($($table:literal $column:literal by $key:literal;)*) => {
        [$((
            concat!($table, ".", $column),
            concat!(
                "SELECT ", $key, ", ", $column, " FROM ", $table, " WHERE project = $1 AND ", $key, " > $2 AND ", $column,
                " IS NOT NULL ORDER BY 1 LIMIT $3"
            ),
        )),*]
    };
}

/// Tries all sealed values of a project; without a seal it counts them.
pub(super) async fn all(check: &mut Check<'_>, project: &Project, seal: Option<&Seal>) -> Result<()> {
    let columns = columns! {
        "sessions" "provider_access_token" by "id";
        "sessions" "provider_refresh_token" by "id";
        "identities" "provider_access_token" by "id";
        "identities" "provider_refresh_token" by "id";
        "identities" "provider_id_token" by "id";
        "recovery_codes" "codes" by "user_id";
        "authenticators" "secret" by "user_id || ' ' || type";
        "challenges" "code" by "id";
    };
    for (column, select) in columns {
        let (mut after, mut all, mut closed) = (String::new(), 0, 0);
        loop {
            let select = sql(select).bind(project.key()).bind(&after).bind(PAGE);
            let rows: Vec<(String, Vec<u8>)> = check.all(select).await?;
            for (_, sealed) in &rows {
                all += 1;
                closed += u64::from(seal.is_some_and(|seal| seal.open(sealed).is_none()));
            }
            let Some((last, _)) = rows.into_iter().last() else { break };
            after = last;
        }
        if seal.is_none() {
            check.found.untried += all;
        }
        if closed > 0 {
            let line =
                format!("project {}: USHER_SECRET does not open {closed} of {all} values of {column}", project.id);
            check.fault(&line, false);
        }
    }
    Ok(())
}
