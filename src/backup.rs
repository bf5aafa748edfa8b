//! Copies of the database that the server makes by itself, when it has SQLite and `USHER_BACKUP_FOLDER` says where to.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustix::fs::{Access, access};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::clock::Millis;
use crate::config::{Backups, Config, DatabaseUrl};
use crate::store::backup::{self, Contents};
use crate::store::with_causes;

/// How often the server looks whether it is time for one.
pub const EVERY: Duration = Duration::from_secs(60);

/// How long it waits after one that failed.
pub const AGAIN: Duration = Duration::from_secs(60 * 60);

/// Looks whether the folder for the copies can be used or, when its last part is missing, be made. Changes nothing.
///
/// # Errors
/// When it cannot.
pub fn check(config: &Config) -> anyhow::Result<()> {
    let Some(Backups { folder, .. }) = &config.backups else { return Ok(()) };
    let make_files = Access::WRITE_OK | Access::EXEC_OK;
    let look = || -> std::io::Result<()> {
        match std::fs::read_dir(folder) {
            // A link to nothing is in the way of a folder.
            Err(error) if error.kind() == ErrorKind::NotFound && !folder.is_symlink() => {
                Ok(access(backup::folder(folder), make_files)?)
            }
            listed => listed.and_then(|_| Ok(access(folder, make_files)?)),
        }
    };
    look().with_context(|| unusable(folder))
}

/// Sees to it that there is a folder for the copies, of which the last part is made when it is missing.
///
/// # Errors
/// When it can be none.
pub fn prepare(config: &Config) -> anyhow::Result<()> {
    check(config)?;
    match &config.backups {
        Some(Backups { folder, .. }) if !folder.exists() => {
            DirBuilder::new().mode(0o700).create(folder).with_context(|| unusable(folder))
        }
        _ => Ok(()),
    }
}

fn unusable(folder: &Path) -> String {
    format!("USHER_BACKUP_FOLDER ({}) cannot be used", folder.display())
}

/// Looks at once and then `every` so often; never ends by itself. What fails is said in the log and tried again later.
pub async fn run(app: Arc<App>, every: Duration) {
    let Some(mut schedule) = Schedule::new(&app) else { return };
    let mut turns = tokio::time::interval(every);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        match schedule.turn(&app).await {
            Ok(None) => {}
            Ok(Some((file, Contents { users, bytes, .. }))) => {
                tracing::info!(file = %file.display(), users, bytes, "the database was copied");
            }
            Err(error) => {
                tracing::warn!(error = with_causes(&error), "a copy of the database failed and is tried again");
            }
        }
    }
}

/// When copies are made.
#[derive(Debug)]
pub struct Schedule {
    database: PathBuf,
    backups: Backups,
    /// When the last one failed.
    failed: Option<Millis>,
}

impl Schedule {
    /// That of the configuration, if it has one. Removes what a server has left of a copy in whose middle it was ended.
    #[must_use]
    pub fn new(app: &App) -> Option<Self> {
        let (Some(backups), DatabaseUrl::Sqlite(database)) = (app.config.backups.clone(), &app.config.database) else {
            return None;
        };
        let schedule = Self { database: database.clone(), backups, failed: None };
        match schedule.files(unfinished) {
            Ok(left) => left.into_iter().for_each(|(_, path)| drop(std::fs::remove_file(path))),
            Err(error) => tracing::warn!(error = with_causes(&error), "the folder of the copies cannot be read"),
        }
        Some(schedule)
    }

    /// Makes a copy when it is time for one, and removes the oldest ones that are too many; `None` when it is not.
    ///
    /// # Errors
    /// Why there is none, or why an old one could not be removed.
    pub async fn turn(&mut self, app: &App) -> anyhow::Result<Option<(PathBuf, Contents)>> {
        let now = app.clock.now();
        let made = self.try_turn(app, now).await;
        match &made {
            Ok(Some(_)) => self.failed = None,
            Ok(None) => {}
            Err(_) => {
                self.failed = Some(now);
                app.metrics.backups.failed();
            }
        }
        made
    }

    async fn try_turn(&self, app: &App, now: Millis) -> anyhow::Result<Option<(PathBuf, Contents)>> {
        // A failure that lies ahead was written down by a clock that was wrong.
        if self.failed.is_some_and(|failed| failed <= now && now < failed.plus(AGAIN)) {
            return Ok(None);
        }
        // As with failures, and such files are not removed either.
        let last = self.files(finished)?.into_iter().map(|(at, _)| at).filter(|at| *at <= now).max();
        if let Some(last) = last {
            app.metrics.backups.last(last);
            if now < last.plus(self.backups.every) {
                return Ok(None);
            }
        }
        // Another file that has come to the place of the database is none to copy.
        app.store.ping().await?;
        let file = self.backups.folder.join(format!("usher-{}.db", now.compact()));
        let (source, to) = (self.database.clone(), file.clone());
        // Whoever ends this function ends the copying.
        let ended = CancellationToken::new();
        let (_guard, ended) = (ended.clone().drop_guard(), move || ended.is_cancelled());
        let contents = tokio::task::spawn_blocking(move || backup::make(&source, &to, false, ended)).await??;
        app.metrics.backups.made(now);
        self.remove_old(now)?;
        Ok(Some((file, contents)))
    }

    /// Removes the oldest copies that are too many.
    fn remove_old(&self, now: Millis) -> anyhow::Result<()> {
        let mut files = self.files(finished)?;
        files.retain(|(at, _)| *at <= now);
        files.sort_unstable();
        let many = files.len().saturating_sub(self.backups.keep);
        for (_, path) in files.drain(..many) {
            std::fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
        Ok(())
    }

    /// The files of the folder whose names `read` knows, with the times in them.
    fn files(&self, read: fn(&str) -> Option<Millis>) -> anyhow::Result<Vec<(Millis, PathBuf)>> {
        let failed = || format!("USHER_BACKUP_FOLDER ({}) cannot be read", self.backups.folder.display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.backups.folder).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            if let Some(at) = entry.file_name().to_str().and_then(read)
                && entry.file_type().with_context(failed)?.is_file()
            {
                found.push((at, entry.path()));
            }
        }
        Ok(found)
    }
}

/// The time in the name of a copy.
fn finished(name: &str) -> Option<Millis> {
    Millis::parse_compact(name.strip_prefix("usher-")?.strip_suffix(".db")?)
}

/// The time in the name of a copy that is not finished.
fn unfinished(name: &str) -> Option<Millis> {
    let (name, mark) = name.split_once(backup::PART)?;
    let is_mark = mark.len() == 8 && mark.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    finished(name).filter(|_| is_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_exactly_that_form_are_known() {
        let at = Some(Millis(1_767_323_045_000));
        assert_eq!(finished("usher-20260102T030405Z.db"), at);
        assert_eq!(unfinished("usher-20260102T030405Z.db.part-0123abcd"), at);
        for other in [
            "usher.db",
            "usher-20260102T030405Z.db-wal",
            "usher-20260102T030405Z.dbx",
            "Usher-20260102T030405Z.db",
            "usher-20260102T030405.db",
            "usher-20261302T030405Z.db",
            "usher-20260102T030405Z.db.part-0123abcd",
            "my-usher-20260102T030405Z.db",
        ] {
            assert_eq!(finished(other), None, "{other}");
        }
        for other in [
            "usher-20260102T030405Z.db",
            "usher-20260102T030405Z.db.part-",
            "usher-20260102T030405Z.db.part-0123ABCD",
            "usher-20260102T030405Z.db.part-0123abcd0",
            "other.db.part-0123abcd",
        ] {
            assert_eq!(unfinished(other), None, "{other}");
        }
    }
}
