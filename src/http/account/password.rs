//! Changing the own password.

use axum::response::Response;

use super::profile::shown;
use crate::error::Result;
use crate::http::limit::{By, Counted, HOUR, Limit, Limited};
use crate::http::member::Member;
use crate::http::new_password::{Owner, set_password};
use crate::params::{AnyPassword, FromParams, NewPassword, OrEmpty, Reader};

/// Parameters.
#[derive(Debug)]
pub(super) struct Update {
    new: NewPassword,
    old: Option<AnyPassword>,
}

impl FromParams for Update {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            new: reader.required::<NewPassword>("password")?.check("password", reader)?,
            // What is empty is not given: forms of accounts that have no password send it so.
            old: reader.optional::<OrEmpty<AnyPassword>>("oldPassword")?.and_then(|old| old.0),
        })
    }
}

impl Limited for Update {
    const LIMIT: Limit = Limit { name: "account password", max: 10, window: HOUR, by: &[By::Address, By::User] };
}

/// `PATCH /v1/account/password`. Who has a password must know it. The other sessions end, unless the project keeps them.
pub(super) async fn set(Counted { who: member, params, .. }: Counted<Member, Update>) -> Result<Response> {
    let owner = Owner { old: params.old, session: member.session.as_ref().map(|session| session.id.clone()) };
    let user = set_password(&member, &member.user.id, Some(params.new), Some(&owner)).await?;
    Ok(shown(&member, &user))
}
