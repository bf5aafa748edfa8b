//! SQLite: jobs that arrive together share one commit and nothing else.

use std::pin::Pin;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use usher::config::DatabaseUrl;
use usher::store::{Constraint, Error, ProjectKey, Result, Tx, teams, users};

use super::{Held, TIME, in_time, put, stored};
use crate::store::schema::new_user;
use crate::support::{PROJECT, TestApp};

/// How often SQLite has committed: the frames of the write-ahead log that end a transaction (the database's size
/// in pages stands in them, sqlite.org/fileformat.html 4.1).
fn commits(app: &TestApp) -> usize {
    let DatabaseUrl::Sqlite(path) = &app.app.config.database else { panic!("SQLite has a log of this kind") };
    let log = std::fs::read(format!("{}-wal", path.display())).unwrap();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    let page = usize::try_from(number(&log[8..12])).unwrap();
    let salt = &log[16..24];
    let frames: Vec<&[u8]> = log[32..].chunks_exact(24 + page).filter(|frame| &frame[8..16] == salt).collect();
    // Past 1,000 pages SQLite starts the log anew, and this would no longer count.
    assert!(frames.len() < 1000, "{}", frames.len());
    frames.iter().filter(|frame| number(&frame[4..8]) > 0).count()
}

type Answers<T> = Pin<Box<dyn Future<Output = Vec<T>>>>;

/// Hands all writes to the writer, which is busy with another one, and does not wait for their answers.
fn queue<T: 'static>(writes: impl IntoIterator<Item = impl Future<Output = T> + 'static>) -> Answers<T> {
    let mut answers: Answers<T> = Box::pin(tokio::task::unconstrained(join_all(writes)));
    assert!(answers.as_mut().now_or_never().is_none());
    answers
}

async fn hold(app: &TestApp, project: ProjectKey) -> Held {
    let store = app.store();
    Held::begin(store, move |tx| Box::pin(async move { teams::insert(tx, project, "first", "First", TIME).await }))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_arrive_together_share_a_commit() {
    let app = TestApp::sqlite(&[]).await;
    let project = app.project(PROJECT).await.key;
    let before = commits(&app);
    for n in 0..3 {
        put(app.store(), project, format!("alone {n}")).await.unwrap();
    }
    assert_eq!(commits(&app) - before, 3, "each write that comes alone has a commit of its own");
    let held = hold(&app, project).await;
    let before = commits(&app);
    let writes = (0..100).map(|n| {
        let store = app.store().clone();
        async move { put(&store, project, format!("t{n}")).await }
    });
    let answers = queue(writes);
    in_time(held.release()).await.unwrap();
    assert!(in_time(answers).await.iter().all(Result::is_ok));
    assert_eq!(commits(&app) - before, 2, "64 and 37 jobs");
    for n in 0..100 {
        assert!(stored(app.store(), project, &format!("t{n}")).await, "{n}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_in_a_batch_undoes_nothing_of_its_neighbours() {
    let app = TestApp::sqlite(&[]).await;
    let project = app.project(PROJECT).await.key;
    put(app.store(), project, "taken".into()).await.unwrap();
    let held = hold(&app, project).await;
    let before = commits(&app);
    // By turns: one that succeeds, one that says no, one that violates a constraint, one that panics.
    let writes = (0..24).map(|n| {
        let store = app.store().clone();
        let write = async move {
            let work = store.write(move |tx: &mut Tx| -> usher::store::Work<'_, Result<()>> {
                Box::pin(async move {
                    teams::insert(tx, project, &format!("t{n}"), "Team", TIME).await?;
                    match n % 4 {
                        0 => Ok(()),
                        1 => Err(Error::Missing),
                        2 => teams::insert(tx, project, "taken", "Team", TIME).await,
                        _ => panic!("in a batch"),
                    }
                })
            });
            work.await
        };
        std::panic::AssertUnwindSafe(write).catch_unwind()
    });
    let answers = queue(writes);
    in_time(held.release()).await.unwrap();
    for (n, answer) in in_time(answers).await.into_iter().enumerate() {
        match (n % 4, answer) {
            (0, Ok(Ok(()))) | (1, Ok(Err(Error::Missing))) | (3, Err(_)) => {}
            (2, Ok(Err(Error::Conflict(Constraint::TeamId)))) => {}
            (_, answer) => panic!("{n}: {answer:?}"),
        }
        assert_eq!(stored(app.store(), project, &format!("t{n}")).await, n % 4 == 0, "{n}");
    }
    assert_eq!(commits(&app) - before, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_failures_commits_nothing() {
    let app = TestApp::sqlite(&[]).await;
    let before = commits(&app);
    let failed: Result<()> = app.store().write(|_| Box::pin(async { Err(Error::Missing) })).await;
    assert!(matches!(failed, Err(Error::Missing)));
    assert_eq!(commits(&app), before);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_finishes_the_jobs_that_wait() {
    let app = TestApp::sqlite(&[]).await;
    let project = app.project(PROJECT).await.key;
    let held = hold(&app, project).await;
    let writes = (0..100).map(|n| {
        let store = app.store().clone();
        async move { put(&store, project, format!("t{n}")).await }
    });
    let answers = queue(writes);
    let store = app.store().clone();
    let closing = tokio::spawn(async move { store.close().await });
    in_time(held.release()).await.unwrap();
    assert!(in_time(answers).await.iter().all(Result::is_ok));
    in_time(closing).await.unwrap();
    let DatabaseUrl::Sqlite(path) = &app.app.config.database else { panic!("SQLite") };
    assert!(!std::fs::exists(format!("{}-wal", path.display())).unwrap(), "the log is folded into the file");
    let mut outside = crate::store::schema::Outside::of(&app).await;
    assert_eq!(outside.text("SELECT CAST(count(*) AS TEXT) FROM teams").await, "101");
    drop(outside);
    app.finish().await;
}

/// Lets the file grow by so many pages and no more, as a disk does that is nearly full.
async fn leave_room(app: &TestApp, pages: i64) {
    app.write(move |tx| {
        Box::pin(async move {
            let Tx::Sqlite(connection) = tx else { panic!("SQLite") };
            let used: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            connection.pragma_update(None, "max_page_count", used + pages)?;
            Ok(())
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_every_answer_is_true() {
    let app = TestApp::sqlite(&[]).await;
    let project = app.project(PROJECT).await.key;
    app.write(move |tx| Box::pin(async move { users::insert(tx, project, new_user("anna"), None).await })).await;
    put(app.store(), project, "before".into()).await.unwrap();
    leave_room(&app, 20).await;
    // One in the middle of the batch needs more room than there is; the others need hardly any.
    let held = hold(&app, project).await;
    let writes = (0..9).map(|n| {
        let store = app.store().clone();
        async move {
            let work = store.write(move |tx: &mut Tx| -> usher::store::Work<'_, Result<()>> {
                Box::pin(async move {
                    teams::insert(tx, project, &format!("t{n}"), "Team", TIME).await?;
                    if n == 4 {
                        let prefs = format!("{{\"a\":\"{}\"}}", "x".repeat(400_000));
                        let before = users::lock(tx, project, "anna").await?.unwrap();
                        let mut anna = users::User { prefs, ..before.clone() };
                        users::save(tx, project, &before, &mut anna, TIME, None).await?;
                    }
                    Ok(())
                })
            });
            work.await
        }
    });
    let answers = queue(writes);
    let first = in_time(held.release()).await;
    assert_eq!(first.is_ok(), stored(app.store(), project, "first").await, "{first:?}");
    for (n, answer) in in_time(answers).await.into_iter().enumerate() {
        assert_eq!(answer.is_ok(), stored(app.store(), project, &format!("t{n}")).await, "{n}: {answer:?}");
        assert!(matches!(answer, Ok(()) | Err(Error::Unavailable(_))), "{n}: {answer:?}");
        // Those before it may be lost with it; those behind it are not.
        assert_eq!(answer.is_ok(), if n < 4 { first.is_ok() } else { n > 4 }, "{n}: {answer:?}");
    }
    // SQLite undid the whole transaction by itself, or else this test would not show what it is for.
    assert!(first.is_err());
    assert!(stored(app.store(), project, "before").await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_503_until_there_is_room_again() {
    let app = TestApp::sqlite(&[]).await;
    app.user("anna", serde_json::json!({"name": "Anna"})).await;
    leave_room(&app, 0).await;
    let prefs = serde_json::json!({"prefs": {"a": "x".repeat(60_000)}});
    for _ in 0..3 {
        app.admin().patch("/v1/users/anna/prefs", &prefs).await.fails(503, "general_server_error", "");
    }
    assert_eq!(app.admin().get("/v1/users/anna").await.expect(200)["name"], "Anna");
    assert_eq!(app.admin().get("/v1/users/anna/prefs").await.expect(200), serde_json::json!({}));
    leave_room(&app, 1000).await;
    app.admin().patch("/v1/users/anna/prefs", &prefs).await.expect(200);
    assert_eq!(app.admin().get("/v1/users/anna/prefs").await.expect(200), prefs["prefs"]);
    app.finish().await;
}
