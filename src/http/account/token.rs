//! Tokens (JWT) by which a server acts as the user for minutes.

use std::time::Duration;

use axum::response::Response;

use crate::error::{Error, Kind, Result};
use crate::http::call::Call;
use crate::http::limit::{By, Counted, Limit, Limited};
use crate::http::member::Member;
use crate::http::reply::Created;
use crate::http::view::Jwt;
use crate::jwt::Claims;
use crate::params::{FromParams, Integer, Reader};
use axum::response::IntoResponse as _;

/// Seconds that a token lives when nobody says, and at most.
const LIFETIMES: (i64, i64) = (900, 3600);

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
pub(in crate::http) struct Lifetime(i64);

impl Lifetime {
    /// Pulls `duration`.
    ///
    /// # Errors
    /// 400 unless it is 1 to 3,600.
    pub(in crate::http) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let (usual, most) = LIFETIMES;
        let seconds = reader.optional::<Integer>("duration")?.map_or(usual, |seconds| seconds.0);
        match (1..=most).contains(&seconds) {
            true => Ok(Self(seconds)),
            false => Err(Error::new(
                Kind::ArgumentInvalid,
                format!("Invalid `duration` param: `duration` must be 1 to {most} seconds."),
            )),
        }
    }
}

/// 201 with a token for a user, which ends with this session; an empty id binds it to none.
pub(in crate::http) fn answer(call: &Call, user: &str, session: &str, lives: Lifetime) -> Response {
    let claims = Claims {
        user_id: user.to_owned(),
        session_id: session.to_owned(),
        exp: call.now().0 / 1000 + lives.0,
        project: call.project_key().number(),
    };
    Created(Jwt { jwt: call.app().signer.sign(&claims) }).into_response()
}
