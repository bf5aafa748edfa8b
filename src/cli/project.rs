//! `usher project …`

use anyhow::{Context as _, bail};
use clap::Subcommand;

use super::{find_project, open, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::params::project_id;
use crate::store::projects::{self, Project, Settings, SignUp};
use crate::store::{Constraint, Error};

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a project.
    Create {
        /// Its id: 1 to 36 letters, digits, periods, hyphens and underscores.
        id: String,
        /// What people call it; the id when left out.
        #[arg(long)]
        name: Option<String>,
    },
    /// List all projects.
    List,
    /// Show the settings of a project.
    Show {
        /// The project's id.
        id: String,
    },
    /// Change settings of a project; running servers follow within 5 seconds.
    Set {
        /// The project's id.
        id: String,
        /// Settings such as passwordHistory=5 or platforms=app.example.org,*.example.net
        #[arg(required = true, value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
    /// Delete a project with all its users.
    Delete {
        /// The project's id.
        id: String,
        /// Says that you mean it.
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the command.
pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let store = open(config).await?;
    let now = config.clock.unwrap_or_else(|| Clock::system().now());
    match command {
        Command::Create { id, name } => {
            let id = project_id(&id).map_err(|reason| anyhow::anyhow!("the id {reason}"))?;
            let (new, name) = (id.clone(), name.unwrap_or_else(|| id.clone()));
            let made = store.write(move |tx| Box::pin(async move { projects::insert(tx, &new, &name, now).await }));
            match made.await {
                Err(Error::Conflict(Constraint::ProjectId)) => bail!("there is a project {id} already"),
                made => made?,
            };
            say(&format!("created {id}; `usher key create {id}` makes an API key for it"));
        }
        Command::List => {
            for project in projects::all(store.read()).await? {
                say(&format!("{}\t{}\tcreated {}", project.id, project.name, project.created_at));
            }
        }
        Command::Show { id } => show(&find_project(config, &store, &id).await?),
        Command::Set { id, settings } => {
            // Read and written in one transaction, so that of two commands neither undoes the other's setting.
            let project = store.write(move |tx| {
                Box::pin(async move {
                    let found = projects::find(tx.on(), &id).await?;
                    let mut project = found.with_context(|| format!("there is no project {id}"))?;
                    for setting in &settings {
                        let pair = setting.split_once('=').with_context(|| format!("{setting:?} is not KEY=VALUE"))?;
                        set(&mut project.settings, pair.0.trim(), pair.1.trim())?;
                    }
                    projects::set_settings(tx, project.key, &project.settings, now).await?;
                    Ok::<_, anyhow::Error>(project)
                })
            });
            let project = project.await?;
            if project.settings.password_dictionary && config.password_dictionary.is_none() {
                tracing::warn!("USHER_PASSWORD_DICTIONARY names no file here; the server needs one to refuse words");
            }
            show(&project);
        }
        Command::Delete { id, yes } => {
            let project = find_project(config, &store, &id).await?;
            if !yes {
                bail!("this deletes every user of project {id}; add --yes when you mean it");
            }
            let key = project.key;
            store.write(move |tx| Box::pin(async move { projects::delete(tx, key).await })).await?;
            say(&format!("deleted {id}"));
        }
    }
    store.close().await;
    Ok(())
}

fn show(project: &Project) {
    let settings = &project.settings;
    say(&format!("id={}\nname={}\ncreated={}", project.id, project.name, project.created_at));
    for (key, value) in [
        ("passwordHistory", settings.password_history.to_string()),
        ("passwordDictionary", settings.password_dictionary.to_string()),
        ("personalDataCheck", settings.personal_data_check.to_string()),
        ("invalidateSessions", settings.invalidate_sessions.to_string()),
        ("sessionDuration", settings.session_duration.to_string()),
        ("sessionsLimit", settings.sessions_limit.to_string()),
        ("usersLimit", settings.users_limit.to_string()),
        ("signUp", if settings.sign_up == SignUp::Open { "open".into() } else { "closed".into() }),
        ("platforms", settings.platforms.join(",")),
    ] {
        say(&format!("{key}={value}"));
    }
}

fn set(settings: &mut Settings, key: &str, value: &str) -> anyhow::Result<()> {
    match key {
        "passwordHistory" => settings.password_history = within(key, value, 0, 20)?,
        "passwordDictionary" => settings.password_dictionary = truth(key, value)?,
        "personalDataCheck" => settings.personal_data_check = truth(key, value)?,
        "invalidateSessions" => settings.invalidate_sessions = truth(key, value)?,
        "sessionDuration" => settings.session_duration = within(key, value, 60, 31_536_000)?,
        "sessionsLimit" => settings.sessions_limit = within(key, value, 0, 100)?,
        "usersLimit" => settings.users_limit = within(key, value, 0, u32::MAX)?,
        "signUp" => {
            settings.sign_up = match value {
                "open" => SignUp::Open,
                "closed" => SignUp::Closed,
                _ => bail!("signUp must be open or closed, not {value:?}"),
            };
        }
        "platforms" => {
            let hosts = value.split(',').map(str::trim).filter(|host| !host.is_empty());
            settings.platforms = hosts.map(platform).collect::<anyhow::Result<_>>()?;
        }
        _ => bail!("there is no setting {key:?}; `usher project show` lists them"),
    }
    Ok(())
}

fn within<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    key: &str,
    value: &str,
    min: T,
    max: T,
) -> anyhow::Result<T> {
    match value.parse() {
        Ok(number) if number >= min && number <= max => Ok(number),
        _ => bail!("{key} must be a whole number from {min} to {max}, not {value:?}"),
    }
}

fn truth(key: &str, value: &str) -> anyhow::Result<bool> {
    value.parse().ok().with_context(|| format!("{key} must be true or false, not {value:?}"))
}

fn platform(host: &str) -> anyhow::Result<String> {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    if name.is_empty() || !name.chars().all(allowed) || (name.contains(':') && !name.starts_with('[')) {
        bail!(
            "platforms must be host names such as app.example.org or *.example.org, without scheme and port, not {host:?}"
        );
    }
    Ok(host.to_ascii_lowercase())
}
