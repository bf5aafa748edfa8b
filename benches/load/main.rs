//! What `scripts/bench` needs beside the server.
//!
//! ```text
//! seed URL PROJECT COUNT           fills a database with that many users
//! bare FILE ADDRESS                serves the file by axum alone
//! reads SQLITE_FILE SECONDS TASKS  reads random users of a seeded database by sqlx alone
//! plot FILE…                       the figures of several runs, each a bench.json, as a picture (SVG)
//! script MARKER SETTING NUMBER     turns the log of PostgreSQL on standard input into a script for pgbench
//! ```
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the figures, and how far it is, are for people")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures are rounded anyway"
)]

mod bare;
mod people;
mod plot;
mod reads;
mod script;
mod seed;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use usher::config::{Config, DatabaseUrl};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // cargo adds an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        // As one of all benchmarks.
        [] => Ok(()),
        ["seed", url, project, count] => seed::seed(&database(url)?, project.to_owned(), count.parse()?).await,
        ["bare", file, address] => {
            let bytes = std::fs::read(file).with_context(|| format!("{file} cannot be read"))?;
            bare::serve(bytes.into(), address.parse()?).await
        }
        ["reads", file, seconds, tasks] => {
            let (time, tasks) = (Duration::from_secs(seconds.parse()?), tasks.parse()?);
            for (how, by_pool) in [("pool", true), ("own", false)] {
                let figures = reads::measure(Path::new(file), time, tasks, by_pool).await?;
                println!("{how} {:.0} {:.3} {:.3} {:.1}", figures.rate, figures.half, figures.most, figures.cpu);
            }
            Ok(())
        }
        ["plot", ref files @ ..] if !files.is_empty() => plot::print(files),
        ["script", marker, setting, number] => script::print(std::io::stdin().lock(), marker, setting, number),
        _ => anyhow::bail!("the commands are seed, bare, reads, plot and script; benches/load/main.rs explains them"),
    }
}

/// As the server reads `DATABASE_URL`.
fn database(url: &str) -> anyhow::Result<DatabaseUrl> {
    Ok(Config::read(|name| (name == "DATABASE_URL").then(|| url.to_owned()))?.database)
}
