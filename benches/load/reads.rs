//! The least that reading a user from SQLite costs: sqlx, a statement and a random id.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::time::{ClockId, clock_gettime};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{Connection as _, Row as _, SqliteExecutor};
use tokio::task::JoinSet;

use crate::people::{Dice, id};

/// All columns of a user that a request reads.
const STATEMENT: &str = "SELECT seq, id, created_at, updated_at, registration, name, email, phone, status, \
    email_verified, phone_verified, labels, prefs, password, hash, hash_options, password_history, password_update, \
    password_pwned, mfa, impersonator, accessed_at, targets FROM users WHERE project = $1 AND id = $2";

/// What was measured.
pub(crate) struct Figures {
    pub(crate) rate: f64,
    /// Milliseconds.
    pub(crate) half: f64,
    /// Milliseconds.
    pub(crate) most: f64,
    /// Microseconds of CPU a read.
    pub(crate) cpu: f64,
}

/// Reads for `time` in `tasks` tasks at once: each through a pool of as many connections, or on one of its own.
pub(crate) async fn measure(file: &Path, time: Duration, tasks: u32, by_pool: bool) -> anyhow::Result<Figures> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let pool = SqlitePoolOptions::new().max_connections(tasks).test_before_acquire(false);
    let pool = pool.connect_with(options.clone()).await?;
    let users: i64 = sqlx::query("SELECT count(*) FROM users").fetch_one(&pool).await?.get(0);
    let users = u64::try_from(users)?;
    ensure!(users > 0, "there is nobody to read");

    let (cpu, began) = (cpu_time()?, Instant::now());
    let end = began + time;
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let dice = Dice(u64::from(task) << 32);
        if by_pool {
            running.spawn(read_by_pool(pool.clone(), users, dice, end));
        } else {
            running.spawn(read_alone(SqliteConnection::connect_with(&options).await?, users, dice, end));
        }
    }
    let mut taken = Vec::new();
    while let Some(times) = running.join_next().await {
        taken.extend(times.context("a task ended")??);
    }
    let (cpu, wall) = (cpu_time()? - cpu, began.elapsed());
    taken.sort_unstable();
    let reads = taken.len() as f64;
    let at = |share: f64| taken[((reads * share) as usize).min(taken.len() - 1)].as_secs_f64() * 1e3;
    Ok(Figures {
        rate: reads / wall.as_secs_f64(),
        half: at(0.5),
        most: at(0.99),
        cpu: cpu.as_secs_f64() * 1e6 / reads,
    })
}

async fn read_by_pool(pool: SqlitePool, users: u64, mut dice: Dice, end: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut taken = Vec::new();
    while let Some(began) = before(end) {
        read(&pool, &id(dice.below(users))).await?;
        taken.push(began.elapsed());
    }
    Ok(taken)
}

async fn read_alone(
    mut connection: SqliteConnection,
    users: u64,
    mut dice: Dice,
    end: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut taken = Vec::new();
    while let Some(began) = before(end) {
        read(&mut connection, &id(dice.below(users))).await?;
        taken.push(began.elapsed());
    }
    Ok(taken)
}

fn before(end: Instant) -> Option<Instant> {
    Some(Instant::now()).filter(|now| *now < end)
}

async fn read(on: impl SqliteExecutor<'_>, id: &str) -> anyhow::Result<SqliteRow> {
    sqlx::query(STATEMENT).bind(1).bind(id).fetch_one(on).await.with_context(|| format!("{id} cannot be read"))
}

fn cpu_time() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::ProcessCPUTime).try_into()?)
}
