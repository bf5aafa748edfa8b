//! Fills a database, through the store, the way requests would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::task::JoinSet;
use usher::clock::{Clock, Millis};
use usher::config::DatabaseUrl;
use usher::store::logs::Log;
use usher::store::{Engine, Error, ProjectKey, Store, projects, users};

use crate::people::{Names, person};

/// Users that a worker makes before it takes the next ones; on SQLite in one job. What a job would have to undo is kept in
/// a list that SQLite walks with each statement, so many small ones that share a commit cost less than a large one.
const BATCH: u64 = 20;

/// Makes `count` users in a project, which is made as well when it is not there.
pub(crate) async fn seed(url: &DatabaseUrl, project: String, count: u64) -> anyhow::Result<()> {
    let began = Instant::now();
    let store = Store::open(url, 8, Duration::ZERO).await?;
    let now = Clock::system().now();
    let key = project_key(&store, project, now).await?;
    // On SQLite as many as may share a commit, and as many that wait for the next one.
    let workers = if store.engine() == Engine::Sqlite { 128 } else { 8 };
    let names = Arc::new(Names::new());
    let (next, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut tasks: JoinSet<Result<(), Error>> = JoinSet::new();
    for _ in 0..workers {
        let (store, names, next, done) = (store.clone(), names.clone(), next.clone(), done.clone());
        tasks.spawn(async move {
            loop {
                let first = next.fetch_add(BATCH, Ordering::Relaxed);
                if first >= count {
                    return Ok(());
                }
                let end = count.min(first + BATCH);
                insert(&store, key, (first..end).map(|number| person(number, count, &names)).collect(), now).await?;
                let done = done.fetch_add(end - first, Ordering::Relaxed) + end - first;
                if done.is_multiple_of(50_000) || done == count {
                    eprintln!("{done} users after {:.0} s", began.elapsed().as_secs_f64());
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.context("a task ended")??;
    }
    store.close().await;
    Ok(())
}

async fn project_key(store: &Store, id: String, now: Millis) -> Result<ProjectKey, Error> {
    let work = store.write(move |tx| {
        Box::pin(async move {
            let project = match projects::find(tx.on(), &id).await? {
                Some(project) => project,
                None => projects::insert(tx, &id, &id, now).await?,
            };
            Ok(project.key)
        })
    });
    work.await
}

/// Stores users with what creating them leaves in their logs, which is as new as the database: the server would
/// remove it otherwise while it is measured. On PostgreSQL one by one: the totals that users are counted in are locked
/// until their transaction ends, so that larger ones would wait for each other.
async fn insert(store: &Store, project: ProjectKey, users: Vec<users::User>, now: Millis) -> Result<(), Error> {
    let together = if store.engine() == Engine::Sqlite { users.len() } else { 1 };
    let mut users = users.into_iter().peekable();
    while users.peek().is_some() {
        let some: Vec<users::User> = users.by_ref().take(together).collect();
        let work = store.write_at_once(move |tx| {
            Box::pin(async move {
                for user in some {
                    let log = created(user.id.clone(), now);
                    users::insert(tx, project, user, Some(&log)).await?;
                }
                Ok::<_, Error>(())
            })
        });
        work.await?;
    }
    Ok(())
}

fn created(user_id: String, time: Millis) -> Log {
    Log {
        seq: 0,
        user_id,
        event: "user.create".into(),
        mode: "default".into(),
        actor_type: "keyProject".into(),
        actor_id: "01980000000070008000000000000000".into(),
        actor_name: "USHER_API_KEY".into(),
        actor_email: String::new(),
        ip: "127.0.0.1".into(),
        user_agent: "AppwriteNodeJSSDK/17.0.0 (Linux; x64)".into(),
        time,
    }
}
