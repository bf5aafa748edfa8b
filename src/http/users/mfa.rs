//! Second factors of users: what there is, recovery codes, authenticators, and the codes of challenges.

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::OneUser;
use crate::error::{Error, Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::call::Call;
use crate::http::change::{Change, change, find};
use crate::http::params::Params;
use crate::http::reply::{Json, NoContent};
use crate::http::view;
use crate::params::{FromParams, Param, Reader, Reason, Text, Uid};
use crate::secret::{Seal, hex, random};
use crate::store::mfa;

/// The one type of authenticators.
const TOTP: &str = "totp";

/// The factor whose codes a server hands on by itself.
const CUSTOM: &str = "custom";

/// Recovery codes that are made at a time.
const CODES: usize = 6;

/// What seals codes.
///
/// # Errors
/// 400 `general_feature_unsupported` where there is no `USHER_SECRET`.
fn seal(call: &Call) -> Result<&Seal> {
    call.app().seal.as_ref().ok_or_else(|| Kind::FeatureUnsupported.into())
}

/// `GET /v1/users/{userId}/mfa/factors`
pub(super) async fn factors(access: Access<scope::UsersRead>, Params(params): Params<OneUser>) -> Result<Response> {
    let user = find(&access, &params.id.0).await?;
    let totp = mfa::has_verified(access.store().read(), access.project_key(), &user.id, TOTP).await?;
    Ok(Json(view::Factors::of(&user, totp)).into_response())
}

/// `GET /v1/users/{userId}/mfa/recovery-codes`
pub(super) async fn recovery_codes(
    access: Access<scope::UsersRead>,
    Params(params): Params<OneUser>,
) -> Result<Response> {
    let seal = seal(&access)?;
    let user = find(&access, &params.id.0).await?;
    let sealed = mfa::recovery_codes(access.store().read(), access.project_key(), &user.id).await?;
    let opened = seal.open(&sealed.ok_or(Kind::UserRecoveryCodesNotFound)?);
    let recovery_codes = opened.and_then(|json| serde_json::from_str(&json).ok()).ok_or_else(|| {
        let message = "The recovery codes were sealed with another USHER_SECRET. Replace them by PUT.";
        Error::new(Kind::UserRecoveryCodesNotFound, message)
    })?;
    Ok(Json(view::RecoveryCodes { recovery_codes }).into_response())
}

/// `PATCH /v1/users/{userId}/mfa/recovery-codes`: the first codes of the user. Upstream answers 200 here, too.
pub(super) async fn create_recovery_codes(
    access: Access<scope::UsersWrite>,
    Params(params): Params<OneUser>,
) -> Result<Response> {
    new_codes(&access, &params.id.0, true).await
}

/// `PUT /v1/users/{userId}/mfa/recovery-codes`: new codes in place of all the old ones.
pub(super) async fn replace_recovery_codes(
    access: Access<scope::UsersWrite>,
    Params(params): Params<OneUser>,
) -> Result<Response> {
    new_codes(&access, &params.id.0, false).await
}

/// Gives a user six new codes of ten lower-case hexadecimal characters: the first ones, or others in place of those that there
/// are.
async fn new_codes(call: &Call, user: &str, first: bool) -> Result<Response> {
    let recovery_codes: Vec<String> = (0..CODES).map(|_| hex(&random::<5>())).collect();
    let (sealed, now) = (seal(call)?.seal(&json!(recovery_codes).to_string()), call.now());
    change(call, call.log("user.update", user), move |Change { tx, project, user }| {
        Box::pin(async move {
            let stored = match first {
                true => mfa::add_recovery_codes(tx, project, &user.id, sealed, now).await?,
                false => mfa::replace_recovery_codes(tx, project, &user.id, sealed, now).await?,
            };
            match (stored, first) {
                (true, _) => Ok(()),
                (false, true) => Err(Kind::UserRecoveryCodesAlreadyExists.into()),
                (false, false) => Err(Kind::UserRecoveryCodesNotFound.into()),
            }
        })
    })
    .await?;
    Ok(Json(view::RecoveryCodes { recovery_codes }).into_response())
}

/// The name of a type of authenticators, in whatever case.
struct Totp;

impl Param for Totp {
    fn schema() -> Value {
        json!({ "type": "string", "enum": [TOTP], "examples": [TOTP] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let known = value.as_str().is_some_and(|name| name.eq_ignore_ascii_case(TOTP));
        known.then_some(Self).ok_or_else(|| "must be totp.".into())
    }
}

/// Names an authenticator.
pub(super) struct OneAuthenticator {
    user: Uid,
}

impl FromParams for OneAuthenticator {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        let user = reader.required("userId")?;
        reader.required::<Totp>("type").map(|Totp| Self { user })
    }
}

/// `DELETE /v1/users/{userId}/mfa/authenticators/{type}`, verified or not.
pub(super) async fn delete_authenticator(
    access: Access<scope::UsersWrite>,
    Params(named): Params<OneAuthenticator>,
) -> Result<NoContent> {
    change(&access, access.log("user.update", &named.user.0), |Change { tx, project, user }| {
        Box::pin(async move {
            match mfa::delete_authenticator(tx, project, &user.id, TOTP).await? {
                true => Ok(()),
                false => Err(Kind::UserAuthenticatorNotFound.into()),
            }
        })
    })
    .await?;
    Ok(NoContent)
}

/// Names a challenge.
pub(super) struct OneChallenge {
    user: Uid,
    /// Whatever it is: what is no id is that of no challenge.
    id: Text<1, 256>,
}

impl FromParams for OneChallenge {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { user: reader.required("userId")?, id: reader.required("challengeId")? })
    }
}

/// `GET /v1/users/{userId}/mfa/challenges/{challengeId}`: the code, for the server that hands it on to the user.
pub(super) async fn challenge(
    access: Access<scope::UsersRead>,
    Params(named): Params<OneChallenge>,
) -> Result<Response> {
    let seal = seal(&access)?;
    let user = find(&access, &named.user.0).await?;
    let (store, project) = (access.store().read(), access.project_key());
    let found = mfa::challenge(store, project, &user.id, &named.id.0, CUSTOM, access.now()).await?;
    let unknown = || Error::new(Kind::UserInvalidToken, "The user has no such challenge, or it has expired.");
    let challenge = found.ok_or_else(unknown)?;
    // What was sealed with another secret is of no use to anybody.
    let code = seal.open(&challenge.code).ok_or_else(unknown)?;
    Ok(Json(view::ChallengeSecret::of(&challenge, code)).into_response())
}
