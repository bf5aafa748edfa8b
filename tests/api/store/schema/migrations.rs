//! Migrations: once, in turn, and never backwards.
//!
//! PostgreSQL older than 14 is refused at the start; no test shows that, for want of such a server.

use std::time::Duration;

use usher::config::DatabaseUrl;
use usher::store::{Engine, Store, projects};

use super::Outside;
use crate::support::{PROJECT, TestApp, both};

const APPLIED: &str = "SELECT CAST(version AS TEXT), CAST(installed_on AS TEXT) FROM _sqlx_migrations";

async fn open(url: &DatabaseUrl) -> Result<Store, usher::store::Error> {
    Store::open(url, 2, Duration::ZERO).await
}

both! {
    async fn a_second_start_changes_nothing(app) {
        let mut outside = Outside::of(app).await;
        app.user("anna", serde_json::json!({"email": "anna@example.org"})).await;
        let applied = outside.texts(APPLIED).await;
        assert_eq!(applied.len(), 6);
        let again = open(&app.app.config.database).await.unwrap();
        assert_eq!(outside.texts(APPLIED).await, applied);
        assert_eq!(projects::find(again.read(), PROJECT).await.unwrap().unwrap().id, PROJECT);
        assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM users").await, "1");
        again.close().await;
    }

    async fn a_database_of_a_newer_program_is_refused_and_left_alone(app) {
        let mut outside = Outside::of(app).await;
        outside
            .run("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                  SELECT 9001, 'of the future', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1")
            .await
            .unwrap();
        let applied = outside.texts(APPLIED).await;
        let refused = open(&app.app.config.database).await.unwrap_err();
        let message = refused.to_string();
        assert!(message.contains("newer Usher") && message.contains("9001"), "{message}");
        assert_eq!(outside.texts(APPLIED).await, applied);
    }

    async fn a_migration_that_was_changed_afterwards_is_refused(app) {
        let mut outside = Outside::of(app).await;
        // X'00' is a byte on SQLite and a bit string on PostgreSQL.
        let other = if app.engine() == Engine::Sqlite { "X'00'" } else { "'\\x00'" };
        outside.run(&format!("UPDATE _sqlx_migrations SET checksum = {other} WHERE version = 1")).await.unwrap();
        let message = open(&app.app.config.database).await.unwrap_err().to_string();
        assert!(message.contains("migration 1") && message.contains("modified"), "{message}");
    }
}

/// Three programs that start on one empty database.
async fn start_together(url: &DatabaseUrl) {
    let start = || Store::open(url, 2, Duration::from_secs(10));
    let (a, b, c) = tokio::join!(start(), start(), start());
    for store in [a, b, c] {
        let store = store.unwrap();
        assert!(projects::all(store.read()).await.unwrap().is_empty());
        store.close().await;
    }
}

#[tokio::test]
async fn programs_that_start_on_one_new_file_wait_for_each_other() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        start_together(&DatabaseUrl::Sqlite(folder.path().join("new/folder/usher.db"))).await;
    }
}

#[tokio::test]
async fn programs_that_start_on_one_new_postgresql_wait_for_each_other() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    let mut outside = Outside::of(&app).await;
    outside.run("DROP SCHEMA public CASCADE").await.unwrap();
    outside.run("CREATE SCHEMA public").await.unwrap();
    start_together(&app.app.config.database).await;
    assert_eq!(outside.texts(APPLIED).await.len(), 6);
    drop(outside);
    app.finish().await;
}
