//! Making users, by an API key or by signing up.

use super::call::Call;
use super::change::taken;
use crate::error::{Error, Kind, Result};
use crate::hashing::{Algorithm, Stored};
use crate::params::CustomId;
use crate::password::{History, personal_data};
use crate::store::logs::Log;
use crate::store::targets::Targets;
use crate::store::users::{self, User};
use crate::store::{self, ProjectKey, Tx};

/// A user before there is a password.
#[derive(Debug)]
pub(super) struct Draft<I> {
    pub(super) id: I,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) name: String,
}

impl Draft<CustomId> {
    /// Settles the id, and checks the password, or the imported hash, for personal data when the project wants that.
    ///
    /// # Errors
    /// 400 `password_personal_data`.
    pub(super) fn named(self, call: &Call, password: Option<&str>) -> Result<Draft<String>> {
        let id = self.id.settle(&call.app().clock);
        let draft = Draft { id, email: self.email, phone: self.phone, name: self.name };
        if let Some(password) = password
            && call.project.settings.personal_data_check
            && personal_data(password, &draft.id, draft.email.as_deref(), &draft.name, draft.phone.as_deref())
        {
            return Err(Kind::PasswordPersonalData.into());
        }
        Ok(draft)
    }
}

impl Draft<String> {
    /// The user as it will be stored.
    pub(super) fn with_password(self, call: &Call, stored: Option<Stored>) -> User {
        let now = call.now();
        let mut history = History::default();
        if let Some(stored) = &stored {
            history.push(stored, call.project.settings.password_history);
        }
        User {
            seq: 0,
            id: self.id,
            created_at: now,
            updated_at: now,
            registration: now,
            name: self.name,
            email: self.email,
            phone: self.phone,
            status: true,
            email_verified: false,
            phone_verified: false,
            labels: "[]".into(),
            prefs: "{}".into(),
            hash: stored.as_ref().map_or(Algorithm::Argon2, Stored::algorithm).as_str().into(),
            hash_options: stored.as_ref().map_or_else(|| "{}".into(), Stored::options_to_json),
            password_update: stored.is_some().then_some(now),
            password: stored.map(|stored| stored.text),
            password_history: history.to_json(),
            password_pwned: None,
            mfa: false,
            impersonator: false,
            accessed_at: None,
            targets: Targets::default(),
        }
    }
}

/// Stores a new user, and that in the log.
///
/// # Errors
/// 409 when the id, the email or the phone number is taken; that of `of_identity` when an identity has the email.
pub(super) async fn create(tx: &mut Tx, project: ProjectKey, user: User, log: &Log, of_identity: Kind) -> Result<User> {
    users::insert(tx, project, user, Some(log)).await.map_err(|error| match error {
        store::Error::Identified => Error::new(of_identity, "An identity of a user has this email."),
        error => taken(error),
    })
}
