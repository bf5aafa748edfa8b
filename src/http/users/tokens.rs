//! Signing users in from a server: tokens that a client exchanges for a session, and tokens that stand for a user.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::OneUser;
use crate::error::{Error, Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::account::{Lifetime, jwt};
use crate::http::change::{Change, change, find};
use crate::http::params::Params;
use crate::http::reply::Created;
use crate::http::session::{How, NewSession};
use crate::http::view;
use crate::id::unique;
use crate::params::{FromParams, Integer, Param, Reader, Reason, Uid};
use crate::secret::{digest, hex, random};
use crate::store::sessions;
use crate::store::tokens::{self, Token};

/// `POST /v1/users/{userId}/sessions`: a session whose secret the calling server hands on. However many there are.
pub(super) async fn session(access: Access<scope::SessionsWrite>, Params(params): Params<OneUser>) -> Result<Response> {
    let session = NewSession::new(&access, &params.id.0, How::Server, "", None);
    let begun = session.clone();
    change(&access, access.log("session.create", &params.id.0), |Change { tx, project, .. }| {
        Box::pin(async move { Ok(begun.insert(tx, project).await?) })
    })
    .await?;
    Ok(session.answer_server(&access))
}

/// Parameters of a token.
pub(super) struct CreateToken {
    user: Uid,
    length: usize,
    lives: Duration,
}

impl FromParams for CreateToken {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            user: reader.required("userId")?,
            length: within(reader, "length", 4, 128, 6)?,
            lives: Duration::from_secs(within(reader, "expire", 60, 31_536_000, 900)?),
        })
    }
}

/// A whole number between two others, or the usual one.
fn within<T: TryFrom<i64>>(reader: &mut Reader<'_>, name: &str, min: i64, max: i64, usual: i64) -> Result<T> {
    let number = reader.optional::<Integer>(name)?.map_or(usual, |number| number.0);
    let fitting =
        Some(number).filter(|number| (min..=max).contains(number)).and_then(|number| T::try_from(number).ok());
    fitting.ok_or_else(|| {
        let message = format!("Invalid `{name}` param: `{name}` must be a whole number from {min} to {max}.");
        Error::new(Kind::ArgumentInvalid, message)
    })
}

/// `POST /v1/users/{userId}/tokens`: a secret of lower-case hexadecimal characters, which is shown only now.
pub(super) async fn token(access: Access<scope::UsersWrite>, Params(new): Params<CreateToken>) -> Result<Response> {
    let mut secret = hex(&random::<64>());
    secret.truncate(new.length);
    let token = Token {
        id: unique(&access.app().clock),
        user_id: new.user.0,
        created_at: access.now(),
        expire: access.now().plus(new.lives),
        digest: digest(&secret),
        attempts: 0,
    };
    let stored = token.clone();
    change(&access, access.log("tokens.create", &token.user_id), |Change { tx, project, .. }| {
        Box::pin(async move { Ok(tokens::insert(tx, project, &stored).await?) })
    })
    .await?;
    Ok(Created(view::Token::of(&token, &secret, &access.view)).into_response())
}

/// Parameters of a token that stands for a user.
pub(super) struct CreateJwt {
    user: Uid,
    /// None is the newest.
    session: Option<Uid>,
    lives: Lifetime,
}

impl FromParams for CreateJwt {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            user: reader.required("userId")?,
            session: reader.optional::<SessionChoice>("sessionId")?.and_then(|choice| choice.0),
            lives: Lifetime::read(reader)?,
        })
    }
}

/// A session, or the newest.
struct SessionChoice(Option<Uid>);

impl Param for SessionChoice {
    fn parse(value: &Value) -> Result<Self, Reason> {
        match value.as_str() {
            // What is no id cannot be one that was meant.
            Some("recent" | "recent()" | "") => Ok(Self(None)),
            _ => Uid::parse(value).map(|id| Self(Some(id))),
        }
    }
}

/// `POST /v1/users/{userId}/jwts`: ends with the session; when the user has no such session, by its time alone.
pub(super) async fn jwt_of(access: Access<scope::UsersWrite>, Params(new): Params<CreateJwt>) -> Result<Response> {
    let user = find(&access, &new.user.0).await?;
    let (store, project) = (access.store().read(), access.project_key());
    let session = match &new.session {
        Some(id) => sessions::find(store, project, &user.id, &id.0).await?,
        None => sessions::newest(store, project, &user.id, access.now()).await?,
    };
    let session = session.map(|session| session.id).unwrap_or_default();
    Ok(jwt(&access, &user.id, &session, new.lives))
}
