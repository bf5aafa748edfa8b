//! Becoming a user.

use axum::response::{IntoResponse as _, Response};

use crate::error::{Error, Kind, Result};
use crate::http::call::Call;
use crate::http::limit::{By, Counted, HOUR, Limit, Limited};
use crate::http::member::Visitor;
use crate::http::new_user::{self, Draft};
use crate::http::reply::Created;
use crate::http::session::{How, NewSession};
use crate::http::site::Site;
use crate::http::view;
use crate::params::{CustomId, Email, FromParams, NewPassword, Reader, Text};
use crate::store::logs::Log;
use crate::store::projects::{self, Project, SignUp};
use crate::store::users::{self, User};
use crate::store::{Tx, logs};

/// Parameters of `POST /v1/account`.
#[derive(Debug)]
pub(super) struct Create {
    id: CustomId,
    email: Email,
    password: NewPassword,
    name: Option<Text<0, 128>>,
}

impl FromParams for Create {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            id: reader.required("userId")?,
            email: reader.required("email")?,
            password: reader.required::<NewPassword>("password")?.check("password", reader)?,
            name: reader.optional("name")?,
        })
    }
}

impl Limited for Create {
    const LIMIT: Limit = Limit { name: "account", max: 10, window: HOUR, by: &[By::Address] };
}

/// `POST /v1/account`: a user with email and password. It is not signed in by that.
pub(super) async fn create(Counted { who: visitor, params: new, .. }: Counted<Visitor, Create>) -> Result<Response> {
    is_open(&visitor)?;
    let draft = Draft {
        id: new.id,
        email: Some(new.email.0),
        phone: None,
        name: new.name.map(|name| name.0).unwrap_or_default(),
    };
    let draft = draft.named(&visitor, Some(&new.password.0.0))?;
    let stored = visitor.app().hashing.hash(new.password.0.0.into_bytes()).await?;
    let user = User { accessed_at: Some(visitor.now()), ..draft.with_password(&visitor, Some(stored)) };
    let (arrival, log) = (Arrival::of(&visitor), visitor.acting(&user).log("user.create", &user.id));
    let work = visitor.store().write(move |tx| Box::pin(async move { arrival.create(tx, user, &log).await }));
    Ok(Created(view::User::account(&work.await?, &visitor.view)).into_response())
}

/// Nothing but the wish to be somebody.
#[derive(Debug)]
pub(super) struct Nothing;

impl FromParams for Nothing {
    fn from_params(_: &mut Reader<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Limited for Nothing {
    const LIMIT: Limit = Limit { name: "anonymous session", max: 50, window: HOUR, by: &[By::Address] };
}

/// `POST /v1/account/sessions/anonymous`: a new user without email and password, who is signed in.
pub(super) async fn anonymous(site: Site, Counted { who: visitor, .. }: Counted<Visitor, Nothing>) -> Result<Response> {
    let visitor = visitor.alone()?;
    is_open(&visitor)?;
    let draft = Draft { id: CustomId::Unique, email: None, phone: None, name: String::new() };
    let user = draft.named(&visitor, None)?.with_password(&visitor, None);
    let user = User { accessed_at: Some(visitor.now()), ..user };
    let session = NewSession::new(&visitor, &user.id, How::Anonymous, "", None);
    let (arrival, begun, by) = (Arrival::of(&visitor), session.clone(), visitor.acting(&user));
    let [made, entered] = ["user.create", "session.create"].map(|event| by.log(event, &user.id));
    let work = visitor.store().write(move |tx| {
        Box::pin(async move {
            arrival.create(tx, user, &made).await?;
            begun.insert(tx, arrival.project.key).await?;
            Ok::<_, Error>(logs::insert(tx, arrival.project.key, &entered).await?)
        })
    });
    work.await?;
    Ok(session.answer(&visitor, &site))
}

/// Whether strangers may sign up in the project; API keys always may.
///
/// # Errors
/// 501 `user_auth_method_unsupported`.
fn is_open(call: &Call) -> Result<()> {
    match call.project.settings.sign_up {
        SignUp::Closed if !call.by_key() => Err(Kind::AuthMethodUnsupported.into()),
        _ => Ok(()),
    }
}

/// Somebody who signs up.
struct Arrival {
    project: std::sync::Arc<Project>,
    by_key: bool,
}

impl Arrival {
    fn of(call: &Call) -> Self {
        Self { project: std::sync::Arc::clone(&call.project), by_key: call.by_key() }
    }

    /// Stores the user, when there is room for one more. API keys need no room.
    ///
    /// # Errors
    /// 400 `user_count_exceeded`, 400 `general_bad_request` when an identity has the email, 409 when the id or the email
    /// is taken.
    async fn create(&self, tx: &mut Tx, user: User, log: &Log) -> Result<User> {
        let (project, most) = (self.project.key, i64::from(self.project.settings.users_limit));
        if most > 0 && !self.by_key {
            projects::lock(tx, project).await?;
            if users::count(tx.on(), project).await? >= most {
                return Err(Kind::UserCountExceeded.into());
            }
        }
        new_user::create(tx, project, user, log, Kind::BadRequest).await
    }
}
