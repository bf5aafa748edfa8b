//! Beginning sessions.

use std::time::Duration;

use axum::response::{IntoResponse as _, Response};

use super::call::Call;
use super::credentials::SessionSecret;
use super::reply::Created;
use super::site::Site;
use super::view;
use crate::id::unique;
use crate::secret::{digest, hex, random};
use crate::store::sessions::{self, Session};
use crate::store::{ProjectKey, Result, Tx};

/// How a user has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// With email and password.
    Password,
    /// As a guest who is nobody yet.
    Anonymous,
    /// With a token.
    Token,
    /// By an API key.
    Server,
}

impl How {
    /// What sessions call it.
    const fn provider(self) -> &'static str {
        match self {
            Self::Password => "email",
            Self::Anonymous => "anonymous",
            Self::Token => "token",
            Self::Server => "server",
        }
    }

    /// The factor that was shown.
    const fn factors(self) -> &'static str {
        match self {
            Self::Password => r#"["password"]"#,
            Self::Anonymous => r#"["anonymous"]"#,
            Self::Token => r#"["token"]"#,
            Self::Server => r#"["server"]"#,
        }
    }
}

/// A session that is about to begin, and the secret that only its client will know.
#[derive(Debug, Clone)]
pub(super) struct NewSession {
    session: Session,
    secret: SessionSecret,
}

impl NewSession {
    /// For a user; `provider_uid` is what the user is called there. It lives as long as the project says, or less.
    pub(super) fn new(call: &Call, user: &str, how: How, provider_uid: &str, lives: Option<Duration>) -> Self {
        let longest = Duration::from_secs(call.project.settings.session_duration.into());
        // 256 hexadecimal characters, as clients know them.
        let secret = hex(&random::<128>());
        let session = Session {
            id: unique(&call.app().clock),
            user_id: user.to_owned(),
            created_at: call.now(),
            updated_at: call.now(),
            expire: call.now().plus(lives.unwrap_or(longest)),
            provider: how.provider().into(),
            provider_uid: provider_uid.to_owned(),
            provider_access_token: None,
            provider_access_token_expiry: None,
            provider_refresh_token: None,
            digest: digest(&secret),
            ip: call.client.ip.clone(),
            user_agent: call.client.agent.clone(),
            factors: how.factors().into(),
            mfa_updated_at: None,
        };
        Self { session, secret: SessionSecret { user: user.to_owned(), secret } }
    }

    /// Stores it. The user was locked in this transaction, so that of sign-ins at the same time each sees the others'.
    pub(super) async fn insert(&self, tx: &mut Tx, project: ProjectKey) -> Result<()> {
        sessions::insert(tx, project, &self.session).await
    }

    /// Stores it in place of the user's oldest sessions, when there would be more than `most`; 0 is no limit.
    pub(super) async fn insert_among(&self, tx: &mut Tx, project: ProjectKey, most: u8) -> Result<()> {
        self.insert(tx, project).await?;
        match most {
            0 => Ok(()),
            most => sessions::trim(tx, project, &self.session.user_id, most, self.session.created_at).await,
        }
    }

    /// 201 with the session and its cookies. The secret is in the body for API keys alone: a script in a browser does
    /// not need it.
    pub(super) fn answer(&self, call: &Call, site: &Site) -> Response {
        let (encoded, project) = (self.secret.encode(), &call.project.id);
        let mut shown = view::Session::of(&self.session, &call.view).current(true);
        if call.by_key() {
            shown = shown.secret(&encoded);
        }
        let mut response = Created(shown).into_response();
        site.sign_in(response.headers_mut(), project, &encoded, self.session.expire, call.now());
        response
    }

    /// 201 with the session and its secret, for the server that has made it.
    pub(super) fn answer_server(&self, call: &Call) -> Response {
        Created(view::Session::of(&self.session, &call.view).secret(&self.secret.encode())).into_response()
    }
}
