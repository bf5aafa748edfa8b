//! A database that refuses, is locked or goes away: 503 while it lasts, and nothing to repair afterwards.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use sqlx::Executor as _;
use usher::store::{Error, Result, Tx, teams};

use super::{Held, TIME, in_time, put, stored};
use crate::store::schema::Outside;
use crate::support::{PROJECT, TestApp, both};

both! {
    async fn a_database_that_takes_no_writes_is_unavailable_and_recovers(app) {
        let project = app.project(PROJECT).await.key;
        let refused: Result<()> = app
            .store()
            .write(move |tx| Box::pin(async move {
                // What a file system mounted read-only, or a standby server, says.
                match &mut *tx {
                    Tx::Sqlite(connection) => connection.pragma_update(None, "query_only", true)?,
                    Tx::Postgres(transaction) => transaction.execute("SET TRANSACTION READ ONLY").await.map(drop)?,
                }
                let refused = teams::insert(tx, project, "red", "Red", TIME).await;
                if let Tx::Sqlite(connection) = tx {
                    // The setting would outlive the transaction.
                    connection.pragma_update(None, "query_only", false)?;
                }
                refused
            }))
            .await;
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
        put(app.store(), project, "blue".into()).await.unwrap();
        assert!(!stored(app.store(), project, "red").await && stored(app.store(), project, "blue").await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_writes_to_the_file_requests_wait_five_seconds_together_and_no_longer() {
    let app = TestApp::sqlite(&[]).await;
    app.admin().get("/v1/users").await.expect(200);
    let mut outside = Outside::of(&app).await;
    let project = app.project(PROJECT).await.key;
    outside.run("BEGIN IMMEDIATE").await.unwrap();
    let began = Instant::now();
    let writes = join_all((0..20).map(|n| put(app.store(), project, format!("t{n}"))));
    let reads = async {
        app.admin().get("/v1/users").await.expect(200);
        assert!(began.elapsed() < Duration::from_secs(4), "reads do not wait for writes");
    };
    let (answers, ()) = in_time(async { tokio::join!(writes, reads) }).await;
    for answer in answers {
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    }
    // The time limit of one attempt, or of two when some came behind the first; twenty of them would take 100 s.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    outside.run("ROLLBACK").await.unwrap();
    put(app.store(), project, "free".into()).await.unwrap();
    assert_eq!(outside.texts("SELECT id FROM teams").await, [["free"]]);
    drop(outside);
    app.finish().await;
}

/// Ends every connection of the server, as a restart of PostgreSQL does.
async fn end_connections(outside: &mut Outside) {
    let ended = outside
        .texts(
            "SELECT CAST(pg_terminate_backend(pid, 5000) AS TEXT) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    assert!(!ended.is_empty() && ended.iter().all(|row| row[0] == "true"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_request_after_postgresql_ended_all_connections_succeeds() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    let project = app.project(PROJECT).await.key;
    let mut outside = Outside::of(&app).await;
    let fill = async || join_all((0..8).map(|_| async { app.admin().get("/v1/users").await.expect(200) })).await;
    for n in 0..3 {
        // As many connections as there may be.
        fill().await;
        end_connections(&mut outside).await;
        app.user(&format!("u{n}"), json!({})).await;
        end_connections(&mut outside).await;
        app.admin().get(&format!("/v1/users/u{n}")).await.expect(200);
        end_connections(&mut outside).await;
        put(app.store(), project, format!("t{n}")).await.unwrap();
    }
    drop(outside);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_whose_connection_is_ended_is_unavailable_and_undone() {
    let Some(app) = TestApp::postgres(&[]).await else { return };
    let project = app.project(PROJECT).await.key;
    let mut outside = Outside::of(&app).await;
    let held = Held::begin(app.store(), move |tx| {
        Box::pin(async move { teams::insert(tx, project, "red", "Red", TIME).await })
    })
    .await;
    end_connections(&mut outside).await;
    let lost = in_time(held.release()).await;
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    assert!(!stored(app.store(), project, "red").await);
    put(app.store(), project, "red".into()).await.unwrap();
    drop(outside);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_finds_no_free_connection_is_503_after_a_few_seconds() {
    let Some(app) = TestApp::postgres(&[("USHER_DATABASE_CONNECTIONS", "2")]).await else { return };
    app.admin().get("/v1/users").await.expect(200);
    let hold = || Held::begin(app.store(), |_| Box::pin(async { Ok(()) }));
    let held = [hold().await, hold().await];
    app.admin().get("/v1/users").await.fails(503, "general_server_error", "");
    for held in held {
        in_time(held.release()).await.unwrap();
    }
    app.admin().get("/v1/users").await.expect(200);
    app.finish().await;
}
