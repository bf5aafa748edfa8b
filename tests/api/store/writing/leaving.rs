//! Callers that go away while they wait harm nobody.

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use serde_json::{Value, json};
use usher::store::users;
use usher::store::{ProjectKey, Result, Store, Tx};

use super::{Held, TIME, in_time, put};
use crate::store::schema::{Outside, new_user};
use crate::support::{PROJECT, both};

async fn rename(store: &Store, project: ProjectKey, name: String) -> Result<()> {
    store.write(move |tx| Box::pin(set_name(tx, project, name))).await
}

async fn set_name(tx: &mut Tx, project: ProjectKey, name: String) -> Result<()> {
    let before = users::lock(tx, project, "anna").await?.unwrap();
    let mut user = users::User { name, ..before.clone() };
    users::save(tx, project, &before, &mut user, TIME, None).await
}

both! {
    async fn writers_that_leave_while_they_wait_block_nobody(app) {
        let project = app.project(PROJECT).await.key;
        app.write(move |tx| Box::pin(async move { users::insert(tx, project, new_user("anna"), None).await })).await;
        let held = Held::begin(app.store(), move |tx| Box::pin(set_name(tx, project, "held".into())))
        .await;
        // Some of them wait for the row, some for a connection, some in the queue of the writer.
        let leave = |n| Box::pin(rename(app.store(), project, format!("gone {n}")));
        let mut leaving: Vec<_> = (0..20).map(leave).collect();
        for write in &mut leaving {
            assert!(write.as_mut().now_or_never().is_none());
        }
        // The first are polled on until their statement is with the database.
        let in_vain = tokio::time::timeout(std::time::Duration::from_millis(50), join_all(leaving)).await;
        assert!(in_vain.is_err(), "nobody can change the user while another transaction has");
        in_time(held.release()).await.unwrap();
        // More than there are connections, and on the row that they all wanted.
        let writes = (0..8).map(|n| rename(app.store(), project, format!("Stays {n}")));
        for answer in in_time(join_all(writes)).await {
            answer.unwrap();
        }
        let user = users::find(app.store().read(), project, "anna").await.unwrap().unwrap();
        assert!(user.name.starts_with("Stays "), "{}", user.name);
        // The parts of the last change belong together.
        let mut outside = Outside::of(app).await;
        let texts = outside.texts("SELECT name_folded, search FROM users").await;
        assert_eq!(texts, [[user.name.to_lowercase(), format!("anna {}", user.name.to_lowercase())]]);
        assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM user_search").await, "1");
    }

    async fn readers_that_leave_in_a_long_statement_leave_its_connection_to_the_next(app) {
        let mut outside = Outside::of(app).await;
        let anna = app.user("anna", json!({"name": "Anna"})).await;
        outside
            .run("INSERT INTO users (project, id, created_at, updated_at, registration, name, name_folded, status, \
                  email_verified, phone_verified, labels, prefs, hash, hash_options, password_history, mfa, \
                  impersonator, search) \
                  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000) \
                  SELECT project, 'u' || n, created_at, updated_at, registration, 'somebody', 'somebody', status, \
                  email_verified, phone_verified, labels, prefs, hash, hash_options, password_history, mfa, \
                  impersonator, 'somebody' FROM users, numbers")
            .await
            .unwrap();
        let contains = |part: &str| json!({"method": "contains", "attribute": "name", "values": [part]});
        let search: [&str; 2] = ["/v1/users?search=nn", "/v1/users"];
        for n in 0..12 {
            let caller = app.admin();
            let queries: Vec<Value> = if n % 2 == 0 { vec![] } else { vec![contains("nn")] };
            let asked = caller.list(search[n % 2], &queries);
            let wait = std::time::Duration::from_millis(u64::try_from(n).unwrap());
            // Leaves at another moment each time, before, in and after the statement.
            let _ = tokio::time::timeout(wait, asked).await;
        }
        for path in search {
            let found = in_time(app.admin().list(path, &[contains("nn")])).await;
            assert_eq!(found.json, json!({"total": 1, "users": [anna]}), "{}", found.text);
        }
        // The writer and the other readers are free as well.
        let project = app.project(PROJECT).await.key;
        let writes = (0..8).map(|n| put(app.store(), project, format!("t{n}")));
        assert!(in_time(join_all(writes)).await.iter().all(Result::is_ok));
    }
}
