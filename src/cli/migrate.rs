//! `usher migrate`

use super::{open, say};
use crate::config::Config;

/// Brings the database up to date: opening it does that.
pub(super) async fn run(config: &Config) -> anyhow::Result<()> {
    open(config).await?.close().await;
    say(&format!("{:?} is up to date", config.database));
    Ok(())
}
