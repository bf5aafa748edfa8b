//! Signing users in from a server: tokens that a client exchanges for a session, and tokens that stand for a user.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::OneUser;
use crate::error::Result;
use crate::http::access::{Access, scope};
use crate::http::account::{Lifetime, jwt};
use crate::http::change::{Change, change, find};
use crate::http::params::Params;
use crate::http::reply::Created;
use crate::http::session::{How, NewSession};
use crate::http::view;
use crate::id::unique;
use crate::params::{FromParams, Param, Reader, Reason, Uid, Whole};
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
    /// Characters of the secret.
    length: Whole<4, 128>,
    /// Seconds until it ends.
    lives: Whole<60, 31_536_000>,
}

impl FromParams for CreateToken {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            user: reader.required("userId")?,
            length: reader.optional("length")?.unwrap_or(Whole(6)),
            lives: reader.optional("expire")?.unwrap_or(Whole(900)),
        })
    }
}

/// `POST /v1/users/{userId}/tokens`: a secret of lower-case hexadecimal characters, which is shown only now.
pub(super) async fn token(access: Access<scope::UsersWrite>, Params(new): Params<CreateToken>) -> Result<Response> {
    let mut secret = hex(&random::<64>());
    secret.truncate(new.length.0 as usize);
    let token = Token {
        id: unique(&access.app().clock),
        user_id: new.user.0,
        created_at: access.now(),
        expire: access.now().plus(Duration::from_secs(new.lives.0.into())),
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
    fn schema() -> Value {
        json!({ "anyOf": [Uid::schema(), { "enum": ["recent", "recent()", ""] }], "examples": ["recent()"] })
    }

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
        Some(id) => sessions::find(store, project, &user.id, &id.0, access.now()).await?,
        None => sessions::newest(store, project, &user.id, access.now()).await?,
    };
    let session = session.map(|session| session.id).unwrap_or_default();
    Ok(jwt(&access, &user.id, &session, new.lives))
}
