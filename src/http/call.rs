//! What every handler needs to serve a request, whoever sent it.

use std::sync::Arc;

use axum::http::request::Parts;

use super::client::Client;
use super::format::Format;
use super::limit::ShownRate;
use super::view::View;
use crate::access::Key;
use crate::app::App;
use crate::clock::Millis;
use crate::store::logs::Log;
use crate::store::projects::Project;
use crate::store::sessions::Session;
use crate::store::users::User;
use crate::store::{ProjectKey, Store};

/// Who acts.
#[derive(Debug, Clone)]
pub(super) enum Actor {
    /// Nobody who is known.
    Guest,
    /// An API key.
    Key(Arc<Key>),
    /// A user who is signed in.
    User {
        /// Whose id this is.
        id: String,
        /// As the user was called at the time.
        name: String,
        /// As the user was reached at the time.
        email: String,
        /// The session by which the user came, if it was one.
        session: Option<String>,
    },
}

impl Actor {
    /// This user.
    pub(super) fn user(user: &User, session: Option<&Session>) -> Self {
        Self::User {
            id: user.id.clone(),
            name: user.name.clone(),
            email: user.email.clone().unwrap_or_default(),
            session: session.map(|session| session.id.clone()),
        }
    }
}

/// A request for a project.
#[derive(Debug, Clone)]
pub struct Call {
    /// The project that it is for.
    pub project: Arc<Project>,
    /// How answers are shown to this caller.
    pub view: View,
    pub(super) client: Client,
    pub(super) actor: Actor,
    /// When it came.
    now: Millis,
    /// How much of a limit it has used.
    pub(super) rate: ShownRate,
}

impl Call {
    pub(super) fn new(parts: &Parts, app: &Arc<App>, project: Arc<Project>, actor: Actor) -> Self {
        let client = Client::of(parts, &app.config.trusted_proxies, matches!(actor, Actor::Key(_)));
        Self {
            view: View {
                app: Arc::clone(app),
                format: Format::of(&parts.headers),
                locale: client.locale,
                own: matches!(actor, Actor::User { .. }),
            },
            project,
            client,
            actor,
            now: app.clock.now(),
            rate: parts.extensions.get().cloned().unwrap_or_default(),
        }
    }

    /// The server.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.view.app
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.view.app.store
    }

    /// The number of the project, which every statement carries.
    #[must_use]
    pub fn project_key(&self) -> ProjectKey {
        self.project.key
    }

    /// When the request came: the moment of everything that it does.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Whether an API key acts, to which secrets are shown and no limits apply.
    pub(super) const fn by_key(&self) -> bool {
        matches!(self.actor, Actor::Key(_))
    }

    /// A row for the activity log of `user`, with this caller as the actor.
    #[must_use]
    pub fn log(&self, event: &str, user: &str) -> Log {
        let (actor_type, id, name, email) = match &self.actor {
            Actor::Guest => ("guest", "", "", ""),
            Actor::Key(key) => ("keyProject", key.id.as_str(), key.name.as_str(), ""),
            Actor::User { id, name, email, .. } => ("user", id.as_str(), name.as_str(), email.as_str()),
        };
        Log {
            seq: 0,
            user_id: user.to_owned(),
            event: event.to_owned(),
            mode: "default".into(),
            actor_type: actor_type.into(),
            actor_id: id.into(),
            actor_name: name.into(),
            actor_email: email.into(),
            ip: self.client.ip.clone(),
            user_agent: self.client.agent.clone(),
            time: self.now,
        }
    }

    /// The same request, done by this user from now on: whoever signs in is the actor of the sign-in.
    pub(super) fn acting(&self, user: &User) -> Self {
        Self { actor: Actor::user(user, None), ..self.clone() }
    }
}
