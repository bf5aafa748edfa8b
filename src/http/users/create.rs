//! Making users.

use axum::response::{IntoResponse as _, Response};

use crate::error::{Error, Kind, Result};
use crate::hashing::Stored;
use crate::http::access::{Access, scope};
use crate::http::change::taken;
use crate::http::params::Params;
use crate::http::reply::Created;
use crate::http::view;
use crate::id::unique;
use crate::params::{CustomId, Email, FromParams, NewPassword, Phone, Reader, Text};
use crate::password::{History, personal_data};
use crate::store::targets::Targets;
use crate::store::users::{self, User};
use crate::store::{identities, logs};

/// Parameters of `POST /v1/users`.
pub(super) struct Create {
    id: CustomId,
    email: Option<Email>,
    phone: Option<Phone>,
    password: Option<NewPassword>,
    name: Option<Text<1, 128>>,
}

impl FromParams for Create {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            id: reader.required("userId")?,
            email: reader.optional("email")?,
            phone: reader.optional("phone")?,
            password: reader
                .optional::<NewPassword>("password")?
                .map(|password| password.check("password", reader))
                .transpose()?,
            name: reader.optional("name")?,
        })
    }
}

/// `POST /v1/users`
pub(super) async fn create(access: Access<scope::UsersWrite>, Params(new): Params<Create>) -> Result<Response> {
    let password = new.password.map(|password| password.0.0);
    let draft = Draft {
        id: new.id,
        email: new.email.map(|email| email.0),
        phone: new.phone.map(|phone| phone.0),
        name: new.name.map(|name| name.0).unwrap_or_default(),
    };
    let draft = draft.named(&access, password.as_deref())?;
    let stored = match password {
        Some(password) => Some(access.app().hashing.hash(password.into_bytes()).await?),
        None => None,
    };
    draft.insert(&access, stored).await
}

/// A user before there is a password.
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
    pub(super) fn named(self, access: &Access<scope::UsersWrite>, password: Option<&str>) -> Result<Draft<String>> {
        let id = match self.id {
            CustomId::Given(id) => id,
            CustomId::Unique => unique(&access.app().clock),
        };
        let draft = Draft { id, email: self.email, phone: self.phone, name: self.name };
        if let Some(password) = password
            && access.project.settings.personal_data_check
            && personal_data(password, &draft.id, draft.email.as_deref(), &draft.name, draft.phone.as_deref())
        {
            return Err(Kind::PasswordPersonalData.into());
        }
        Ok(draft)
    }
}

impl Draft<String> {
    /// Stores the user.
    ///
    /// # Errors
    /// 409 when the id, the email or the phone number is taken.
    pub(super) async fn insert(self, access: &Access<scope::UsersWrite>, stored: Option<Stored>) -> Result<Response> {
        let (project, now) = (access.project_key(), access.now());
        let mut history = History::default();
        if let Some(stored) = &stored {
            history.push(stored, access.project.settings.password_history);
        }
        let algorithm = stored.as_ref().map_or(crate::hashing::Algorithm::Argon2, Stored::algorithm);
        let user = User {
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
            hash: algorithm.as_str().into(),
            hash_options: stored.as_ref().map_or_else(|| "{}".into(), Stored::options_to_json),
            password_update: stored.is_some().then_some(now),
            password: stored.map(|stored| stored.text),
            password_history: history.to_json(),
            password_pwned: None,
            mfa: false,
            impersonator: false,
            accessed_at: None,
            targets: Targets::default(),
        };
        let log = access.log("user.create", &user.id);
        let work = access.store().write(move |tx| {
            Box::pin(async move {
                if let Some(email) = &user.email
                    // No user has the empty id, so no identity is excepted.
                    && identities::email_taken(tx.on(), project, email, "").await?
                {
                    return Err(Error::new(Kind::UserEmailAlreadyExists, "An identity of a user has this email."));
                }
                let user = users::insert(tx, project, user).await.map_err(taken)?;
                logs::insert(tx, project, &log).await?;
                Ok(user)
            })
        });
        Ok(Created(view::User::of(&work.await?, &access.view)).into_response())
    }
}
