//! Removing what has ended: sessions, tokens, challenges, counters of attempts, and rows of the activity log that are older than
//! the operator wants to keep. Of all servers on one database, one at a time does it.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::clock::Millis;
use crate::store::{ProjectKey, Result, Tx, Work, attempts, jobs, logs, mfa, projects, sessions, tokens};

/// How often each server asks whether it is its turn.
pub const EVERY: Duration = Duration::from_secs(60);

/// What lies at least between two beginnings, whichever servers they are of.
pub const APART: Duration = Duration::from_secs(10 * 60);

/// The name of this job in the database.
const NAME: &str = "housekeeping";

/// How many rows were removed, of all projects together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Sessions that had ended.
    pub sessions: u64,
    /// Tokens that had ended.
    pub tokens: u64,
    /// Challenges that had ended.
    pub challenges: u64,
    /// Counters whose window was over.
    pub attempts: u64,
    /// Rows of the activity log.
    pub logs: u64,
}

/// Tries at once and then `every` so often; never ends by itself. What fails is said in the log and tried again when
/// it is time.
pub async fn run(app: Arc<App>, every: Duration) {
    let mut turns = tokio::time::interval(every);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match run_once(&app).await {
            Ok(None) => {}
            Ok(Some(removed)) if removed == Removed::default() => {}
            Ok(Some(Removed { sessions, tokens, challenges, attempts, logs })) => {
                tracing::info!(sessions, tokens, challenges, attempts, logs, "housekeeping has removed what was over");
            }
            Err(error) => tracing::warn!(%error, "housekeeping failed and will go on later"),
        }
    }
}

/// Does the work when it is time for it and no other server has begun; none where it is not this server's turn.
///
/// # Errors
/// When the database does not say whose turn it is. What fails in a project is said in the log.
pub async fn run_once(app: &App) -> Result<Option<Removed>> {
    let now = app.clock.now();
    let ours = app.store.write(move |tx| Box::pin(jobs::claim(tx, NAME, now, APART)));
    if !ours.await.inspect_err(|_| app.metrics.housekeeping.failed())? {
        return Ok(None);
    }
    let mut removed = Removed::default();
    for project in projects::keys(app.store.read()).await.inspect_err(|_| app.metrics.housekeeping.failed())? {
        // One project is not to keep the others waiting.
        if let Err(error) = clear(app, project, now, &mut removed).await {
            app.metrics.housekeeping.failed();
            tracing::warn!(%error, project = project.number(), "housekeeping failed in a project and will go on later");
        }
    }
    app.metrics.housekeeping.done(now, &removed);
    Ok(Some(removed))
}

/// Removes what is over in one project, and counts it.
async fn clear(app: &App, project: ProjectKey, now: Millis, removed: &mut Removed) -> Result<()> {
    let (ended, spent) = (now.minus(app.config.session_retention), now.minus(app.config.token_retention));
    removed.sessions += remove(app, project, ended, |tx, p, t| Box::pin(sessions::delete_ended(tx, p, t))).await?;
    removed.tokens += remove(app, project, spent, |tx, p, t| Box::pin(tokens::delete_ended(tx, p, t))).await?;
    removed.challenges += remove(app, project, spent, |tx, p, t| Box::pin(mfa::delete_ended(tx, p, t))).await?;
    removed.attempts += remove(app, project, now, |tx, p, t| Box::pin(attempts::delete_ended(tx, p, t))).await?;
    if let Some(kept) = app.config.log_retention {
        let until = now.minus(kept);
        removed.logs += remove(app, project, until, |tx, p, t| Box::pin(logs::delete_old(tx, p, t))).await?;
    }
    Ok(())
}

/// Removes at most [`jobs::BATCH`] rows of a project whose time is over.
type Batch = for<'t> fn(&'t mut Tx, ProjectKey, Millis) -> Work<'t, Result<u64>>;

/// Removes all such rows, each batch in a transaction of its own; how many they were.
async fn remove(app: &App, project: ProjectKey, until: Millis, batch: Batch) -> Result<u64> {
    let mut removed = 0;
    loop {
        let rows = app.store.write(move |tx| batch(tx, project, until)).await?;
        removed += rows;
        if rows < jobs::BATCH {
            return Ok(removed);
        }
    }
}
