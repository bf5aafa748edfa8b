//! `usher copy`: a database moves into another, of the same engine or the other one.

pub mod everything;
pub mod meanwhile;
mod progress;
mod refused;

use serde_json::json;
use usher::config::DatabaseUrl;
use usher::store::tables::TABLES;

use self::everything::{OTHER, fill, seen};
use crate::account::people::{PASSWORD, stranger, try_sign_in};
use crate::crash::consistency;
use crate::program::Place;
use crate::store::schema::Outside;
use crate::support::{TestApp, both};

/// A database as an argument names it.
pub fn url(database: &DatabaseUrl) -> String {
    match database {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.0.clone(),
    }
}

/// An empty place of each engine.
async fn empty() -> Vec<Place> {
    [Some(Place::sqlite()), Place::postgres().await].into_iter().flatten().collect()
}

/// The lines about tables of a copy that succeeds.
#[track_caller]
pub fn copy(from: &DatabaseUrl, to: &Place) -> Vec<String> {
    let target = url(&to.database());
    let said = to.prints(&["copy", "--from", &url(from), "--to", &target]);
    let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let last = lines.pop().unwrap();
    assert!(last.starts_with("copied and compared "), "{said}");
    assert_eq!(lines.len(), TABLES.len());
    lines
}

/// The number that the next row of a table gets.
async fn next_number(database: &DatabaseUrl, insert: &str) -> i64 {
    let mut outside = Outside::at(database).await;
    outside.text(&format!("{insert} RETURNING CAST(seq AS TEXT)")).await.parse().unwrap()
}

both! {
    async fn everything_moves_and_comes_back(app) {
        let largest = fill(app).await;
        let session = app.admin().post("/v1/users/mia/sessions", &json!({})).await.expect(201);
        let jwt = app.admin().post("/v1/users/mia/jwts", &json!({})).await.expect(201);
        let before = seen(app).await;
        let from = &app.app.config.database;
        for place in empty().await {
            let lines = copy(from, &place);
            for (line, table) in lines.iter().zip(TABLES) {
                let columns: Vec<&str> = line.split('\t').collect();
                assert_eq!((columns[0], columns.len(), columns[2].len()), (table.name, 3, 64), "{line}");
                assert_ne!(columns[1], "0", "{line}");
            }
            let moved = app.moved(&place.database()).await;
            consistency::check(&moved.app.config.database).await;
            for ((path, was), (_, is)) in before.iter().zip(seen(&moved).await) {
                assert_eq!(*was, is, "{path}");
            }
            // Those who were signed in still are, and sign in as before.
            for (header, value) in [("x-appwrite-session", &session["secret"]), ("x-appwrite-jwt", &jwt["jwt"])] {
                let account = stranger(&moved).header(header, value.as_str().unwrap()).get("/v1/account").await;
                assert_eq!(account.expect(200)["$id"], "mia", "{header}");
            }
            assert_eq!(try_sign_in(&moved, "scrypt-modified@example.org", PASSWORD).await.status, 201);
            assert_eq!(try_sign_in(&moved, "mia@example.org", "wrong password").await.status, 401);
            moved.finish().await;
            place.remove().await;
        }
        // There and back through the other engine.
        for (there, back) in empty().await.into_iter().zip(empty().await) {
            let first = copy(from, &there);
            assert_eq!(copy(&there.database(), &back), first);
            let next = next_number(
                &back.database(),
                "INSERT INTO projects (id, name, settings, created_at, updated_at) VALUES ('next', '', '{}', 1, 1)",
            )
            .await;
            assert!(next > largest, "the number of a deleted project came again: {next} of {largest}");
            there.remove().await;
            back.remove().await;
        }
    }

    async fn numbers_go_on_behind_the_largest(app) {
        fill(app).await;
        app.admin().delete("/v1/users/z.-_").await.expect(204);
        let mut outside = Outside::of(app).await;
        let most = "SELECT CAST(max(seq) AS TEXT) FROM targets";
        let largest: i64 = outside.text(most).await.parse().unwrap();
        let project = app.project(OTHER).await.key.number();
        for place in empty().await {
            copy(&app.app.config.database, &place);
            let insert = format!(
                "INSERT INTO targets (project, id, user_id, created_at, updated_at, provider_type, identifier, expired) \
                 VALUES ({project}, 'new', 'anna', 1, 1, 'email', 'new@example.org', FALSE)"
            );
            let next = next_number(&place.database(), &insert).await;
            assert!(next > largest, "{next} {largest}");
            place.remove().await;
        }
    }

    async fn a_database_without_projects_is_copied_too(_app) {
        for source in empty().await {
            source.prints(&["migrate"]);
            let target = Place::sqlite();
            let lines = copy(&source.database(), &target);
            assert!(lines.iter().all(|line| line.split('\t').nth(1) == Some("0")), "{lines:?}");
            assert_eq!(target.prints(&["project", "list"]), "");
            source.remove().await;
        }
    }
}

/// A table or a column that is not in the list of tables would be left behind.
#[tokio::test]
async fn the_list_of_tables_is_that_of_both_engines() {
    let Some(mut apps) = crate::store::schema::both_engines().await else { return };
    let mut listed: Vec<String> = Vec::new();
    for table in TABLES {
        for column in table.columns {
            let kind = match column.kind {
                usher::store::tables::Kind::Int => "bigint",
                usher::store::tables::Kind::Bool => "boolean",
                usher::store::tables::Kind::Text => "text",
                usher::store::tables::Kind::Bytes | usher::store::tables::Kind::Sealed => "bytea",
            };
            listed.push(format!("{}.{}: {kind}", table.name, column.name));
        }
    }
    listed.sort();
    let others = usher::store::tables::OTHERS;
    for (_, outside) in &mut apps {
        let columns = crate::store::schema::columns(outside).await;
        let mut found: Vec<String> =
            columns.into_iter().map(|column| column.trim_end_matches(" NOT NULL").to_owned()).collect();
        found.retain(|column| !others.iter().any(|(table, _)| column.starts_with(&format!("{table}."))));
        found.sort();
        assert_eq!(listed, found);
    }
    crate::store::schema::finish(apps).await;
}

/// What is copied in the order of a key has to be found by it.
#[tokio::test]
async fn every_key_of_the_list_has_an_index() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    let mut outside = Outside::of(&app).await;
    outside.run("SET enable_seqscan = off").await.unwrap();
    outside.run("SET enable_bitmapscan = off").await.unwrap();
    outside.run("SET enable_sort = off").await.unwrap();
    for table in TABLES.iter().filter(|table| table.name != "projects") {
        let key = table.key.join(", ");
        let plan = outside
            .texts(&format!("EXPLAIN SELECT * FROM {} WHERE project = 1 ORDER BY {key} LIMIT 500", table.name))
            .await;
        let plan = plan.concat().join("\n");
        assert!(plan.contains("Index") && !plan.contains("Sort"), "{}: {plan}", table.name);
    }
    drop(outside);
    app.finish().await;
}
