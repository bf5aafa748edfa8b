//! Tokens (JWT) by which a server acts as the user for minutes.

use std::time::Duration;

use axum::response::Response;

use crate::error::{Kind, Result};
use crate::http::call::Call;
use crate::http::limit::{By, Counted, Limit, Limited};
use crate::http::member::Member;
use crate::http::reply::Created;
use crate::http::view::Jwt;
use crate::jwt::Claims;
use crate::params::{FromParams, Reader, Whole};
use axum::response::IntoResponse as _;

/// How long a token is to live.
#[derive(Debug)]
pub(super) struct Create(Lifetime);

impl FromParams for Create {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Lifetime::read(reader).map(Self)
    }
}

impl Limited for Create {
    const LIMIT: Limit = Limit { name: "jwt", max: 120, window: Duration::from_secs(60), by: &[By::User] };
}

/// `POST /v1/account/jwts`: a token that ends with the session of the request.
pub(super) async fn create(Counted { who: member, params, .. }: Counted<Member, Create>) -> Result<Response> {
    let session = member.session.as_ref().ok_or(Kind::JwtCreationDenied)?;
    Ok(answer(&member, &member.user.id, &session.id, params.0))
}

/// Seconds that a token lives.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Lifetime(Whole<1, 3600>);

impl Lifetime {
    /// Pulls `duration`; a quarter of an hour when nobody says.
    ///
    /// # Errors
    /// 400 unless it is 1 to 3,600.
    pub(in crate::http) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self(reader.optional("duration")?.unwrap_or(Whole(900))))
    }
}

/// 201 with a token for a user, which ends with this session; an empty id binds it to none.
pub(in crate::http) fn answer(call: &Call, user: &str, session: &str, lives: Lifetime) -> Response {
    let claims = Claims {
        user_id: user.to_owned(),
        session_id: session.to_owned(),
        exp: call.now().0 / 1000 + i64::from(lives.0.0),
        project: call.project_key().number(),
    };
    Created(Jwt { jwt: call.app().signer.sign(&claims) }).into_response()
}
