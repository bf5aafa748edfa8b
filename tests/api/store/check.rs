//! `check` finds what is wrong and nothing else, and mends what is derived.

mod schema;
mod search;

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use usher::clock::Millis;
use usher::secret::Seal;
use usher::store::check::{self, Checked};
use usher::store::identities::{self, Identity};
use usher::store::memberships::{self, NewMembership};
use usher::store::passkeys::{self, Passkey};
use usher::store::{Engine, teams};

use crate::store::schema::Outside;
use crate::support::{PROJECT, TestApp, both};
use crate::users::list::population;
use crate::users::mfa;

/// What a check finds, and how much that is.
async fn look(app: &TestApp, repair: bool) -> (Vec<String>, Checked) {
    let mut lines = Vec::new();
    let mut tell = |line: &str| lines.push(line.to_owned());
    let checked = check::run(app.store(), app.app.seal.as_ref(), repair, &mut tell).await.unwrap();
    (lines, checked)
}

#[track_caller]
fn nothing((lines, checked): (Vec<String>, Checked)) -> u64 {
    assert_eq!(lines, [""; 0]);
    assert_eq!((checked.faults, checked.mended, checked.untried), (0, 0, 0));
    checked.rows
}

/// The users anna and ben, with something of everything.
async fn people(app: &TestApp) {
    app.user("anna", json!({ "email": "anna@example.org", "phone": "+4915112345678", "name": "Åsa Ek" })).await;
    app.user("ben", json!({ "email": "ben@example.org", "name": "Ben" })).await;
    app.admin().put("/v1/users/anna/labels", &json!({ "labels": ["vip", "beta"] })).await.expect(200);
    app.admin().put("/v1/users/ben/labels", &json!({ "labels": ["vip"] })).await.expect(200);
    app.admin().post("/v1/users/anna/sessions", &json!({})).await.expect(201);
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| {
        Box::pin(async move {
            let identity = Identity {
                seq: 0,
                id: "github".into(),
                user_id: "anna".into(),
                created_at: Millis(1),
                updated_at: Millis(1),
                provider: "github".into(),
                provider_uid: "UID-1".into(),
                provider_email: "Anna@Example.org".into(),
                provider_access_token: None,
                provider_access_token_expiry: None,
                provider_refresh_token: None,
                provider_id_token: None,
            };
            identities::insert(tx, project, &identity).await?;
            teams::insert(tx, project, "crew", "The crew", Millis(1)).await?;
            let roles = ["owner".to_owned(), "editor".to_owned()];
            for (user_id, joined) in [("anna", Some(Millis(2))), ("ben", None)] {
                let id = &format!("of-{user_id}");
                let new = NewMembership { id, user_id, team_id: "crew", invited: None, joined, roles: &roles };
                memberships::insert(tx, project, &new, Millis(1)).await?;
            }
            let passkey = Passkey {
                id: "phone".into(),
                user_id: "anna".into(),
                created_at: Millis(1),
                updated_at: Millis(1),
                name: "Téléphone".into(),
                accessed_at: None,
            };
            passkeys::insert(tx, project, &passkey, None).await
        })
    })
    .await;
}

/// What the API says of them.
async fn shown(app: &TestApp) -> Vec<Value> {
    let mut shown = Vec::new();
    for path in [
        "/v1/users",
        "/v1/users?search=asa",
        "/v1/users?search=label:vip",
        "/v1/users/anna/memberships",
        "/v1/users/identities?search=uid-1",
        "/v1/users/anna/targets",
    ] {
        shown.push(app.admin().get(path).await.expect(200));
    }
    let labelled = [json!("contains(\"labels\", [\"vip\"])")];
    shown.push(app.admin().list("/v1/users", &labelled).await.expect(200));
    shown
}

const NAME: &str = "project demo: user anna: name_folded is not what the name folds to";
const TEXT: &str =
    "project demo: user anna: the text of the search is not what id, email, name, phone and labels fold to";
const COPY: &str = "project demo: user anna: the copy of the targets is not what the table of targets has";
const LABELS: &str = "project demo: user anna: user_labels has other labels than the user";
const TOTALS: &str = "project demo: user_totals counts other users than there are";
const VIP: &str = "project demo: label_totals counts other users than have vip";
const TEAM: &str = "project demo: team crew: the total is not the number of its confirmed members";
const ROLES: &str = "project demo: membership of-anna: membership_roles has other roles than the membership";
const EMAIL: &str = "project demo: identity github: provider_email_folded is not what the email address folds to";
const IDENTITY: &str =
    "project demo: identity github: the text of the search is not what provider uid and email address fold to";
const PASSKEY: &str = "project demo: passkey phone: name_folded is not what the name folds to";
const MISSING: &str = "project demo: user anna: the index of the search does not have it";
const OTHER: &str = "project demo: user anna: the index of the search has another text of it";
const ANNA: &str = "(SELECT seq FROM users WHERE id = 'anna')";

/// What is done to the database, and what a check says of it.
fn faults() -> Vec<(String, Vec<&'static str>)> {
    let label =
        |label: &str| format!("INSERT INTO user_labels SELECT project, '{label}', seq FROM users WHERE id = 'anna'");
    let of = |text: &str, lines: &[&'static str]| (text.to_owned(), lines.to_vec());
    vec![
        of("UPDATE users SET name_folded = 'Åsa Ek' WHERE id = 'anna'", &[NAME]),
        of("UPDATE users SET search = 'anna' WHERE id = 'anna'", &[TEXT]),
        of("UPDATE users SET name_folded = '', search = '' WHERE id = 'anna'", &[NAME, TEXT]),
        of("UPDATE users SET targets = '[]' WHERE id = 'anna'", &[COPY]),
        of("UPDATE users SET targets = 'no JSON' WHERE id = 'anna'", &[COPY]),
        of("UPDATE users SET targets = replace(targets, 'example', 'exampel') WHERE id = 'anna'", &[COPY]),
        of("DELETE FROM user_labels WHERE label = 'beta'", &[LABELS]),
        (label("other"), vec![LABELS]),
        of("UPDATE user_totals SET users = users + 1", &[TOTALS]),
        of("UPDATE user_totals SET password_pwned_unknown = 7", &[TOTALS]),
        of("UPDATE user_totals SET status = 0", &[TOTALS]),
        of("DELETE FROM user_totals", &[TOTALS]),
        of("UPDATE label_totals SET users = users + 1 WHERE label = 'vip'", &[VIP]),
        of("DELETE FROM label_totals WHERE label = 'vip'", &[VIP]),
        of("UPDATE teams SET total = 2", &[TEAM]),
        of(
            "DELETE FROM membership_roles WHERE role = 'owner' AND membership_seq = \
             (SELECT seq FROM memberships WHERE id = 'of-anna')",
            &[ROLES],
        ),
        of("INSERT INTO membership_roles SELECT project, 'more', seq FROM memberships WHERE id = 'of-anna'", &[ROLES]),
        of("UPDATE identities SET provider_email_folded = 'Anna@Example.org'", &[EMAIL]),
        of("UPDATE identities SET search = 'uid'", &[IDENTITY]),
        of("UPDATE passkeys SET name_folded = name", &[PASSKEY]),
        (format!("DELETE FROM user_search WHERE {{row}} = {ANNA}"), vec![MISSING]),
        (
            "DELETE FROM identity_search".to_owned(),
            vec!["project demo: identity github: the index of the search does not have it"],
        ),
    ]
}

both! {
    async fn each_fault_is_told_and_mended(app) {
        people(app).await;
        let before = shown(app).await;
        assert_eq!(nothing(look(app, false).await), 2 + 1 + 2 + 1 + 1);
        let mut outside = Outside::of(app).await;
        let row = if app.engine() == Engine::Sqlite { "rowid" } else { "seq" };
        for (statement, lines) in faults() {
            let statement = statement.replace("{row}", row);
            assert!(outside.run(&statement).await.unwrap() > 0, "{statement}");
            let (told, checked) = look(app, false).await;
            assert_eq!(told, lines, "{statement}");
            assert_eq!((checked.faults, checked.mended), (lines.len() as u64, 0), "{statement}");
            assert_eq!(look(app, false).await.0, lines, "a look changes nothing: {statement}");
            let (told, checked) = look(app, true).await;
            let mended: Vec<String> = lines.iter().map(|line| format!("{line}; mended")).collect();
            assert_eq!(told, mended, "{statement}");
            assert_eq!((checked.faults, checked.mended), (lines.len() as u64, lines.len() as u64));
            nothing(look(app, false).await);
            assert_eq!(shown(app).await, before, "{statement}");
        }
    }

    /// The index is told by each engine in its own way.
    async fn what_the_index_of_the_search_has_is_compared_to_the_letter(app) {
        people(app).await;
        app.new_project("other").await;
        let (before, mut outside) = (shown(app).await, Outside::of(app).await);
        let put = |scope: &str, row: &str, text: &str| {
            vec![
                format!("DELETE FROM user_search WHERE rowid = {row}"),
                format!("INSERT INTO user_search (scope, rowid, text) VALUES ({scope}, {row}, {text})"),
            ]
        };
        let right = format!("(SELECT search FROM users WHERE seq = {ANNA})");
        let ours = "char(57344, 57344, 57345)";
        let cases: Vec<(Vec<String>, &str)> = match app.engine() {
            Engine::Sqlite => vec![
                (put(ours, ANNA, "'another text'"), OTHER),
                (put(ours, ANNA, &format!("{right} || ' more'")), OTHER),
                (put(ours, ANNA, &format!("substr({right}, 2)")), OTHER),
                (put("char(57344, 57344, 57346)", ANNA, &right), OTHER),
                (put(ours, "999", "'nobody'"), "users: row 999 of the index of the search is of no row"),
            ],
            Engine::Postgres => vec![
                (vec![format!("UPDATE user_search SET text = 'another text' WHERE seq = {ANNA}")], OTHER),
                (vec![format!("UPDATE user_search SET grams = '{{1,2}}' WHERE seq = {ANNA}")], OTHER),
                (vec![format!("UPDATE user_search SET grams = grams || 1 WHERE seq = {ANNA}")], OTHER),
            ],
        };
        for (statements, line) in cases {
            for statement in &statements {
                outside.run(statement).await.unwrap();
            }
            assert_eq!(look(app, false).await.0, [line], "{statements:?}");
            assert_eq!(look(app, true).await.0, [format!("{line}; mended")], "{statements:?}");
            nothing(look(app, false).await);
            assert_eq!(shown(app).await, before, "{statements:?}");
        }
    }

    async fn what_is_not_derived_is_told_and_left_alone(app) {
        people(app).await;
        let mut outside = Outside::of(app).await;
        let foreign_keys = match app.engine() {
            Engine::Sqlite => vec!["PRAGMA foreign_keys = OFF"],
            Engine::Postgres => vec![
                "ALTER TABLE sessions DROP CONSTRAINT sessions_project_user_id_fkey",
                "ALTER TABLE memberships DROP CONSTRAINT memberships_project_team_id_fkey",
                "ALTER TABLE api_keys DROP CONSTRAINT api_keys_project_fkey",
                "ALTER TABLE user_labels DROP CONSTRAINT user_labels_project_user_seq_fkey",
                "ALTER TABLE membership_roles DROP CONSTRAINT membership_roles_membership_seq_fkey",
            ],
        };
        for statement in foreign_keys {
            outside.run(statement).await.unwrap();
        }
        for statement in [
            "UPDATE sessions SET id = 'lost', user_id = 'nobody'",
            "UPDATE memberships SET team_id = 'nowhere' WHERE id = 'of-ben'",
            "UPDATE api_keys SET id = 'lost', project = 99",
            "UPDATE users SET labels = '{}' WHERE id = 'ben'",
            "INSERT INTO user_labels SELECT seq, 'ghost', 999 FROM projects",
            "INSERT INTO membership_roles SELECT seq, 'ghost', 999 FROM projects",
        ] {
            assert_eq!(outside.run(statement).await.unwrap(), 1, "{statement}");
        }
        let project = app.project(PROJECT).await.key.number();
        let mut lines = vec![
            "project number 99: API key lost: is without its project".to_owned(),
            format!("project number {project}: session lost: is without its user"),
            format!("project number {project}: membership of-ben: is without its team"),
            format!("project number {project}: label ghost in user_labels: is without its row"),
            format!("project number {project}: role ghost in membership_roles: is without its row"),
            "project demo: user ben: the labels are no JSON list of texts".to_owned(),
        ];
        // The constraints are told as well.
        let dropped = if app.engine() == Engine::Sqlite { 0 } else { 5 };
        let others = |told: Vec<String>| {
            let (constraints, others): (Vec<_>, Vec<_>) = told.into_iter().partition(|line| line.contains(": the constraint "));
            assert_eq!(constraints.len(), dropped, "{constraints:?}");
            others
        };
        assert_eq!(others(look(app, false).await.0), lines);
        let counts = "SELECT CAST((SELECT count(*) FROM sessions) + (SELECT count(*) FROM memberships) + \
             (SELECT count(*) FROM api_keys) AS TEXT)";
        let before = outside.text(counts).await;
        let (told, checked) = look(app, true).await;
        for derived in [3, 4] {
            lines[derived].push_str("; mended");
        }
        assert_eq!(others(told), lines);
        assert_eq!((checked.faults, checked.mended), (6 + dropped as u64, 2));
        lines.retain(|line| !line.ends_with("; mended"));
        assert_eq!(others(look(app, false).await.0), lines);
        assert_eq!(outside.text(counts).await, before);
    }

    /// What is counted and indexed of nobody is nobody's.
    async fn what_is_derived_from_nothing_is_removed(app) {
        people(app).await;
        let mut outside = Outside::of(app).await;
        let sqlite = app.engine() == Engine::Sqlite;
        let foreign_keys = match app.engine() {
            Engine::Sqlite => vec!["PRAGMA foreign_keys = OFF"],
            Engine::Postgres => vec![
                "ALTER TABLE user_totals DROP CONSTRAINT user_totals_project_fkey",
                "ALTER TABLE label_totals DROP CONSTRAINT label_totals_project_fkey",
                "ALTER TABLE user_search DROP CONSTRAINT user_search_project_seq_fkey",
                "ALTER TABLE identity_search DROP CONSTRAINT identity_search_project_seq_fkey",
            ],
        };
        for statement in foreign_keys {
            outside.run(statement).await.unwrap();
        }
        for statement in [
            "INSERT INTO user_totals VALUES (99, 0, 1, 1, 0, 0, 0, 0, 1), (99, 3, 1, 1, 0, 0, 0, 0, 1)",
            "INSERT INTO label_totals VALUES (98, 'ghost', 0, 1), (99, 'ghost', 0, 1), (99, 'other', 0, 1)",
        ] {
            outside.run(statement).await.unwrap();
        }
        let mut lines: Vec<String> = ["99: user_totals", "98: label_totals", "99: label_totals"]
            .map(|what| format!("project number {what}: is without its project"))
            .into();
        if !sqlite {
            outside.run("INSERT INTO user_search VALUES (7, 99, 'ghost', '{1}'), (999, 1, 'ghost', '{1}')").await.unwrap();
            outside.run("INSERT INTO identity_search VALUES (7, 99, 'ghost', '{1}')").await.unwrap();
            for row in ["1: row 999 of user_search", "99: row 7 of user_search", "99: row 7 of identity_search"] {
                lines.push(format!("project number {row}: is without its row"));
            }
        }
        let rest = |told: Vec<String>| -> Vec<String> {
            told.into_iter().filter(|line| !line.contains(": the constraint ")).collect()
        };
        let rows = "SELECT CAST((SELECT count(*) FROM user_totals) + (SELECT count(*) FROM label_totals) AS TEXT)";
        let before: u64 = outside.text(rows).await.parse().unwrap();
        assert_eq!(rest(look(app, false).await.0), lines);
        let (told, checked) = look(app, true).await;
        assert_eq!(rest(told), lines.iter().map(|line| format!("{line}; mended")).collect::<Vec<_>>());
        assert_eq!(checked.mended, lines.len() as u64);
        assert_eq!(rest(look(app, false).await.0), [""; 0]);
        assert_eq!(outside.text(rows).await, (before - 5).to_string());
        if !sqlite {
            let indexed = "SELECT CAST((SELECT count(*) FROM user_search) + (SELECT count(*) FROM identity_search) AS TEXT)";
            assert_eq!(outside.text(indexed).await, "3");
        }
    }

    async fn sealed_values_that_the_secret_does_not_open_are_counted(app) {
        people(app).await;
        let seal = app.app.seal.clone().unwrap();
        app.admin().patch("/v1/users/anna/mfa/recovery-codes", &json!({})).await.expect(200);
        nothing(look(app, false).await);
        mfa::add_authenticator(app, PROJECT, "anna", true).await;
        let token = mfa::bytes(app, &seal.seal("token"));
        let mut outside = Outside::of(app).await;
        outside.run(&format!("UPDATE sessions SET provider_access_token = {token}")).await.unwrap();
        let line = "project demo: USHER_SECRET does not open 1 of 1 values of authenticators.secret";
        assert_eq!(look(app, false).await.0, [line]);
        assert_eq!(look(app, true).await.0, [line]);
        let mut lines = Vec::new();
        let other = Seal::new("another secret of the tests, 32 characters");
        let checked = check::run(app.store(), Some(&other), false, &mut |line| lines.push(line.to_owned())).await;
        assert_eq!(checked.unwrap().untried, 0);
        let others = ["sessions.provider_access_token", "recovery_codes.codes", "authenticators.secret"]
            .map(|column| format!("project demo: USHER_SECRET does not open 1 of 1 values of {column}"));
        assert_eq!(lines, others);
        let checked = check::run(app.store(), None, false, &mut |line| panic!("{line}")).await.unwrap();
        assert_eq!((checked.faults, checked.untried), (0, 3));
    }

    async fn many_who_are_well_give_no_fault(app) {
        population::users(app, 1100).await;
        population::memberships(app, 20).await;
        app.admin().delete("/v1/users/anna").await;
        assert!(nothing(look(app, false).await) > 2200);
        assert_eq!(nothing(look(app, true).await), nothing(look(app, false).await));
    }

    async fn an_empty_database_gives_no_fault(app) {
        assert_eq!(nothing(look(app, true).await), 0);
    }

    /// Pages are found again behind the first one, with a fault in each.
    async fn faults_of_many_are_all_told_and_mended(app) {
        population::users(app, 1100).await;
        let mut outside = Outside::of(app).await;
        let changed = outside.run("UPDATE users SET name_folded = 'wrong'").await.unwrap();
        outside.run("DELETE FROM user_search").await.unwrap();
        let (told, checked) = look(app, true).await;
        assert_eq!((told.len() as u64, checked.faults, checked.mended), (2 * changed, 2 * changed, 2 * changed));
        nothing(look(app, false).await);
    }

    async fn while_others_write_nothing_is_wrong(app) {
        let ended = AtomicBool::new(false);
        let write = async |writer: usize| {
            for round in 0.. {
                if ended.load(Ordering::Relaxed) {
                    return round;
                }
                let id = format!("w{writer}-{}", round % 20);
                let path = format!("/v1/users/{id}");
                app.user(&id, json!({ "email": format!("{id}@example.org"), "name": "Åsa" })).await;
                let labels = json!({ "labels": ["vip", format!("l{}", round % 7)] });
                app.admin().put(&format!("{path}/labels"), &labels).await.expect(200);
                app.admin().patch(&format!("{path}/name"), &json!({ "name": format!("Ek {round}") })).await.expect(200);
                app.admin().patch(&format!("{path}/email"), &json!({ "email": format!("x{id}@example.org") })).await.expect(200);
                app.admin().patch(&format!("{path}/status"), &json!({ "status": round % 2 == 0 })).await.expect(200);
                assert_eq!(app.admin().delete(&path).await.status, 204);
                tokio::task::yield_now().await;
            }
            0
        };
        let look = async {
            for repair in [false, true, false, true, false] {
                nothing(look(app, repair).await);
            }
            ended.store(true, Ordering::Relaxed);
        };
        let (one, two, ()) = tokio::join!(write(1), write(2), look);
        assert!(one > 0 && two > 0, "{one} {two}");
        nothing(self::look(app, false).await);
    }
}

/// Rows that were brought in with their numbers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_postgres_that_are_behind_the_rows_are_put_before_them() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    people(&app).await;
    let mut outside = Outside::of(&app).await;
    outside.run("ALTER SEQUENCE users_seq_seq RESTART WITH 1").await.unwrap();
    outside.run("ALTER SEQUENCE targets_seq_seq RESTART WITH 2").await.unwrap();
    // One that was set ahead is right.
    outside.run("ALTER SEQUENCE teams_seq_seq RESTART WITH 1000").await.unwrap();
    let line = |table| format!("{table}: the next number of a row is not behind the largest one");
    assert_eq!(look(&app, false).await.0, [line("users"), line("targets")]);
    assert_eq!(look(&app, true).await.0, [line("users"), line("targets")].map(|line| format!("{line}; mended")));
    nothing(look(&app, false).await);
    app.user("new", json!({ "email": "new@example.org" })).await;
    assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM users").await, "3");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_sqlite_finds_by_itself_is_told() {
    let app = TestApp::sqlite(&[]).await;
    people(&app).await;
    let before = shown(&app).await;
    let mut outside = Outside::of(&app).await;
    outside.run("PRAGMA foreign_keys = OFF").await.unwrap();
    // A table of the operator's.
    outside.run("CREATE TABLE mine (project INTEGER REFERENCES projects (seq))").await.unwrap();
    outside.run("INSERT INTO mine VALUES (99)").await.unwrap();
    for repair in [false, true] {
        assert_eq!(look(&app, repair).await.0, ["mine: there are rows without their row in projects"]);
    }
    outside.run("DROP TABLE mine").await.unwrap();
    nothing(look(&app, false).await);
    // An index of the search whose parts do not fit.
    assert!(outside.run("DELETE FROM user_search_data WHERE id > 10").await.unwrap() > 0);
    let line = "integrity: fts5: corruption found reading blob 137438953473 from table \"user_search\"";
    assert_eq!(look(&app, false).await.0, [line]);
    assert_eq!(look(&app, true).await.0, [format!("{line}; mended")]);
    nothing(look(&app, false).await);
    assert_eq!(shown(&app).await, before);
    app.finish().await;
}
