//! Who is deleted is gone from every table, and from what servers remember.

use serde_json::json;
use usher::store::projects;
use usher::store::tables::{OTHERS, TABLES};

use crate::account::people::{handed, stranger};
use crate::copy::everything::everything_of;
use crate::crash::consistency;
use crate::store::schema::{Outside, columns};
use crate::support::{PROJECT, TestApp, both};

/// What is written down of the user who is deleted here, in lower case and without accents.
const TRACES: [&str; 6] = ["ecognisable", "anna", "+491700000001", "203.0.113.77", "totp", "label:vip"];

/// Every column of every table as `table.column`, by the list of tables and by what the engine says.
async fn everywhere(outside: &mut Outside) -> Vec<String> {
    let real = columns(outside).await.into_iter().map(|column| column.split(':').next().unwrap().to_owned());
    let mut all: Vec<String> = real.collect();
    let listed =
        TABLES.iter().flat_map(|table| table.columns.iter().map(|column| format!("{}.{}", table.name, column.name)));
    all.extend(listed);
    if matches!(outside, Outside::Postgres(_)) {
        all.extend(["user_search.text".to_owned(), "identity_search.text".to_owned()]);
    }
    all.sort();
    all.dedup();
    for (table, _) in OTHERS.iter().filter(|(table, _)| table.ends_with("_totals")) {
        assert!(all.iter().any(|column| column.starts_with(&format!("{table}."))), "{table}");
    }
    all
}

/// The columns in which something of the user stands.
async fn traces(app: &TestApp) -> Vec<String> {
    let mut outside = Outside::of(app).await;
    let mut found = Vec::new();
    for place in everywhere(&mut outside).await {
        let (table, column) = place.split_once('.').unwrap();
        let text = match outside {
            Outside::Sqlite(_) => format!("CAST({column} AS TEXT)"),
            // Bytes that are no text stand in their hexadecimal form, and others are found by their text.
            Outside::Postgres(_) => format!("encode(convert_to(CAST({column} AS TEXT), 'UTF8'), 'escape')"),
        };
        let like: Vec<String> = TRACES.iter().map(|trace| format!("lower({text}) LIKE '%{trace}%'")).collect();
        let query = format!("SELECT CAST(count(*) AS TEXT) FROM {table} WHERE {}", like.join(" OR "));
        if outside.text(&query).await != "0" {
            found.push(place);
        }
    }
    found
}

async fn rows(app: &TestApp, query: &str) -> Vec<Vec<String>> {
    Outside::of(app).await.texts(query).await
}

both! {
    async fn of_a_user_who_is_deleted_one_row_of_the_log_remains(app) {
        app.user("bert", json!({"name": "Bert"})).await;
        everything_of(app, "anna").await;
        let anna = handed(app, "anna").await;
        anna.get("/v1/account").await.expect(200);
        let jwt = app.admin().post("/v1/users/anna/jwts", &json!({})).await.expect(201);
        let by_token = stranger(app).header("x-appwrite-jwt", jwt["jwt"].as_str().unwrap());
        by_token.get("/v1/account").await.expect(200);
        // There is something to find in every table that has rows of users.
        let before = traces(app).await;
        for table in TABLES.iter().filter(|table| table.has("user_id")) {
            assert!(before.contains(&format!("{}.user_id", table.name)), "{}: {before:?}", table.name);
        }
        for place in ["users.search", "users.targets", "label_totals.label", "identities.search", "sessions.user_agent"] {
            assert!(before.iter().any(|known| known == place) || place == "label_totals.label", "{place}: {before:?}");
        }

        app.admin().delete("/v1/users/anna").await.expect(204);
        assert_eq!(traces(app).await, ["logs.user_id"]);
        let log = "SELECT event, actor_type, actor_name, actor_email, ip, user_agent FROM logs WHERE user_id = 'anna'";
        assert_eq!(rows(app, log).await, [["user.delete", "keyProject", "test key", "", "", ""]]);
        for table in TABLES.iter().filter(|table| table.has("user_id") && table.name != "logs") {
            let count = format!("SELECT CAST(count(*) AS TEXT) FROM {}", table.name);
            assert_eq!(rows(app, &count).await, [["0"]], "{}", table.name);
        }
        assert_eq!(rows(app, "SELECT CAST(count(*) AS TEXT) FROM label_totals").await, [["0"]]);
        consistency::check(&app.app.config.database).await;
        // Nothing is found, and nothing is remembered.
        for search in ["recognisable", "anna", "label:vip", "an"] {
            assert_eq!(app.admin().get(&format!("/v1/users?search={search}")).await.json["total"], 0, "{search}");
            let identities = app.admin().get(&format!("/v1/users/identities?search={search}")).await;
            assert_eq!(identities.json["total"], 0, "{search}");
        }
        for member in [anna, by_token] {
            member.get("/v1/account").await.fails(401, "general_unauthorized_scope", "");
        }
        for path in ["", "/sessions", "/targets", "/memberships", "/mfa/factors", "/passkeys", "/prefs"] {
            app.admin().get(&format!("/v1/users/anna{path}")).await.fails(404, "user_not_found", "");
        }
        assert_eq!(app.admin().get("/v1/users/bert").await.expect(200)["name"], "Bert");
    }

    async fn of_a_project_that_is_deleted_nothing_remains(app) {
        everything_of(app, "anna").await;
        let project = app.project(PROJECT).await.key;
        app.write(move |tx| Box::pin(async move { projects::delete(tx, project).await })).await;
        assert_eq!(traces(app).await, [""; 0]);
        for table in TABLES {
            let count = format!("SELECT CAST(count(*) AS TEXT) FROM {}", table.name);
            assert_eq!(rows(app, &count).await, [["0"]], "{}", table.name);
        }
        for table in ["user_totals", "label_totals", "user_search", "identity_search"] {
            let count = format!("SELECT CAST(count(*) AS TEXT) FROM {table}");
            assert_eq!(rows(app, &count).await, [["0"]], "{table}");
        }
    }
}
