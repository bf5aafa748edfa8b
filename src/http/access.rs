//! Authority as an argument: a handler that takes [`Access`] is one that only API keys with the scope reach.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::call::{Actor, Call};
use super::client;
use super::gate::Settled;
use super::member::{SignedIn, signed_in};
use super::openapi::{self, Caller, Part};
use crate::access::{Key, Scope, scope_names};
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::store::projects::Project;

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
        TargetsRead "`users.read` or `targets.read`" [UsersRead, TargetsRead];
        TargetsWrite "`users.write` or `targets.write`" [UsersWrite, TargetsWrite];
        HealthRead "`health.read`, which every key has" [HealthRead];
    }
}

/// A caller with an API key that has one of the scopes of `S`, and what a handler needs to serve it.
#[derive(Debug)]
pub struct Access<S> {
    call: Call,
    scopes: PhantomData<S>,
}

impl<S> Deref for Access<S> {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

impl<S: Scoped> Part for Access<S> {
    fn describe(parts: &mut openapi::Parts) {
        parts.by(Caller::Key(S::ANY_OF));
    }
}

impl<S: Scoped> FromRequestParts<Arc<App>> for Access<S> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let settled = parts.extensions.get::<Settled>().cloned().unwrap_or(Settled::Nothing);
        let secret = client::text(&parts.headers, &client::KEY);
        let names = || scope_names(S::ANY_OF);
        let (project, secret) = match (settled, secret) {
            (Settled::Project(project), Some(secret)) => (project, secret),
            (Settled::Console, Some(_)) => return Err(Kind::Unauthorized.into()),
            (Settled::Nothing, Some(_)) => return Err(Kind::ProjectIdMissing.into()),
            (settled, None) => {
                let known = match settled.project() {
                    Some(project) => Box::pin(signed_in(parts, app, project)).await?,
                    None => None,
                };
                // Whoever is signed in is told by which name.
                let caller = match &known {
                    Some(SignedIn { user, .. }) => {
                        format!("{} (role: users)", user.email.as_deref().unwrap_or("User"))
                    }
                    None => "User (role: guests)".to_owned(),
                };
                return Err(missing_scope(&caller, &names(), " Send an API key in the header X-Appwrite-Key."));
            }
        };
        let key = key_of(app, &project, &secret).await?;
        if !key.allows(S::ANY_OF) {
            let caller = format!("app.{}@service (role: applications)", project.id);
            return Err(missing_scope(&caller, &names(), " Use a key that has one of them."));
        }
        Ok(Self { call: Call::new(parts, app, project, Actor::Key(key)), scopes: PhantomData })
    }
}

/// The API key with this secret.
///
/// # Errors
/// 401 when the project has none, or it has expired.
pub(super) async fn key_of(app: &Arc<App>, project: &Project, secret: &str) -> Result<Arc<Key>> {
    app.registry.key(app, project, secret).await
}

/// Clients look for the first sentence.
pub(super) fn missing_scope(caller: &str, scopes: &str, advice: &str) -> Error {
    Error::new(Kind::UnauthorizedScope, format!("{caller} missing scopes ({scopes}).{advice}"))
}
