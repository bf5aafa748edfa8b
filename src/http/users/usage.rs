//! How much a project is used: users, sessions and what was done to them, by the hour or by the day. Counted from what is
//! stored, so what was removed since then counts no more, and the activity log tells only of the days that it is kept for.

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::clock::Millis;
use crate::error::{Error, Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::params::Params;
use crate::http::reply::Json;
use crate::http::view::{OldUsage, Point, Usage};
use crate::params::{FromParams, Param, Reader, Reason, Text};
use crate::store::usage::{self, Pieces};

/// Milliseconds of an hour and of a day.
const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;

/// How far back to look: the name, how long a piece is, and how many there are. The last one is the present.
#[derive(Debug, Clone, Copy)]
struct Range(&'static str, i64, usize);

const RANGES: [Range; 4] = [Range("24h", HOUR, 24), Range("7d", DAY, 7), Range("30d", DAY, 30), Range("90d", DAY, 90)];

/// What is meant when nobody says.
const USUAL: Range = RANGES[2];

impl Param for Range {
    fn schema() -> Value {
        json!({
            "type": "string",
            "enum": RANGES.map(|range| range.0),
            "description": "Clients older than 1.5.0 alone may ask for `7d`.",
            "examples": ["30d"],
        })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let known = RANGES.into_iter().find(|range| value.as_str() == Some(range.0));
        known.ok_or_else(|| "must be one of 24h, 7d (only before 1.5.0), 30d, 90d.".into())
    }
}

impl Range {
    /// Its pieces, which are whole hours or days of UTC.
    fn until(self, now: Millis) -> Pieces {
        let Self(_, each, count) = self;
        let before = i64::try_from(count).unwrap_or(0).saturating_sub(1).saturating_mul(each);
        Pieces { from: Millis((now.0.div_euclid(each) * each).saturating_sub(before)), each, count }
    }
}

/// A way to sign in, as the console names it.
#[derive(Debug)]
struct Provider(String);

impl Param for Provider {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^(email|anonymous|oauth-.+)$", "examples": ["email"] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let name = Text::<1, 128>::parse(value)?.0.to_ascii_lowercase();
        match name.strip_prefix("oauth-") {
            Some(provider) if !provider.is_empty() => Ok(Self(provider.to_owned())),
            _ if ["email", "anonymous"].contains(&name.as_str()) => Ok(Self(name)),
            _ => Err("must be email, anonymous, or oauth- and the name of a provider.".into()),
        }
    }
}

/// Parameters.
pub(super) struct Asked {
    range: Range,
    provider: Option<Provider>,
}

impl FromParams for Asked {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { range: reader.optional("range")?.unwrap_or(USUAL), provider: reader.optional("provider")? })
    }
}

/// `GET /v1/users/usage`
pub(super) async fn get(access: Access<scope::UsersRead>, Params(params): Params<Asked>) -> Result<Response> {
    let pieces = params.range.until(access.now());
    match access.view.format.before("1.5.0") {
        true => old(&access, params, pieces).await,
        false => new(&access, params.range, pieces).await,
    }
}

async fn new(access: &Access<scope::UsersRead>, range: Range, pieces: Pieces) -> Result<Response> {
    if range.0 == "7d" {
        let message = "Invalid `range` param: `range` must be one of 24h, 30d, 90d.";
        return Err(Error::new(Kind::ArgumentInvalid, message));
    }
    let (store, project) = (access.store(), access.project_key());
    let usage = Usage {
        range: range.0,
        users_total: usage::users(store, project).await?,
        sessions_total: usage::sessions(store, project, access.now()).await?,
        users: Point::all(usage::users_made(store, project, pieces).await?, pieces.begins()),
        sessions: Point::all(usage::sessions_made(store, project, pieces, None, access.now()).await?, pieces.begins()),
    };
    Ok(Json(usage).into_response())
}

/// The shape of 1.4. Sessions of a provider are those of all when none is named.
async fn old(access: &Access<scope::UsersRead>, params: Asked, pieces: Pieces) -> Result<Response> {
    let (store, project) = (access.store(), access.project_key());
    let points = |values: Vec<i64>| Point::all(values, pieces.begins());
    let made = usage::users_made(store, project, pieces).await?;
    let provider = params.provider.as_ref().map(|provider| provider.0.as_str());
    let usage = OldUsage {
        range: params.range.0,
        users_count: points(sums(usage::users(store, project).await?, &made)),
        users_create: points(made),
        users_read: points(vec![0; pieces.count]),
        users_update: points(usage::logged(store, project, pieces, ["user.update", "verification.update"]).await?),
        users_delete: points(usage::logged(store, project, pieces, ["user.delete"; 2]).await?),
        sessions_create: points(usage::sessions_made(store, project, pieces, None, access.now()).await?),
        sessions_provider_create: points(usage::sessions_made(store, project, pieces, provider, access.now()).await?),
        sessions_delete: points(usage::logged(store, project, pieces, ["session.delete"; 2]).await?),
    };
    Ok(Json(usage).into_response())
}

/// How many there were at the end of each piece, of whom so many came in each and `total` are there in the end.
fn sums(total: i64, came: &[i64]) -> Vec<i64> {
    let before = total - came.iter().sum::<i64>();
    came.iter()
        .scan(before.max(0), |sum, came| {
            *sum += came;
            Some(*sum)
        })
        .collect()
}
