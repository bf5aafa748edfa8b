//! How users are reached. A new address needs the password; an account that has none gets it so, by which an anonymous
//! user becomes one who can sign in.

use axum::response::Response;

use super::profile::shown;
use crate::error::{Error, Kind, Result};
use crate::http::change::{Change, change, find};
use crate::http::limit::{By, Counted, HOUR, Limit, Limited};
use crate::http::member::Member;
use crate::http::new_password::{ATTEMPTS, Candidate, prove};
use crate::params::{AnyPassword, Email, FromParams, NewPassword, Phone, Reader};
use crate::store::identities;
use crate::store::users::User;

/// The account's password, or the one that it gets.
#[derive(Debug)]
struct Password {
    known: AnyPassword,
    /// The same as a new one, which has to be longer.
    new: Result<NewPassword>,
}

impl Password {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let new = reader.required::<NewPassword>("password").and_then(|password| password.check("password", reader));
        Ok(Self { known: reader.required("password")?, new })
    }
}

/// Parameters of `PATCH /v1/account/email`.
#[derive(Debug)]
pub(super) struct NewEmail(Email, Password);

impl FromParams for NewEmail {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self(reader.required("email")?, Password::read(reader)?))
    }
}

/// Taken addresses could be found out by trying.
impl Limited for NewEmail {
    const LIMIT: Limit = Limit { name: "account email", max: 10, window: HOUR, by: &[By::User] };
}

/// `PATCH /v1/account/email`. The new address is unconfirmed.
pub(super) async fn set_email(
    Counted { who: member, params: NewEmail(email, password), .. }: Counted<Member, NewEmail>,
) -> Result<Response> {
    let user = set_contact(&member, password, move |user| {
        user.email = Some(email.0.clone());
        user.email_verified = false;
    });
    Ok(shown(&member, &user.await?))
}

/// Parameters of `PATCH /v1/account/phone`.
#[derive(Debug)]
pub(super) struct NewPhone(Phone, Password);

impl FromParams for NewPhone {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self(reader.required("phone")?, Password::read(reader)?))
    }
}

impl Limited for NewPhone {
    const LIMIT: Limit = Limit { name: "account phone", max: 10, window: HOUR, by: &[By::User] };
}

/// `PATCH /v1/account/phone`. The new number is unconfirmed.
pub(super) async fn set_phone(
    Counted { who: member, params: NewPhone(phone, password), .. }: Counted<Member, NewPhone>,
) -> Result<Response> {
    let user = set_contact(&member, password, move |user| {
        user.phone = Some(phone.0.clone());
        user.phone_verified = false;
    });
    Ok(shown(&member, &user.await?))
}

/// Changes an address of the caller, who has to know the password of the account, or else gives it one.
async fn set_contact(
    member: &Member,
    password: Password,
    set: impl Fn(&mut User) + Clone + Send + 'static,
) -> Result<User> {
    let mut candidate = None;
    for _ in 0..ATTEMPTS {
        let seen = find(member, &member.user.id).await?;
        prove(member, &seen, Some(&password.known)).await?;
        let first_password = match seen.password_update {
            Some(_) => None,
            None => {
                let new = password.new.clone()?;
                // The new address is personal data too.
                let mut changed = seen.clone();
                set(&mut changed);
                Some(candidate.get_or_insert_with(|| Candidate::new(new)).check(member, &changed).await?)
            }
        };
        let (set, now) = (set.clone(), member.now());
        let work = change(member, member.log("user.update", &seen.id), move |Change { tx, project, user }| {
            Box::pin(async move {
                if user.password != seen.password {
                    return Err(Error::from(Kind::Superseded));
                }
                if let Some(password) = first_password {
                    password.give(user);
                    user.password_update = Some(now);
                }
                set(user);
                match &user.email {
                    Some(email)
                        if user.email != seen.email
                            && identities::email_taken(tx.on(), project, email, &user.id).await? =>
                    {
                        Err(Error::new(Kind::UserEmailAlreadyExists, "An identity of another user has this email."))
                    }
                    _ => Ok(()),
                }
            })
        });
        match work.await {
            Err(error) if error.kind() == Kind::Superseded => {}
            changed => return changed,
        }
    }
    Err(Kind::Superseded.into())
}
