//! The index of the search holds exactly what lives, whatever was written before.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use usher::config::DatabaseUrl;
use usher::fold::fold;
use usher::store::identities::{self, Identity};
use usher::store::projects;

use crate::store::schema::Outside;
use crate::support::{PROJECT, TestApp, both};
use crate::users::list::population::{plain, store, time};

/// The row numbers in a table and in its index, and the rows of the index that do not hold what they should.
async fn differences(app: &TestApp, table: &str, index: &str) -> (Vec<i64>, Vec<i64>, Vec<i64>) {
    match &app.app.config.database {
        DatabaseUrl::Sqlite(file) => {
            let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
            let mut numbers = async |statement: String| -> Vec<i64> {
                sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_all(&mut other).await.unwrap()
            };
            let rows = numbers(format!("SELECT seq FROM {table} ORDER BY seq")).await;
            let indexed = numbers(format!("SELECT rowid FROM {index} ORDER BY rowid")).await;
            // The index by itself, made anew from the texts: its pieces are those of the one that grew.
            let pieces = format!(
                "CREATE VIRTUAL TABLE temp.grown USING fts5vocab(main, {index}, instance); \
                 CREATE VIRTUAL TABLE temp.fresh USING fts5(text, tokenize = 'trigram case_sensitive 1'); \
                 INSERT INTO temp.fresh (rowid, text) SELECT seq, search FROM {table}; \
                 CREATE VIRTUAL TABLE temp.made USING fts5vocab(temp, fresh, instance)"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(pieces)).execute(&mut other).await.unwrap();
            let wrong: Vec<i64> = sqlx::query_scalar(
                "SELECT doc FROM (SELECT * FROM (SELECT term, doc, offset FROM grown WHERE col = 'text' \
                 EXCEPT SELECT term, doc, offset FROM made) \
                 UNION ALL SELECT * FROM (SELECT term, doc, offset FROM made \
                 EXCEPT SELECT term, doc, offset FROM grown WHERE col = 'text'))",
            )
            .fetch_all(&mut other)
            .await
            .unwrap();
            other.close().await.unwrap();
            (rows, indexed, wrong)
        }
        DatabaseUrl::Postgres(url) => {
            let mut other = PgConnection::connect(&url.0).await.unwrap();
            let mut numbers = async |statement: String| -> Vec<i64> {
                sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_all(&mut other).await.unwrap()
            };
            let rows = numbers(format!("SELECT seq FROM {table} ORDER BY seq")).await;
            let indexed = numbers(format!("SELECT seq FROM {index} ORDER BY seq")).await;
            // Hashes cannot be read back, but there is one for each different piece of the text.
            let wrong = numbers(format!(
                "SELECT t.seq FROM {table} t JOIN {index} s USING (seq) WHERE s.project <> t.project OR s.text <> t.search OR \
                 cardinality(s.grams) <> (SELECT count(DISTINCT substr(t.search, n, 3)) \
                 FROM generate_series(1, length(t.search) - 2) n)"
            ))
            .await;
            other.close().await.unwrap();
            (rows, indexed, wrong)
        }
    }
}

async fn is_exact(app: &TestApp) {
    for (table, index) in [("users", "user_search"), ("identities", "identity_search")] {
        let (rows, indexed, wrong) = differences(app, table, index).await;
        assert_eq!(rows, indexed, "{index}");
        assert_eq!(wrong, [0_i64; 0], "{index}");
    }
}

both! {
    async fn it_holds_what_lives_after_many_writes(app) {
        const NAMES: [&str; 5] = ["", "Åsa Ek", "Ann", "日本 太郎", "aaaa aaaa"];
        const LABELS: [&[&str]; 3] = [&[], &["vip"], &["vip", "beta"]];
        let admin = app.admin();
        app.new_project("other").await;
        let theirs = app.project("other").await.key;
        let twins = (0..5).map(|n| plain(&format!("user{n}"))).collect();
        store(app, theirs, twins).await;
        // A fixed sequence that looks like chance.
        let mut state = 20_260_102_u64;
        let mut pick = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let mut lives: BTreeSet<String> = BTreeSet::new();
        let (mut made, mut deleted) = (0, 0);
        for _ in 0..300 {
            let id = format!("user{}", pick(12));
            let path = format!("/v1/users/{id}");
            if lives.insert(id.clone()) {
                app.user(&id, json!({"name": NAMES[1 + pick(4)]})).await;
                made += 1;
                continue;
            }
            let answer = match pick(6) {
                0 => admin.patch(&format!("{path}/name"), &json!({"name": NAMES[pick(5)]})).await,
                // Often taken, and then nothing may change.
                1 => admin.patch(&format!("{path}/email"), &json!({"email": format!("mail{}@example.org", pick(9))})).await,
                2 => admin.patch(&format!("{path}/email"), &json!({"email": ""})).await,
                3 => admin.patch(&format!("{path}/phone"), &json!({"number": format!("+1617555000{}", pick(9))})).await,
                4 => admin.put(&format!("{path}/labels"), &json!({"labels": LABELS[pick(3)]})).await,
                _ => {
                    lives.remove(&id);
                    deleted += 1;
                    admin.delete(&path).await
                }
            };
            assert!([200, 204, 409].contains(&answer.status), "{}", answer.text);
        }
        assert!(made > 20 && deleted > 20, "{made} {deleted}");
        is_exact(app).await;

        // And a search says of every user what their text says.
        let all = admin.get("/v1/users").await.expect(200);
        for term in ["user1", "asa", "ann", "aaaa", "日本 太", "mail3@example.org", "16175550004", "label:vip", "beta"] {
            let holds = |user: &&serde_json::Value| {
                let labels = user["labels"].as_array().unwrap().iter().map(|l| format!("label:{}", l.as_str().unwrap()));
                let words = ["$id", "email", "name", "phone"].map(|field| user[field].as_str().unwrap().to_owned());
                let text = fold(&words.into_iter().chain(labels).collect::<Vec<_>>().join(" "));
                term.split([' ', '@']).all(|part| text.contains(part))
            };
            let expected: Vec<&str> =
                all["users"].as_array().unwrap().iter().filter(holds).map(|user| user["$id"].as_str().unwrap()).collect();
            let encoded = percent_encoding::utf8_percent_encode(term, percent_encoding::NON_ALPHANUMERIC);
            assert_eq!(admin.get(&format!("/v1/users?search={encoded}")).await.ids("users"), expected, "{term}");
        }
    }

    async fn identities_leave_it_with_themselves_their_users_and_their_project(app) {
        let ours = app.project(PROJECT).await.key;
        let theirs = app.new_project("other").await.key;
        for project in [ours, theirs] {
            store(app, project, vec![plain("anna"), plain("ben")]).await;
            app.write(move |tx| {
                Box::pin(async move {
                    for n in 0..6 {
                        let identity = Identity {
                            seq: 0,
                            id: format!("id{n}"),
                            user_id: if n % 2 == 0 { "anna" } else { "ben" }.into(),
                            created_at: time(0),
                            updated_at: time(0),
                            provider: "github".into(),
                            provider_uid: format!("uid-{n}"),
                            provider_email: format!("Mail{n}@example.org"),
                            provider_access_token: None,
                            provider_access_token_expiry: None,
                            provider_refresh_token: None,
                            provider_id_token: None,
                        };
                        identities::insert(tx, project, &identity).await?;
                    }
                    Ok(())
                })
            })
            .await;
        }
        is_exact(app).await;
        assert_eq!(app.admin().delete("/v1/users/identities/id0").await.status, 204);
        is_exact(app).await;
        assert_eq!(app.admin().delete("/v1/users/ben").await.status, 204);
        is_exact(app).await;
        let found = app.admin().get("/v1/users/identities?search=example.org").await;
        assert_eq!(found.ids("identities"), ["id2", "id4"]);
        app.write(move |tx| Box::pin(async move { projects::delete(tx, theirs).await })).await;
        is_exact(app).await;
        assert_eq!(app.admin().get("/v1/users/identities?search=example.org").await.ids("identities"), ["id2", "id4"]);
        assert_eq!(app.admin().get("/v1/users?search=anna").await.ids("users"), ["anna"]);
    }
}

/// FTS5 would merge by itself, some megabytes at once; Usher does, some pages a commit.
#[tokio::test]
async fn segments_of_the_index_on_sqlite_are_merged_while_users_change() {
    let app = TestApp::sqlite(&[]).await;
    let project = app.project(PROJECT).await.key;
    let mut outside = Outside::of(&app).await;
    let mut most = 0;
    for n in 0..40 {
        // A commit each, and with it a segment.
        let users = (0..4).map(|m| plain(&format!("user{}", n * 4 + m))).collect();
        store(&app, project, users).await;
        let segments = outside.text("SELECT CAST(count(DISTINCT segid) AS TEXT) FROM user_search_idx").await;
        most = most.max(segments.parse::<usize>().unwrap());
    }
    // Eight become one before sixteen are there, and so do eight of those.
    assert!((8..=24).contains(&most), "{most}");
    let found = app.admin().get("/v1/users?search=user159").await;
    assert_eq!(found.ids("users"), ["user159"]);
    assert_eq!(differences(&app, "users", "user_search").await.2, [0; 0]);
    app.finish().await;
}
