//! What rows may hold, to what they must belong, and what goes with them.

use usher::store::logs::{self, Log};
use usher::store::{Engine, Error, ProjectKey, Result, Tx, Work, attempts, identities, keys, memberships, projects};
use usher::store::{sessions, teams, tokens, users};

use super::Outside;
use super::constraints::{TIME, identity, key, membership, session, token, user};
use crate::support::{PROJECT, TestApp, both};
use crate::users::mfa::bytes;

/// Tables with the column that names their project, and how many rows [`fill`] puts into each.
const TABLES: [(&str, u64); 16] = [
    ("users", 2),
    ("user_labels", 2),
    ("targets", 2),
    ("sessions", 2),
    ("tokens", 2),
    ("identities", 2),
    ("recovery_codes", 2),
    ("authenticators", 2),
    ("challenges", 2),
    ("passkeys", 2),
    ("memberships", 2),
    ("membership_roles", 2),
    ("teams", 1),
    ("logs", 2),
    ("api_keys", 1),
    ("attempts", 2),
];

pub fn log(user: &str) -> Log {
    Log {
        seq: 0,
        user_id: user.into(),
        event: "user.create".into(),
        mode: "default".into(),
        actor_type: "keyProject".into(),
        actor_id: "k".into(),
        actor_name: String::new(),
        actor_email: String::new(),
        ip: String::new(),
        user_agent: String::new(),
        time: TIME,
    }
}

/// Rows that belong to a user and that nothing makes yet: the table, its columns besides project and user, and values,
/// among which are the id of the row and some bytes.
const OF_A_USER: [(&str, &str, &str); 4] = [
    ("recovery_codes", "created_at, updated_at, codes", "1, 1, $bytes"),
    ("authenticators", "type, created_at, updated_at, verified, secret", "'totp', 1, 1, TRUE, $bytes"),
    ("challenges", "id, created_at, expire, factor, code", "'$id', 1, 1, 'custom', $bytes"),
    (
        "passkeys",
        "id, created_at, updated_at, name, name_folded, credential_id, counter",
        "'$id', 1, 1, '', '', $bytes, 0",
    ),
];

/// Two users with one of everything each.
async fn fill(app: &TestApp, project: ProjectKey) {
    app.write(move |tx| Box::pin(fill_tables(tx, project))).await;
    let mut outside = Outside::of(app).await;
    for user in ["u1", "u2"] {
        for row in OF_A_USER {
            assert_eq!(outside.run(&of_a_user(app, row, project, user)).await.unwrap(), 1);
        }
    }
}

/// The statement that stores such a row.
fn of_a_user(app: &TestApp, (table, columns, values): (&str, &str, &str), project: ProjectKey, user: &str) -> String {
    let values = values.replace("$id", user).replace("$bytes", &bytes(app, user.as_bytes()));
    format!("INSERT INTO {table} (project, user_id, {columns}) VALUES ({}, '{user}', {values})", project.number())
}

async fn fill_tables(tx: &mut Tx, project: ProjectKey) -> Result<()> {
    teams::insert(tx, project, "team", "Team", TIME).await?;
    for id in ["u1", "u2"] {
        let email = format!("{id}@x.org");
        let labelled = users::User { labels: "[\"vip\"]".into(), ..user(id, Some(&email), None) };
        users::insert(tx, project, labelled, None).await?;
        sessions::insert(tx, project, &session(id, id, id)).await?;
        tokens::insert(tx, project, &token(id, id)).await?;
        attempts::add(tx, project, id, TIME, TIME).await?;
        identities::insert(tx, project, &identity(id, id, id)).await?;
        memberships::insert(tx, project, &membership(id, id, "team", &["owner".to_owned()]), TIME).await?;
        logs::insert(tx, project, &log(id)).await?;
    }
    Ok(())
}

async fn count(outside: &mut Outside, table: &str, project: ProjectKey) -> u64 {
    let query = format!("SELECT CAST(count(*) AS TEXT) FROM {table} WHERE project = {}", project.number());
    outside.text(&query).await.parse().unwrap()
}

/// How many texts of the projects of a test are in the search indexes.
async fn indexed(outside: &mut Outside) -> [String; 2] {
    let users = outside.text("SELECT CAST(count(*) AS TEXT) FROM user_search").await;
    [users, outside.text("SELECT CAST(count(*) AS TEXT) FROM identity_search").await]
}

type Insert = for<'t> fn(&'t mut Tx, ProjectKey) -> Work<'t, Result<()>>;

both! {
    async fn nothing_is_stored_without_what_it_belongs_to(app) {
        let project = app.project(PROJECT).await.key;
        fill(app, project).await;
        let gone = app.new_project("gone").await.key;
        app.write(move |tx| Box::pin(async move { projects::delete(tx, gone).await })).await;
        let orphans: [(&str, bool, Insert); 10] = [
            ("session of nobody", true, |tx, p| Box::pin(async move {
                sessions::insert(tx, p, &session("s", "nobody", "s")).await
            })),
            ("token of nobody", true, |tx, p| Box::pin(async move {
                tokens::insert(tx, p, &token("k", "nobody")).await
            })),
            ("target of nobody", true, |tx, p| Box::pin(async move {
                let before = user("nobody", None, None);
                users::save(tx, p, &before, &mut user("nobody", Some("n@x.org"), None), TIME, None).await
            })),
            ("identity of nobody", true, |tx, p| Box::pin(async move {
                identities::insert(tx, p, &identity("i", "nobody", "i")).await
            })),
            ("membership of nobody", true, |tx, p| Box::pin(async move {
                memberships::insert(tx, p, &membership("m", "nobody", "team", &[]), TIME).await
            })),
            ("membership in no team", true, |tx, p| Box::pin(async move {
                memberships::insert(tx, p, &membership("m", "u1", "nowhere", &[]), TIME).await
            })),
            ("user of no project", false, |tx, p| Box::pin(async move {
                users::insert(tx, p, user("u", None, None), None).await.map(drop)
            })),
            ("team of no project", false, |tx, p| Box::pin(async move { teams::insert(tx, p, "t", "T", TIME).await })),
            ("key of no project", false, |tx, p| Box::pin(async move {
                keys::insert(tx, p, &key("k", "k"), TIME).await
            })),
            ("log of no project", false, |tx, p| Box::pin(async move { logs::insert(tx, p, &log("u")).await })),
        ];
        for (what, in_project, insert) in orphans {
            let at = if in_project { project } else { gone };
            let stored: Result<()> = app.store().write(move |tx| insert(tx, at)).await;
            assert!(matches!(stored, Err(Error::Orphan)), "{what}: {stored:?}");
        }
        let mut outside = Outside::of(app).await;
        for row in OF_A_USER {
            for (project, user) in [(project, "nobody"), (gone, "u1")] {
                let stored = outside.run(&of_a_user(app, row, project, user)).await;
                assert!(stored.is_err(), "{} of {user}", row.0);
            }
        }
        for (table, rows) in TABLES {
            assert_eq!(count(&mut outside, table, project).await, rows, "{table}");
            assert_eq!(count(&mut outside, table, gone).await, 0, "{table}");
        }
    }

    async fn a_session_of_a_user_of_another_project_is_refused(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        fill(app, project).await;
        let stored: Result<()> = app
            .store()
            .write(move |tx| Box::pin(async move { sessions::insert(tx, other, &session("s", "u1", "s")).await }))
            .await;
        assert!(matches!(stored, Err(Error::Orphan)), "{stored:?}");
    }

    async fn what_belongs_to_a_user_goes_with_the_user(app) {
        let project = app.project(PROJECT).await.key;
        fill(app, project).await;
        let mut outside = Outside::of(app).await;
        assert_eq!(indexed(&mut outside).await, ["2", "2"]);
        app.write(move |tx| Box::pin(async move {
            let user = users::lock(tx, project, "u1").await?.unwrap();
            users::delete(tx, project, &user).await
        })).await;
        for (table, rows) in TABLES {
            let left = if ["teams", "api_keys", "attempts"].contains(&table) { rows } else { rows / 2 };
            assert_eq!(count(&mut outside, table, project).await, left, "{table}");
        }
        assert_eq!(indexed(&mut outside).await, ["1", "1"]);
        assert_eq!(teams::total(app.store().read(), project, "team").await.unwrap(), Some(1));
    }

    async fn foreign_keys_cascade_without_help_of_the_program(app) {
        let project = app.project(PROJECT).await.key;
        fill(app, project).await;
        let mut outside = Outside::of(app).await;
        assert_eq!(outside.run("DELETE FROM users WHERE id = 'u1'").await.unwrap(), 1);
        for table in [
            "user_labels", "targets", "sessions", "tokens", "identities", "recovery_codes", "authenticators",
            "challenges", "passkeys", "memberships", "membership_roles",
        ] {
            assert_eq!(count(&mut outside, table, project).await, 1, "{table}");
        }
        assert_eq!(outside.run("DELETE FROM teams").await.unwrap(), 1);
        for table in ["memberships", "membership_roles"] {
            assert_eq!(count(&mut outside, table, project).await, 0, "{table}");
        }
        assert_eq!(outside.run("DELETE FROM projects").await.unwrap(), 1);
        // Counters refer to nothing, so that counting touches no other table; `projects::delete` knows of them.
        for (table, _) in TABLES.into_iter().filter(|(table, _)| *table != "attempts") {
            assert_eq!(count(&mut outside, table, project).await, 0, "{table}");
        }
    }

    async fn a_deleted_project_takes_everything_along_and_touches_no_other(app) {
        let (project, other) = (app.project(PROJECT).await.key, app.new_project("other").await.key);
        fill(app, project).await;
        fill(app, other).await;
        let mut outside = Outside::of(app).await;
        assert_eq!(indexed(&mut outside).await, ["4", "4"]);
        app.write(move |tx| Box::pin(async move { projects::delete(tx, other).await })).await;
        for (table, rows) in TABLES {
            assert_eq!(count(&mut outside, table, project).await, rows, "{table}");
            assert_eq!(count(&mut outside, table, other).await, 0, "{table}");
        }
        assert_eq!(indexed(&mut outside).await, ["2", "2"]);
        assert!(projects::find(app.store().read(), "other").await.unwrap().is_none());
        assert!(projects::find(app.store().read(), PROJECT).await.unwrap().is_some());
    }

    /// What was remembered or sealed under the number of a project must never fit the next one.
    async fn the_number_of_a_deleted_project_is_not_given_again(app) {
        let gone = app.new_project("gone").await.key;
        app.write(move |tx| Box::pin(async move { projects::delete(tx, gone).await })).await;
        assert!(app.new_project("next").await.key.number() > gone.number());
    }

    async fn truth_values_and_totals_accept_nothing_else(app) {
        let project = app.project(PROJECT).await.key;
        fill(app, project).await;
        let mut outside = Outside::of(app).await;
        let flags = [
            "users.status", "users.email_verified", "users.phone_verified", "users.mfa", "users.impersonator",
            "users.password_pwned", "memberships.confirm", "targets.expired", "authenticators.verified",
        ];
        for flag in flags {
            let (table, column) = flag.split_once('.').unwrap();
            for wrong in ["2", "-1", "'yes'", "1.5"] {
                // PostgreSQL reads the text 'yes' as true, which is one of the two.
                if app.engine() == Engine::Postgres && wrong == "'yes'" {
                    continue;
                }
                let set = outside.run(&format!("UPDATE {table} SET {column} = {wrong}")).await;
                assert!(set.is_err(), "{flag} {wrong}");
            }
            for right in ["TRUE", "FALSE"] {
                assert_eq!(outside.run(&format!("UPDATE {table} SET {column} = {right}")).await.unwrap(), 2, "{flag}");
            }
        }
        assert!(outside.run("UPDATE teams SET total = -1").await.is_err());
        assert!(outside.run("UPDATE users SET created_at = 'yesterday'").await.is_err());
        assert!(outside.run("UPDATE users SET name = NULL").await.is_err());
    }
}
