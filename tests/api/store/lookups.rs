//! Reading users by id: who asks PostgreSQL at the same time shares a statement, and each gets the own answer.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use serde_json::json;
use usher::store::{Engine, Store};

use super::statements::told;
use crate::support::{PROJECT, both};

both! {
    on one thread;

    async fn who_asks_postgres_together_shares_statements_of_sixteen(app) {
        for n in 0..40 {
            app.user(&format!("u{n}"), json!({"name": format!("Name {n}")})).await;
        }
        let project = app.project(PROJECT).await.key;
        let (answers, told) = told(async {
            let store = Store::open(&app.app.config.database, 4, Duration::ZERO).await.unwrap();
            let ids: Vec<String> = (0..40).map(|n| format!("u{n}")).collect();
            let answers = join_all(ids.iter().map(|id| store.user(project, id))).await;
            store.close().await;
            answers
        })
        .await;
        for (n, answer) in answers.into_iter().enumerate() {
            let user = answer.unwrap().unwrap();
            assert_eq!((user.id, user.name), (format!("u{n}"), format!("Name {n}")));
        }
        let reads: Vec<&String> = told.iter().filter(|text| text.contains("FROM users")).collect();
        // A statement of SQLite is a call, which nobody gains by waiting for others to share.
        let (expected, by) = match app.engine() {
            Engine::Sqlite => (40, "t.project = $1 AND t.id = $2"),
            Engine::Postgres => (3, "t.project = $1 AND t.id IN ("),
        };
        assert_eq!(reads.len(), expected, "{reads:#?}");
        assert!(reads.iter().all(|text| text.contains(by)), "{reads:#?}");
    }

}

both! {
    async fn everybody_gets_the_own_answer(app) {
        app.new_project("other").await;
        let key = app.new_key("other", &usher::access::Scope::ALL).await;
        app.user("anna", json!({"name": "Anna"})).await;
        app.user("Anna", json!({"name": "Big Anna"})).await;
        app.caller("other", &key).post("/v1/users", &json!({"userId": "anna", "name": "Other Anna"})).await.expect(201);
        let (here, there) = (app.project(PROJECT).await.key, app.project("other").await.key);
        let asks = [
            (here, "anna", Some("Anna")),
            (there, "anna", Some("Other Anna")),
            (here, "Anna", Some("Big Anna")),
            (there, "Anna", None),
            (here, "nobody", None),
            (here, "anna", Some("Anna")),
            (here, "", None),
            (here, "anna' OR '1'='1", None),
        ];
        let answers = join_all(asks.iter().map(|(project, id, _)| app.store().user(*project, id))).await;
        for ((_, id, expected), answer) in asks.into_iter().zip(answers) {
            assert_eq!(answer.unwrap().map(|user| user.name).as_deref(), expected, "{id}");
        }
    }

    async fn who_leaves_takes_no_answer_along(app) {
        app.user("anna", json!({})).await;
        let project = app.project(PROJECT).await.key;
        let ask = || Box::pin(app.store().user(project, "anna"));
        let (mut gone, stays) = ((0..20).map(|_| ask()).collect::<Vec<_>>(), ask());
        for ask in &mut gone {
            // Asks, and may have the answer already.
            let _ = ask.as_mut().now_or_never();
        }
        drop(gone);
        assert_eq!(stays.await.unwrap().unwrap().id, "anna");
    }

    async fn what_was_written_before_is_read(app) {
        app.user("anna", json!({})).await;
        for n in 0..20 {
            let name = format!("Name {n}");
            app.admin().patch("/v1/users/anna/name", &json!({"name": name})).await.expect(200);
            let reads = (0..3).map(|_| async { app.admin().get("/v1/users/anna").await });
            for read in join_all(reads).await {
                assert_eq!(read.expect(200)["name"], json!(name));
            }
        }
    }
}
