//! Authority as an argument: a handler that takes [`Access`] is one that only API keys with the scope reach.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::client::{self, Client};
use super::format::Format;
use super::gate::Settled;
use super::view::View;
use crate::access::{Key, Scope};
use crate::app::App;
use crate::clock::Millis;
use crate::error::{Error, Kind, Result};
use crate::store::logs::Log;
use crate::store::projects::Project;
use crate::store::{ProjectKey, Store};

/// A set of scopes of which a caller needs one.
pub trait Scoped: Send + Sync + 'static {
    /// The scopes.
    const ANY_OF: &'static [Scope];
}

/// The scopes of routes, as types.
pub mod scope {
    use super::{Scope, Scoped};

    macro_rules! scopes {
        ($($name:ident $doc:literal [$($scope:ident),*];)*) => {$(
            #[doc = $doc]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Scoped for $name {
                const ANY_OF: &'static [Scope] = &[$(Scope::$scope),*];
            }
        )*};
    }

    scopes! {
        UsersRead "`users.read`" [UsersRead];
        UsersWrite "`users.write`" [UsersWrite];
        SessionsRead "`users.read` or `sessions.read`" [UsersRead, SessionsRead];
        SessionsWrite "`users.write` or `sessions.write`" [UsersWrite, SessionsWrite];
        HealthRead "`health.read`, which every key has" [HealthRead];
    }
}

/// A caller with an API key that has one of the scopes of `S`, and what a handler needs to serve it.
#[derive(Debug)]
pub struct Access<S> {
    /// The project that the key is of.
    pub project: Arc<Project>,
    /// How answers are shown to this caller.
    pub view: View,
    key: Arc<Key>,
    client: Client,
    scopes: PhantomData<S>,
}

impl<S: Scoped> FromRequestParts<Arc<App>> for Access<S> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let settled = parts.extensions.get::<Settled>().cloned().unwrap_or(Settled::Nothing);
        let secret = client::text(&parts.headers, "x-appwrite-key");
        let (project, secret) = match (settled, secret) {
            (Settled::Project(project), Some(secret)) => (project, secret),
            (Settled::Console, Some(_)) => return Err(Kind::Unauthorized.into()),
            (Settled::Nothing, Some(_)) => return Err(Kind::ProjectIdMissing.into()),
            (_, None) => {
                return Err(missing_scope(
                    "User (role: guests)",
                    S::ANY_OF,
                    " Send an API key in the header X-Appwrite-Key.",
                ));
            }
        };
        let key = app.registry.key(app, &project, &secret).await?;
        if !key.allows(S::ANY_OF) {
            let caller = format!("app.{}@service (role: applications)", project.id);
            return Err(missing_scope(&caller, S::ANY_OF, " Use a key that has one of them."));
        }
        let client = Client::of(parts, &app.config.trusted_proxies);
        Ok(Self {
            view: View {
                app: Arc::clone(app),
                format: Format::new(client::text(&parts.headers, "x-appwrite-response-format")),
                locale: client.locale,
            },
            project,
            key,
            client,
            scopes: PhantomData,
        })
    }
}

/// Clients look for the first sentence.
fn missing_scope(caller: &str, scopes: &[Scope], advice: &str) -> Error {
    let names = crate::access::scope_names(scopes);
    Error::new(Kind::UnauthorizedScope, format!("{caller} missing scopes ({names}).{advice}"))
}

impl<S> Access<S> {
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

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.view.app.clock.now()
    }

    /// A row for the activity log of `user`, with this caller as the actor.
    #[must_use]
    pub fn log(&self, event: &str, user: &str) -> Log {
        Log {
            seq: 0,
            user_id: user.to_owned(),
            event: event.to_owned(),
            mode: "default".into(),
            actor_type: "keyProject".into(),
            actor_id: self.key.id.clone(),
            actor_name: self.key.name.clone(),
            actor_email: String::new(),
            ip: self.client.ip.clone(),
            user_agent: self.client.agent.clone(),
            time: self.now(),
        }
    }
}
