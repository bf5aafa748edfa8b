//! Setting the password of a user, by an API key or by the user.

use super::call::Call;
use super::change::{Change, change, find};
use super::limit;
use crate::error::{Error, Kind, Result};
use crate::hashing::{Algorithm, Stored};
use crate::params::{AnyPassword, NewPassword};
use crate::password::{History, personal_data, stored};
use crate::store::users::User;
use crate::store::{sessions, tokens};

/// Changes of one user's password at the same time that are checked against each other before one is turned away.
pub(super) const ATTEMPTS: usize = 10;

/// A user who sets the own password.
#[derive(Debug)]
pub(super) struct Owner {
    /// The password up to now, as the user says.
    pub(super) old: Option<AnyPassword>,
    /// The session of the request, which does not end.
    pub(super) session: Option<String>,
}

/// Gives a user a password, or takes it away when there is no new one. The user's sessions end, unless the project
/// keeps them. An owner must know the old password, if there is one.
///
/// # Errors
/// 400 when the project's rules refuse the password, 401 when the old one is wrong, 404 when there is no such user, 409
/// when others change it all the time, 429 after too many wrong old ones.
pub(super) async fn set_password(
    call: &Call,
    id: &str,
    new: Option<NewPassword>,
    owner: Option<&Owner>,
) -> Result<User> {
    let mut candidate = new.map(Candidate::new);
    // The checks run outside of the transaction, because hashing takes long. When another change of the password came
    // between, this change has to be checked against what is new.
    for _ in 0..ATTEMPTS {
        let user = find(call, id).await?;
        if let Some(owner) = owner {
            prove(call, &user, owner.old.as_ref()).await?;
        }
        let hashed = match &mut candidate {
            Some(candidate) => Some(candidate.check(call, &user).await?),
            None => None,
        };
        match replace(call, &user, hashed, owner).await {
            Err(error) if error.kind() == Kind::Superseded => {}
            changed => return changed,
        }
    }
    Err(Kind::Superseded.into())
}

async fn replace(call: &Call, seen: &User, hashed: Option<Hashed>, owner: Option<&Owner>) -> Result<User> {
    let (seen, by_owner) = (seen.clone(), owner.is_some());
    let kept = owner.and_then(|owner| owner.session.clone());
    let (ends_sessions, now) = (call.project.settings.invalidate_sessions, call.now());
    change(call, call.log("user.update", &seen.id), move |Change { tx, project, user }| {
        Box::pin(async move {
            // An owner has proved to know a password, which must be the present one still.
            if user.password_history != seen.password_history || (by_owner && user.password != seen.password) {
                return Err(Error::from(Kind::Superseded));
            }
            match hashed {
                Some(hashed) => hashed.give(user),
                None => {
                    (user.hash, user.hash_options) = (Algorithm::Argon2.as_str().into(), "{}".into());
                    user.password = Some(String::new());
                }
            }
            user.password_update = Some(now);
            if ends_sessions {
                match kept {
                    Some(kept) => sessions::delete_others(tx, project, &user.id, &kept).await?,
                    None => drop(sessions::delete_all(tx, project, &user.id).await?),
                }
                // They would be sessions soon.
                tokens::delete_all(tx, project, &user.id).await?;
            }
            Ok(())
        })
    })
    .await
}

/// A password that is to be set, and what is known of it already.
pub(super) struct Candidate {
    plain: String,
    hashed: Option<Stored>,
    /// Earlier passwords that it is not.
    cleared: Vec<Stored>,
}

/// A password that may be set, with the history of which it is the newest.
pub(super) struct Hashed {
    stored: Stored,
    history: String,
}

impl Candidate {
    pub(super) fn new(password: NewPassword) -> Self {
        Self { plain: password.0.0, hashed: None, cleared: Vec::new() }
    }

    /// Hashes the password, when the project's rules allow it for this user.
    ///
    /// # Errors
    /// 400 `password_personal_data` or `password_recently_used`.
    pub(super) async fn check(&mut self, call: &Call, user: &User) -> Result<Hashed> {
        let (settings, hashing) = (&call.project.settings, &call.app().hashing);
        let (email, phone) = (user.email.as_deref(), user.phone.as_deref());
        if settings.personal_data_check && personal_data(&self.plain, &user.id, email, &user.name, phone) {
            return Err(Kind::PasswordPersonalData.into());
        }
        let mut earlier = History::from_json(&user.password_history).last(settings.password_history);
        earlier.retain(|password| !self.cleared.contains(password));
        if !earlier.is_empty() && hashing.verify_any(earlier.clone(), self.plain.as_bytes().to_vec()).await? {
            return Err(Kind::PasswordRecentlyUsed.into());
        }
        self.cleared.extend(earlier);
        let stored = match &self.hashed {
            Some(hashed) => hashed.clone(),
            None => self.hashed.insert(hashing.hash(self.plain.as_bytes().to_vec()).await?).clone(),
        };
        let mut history = History::from_json(&user.password_history);
        history.push(&stored, settings.password_history);
        Ok(Hashed { stored, history: history.to_json() })
    }
}

impl Hashed {
    /// Makes it the password of a user.
    pub(super) fn give(self, user: &mut User) {
        user.hash = self.stored.algorithm().as_str().into();
        user.hash_options = self.stored.options_to_json();
        user.password = Some(self.stored.text);
        user.password_history = self.history;
    }
}

/// Sees to it that the caller knows the user's password, when one was ever set.
///
/// # Errors
/// 401 `user_invalid_credentials`; 429 after too many wrong ones.
pub(super) async fn prove(call: &Call, user: &User, password: Option<&AnyPassword>) -> Result<()> {
    if user.password_update.is_none() {
        return Ok(());
    }
    let wrong = || Error::new(Kind::UserInvalidCredentials, "The password of the account is wrong.");
    let (password, stored) = password.zip(stored(user)).ok_or_else(wrong)?;
    let tries = limit::password_try(call, &user.id).await?;
    match call.app().hashing.verify(stored, password.0.0.as_bytes().to_vec()).await {
        Ok(true) => {
            let project = call.project_key();
            let forgotten = call.store().write(move |tx| Box::pin(async move { tries.forget(tx, project).await }));
            forgotten.await.map_err(Error::from)
        }
        Ok(false) => Err(wrong()),
        Err(busy) => {
            // Nothing was tried, so whoever comes back has not lost a try.
            tries.undo(call).await?;
            Err(busy.into())
        }
    }
}
