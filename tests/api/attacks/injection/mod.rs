//! SQL, hidden in whatever reaches a statement. It stays a text: found nowhere, stored as it came or refused, and never
//! run.

mod heads;
mod lists;
mod writes;

use crate::isolation::{OTHER, dump, fill, two_projects};
use crate::support::{PROJECT, TestApp};

/// What ends a text, a list or a statement of one of the engines, or is a placeholder or an operator of its search.
const PAYLOADS: [&str; 24] = [
    "'",
    "\"",
    "' OR '1'='1",
    "' OR 1=1 --",
    "\" OR \"\"=\"",
    "zebra'/*",
    "') OR ('a'='a",
    "'; DROP TABLE users; --",
    "'); DELETE FROM sessions; --",
    "1; UPDATE users SET name = 'injected'",
    "' UNION SELECT digest FROM api_keys --",
    "' AND (SELECT pg_sleep(60)) IS NULL --",
    "' || (SELECT group_concat(digest) FROM api_keys) || '",
    "\\'; DELETE FROM users; --",
    "$1",
    "?1",
    ":project",
    "%' ESCAPE '%",
    "$$; DROP TABLE users; $$",
    "E'\\x27; DROP TABLE users'",
    "zebra\" OR scope:\"",
    "NEAR(zebra) OR text:zebra*",
    "' & 'zebra' | !'",
    "＇ OR 1＝1 --",
];

/// Two projects, and beside the user `twin`, who is attacked, one called `quiet`, whom nobody names.
async fn prepare(app: &TestApp) -> Untouched {
    two_projects(app).await;
    fill(app, PROJECT, &app.admin(), "quiet", "-quiet", "quiet").await;
    Untouched { other: dump(app, OTHER).await, quiet: quiet(app).await }
}

/// What no request may change.
struct Untouched {
    other: Vec<String>,
    quiet: Vec<String>,
}

impl Untouched {
    /// Checks that it stands where it stood.
    async fn check(&self, app: &TestApp, case: &str) {
        assert_eq!(dump(app, OTHER).await, self.other, "{case}");
        assert_eq!(quiet(app).await, self.quiet, "{case}");
    }
}

/// The rows of `quiet` in all tables, and the API keys.
async fn quiet(app: &TestApp) -> Vec<String> {
    let rows = super::rows(app).await;
    assert!(rows.iter().any(|row| row.starts_with("users: ")) && rows.iter().any(|row| row.starts_with("sessions: ")));
    let of_quiet = |row: &String| row.contains("quiet") && !row.contains("_totals: ");
    rows.into_iter().filter(|row| of_quiet(row) || row.starts_with("api_keys: ")).collect()
}
