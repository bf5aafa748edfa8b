//! Changing a password by an API key, which need not know the old one.

use axum::response::{IntoResponse as _, Response};

use super::{Change, change, find};
use crate::error::{Error, Kind, Result};
use crate::hashing::{Algorithm, Stored};
use crate::http::access::{Access, scope};
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

/// `PATCH /v1/users/{userId}/password`. The empty text takes the password away. The user's sessions end, unless the
/// project keeps them.
pub(super) async fn update(access: Access<scope::UsersWrite>, Params(new): Params<Update>) -> Result<Response> {
    let password = new.password.map(|password| password.0.0);
    loop {
        let user = find(&access, &new.id.0).await?;
        let (stored, history) = match &password {
            Some(password) => {
                let stored = check(&access, &user, password).await?;
                let mut history = History::from_json(&user.password_history);
                history.push(&stored, access.project.settings.password_history);
                (Some(stored), history.to_json())
            }
            None => (None, user.password_history.clone()),
        };
        // The check ran outside of the transaction, because hashing takes long. When another change of the password
        // came between, the history is another one, and this change has to be checked against it again.
        match replace(&access, &user, stored, history).await {
            Err(error) if error.kind() == Kind::Superseded => {}
            changed => return Ok(Json(view::User::of(&changed?, &access.view)).into_response()),
        }
    }
}

/// Hashes a password that the project's rules allow.
async fn check(access: &Access<scope::UsersWrite>, user: &User, password: &str) -> Result<Stored> {
    let (settings, hashing) = (&access.project.settings, &access.app().hashing);
    let (email, phone) = (user.email.as_deref(), user.phone.as_deref());
    if settings.personal_data_check && personal_data(password, &user.id, email, &user.name, phone) {
        return Err(Kind::PasswordPersonalData.into());
    }
    let earlier = History::from_json(&user.password_history).last(settings.password_history);
    if !earlier.is_empty() && hashing.verify_any(earlier, password.as_bytes().to_vec()).await? {
        return Err(Kind::PasswordRecentlyUsed.into());
    }
    Ok(hashing.hash(password.as_bytes().to_vec()).await?)
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
