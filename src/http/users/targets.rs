//! Messaging targets of users. Those of the email and the phone number are made and changed with them; here others are
//! added, and any of them is changed or removed, which leaves email and phone as they are.

use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::error::{Error, Kind, Result};
use crate::http::access::{Access, scope};
use crate::http::change::{Change, change, find, taken_by_another};
use crate::http::list::{ListParams, answer};
use crate::http::params::Params;
use crate::http::reply::{Created, Json, NoContent};
use crate::http::view;
use crate::params::{CustomId, Email, FromParams, Param, Phone, Reader, Reason, Text, Uid};
use crate::store::list::TARGETS;
use crate::store::targets::{ProviderType, Target};

/// Targets that a user can be given: all of them are read and sent with the user, alone and in lists, so their number
/// must have an end. Those of email and phone are made even beyond it.
const MAX: usize = 100;

/// Text of an identifier, of whatever kind.
type Identifier = Text<1, 255>;

/// The name of a kind of target, in whatever case.
struct KindName(ProviderType);

impl Param for KindName {
    fn schema() -> Value {
        json!({ "type": "string", "enum": ["email", "sms", "push"], "examples": ["email"] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let name = Text::<1, 128>::parse(value)?.0.to_ascii_lowercase();
        ProviderType::try_from(name.as_str()).map(Self).map_err(|_| "must be one of email, sms, push.".into())
    }
}

/// An identifier as it is stored.
///
/// # Errors
/// 400 `general_invalid_email` or `general_invalid_phone` when it is not of its kind.
fn identifier(kind: ProviderType, Text(text): Identifier) -> Result<String> {
    let refused = |error, reason| Error::new(error, format!("The identifier of an {} target {reason}", kind.as_str()));
    match kind {
        ProviderType::Email => {
            Email::parse(&Value::String(text)).map(|email| email.0).map_err(|why| refused(Kind::InvalidEmail, why))
        }
        ProviderType::Sms => {
            Phone::parse(&Value::String(text)).map(|phone| phone.0).map_err(|why| refused(Kind::InvalidPhone, why))
        }
        ProviderType::Push => Ok(text),
    }
}

/// Parameters of the list.
pub(super) struct List {
    user: Uid,
    list: ListParams,
}

impl FromParams for List {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { user: reader.required("userId")?, list: ListParams::without_search(reader, &TARGETS)? })
    }
}

/// `GET /v1/users/{userId}/targets`: oldest first.
pub(super) async fn list(access: Access<scope::TargetsRead>, Params(params): Params<List>) -> Result<Response> {
    let user = find(&access, &params.user.0).await?;
    answer::<Target>(&access, params.list, Some(user.id)).await
}

/// Parameters of a new target.
pub(super) struct Create {
    user: Uid,
    id: CustomId,
    kind: KindName,
    identifier: Identifier,
    name: Option<Text<1, 128>>,
}

impl FromParams for Create {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        let (user, id) = (reader.required("userId")?, reader.required("targetId")?);
        let (kind, identifier) = (reader.required("providerType")?, reader.required("identifier")?);
        // No provider is known here, and unknown ones are ignored.
        reader.optional::<Uid>("providerId")?;
        Ok(Self { user, id, kind, identifier, name: reader.optional("name")? })
    }
}

/// `POST /v1/users/{userId}/targets`
pub(super) async fn create(access: Access<scope::TargetsWrite>, Params(new): Params<Create>) -> Result<Response> {
    let target = Target {
        id: new.id.settle(&access.app().clock),
        user_id: new.user.0,
        created_at: access.now(),
        updated_at: access.now(),
        name: new.name.map(|name| name.0),
        provider_id: None,
        provider_type: new.kind.0,
        identifier: identifier(new.kind.0, new.identifier)?,
        expired: false,
    };
    let (log, added) = (access.log("target.create", &target.user_id), target.clone());
    change(&access, log, |Change { user, .. }| {
        Box::pin(async move {
            if user.targets.0.len() >= MAX {
                let message = format!("A user has at most {MAX} targets. Delete one of them first.");
                return Err(Error::new(Kind::ArgumentInvalid, message));
            }
            user.targets.add(added).map_err(taken_by_another)
        })
    })
    .await?;
    Ok(Created(view::Target::of(&target)).into_response())
}

/// Parameters of a route that only names a target.
pub(super) struct OneTarget {
    user: Uid,
    id: Uid,
}

impl FromParams for OneTarget {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { user: reader.required("userId")?, id: reader.required("targetId")? })
    }
}

/// `GET /v1/users/{userId}/targets/{targetId}`
pub(super) async fn get(access: Access<scope::TargetsRead>, Params(named): Params<OneTarget>) -> Result<Response> {
    let user = find(&access, &named.user.0).await?;
    let target = user.targets.get(&named.id.0).ok_or(Kind::UserTargetNotFound)?;
    Ok(Json(view::Target::of(target)).into_response())
}

/// Parameters of a change.
pub(super) struct Update {
    named: OneTarget,
    identifier: Option<Identifier>,
    provider: Option<Uid>,
    name: Option<Text<1, 128>>,
}

impl FromParams for Update {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            named: OneTarget::from_params(reader)?,
            identifier: reader.optional("identifier")?,
            provider: reader.optional("providerId")?,
            name: reader.optional("name")?,
        })
    }
}

impl Update {
    /// Changes what is to be changed. An identifier that is sent, were it the same, is taken to work again.
    ///
    /// # Errors
    /// When the identifier is not of the target's kind; 404 `provider_not_found`, since no provider is known here.
    fn apply(self, target: &mut Target) -> Result<()> {
        if let Some(new) = self.identifier {
            (target.identifier, target.expired) = (identifier(target.provider_type, new)?, false);
        }
        if self.provider.is_some() {
            return Err(Kind::ProviderNotFound.into());
        }
        if let Some(name) = self.name {
            target.name = Some(name.0);
        }
        Ok(())
    }
}

/// `PATCH /v1/users/{userId}/targets/{targetId}`
pub(super) async fn update(access: Access<scope::TargetsWrite>, Params(new): Params<Update>) -> Result<Response> {
    let (log, now) = (access.log("target.update", &new.named.user.0), access.now());
    let id = new.named.id.0.clone();
    let user = change(&access, log, move |Change { user, .. }| {
        Box::pin(async move {
            let target = user.targets.get_mut(&new.named.id.0).ok_or(Kind::UserTargetNotFound)?;
            let before = target.clone();
            new.apply(target)?;
            if *target != before {
                target.updated_at = now;
            }
            Ok(())
        })
    })
    .await?;
    let target = user.targets.get(&id).ok_or(Kind::UserTargetNotFound)?;
    Ok(Json(view::Target::of(target)).into_response())
}

/// `DELETE /v1/users/{userId}/targets/{targetId}`
pub(super) async fn delete(access: Access<scope::TargetsWrite>, Params(named): Params<OneTarget>) -> Result<NoContent> {
    change(&access, access.log("target.delete", &named.user.0), |Change { user, .. }| {
        Box::pin(async move {
            user.targets.remove(&named.id.0).ok_or(Kind::UserTargetNotFound)?;
            Ok(())
        })
    })
    .await?;
    Ok(NoContent)
}
