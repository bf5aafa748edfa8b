//! Writes of one statement, which on PostgreSQL have no transaction around them, and lists of one.

use futures_util::future::join_all;
use serde_json::json;
use usher::store::{Constraint, Engine, Error, Result, projects, teams, users};

use super::schema::rows::log;
use super::schema::{Outside, new_user};
use super::statements::told;
use crate::support::{PROJECT, both};

both! {
    async fn a_second_statement_is_refused_where_it_could_not_be_undone(app) {
        let (project, now) = (app.project(PROJECT).await.key, app.app.clock.now());
        let two: Result<()> = app
            .store()
            .write_at_once(move |tx| {
                Box::pin(async move {
                    teams::insert(tx, project, "red", "Red", now).await?;
                    teams::insert(tx, project, "blue", "Blue", now).await
                })
            })
            .await;
        let teams = Outside::of(app).await.texts("SELECT id FROM teams ORDER BY id").await;
        match app.engine() {
            Engine::Sqlite => assert!(two.is_ok() && teams == [["blue"], ["red"]], "{two:?} {teams:?}"),
            Engine::Postgres => {
                assert!(matches!(two, Err(Error::Other(_))) && teams == [["red"]], "{two:?} {teams:?}");
            }
        }
        // The connection is as good as before.
        assert_eq!(projects::find(app.store().read(), PROJECT).await.unwrap().unwrap().id, PROJECT);
    }

    async fn a_conflict_leaves_nothing_behind(app) {
        app.user("anna", json!({"email": "anna@x.org", "phone": "+4915112345678"})).await;
        let project = app.project(PROJECT).await.key;
        let before = all_rows(app).await;
        let with = |email: Option<&str>, phone: Option<&str>| users::User {
            email: email.map(Into::into),
            phone: phone.map(Into::into),
            labels: "[\"a\",\"b\"]".into(),
            ..new_user("bert")
        };
        let anew = users::User { labels: "[\"c\"]".into(), ..new_user("anna") };
        for (user, constraint) in [
            (with(Some("anna@x.org"), None), Constraint::UserEmail),
            (with(Some("bert@x.org"), Some("+4915112345678")), Constraint::UserPhone),
            (anew, Constraint::UserId),
        ] {
            let log = log(&user.id);
            let made = app.store().write_at_once(move |tx| {
                Box::pin(async move { users::insert(tx, project, user, Some(&log)).await.map(drop) })
            });
            let refused = made.await;
            assert!(matches!(&refused, Err(Error::Conflict(found)) if *found == constraint), "{refused:?}");
            assert_eq!(all_rows(app).await, before);
        }
    }

    async fn a_name_that_was_read_too_early_is_computed_anew(app) {
        app.user("anna", json!({"email": "anna@x.org"})).await;
        // Each changes what the others' text of the search is computed from.
        let names = (0..6).map(|n| async move {
            app.admin().patch("/v1/users/anna/name", &json!({"name": format!("Name {n}")})).await
        });
        let rest = [("phone", "number", "+4915112345678"), ("email", "email", "new@x.org")].map(|(path, field, value)| async move {
            app.admin().patch(&format!("/v1/users/anna/{path}"), &json!({(field): value})).await
        });
        let (names, rest) = futures_util::join!(join_all(names), join_all(rest));
        for answer in names.into_iter().chain(rest) {
            answer.expect(200);
        }
        let user = app.admin().get("/v1/users/anna").await.expect(200);
        let name = user["name"].as_str().unwrap().to_lowercase();
        assert_eq!((&user["phone"], &user["email"]), (&json!("+4915112345678"), &json!("new@x.org")));
        let text = Outside::of(app).await.text("SELECT search FROM users").await;
        assert_eq!(text, format!("anna new@x.org {name} +4915112345678"));
        for term in [name.as_str(), "new", "4915112345678"] {
            let query = percent_encoding::utf8_percent_encode(term, percent_encoding::NON_ALPHANUMERIC).to_string();
            let found = app.admin().get(&format!("/v1/users?search={query}")).await.expect(200);
            assert_eq!(found["total"], json!(1), "{term}");
        }
        assert_eq!(app.admin().get("/v1/users/anna/logs").await.expect(200)["total"], json!(9));
    }
}

both! {
    on one thread;

    async fn a_key_makes_and_changes_users_with_few_statements(app) {
        app.user("first", json!({})).await;
        let store = |told: &[String]| told.iter().filter(|text| !text.contains("api_keys")).count();
        let body = json!({"userId": "anna", "email": "anna@x.org", "phone": "+4915112345678", "name": "Anna"});
        let (_, made) = told(async { app.admin().post("/v1/users", &body).await.expect(201) }).await;
        let (_, renamed) =
            told(async { app.admin().patch("/v1/users/anna/name", &json!({"name": "Ann"})).await.expect(200) }).await;
        // On SQLite one for each thing that is written (the row, two targets, the log), since a
        // statement is no trip there, and one that reads: whether an identity has the email, and the user.
        let expected = if app.engine() == Engine::Sqlite { (5, 3) } else { (1, 2) };
        assert_eq!((store(&made), store(&renamed)), expected, "{made:#?} {renamed:#?}");
    }

    /// On SQLite a statement is no trip, so there the total has its own.
    async fn a_page_its_total_and_its_cursor_come_from_postgres_together_and_few_matches_are_found_once(app) {
        for n in 0..30 {
            app.user(&format!("u{n}"), json!({"name": "Anna", "email": format!("u{n}@x.org")})).await;
        }
        for (query, total, rows, on_sqlite, on_postgres) in [
            ("", 30, 25, 2, 1),
            ("queries[]=cursorAfter('u9')", 30, 20, 3, 1),
            ("queries[]=cursorBefore('u9')&queries[]=orderDesc('$id')", 30, 0, 3, 4),
            ("queries[]=cursorBefore('u9')&queries[]=orderAsc('name')", 30, 9, 4, 1),
            ("queries[]=cursorAfter('u9')&queries[]=orderAsc('email')", 30, 0, 4, 3),
            ("queries[]=cursorAfter('u9')&queries[]=equal('status',true)", 30, 20, 3, 2),
            ("queries[]=orderAsc('name')", 30, 25, 2, 1),
            ("queries[]=equal('status',true)", 30, 25, 2, 1),
            ("queries[]=contains('labels','vip')", 0, 0, 1, 2),
            ("queries[]=offset(30)", 30, 0, 2, 2),
            ("total=false", 0, 25, 1, 1),
            ("search=anna", 30, 25, 2, 2),
            ("search=anna&queries[]=offset(30)", 30, 0, 1, 1),
            ("search=anna&queries[]=equal('status',true)", 30, 25, 3, 2),
            ("search=nobody", 0, 0, 1, 1),
        ] {
            let (list, told) = told(app.admin().get(&format!("/v1/users?{query}"))).await;
            assert_eq!((list.ids("users").len(), &list.json["total"]), (rows, &json!(total)), "{query}");
            let seen: Vec<&String> =
                told.iter().filter(|text| ["users t", "user_search", "_totals"].iter().any(|of| text.contains(of))).collect();
            let expected = if app.engine() == Engine::Sqlite { on_sqlite } else { on_postgres };
            assert_eq!(seen.len(), expected, "{query}: {seen:#?}");
        }
    }
}

/// Everything that hangs on users.
async fn all_rows(app: &crate::support::TestApp) -> Vec<Vec<Vec<String>>> {
    let mut outside = Outside::of(app).await;
    let mut rows = Vec::new();
    for statement in [
        "SELECT id FROM users ORDER BY id",
        "SELECT label FROM user_labels ORDER BY label",
        "SELECT identifier FROM targets ORDER BY identifier",
        "SELECT user_id, event FROM logs ORDER BY seq",
        "SELECT CAST(count(*) AS TEXT) FROM user_search",
    ] {
        rows.push(outside.texts(statement).await);
    }
    rows
}
