//! `usher users …`

use std::sync::Arc;

use clap::Subcommand;
use serde::Serialize;
use serde_json::{Map, Value};

use super::password::find_user;
use super::{find_project, open, say};
use crate::app::App;
use crate::config::Config;
use crate::http::Format;
use crate::http::view::{self, View};
use crate::store::identities::Identity;
use crate::store::projects::Project;
use crate::store::sessions::Session;
use crate::store::users::User;
use crate::store::{identities, logs, memberships, mfa, person, sessions};

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a user as a JSON object, with fields as the API shows them.
    ///
    /// Secrets, hashes and digests are left out; `withheld` names those that are stored.
    Show {
        /// The project's id.
        project: String,
        /// The user's id or email address.
        user: String,
        /// Everything that is stored about the user, for somebody who asks for their data.
        #[arg(long)]
        all: bool,
    },
}

/// Something that is stored, without what is secret of it.
#[derive(Serialize)]
struct Shown<T> {
    #[serde(flatten)]
    shown: T,
    /// Fields that are stored and not shown.
    withheld: Vec<&'static str>,
}

type Rows = Vec<Map<String, Value>>;

/// Everything that is stored about a user, by tables.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Person<'a> {
    project: &'a str,
    user: Shown<view::User<'a>>,
    sessions: Vec<Shown<view::Session<'a>>>,
    tokens: Rows,
    targets: Vec<view::Target<'a>>,
    identities: Vec<Shown<view::Identity<'a>>>,
    memberships: Vec<view::Membership<'a>>,
    factors: view::Factors,
    recovery_codes: Rows,
    authenticators: Rows,
    challenges: Rows,
    passkeys: Rows,
    logs: Vec<view::Log<'a>>,
}

/// Runs the command.
pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    let Command::Show { project, user, all } = command;
    let store = open(config).await?;
    let project = find_project(config, &store, &project).await?;
    let user = find_user(&store, &project, &user).await?;
    let app = App::with_store(config.clone(), store)?;
    let view = View { app: Arc::clone(&app), format: Format::default(), locale: "en", own: false };
    match all {
        false => say(&serde_json::to_string_pretty(&shown_user(&user, &view))?),
        true => everything(&view, &project, &user).await?,
    }
    app.store.close().await;
    Ok(())
}

async fn everything(view: &View, project: &Project, user: &User) -> anyhow::Result<()> {
    let (store, key, id) = (&view.app.store, project.key, user.id.as_str());
    let rows = |table| person::rows(store.read(), key, id, table);
    let mut sessions = sessions::stored(store.read(), key, id).await?;
    let mut identities = identities::of(store.read(), key, id).await?;
    let (memberships, logs) = (memberships::of(store.read(), key, id).await?, logs::of(store.read(), key, id).await?);
    let totp = mfa::has_verified(store.read(), key, id, "totp").await?;
    let withheld: Vec<_> = sessions.iter_mut().map(hide_tokens_of_session).collect();
    let sessions = sessions.iter().zip(withheld);
    let withheld: Vec<_> = identities.iter_mut().map(hide_tokens_of_identity).collect();
    let identities = identities.iter().zip(withheld);
    let person = Person {
        project: &project.id,
        user: shown_user(user, view),
        sessions: sessions.map(|(one, withheld)| Shown { shown: view::Session::of(one, view), withheld }).collect(),
        tokens: rows("tokens").await?,
        targets: user.targets.0.iter().map(view::Target::of).collect(),
        identities: identities
            .map(|(one, withheld)| Shown { shown: view::Identity::of(one, view), withheld })
            .collect(),
        memberships: memberships.iter().map(|one| view::Membership::of(one, view)).collect(),
        factors: view::Factors::of(user, totp),
        recovery_codes: rows("recovery_codes").await?,
        authenticators: rows("authenticators").await?,
        challenges: rows("challenges").await?,
        passkeys: rows("passkeys").await?,
        logs: logs.iter().map(|log| view::Log::of(log, view)).collect(),
    };
    say(&serde_json::to_string_pretty(&person)?);
    Ok(())
}

/// A user as the user sees it.
fn shown_user<'a>(user: &'a User, view: &View) -> Shown<view::User<'a>> {
    let password = user.password.as_ref().is_some_and(|password| !password.is_empty());
    let withheld =
        [("password", password), ("hashOptions", password), ("passwordHistory", user.password_history != "[]")];
    Shown { shown: view::User::account(user, view), withheld: named(&withheld) }
}

/// Takes the tokens off a session; their names, and that of the digest of its secret.
fn hide_tokens_of_session(session: &mut Session) -> Vec<&'static str> {
    named(&[
        ("secret", true),
        ("providerAccessToken", session.provider_access_token.take().is_some()),
        ("providerRefreshToken", session.provider_refresh_token.take().is_some()),
    ])
}

/// Takes the tokens off an identity; their names.
fn hide_tokens_of_identity(identity: &mut Identity) -> Vec<&'static str> {
    named(&[
        ("providerAccessToken", identity.provider_access_token.take().is_some()),
        ("providerRefreshToken", identity.provider_refresh_token.take().is_some()),
        ("providerIdToken", identity.provider_id_token.take().is_some()),
    ])
}

/// The names of those that are there.
fn named(fields: &[(&'static str, bool)]) -> Vec<&'static str> {
    fields.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect()
}
