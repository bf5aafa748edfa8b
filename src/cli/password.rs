//! `usher password …`

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;

use super::{find_project, open, prompt, say};
use crate::config::Config;
use crate::hashing::{self, Description, Memory, Options, ShaVersion, Stored};
use crate::store::Store;
use crate::store::projects::Project;
use crate::store::users::{self, User};

/// How the program ends when a command failed, since 1 says that a password is wrong.
pub(super) const FAILURE: u8 = 2;

/// What to do with passwords.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whether a password is that of a user, and how it is hashed.
    ///
    /// The password is the first line of standard input. The program ends with 0 when it matches, with 1 when it does
    /// not, and with 2 when neither can be said.
    Verify {
        /// The project's id.
        project: String,
        /// The user's id or email address.
        user: String,
    },
}

/// Runs the command.
pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let Command::Verify { project, user } = command;
    let store = open(config).await?;
    let project = find_project(config, &store, &project).await?;
    let user = find_user(&store, &project, &user).await?;
    store.close().await;
    let stored = stored(&user)?;
    let plain = prompt::password(&format!("Password of user {}: ", user.id)).await?;

    let description = hashing::describe(&stored);
    let matches = description.is_ok()
        && hashing::try_verify(&stored, plain.as_bytes(), &mut Memory::default())
            .context("this machine cannot compute the hash")?;
    say(&format!("match {}", yes_or_no(matches)));
    match &description {
        Ok(description) => {
            say(&format!("algorithm {}", algorithm(&stored, description)));
            let version = matches.then(|| matching_version(&stored, description, &plain)).flatten();
            if let Some(line) = cost(description, version) {
                say(&line);
            }
        }
        Err(refused) => {
            say(&format!("algorithm {}", stored.algorithm().as_str()));
            say(&format!("unusable {}", refused.reason));
        }
    }
    let rehash = description.is_ok() && stored.needs_rehash(&config.hash_cost);
    say(&format!("rehash {}", yes_or_no(rehash)));
    for (refused, reason) in
        [(user.password_update.is_none(), "passwordUpdate is empty"), (!user.status, "the user is blocked")]
    {
        if refused {
            say(&format!("sign-in refused: {reason}"));
        }
    }
    Ok(if matches { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The user with this email address, which alone has an `@`, or with this id.
pub(super) async fn find_user(store: &Store, project: &Project, name: &str) -> anyhow::Result<User> {
    let found = match name.contains('@') {
        true => users::find_by_email(store.read(), project.key, &name.to_ascii_lowercase()).await?,
        false => users::find(store.read(), project.key, name).await?,
    };
    found.with_context(|| format!("project {} has no user {name}", project.id))
}

fn stored(user: &User) -> anyhow::Result<Stored> {
    let text = match user.password.as_deref() {
        None => bail!("user {} has no password, none was ever set", user.id),
        Some("") => bail!("user {} has no password, it was taken away", user.id),
        Some(text) => text.to_owned(),
    };
    Stored::from_columns(text, &user.hash, &user.hash_options)
        .with_context(|| format!("what is stored beside the hash of user {} cannot be read", user.id))
}

/// What the password came in under, and in brackets what the text really is where the name leaves that open.
fn algorithm(stored: &Stored, description: &Description) -> String {
    let name = stored.algorithm().as_str();
    match description {
        Description::Argon2 { variant, version, .. } => format!("{name} ({variant} v{version})"),
        Description::Bcrypt { .. } if !matches!(stored.options, Options::Bcrypt) => format!("{name} (bcrypt)"),
        _ => name.to_owned(),
    }
}

/// The line with the cost, or with what stands for it; none for MD5. `version` is that of a digest that matches.
fn cost(description: &Description, version: Option<ShaVersion>) -> Option<String> {
    Some(match description {
        Description::Argon2 { cost, .. } => format!("cost {cost}"),
        Description::Bcrypt { cost } => format!("cost {cost}"),
        Description::Md5 => return None,
        Description::Phpass { iterations } => format!("iterations {iterations}"),
        Description::Sha { versions } => {
            let names: Vec<&str> = match version {
                Some(version) => vec![version.as_str()],
                None => versions.iter().map(|version| version.as_str()).collect(),
            };
            format!("version {}", names.join(" or "))
        }
        Description::Scrypt { n, r, p } => format!("cost N={n},r={r},p={p}"),
    })
}

/// Of the versions that a digest may be of, the one in which it is that of `plain`.
fn matching_version(stored: &Stored, description: &Description, plain: &str) -> Option<ShaVersion> {
    let Description::Sha { versions } = description else { return None };
    versions.iter().copied().find(|version| {
        let named = Stored { text: stored.text.clone(), options: Options::Sha { version: Some(*version) } };
        hashing::verify(&named, plain.as_bytes(), &mut Memory::default())
    })
}

const fn yes_or_no(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}
