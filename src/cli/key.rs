//! `usher key …`

use anyhow::{Context as _, bail};
use clap::Subcommand;

use super::{find_project, open, say};
use crate::access::{NewKey, Scope, insert_key};
use crate::clock::{Clock, Millis};
use crate::config::Config;
use crate::secret::api_key;
use crate::store::projects::Project;
use crate::store::{Store, keys};

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key and print it; it is shown only now.
    Create {
        /// The project's id.
        project: String,
        /// What people call it.
        #[arg(long, default_value = "key")]
        name: String,
        /// What it may do, separated by commas; everything when left out.
        #[arg(long, value_delimiter = ',')]
        scopes: Vec<String>,
        /// When it stops to work, such as 2027-01-31T00:00:00Z; never when left out.
        #[arg(long)]
        expire: Option<String>,
    },
    /// List the keys of a project.
    List {
        /// The project's id.
        project: String,
    },
    /// Make a key useless, within 5 seconds on every running server.
    Revoke {
        /// The project's id.
        project: String,
        /// The key's id, as `usher key list` shows it.
        key: String,
    },
}

/// Runs the command.
pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let store = open(config).await?;
    let now = config.clock.unwrap_or_else(|| Clock::system().now());
    match command {
        Command::Create { project, name, scopes, expire } => {
            let new = NewKey { name, scopes: read_scopes(&scopes)?, expire: read_expire(expire.as_deref(), now)? };
            create(&store, &find_project(config, &store, &project).await?, new, now).await?;
        }
        Command::List { project } => {
            let project = find_project(config, &store, &project).await?;
            for key in keys::all(store.read(), project.key).await? {
                let date = |at: Option<Millis>| at.map_or_else(|| "never".into(), |at| at.to_string());
                say(&format!(
                    "{}\t{}\t…{}\tcreated {}\texpires {}\tused {}\t{}",
                    key.id,
                    key.name,
                    key.hint,
                    key.created_at,
                    date(key.expire),
                    date(key.accessed_at),
                    serde_json::from_str::<Vec<String>>(&key.scopes).unwrap_or_default().join(",")
                ));
            }
        }
        Command::Revoke { project, key } => {
            let project = find_project(config, &store, &project).await?;
            let (number, id) = (project.key, key.clone());
            let removed = store.write(move |tx| Box::pin(async move { keys::delete(tx, number, &id).await })).await?;
            if !removed {
                bail!("project {} has no key {key}", project.id);
            }
            say(&format!("revoked {key}"));
        }
    }
    store.close().await;
    Ok(())
}

async fn create(store: &Store, project: &Project, new: NewKey, now: Millis) -> anyhow::Result<()> {
    let project = project.key;
    let secret = api_key();
    let stored = secret.clone();
    let work = store.write(move |tx| Box::pin(async move { insert_key(tx, project, &stored, &new, now).await }));
    let id = work.await?;
    say(&format!("id   {id}\nkey  {secret}"));
    Ok(())
}

fn read_scopes(names: &[String]) -> anyhow::Result<Vec<Scope>> {
    if names.is_empty() {
        return Ok(Scope::ALL.to_vec());
    }
    let known = || Scope::ALL.map(Scope::name).join(", ");
    names
        .iter()
        .map(|name| {
            Scope::parse(name.trim()).with_context(|| format!("there is no scope {name:?}; known are {}", known()))
        })
        .collect()
}

fn read_expire(text: Option<&str>, now: Millis) -> anyhow::Result<Option<Millis>> {
    let Some(text) = text else { return Ok(None) };
    let moment = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let at = Millis::parse(&moment)
        .context("--expire must be a date or moment such as 2027-01-31 or 2027-01-31T00:00:00Z")?;
    if at <= now {
        bail!("--expire must be in the future");
    }
    Ok(Some(at))
}
