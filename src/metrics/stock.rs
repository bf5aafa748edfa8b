//! How many users and sessions there are in each project. Counting sessions is work for the database, so it is done when
//! somebody asks, not often, and never for much of the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::app::App;
use crate::clock::Millis;
use crate::store::{Result, projects, usage};

/// How long counts are good at least.
const GOOD: Duration = Duration::from_secs(15);

/// They are good for this many times as long as the counting took, so that it is at most a hundredth of the database's time.
const SELDOM: u32 = 100;

/// How long counting may take. What takes longer is left, and the counts from before remain.
const LIMIT: Duration = Duration::from_secs(5);

/// Projects that are counted, the oldest ones.
const PROJECTS: usize = 1000;

/// The counts of a project.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) project: String,
    pub(super) users: i64,
    pub(super) sessions: i64,
}

/// The counts of all projects, and when it is time to count again.
#[derive(Debug, Default)]
pub struct Stock(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    counts: Arc<[Count]>,
    good: Option<(Millis, Millis)>,
}

impl Stock {
    /// The counts as they are, or were a moment ago. Those who ask at the same time share one counting.
    pub(super) async fn counts(&self, app: &App) -> Arc<[Count]> {
        let mut kept = self.0.lock().await;
        let now = app.clock.now();
        // A clock that was set back does not keep the counts as they are for hours.
        if kept.good.is_some_and(|(from, to)| from <= now && now < to) {
            return Arc::clone(&kept.counts);
        }
        let begun = Instant::now();
        match timeout(LIMIT, count(app)).await {
            Ok(Ok(counts)) => kept.counts = counts,
            Ok(Err(error)) => tracing::warn!(%error, "users and sessions could not be counted for the metrics"),
            Err(_) => tracing::warn!("users and sessions could not be counted for the metrics in time"),
        }
        let good = GOOD.max(begun.elapsed().saturating_mul(SELDOM));
        kept.good = Some((now, now.plus(good)));
        Arc::clone(&kept.counts)
    }
}

async fn count(app: &App) -> Result<Arc<[Count]>> {
    let mut counts = Vec::new();
    for project in projects::all(app.store.read()).await?.into_iter().take(PROJECTS) {
        let users = usage::users(&app.store, project.key).await?;
        let sessions = usage::sessions(&app.store, project.key, app.clock.now()).await?;
        counts.push(Count { project: project.id, users, sessions });
    }
    Ok(counts.into())
}
