//! Rows without the one that they hang on. Both engines see to it that there are none, unless somebody has told them not to.

use std::collections::BTreeSet;

use super::{Check, LISTED, Mend};
use crate::store::{Engine, ProjectKey, Result, sql};

/// A table whose rows hang on others.
struct Child {
    table: &'static str,
    /// What one of its rows is called.
    what: &'static str,
    without: &'static str,
    /// The numbers of projects, and what names the rows.
    select: &'static str,
}

macro_rules! children {
    ($($table:literal $what:literal $name:literal without $without:literal $parent:literal;)*) => {
        [$(Child {
            table: $table,
            what: $what,
            without: $without,
            select: concat!(
                "SELECT s.project, s.", $name, " FROM ", $table, " s WHERE NOT EXISTS (SELECT 1 FROM ", $parent,
                ") ORDER BY s.project, s.", $name, " LIMIT $1"
            ),
        }),*]
    };
}

const CHILDREN: [Child; 14] = children! {
    "users" "user" "id" without "its project" "projects p WHERE p.seq = s.project";
    "teams" "team" "id" without "its project" "projects p WHERE p.seq = s.project";
    "api_keys" "API key" "id" without "its project" "projects p WHERE p.seq = s.project";
    "logs" "row of the log about" "user_id" without "its project" "projects p WHERE p.seq = s.project";
    "sessions" "session" "id" without "its user" "users u WHERE u.project = s.project AND u.id = s.user_id";
    "tokens" "token" "id" without "its user" "users u WHERE u.project = s.project AND u.id = s.user_id";
    "targets" "target" "id" without "its user" "users u WHERE u.project = s.project AND u.id = s.user_id";
    "identities" "identity" "id" without "its user" "users u WHERE u.project = s.project AND u.id = s.user_id";
    "memberships" "membership" "id" without "its user" "users u WHERE u.project = s.project AND u.id = s.user_id";
    "memberships" "membership" "id" without "its team" "teams e WHERE e.project = s.project AND e.id = s.team_id";
    "passkeys" "passkey" "id" without "its user" "users u WHERE u.project = s.project AND u.id = s.user_id";
    "challenges" "challenge" "id" without "its user" "users u WHERE u.project = s.project AND u.id = s.user_id";
    "recovery_codes" "recovery codes of" "user_id" without "their user" "users u WHERE u.project = s.project AND u.id = s.user_id";
    "authenticators" "authenticator of" "user_id" without "its user" "users u WHERE u.project = s.project AND u.id = s.user_id";
};

/// Looks for all of them; the tables in which there are some.
pub(super) async fn all(check: &mut Check<'_>) -> Result<BTreeSet<&'static str>> {
    let mut told = BTreeSet::new();
    for Child { table, what, without, select } in CHILDREN {
        let rows: Vec<(i64, String)> = check.all(sql(select).bind(LISTED)).await?;
        for (project, name) in rows {
            told.insert(table);
            check.fault(&format!("project number {project}: {what} {name}: is without {without}"), false);
        }
    }
    derived(check, &mut told).await?;
    totals(check, &mut told).await?;
    if check.store.engine() == Engine::Postgres {
        searches(check, &mut told).await?;
    }
    Ok(told)
}

/// Labels and roles stand in the rows that they are derived from, so without those they are nobody's.
async fn derived(check: &mut Check<'_>, told: &mut BTreeSet<&'static str>) -> Result<()> {
    let tables = [
        (
            "user_labels",
            "label",
            "SELECT s.project, s.label, s.user_seq FROM user_labels s WHERE NOT EXISTS \
             (SELECT 1 FROM users u WHERE u.project = s.project AND u.seq = s.user_seq) \
             ORDER BY s.project, s.label, s.user_seq LIMIT $1",
            "DELETE FROM user_labels WHERE project = $1 AND label = $2 AND user_seq = $3",
        ),
        (
            "membership_roles",
            "role",
            "SELECT s.project, s.role, s.membership_seq FROM membership_roles s WHERE NOT EXISTS \
             (SELECT 1 FROM memberships m WHERE m.project = s.project AND m.seq = s.membership_seq) \
             ORDER BY s.project, s.role, s.membership_seq LIMIT $1",
            "DELETE FROM membership_roles WHERE project = $1 AND role = $2 AND membership_seq = $3",
        ),
    ];
    for (table, what, select, delete) in tables {
        loop {
            let rows: Vec<(i64, String, i64)> = check.all(sql(select).bind(LISTED)).await?;
            let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == LISTED);
            for (project, name, seq) in rows {
                told.insert(table);
                let key = ProjectKey(project);
                let delete = sql(delete).bind(key).bind(&name).bind(seq);
                let mended = check.mend(key, vec![Mend::Run(delete)]).await?;
                check.fault(&format!("project number {project}: {what} {name} in {table}: is without its row"), mended);
            }
            if !full || !check.repair {
                break;
            }
        }
    }
    Ok(())
}

/// Totals count what a project has, and one that there is not has nothing.
async fn totals(check: &mut Check<'_>, told: &mut BTreeSet<&'static str>) -> Result<()> {
    let tables = [
        (
            "user_totals",
            "SELECT DISTINCT s.project FROM user_totals s WHERE NOT EXISTS \
             (SELECT 1 FROM projects p WHERE p.seq = s.project) ORDER BY 1",
            "DELETE FROM user_totals WHERE project = $1",
        ),
        (
            "label_totals",
            "SELECT DISTINCT s.project FROM label_totals s WHERE NOT EXISTS \
             (SELECT 1 FROM projects p WHERE p.seq = s.project) ORDER BY 1",
            "DELETE FROM label_totals WHERE project = $1",
        ),
    ];
    for (table, select, delete) in tables {
        for (project,) in check.all::<(i64,)>(sql(select)).await? {
            told.insert(table);
            let key = ProjectKey(project);
            let mended = check.mend(key, vec![Mend::Run(sql(delete).bind(key))]).await?;
            check.fault(&format!("project number {project}: {table}: is without its project"), mended);
        }
    }
    Ok(())
}

/// Texts in the index of the search of PostgreSQL, which is a table.
async fn searches(check: &mut Check<'_>, told: &mut BTreeSet<&'static str>) -> Result<()> {
    let tables = [
        (
            "user_search",
            "SELECT s.project, s.seq FROM user_search s WHERE NOT EXISTS \
             (SELECT 1 FROM users u WHERE u.project = s.project AND u.seq = s.seq) ORDER BY 1, 2 LIMIT $1",
            "DELETE FROM user_search WHERE project = $1 AND seq = $2",
        ),
        (
            "identity_search",
            "SELECT s.project, s.seq FROM identity_search s WHERE NOT EXISTS \
             (SELECT 1 FROM identities i WHERE i.project = s.project AND i.seq = s.seq) ORDER BY 1, 2 LIMIT $1",
            "DELETE FROM identity_search WHERE project = $1 AND seq = $2",
        ),
    ];
    for (table, select, delete) in tables {
        loop {
            let rows: Vec<(i64, i64)> = check.all(sql(select).bind(LISTED)).await?;
            let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == LISTED);
            for (project, seq) in rows {
                told.insert(table);
                let key = ProjectKey(project);
                let mended = check.mend(key, vec![Mend::Run(sql(delete).bind(key).bind(seq))]).await?;
                check.fault(&format!("project number {project}: row {seq} of {table}: is without its row"), mended);
            }
            if !full || !check.repair {
                break;
            }
        }
    }
    Ok(())
}
