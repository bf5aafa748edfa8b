//! What fails leaves nothing, and nobody sees what is not safe yet.

use futures_util::future::join_all;
use usher::store::users::{self, User};
use usher::store::{Engine, Error, On, ProjectKey, Result, Tx, teams};

use super::{Held, TIME, in_time, put, stored};
use crate::store::schema::{Outside, new_user};
use crate::support::{PROJECT, both};

/// How many rows there are of what [`half`] stores.
async fn rows(outside: &mut Outside) -> Vec<String> {
    let mut counts = Vec::new();
    for table in ["users", "user_labels", "user_search", "teams"] {
        counts.push(outside.text(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await);
    }
    counts
}

/// Several rows of several tables.
async fn half(tx: &mut Tx, project: ProjectKey) -> Result<()> {
    let user = new_user("half");
    users::insert(tx, project, User { labels: "[\"vip\"]".into(), ..user }, None).await?;
    teams::insert(tx, project, "half", "Team", TIME).await
}

both! {
    async fn changes_are_seen_after_the_answer_and_not_before(app) {
        let project = app.project(PROJECT).await.key;
        let mut outside = Outside::of(app).await;
        let held = Held::begin(app.store(), move |tx| {
            Box::pin(async move { teams::insert(tx, project, "red", "Red", TIME).await })
        })
        .await;
        let count = "SELECT CAST(count(*) AS TEXT) FROM teams";
        assert!(!stored(app.store(), project, "red").await);
        assert_eq!(outside.text(count).await, "0");
        in_time(held.release()).await.unwrap();
        assert_eq!(outside.text(count).await, "1");
        assert!(stored(app.store(), project, "red").await);
    }

    async fn a_transaction_sees_its_own_changes(app) {
        let project = app.project(PROJECT).await.key;
        let total = app.write(move |tx| Box::pin(async move {
            teams::insert(tx, project, "red", "Red", TIME).await?;
            teams::total(tx.on(), project, "red").await
        })).await;
        assert_eq!(total, Some(0));
    }

    async fn an_error_undoes_everything_and_is_handed_over(app) {
        let project = app.project(PROJECT).await.key;
        let mut outside = Outside::of(app).await;
        let failed: Result<()> = app
            .store()
            .write(move |tx| Box::pin(async move {
                half(tx, project).await?;
                Err(Error::Other("changed its mind".into()))
            }))
            .await;
        assert_eq!(failed.unwrap_err().to_string(), "changed its mind");
        assert_eq!(rows(&mut outside).await, ["0", "0", "0", "0"]);
        app.write(move |tx| Box::pin(half(tx, project))).await;
        assert_eq!(rows(&mut outside).await, ["1", "1", "1", "1"]);
    }

    async fn an_error_of_the_database_undoes_what_came_before_it(app) {
        let project = app.project(PROJECT).await.key;
        let mut outside = Outside::of(app).await;
        let failed: Result<()> = app
            .store()
            .write(move |tx| Box::pin(async move {
                half(tx, project).await?;
                teams::insert(tx, project, "half", "Again", TIME).await
            }))
            .await;
        assert!(matches!(failed, Err(Error::Conflict(_))), "{failed:?}");
        assert_eq!(rows(&mut outside).await, ["0", "0", "0", "0"]);
    }

    async fn a_panic_undoes_everything_reaches_its_caller_and_nobody_else(app) {
        let project = app.project(PROJECT).await.key;
        let mut outside = Outside::of(app).await;
        for in_future in [true, false] {
            let store = app.store().clone();
            let caller = tokio::spawn(async move {
                let write = store.write::<(), Error, _>(move |tx| {
                    assert!(in_future, "before the future was made");
                    Box::pin(async move {
                        half(tx, project).await?;
                        panic!("in the middle")
                    })
                });
                write.await
            });
            let panic = in_time(caller).await.unwrap_err();
            assert!(panic.is_panic(), "{panic:?}");
            in_time(put(app.store(), project, format!("after {in_future}"))).await.unwrap();
        }
        assert_eq!(rows(&mut outside).await, ["0", "0", "0", "2"]);
        // No connection is left with an open transaction: more writes than there are connections go through.
        let writes = (0..8).map(|n| put(app.store(), project, format!("t{n}")));
        assert!(in_time(join_all(writes)).await.iter().all(Result::is_ok));
    }

    async fn closing_finishes_what_runs_and_refuses_what_comes_later(app) {
        let project = app.project(PROJECT).await.key;
        let held = Held::begin(app.store(), move |tx| {
            Box::pin(async move { teams::insert(tx, project, "red", "Red", TIME).await })
        })
        .await;
        let close = async {
            app.store().close().await;
        };
        let (released, ()) = in_time(async { tokio::join!(held.release(), close) }).await;
        released.unwrap();
        let late = in_time(put(app.store(), project, "late".into())).await;
        assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
        assert!(matches!(app.store().ping().await, Err(Error::Unavailable(_))));
        let mut outside = Outside::of(app).await;
        assert_eq!(outside.texts("SELECT id FROM teams").await, [["red"]]);
    }
}

/// As when the disk is full. A job that does not stop at that would otherwise store what comes after by itself.
#[tokio::test]
async fn a_job_goes_no_further_when_sqlite_has_undone_its_transaction() {
    let app = crate::support::TestApp::sqlite(&[]).await;
    let project = app.project(PROJECT).await.key;
    let lost: Result<()> = app
        .store()
        .write(move |tx| {
            Box::pin(async move {
                teams::insert(tx, project, "before", "Team", TIME).await?;
                let Tx::Sqlite(part) = &*tx else { panic!("SQLite") };
                part.execute_batch("ROLLBACK")?;
                let refused = teams::insert(tx, project, "behind", "Team", TIME).await;
                assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
                Ok(())
            })
        })
        .await;
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    in_time(put(app.store(), project, "next".into())).await.unwrap();
    let mut outside = Outside::of(&app).await;
    assert_eq!(outside.texts("SELECT id FROM teams").await, [["next"]]);
    app.finish().await;
}

#[tokio::test]
async fn readers_of_sqlite_cannot_write() {
    let app = crate::support::TestApp::sqlite(&[]).await;
    for statement in ["DELETE FROM projects", "CREATE TABLE t (a)", "UPDATE projects SET name = ''"] {
        let On::Readers(readers) = app.store().read() else { panic!("readers of SQLite") };
        let refused = readers.with(|reader| Ok(reader.execute(statement, [])?)).unwrap_err();
        assert!(refused.to_string().contains("readonly"), "{refused}");
    }
    assert_eq!(app.project(PROJECT).await.id, PROJECT);
    app.finish().await;
}

both! {
    /// Durability as it is promised: what was answered survives a loss of power.
    async fn the_settings_of_the_writing_connection_are_those_that_are_promised(app) {
        let found = app.write(|tx| Box::pin(async move {
            let mut found = Vec::new();
            let names = match tx.engine() {
                Engine::Sqlite => ["journal_mode", "synchronous", "foreign_keys"],
                Engine::Postgres => ["synchronous_commit", "fsync", "statement_timeout"],
            };
            for name in names {
                let text: String = match tx {
                    Tx::Sqlite(connection) => {
                        let text = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
                        connection.query_row(&text, [], |row| row.get(0))?
                    }
                    Tx::Postgres(transaction) => {
                        sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut **transaction).await?
                    }
                };
                found.push(text);
            }
            Ok(found)
        })).await;
        match app.engine() {
            Engine::Sqlite => assert_eq!(found, ["wal", "2", "1"]),
            // Whether the server itself uses fsync is its operator's business; throwaway ones do not.
            Engine::Postgres => assert_eq!((found[0].as_str(), found[2].as_str()), ("on", "15s")),
        }
    }
}
