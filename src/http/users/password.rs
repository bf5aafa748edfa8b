//! Changing a password by an API key, which need not know the old one.

use axum::response::{IntoResponse as _, Response};

use crate::error::{Error, Kind, Result};
use crate::hashing::{Algorithm, Stored};
use crate::http::access::{Access, scope};
use crate::http::change::{Change, change, find};
use crate::http::params::Params;
use crate::http::reply::Json;
use crate::http::view;
use crate::params::{FromParams, NewPassword, OrEmpty, Reader, Uid};
use crate::password::{History, personal_data};
use crate::store::sessions;
use crate::store::users::User;

/// Parameters.
pub(super) struct Update {
    id: Uid,
    password: Option<NewPassword>,
}

impl FromParams for Update {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        let id = reader.required("userId")?;
        let password: OrEmpty<NewPassword> = reader.required("password")?;
        Ok(Self { id, password: password.0.map(|password| password.check("password", reader)).transpose()? })
    }
}

/// Changes of one user's password at the same time that are checked against each other before one is turned away.
const ATTEMPTS: usize = 10;

/// `PATCH /v1/users/{userId}/password`. The empty text takes the password away. The user's sessions end, unless the
/// project keeps them.
pub(super) async fn update(access: Access<scope::UsersWrite>, Params(new): Params<Update>) -> Result<Response> {
    let mut candidate =
        new.password.map(|password| Candidate { plain: password.0.0, hashed: None, cleared: Vec::new() });
    // The checks run outside of the transaction, because hashing takes long. When another change of the password came
    // between, the history is another one, and this change has to be checked against what is new in it.
    for _ in 0..ATTEMPTS {
        let user = find(&access, &new.id.0).await?;
        let (stored, history) = match &mut candidate {
            Some(candidate) => {
                let stored = candidate.check(&access, &user).await?;
                let mut history = History::from_json(&user.password_history);
                history.push(&stored, access.project.settings.password_history);
                (Some(stored), history.to_json())
            }
            None => (None, user.password_history.clone()),
        };
        match replace(&access, &user, stored, history).await {
            Err(error) if error.kind() == Kind::Superseded => {}
            changed => return Ok(Json(view::User::of(&changed?, &access.view)).into_response()),
        }
    }
    Err(Kind::Superseded.into())
}

/// A password that is to be set, and what is known of it already.
struct Candidate {
    plain: String,
    hashed: Option<Stored>,
    /// Earlier passwords that it is not.
    cleared: Vec<Stored>,
}

impl Candidate {
    /// Hashes the password, when the project's rules allow it for this user.
    async fn check(&mut self, access: &Access<scope::UsersWrite>, user: &User) -> Result<Stored> {
        let (settings, hashing) = (&access.project.settings, &access.app().hashing);
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
        if let Some(hashed) = &self.hashed {
            return Ok(hashed.clone());
        }
        let hashed = hashing.hash(self.plain.as_bytes().to_vec()).await?;
        Ok(self.hashed.insert(hashed).clone())
    }
}

async fn replace(
    access: &Access<scope::UsersWrite>,
    seen: &User,
    stored: Option<Stored>,
    history: String,
) -> Result<User> {
    let (ends_sessions, seen_history) = (access.project.settings.invalidate_sessions, seen.password_history.clone());
    let now = access.now();
    change(access, access.log("user.update", &seen.id), move |Change { tx, project, user }| {
        Box::pin(async move {
            if user.password_history != seen_history {
                return Err(Error::from(Kind::Superseded));
            }
            user.hash = stored.as_ref().map_or(Algorithm::Argon2, Stored::algorithm).as_str().into();
            user.hash_options = stored.as_ref().map_or_else(|| "{}".into(), Stored::options_to_json);
            user.password = Some(stored.map(|stored| stored.text).unwrap_or_default());
            user.password_history = history;
            user.password_update = Some(now);
            if ends_sessions {
                sessions::delete_all(tx, project, &user.id).await?;
            }
            Ok(())
        })
    })
    .await
}
