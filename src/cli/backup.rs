//! `usher backup` and `usher restore`

use std::path::{Path, PathBuf};

use anyhow::bail;
use tokio_util::sync::CancellationToken;

use super::{say, say_error};
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl};
use crate::server::stop_signal;
use crate::store::backup::{self, Contents, Restored};

/// Copies the database to a file. Who interrupts that leaves nothing behind.
pub(super) async fn make(config: &Config, file: PathBuf, force: bool) -> anyhow::Result<()> {
    let (database, to) = (sqlite(config, "backup", "pg_dump")?.clone(), file.clone());
    let (stop, stopped) = (stop_signal()?, CancellationToken::new());
    let ended = stopped.clone();
    let ended = move || ended.is_cancelled();
    let mut making = tokio::task::spawn_blocking(move || backup::make(&database, &to, force, ended));
    let contents = tokio::select! {
        made = &mut making => made??,
        () = stop => {
            stopped.cancel();
            making.await??
        }
    };
    tell(&file, &contents);
    Ok(())
}

/// Puts such a file in the place of the database.
pub(super) fn restore(config: &Config, file: &Path, force: bool) -> anyhow::Result<()> {
    let now = config.clock.unwrap_or_else(|| Clock::system().now());
    let database = sqlite(config, "restore", "pg_restore")?;
    let Restored { contents, checksum, replaced } = backup::restore(file, database, force, now)?;
    if !checksum {
        say_error(&format!(
            "usher: {} was not made by `usher backup`: it has no checksum, so only SQLite's own checks were made",
            file.display()
        ));
    }
    tell(database, &contents);
    if let Some(replaced) = replaced {
        say(&format!("replaced={}", replaced.display()));
    }
    Ok(())
}

/// The file of the database.
fn sqlite<'a>(config: &'a Config, command: &str, instead: &str) -> anyhow::Result<&'a PathBuf> {
    match &config.database {
        DatabaseUrl::Sqlite(path) => Ok(path),
        DatabaseUrl::Postgres(_) => bail!(
            "`usher {command}` is for SQLite, and DATABASE_URL ({:?}) is PostgreSQL: use {instead}, as \"Backing up\" in \
             docs/operations.md says",
            config.database
        ),
    }
}

fn tell(file: &Path, contents: &Contents) {
    let Contents { projects, users, sessions, rows, migrations, bytes } = contents;
    say(&format!(
        "file={}\nprojects={projects}\nusers={users}\nsessions={sessions}\nrows={rows}\nmigrations={migrations}\nbytes={bytes}",
        file.display()
    ));
}
