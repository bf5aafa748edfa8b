//! Signing in.

use std::time::Duration;

use axum::response::Response;

use crate::error::{Error, Kind, Result};
use crate::hashing::{Checked, Stored};
use crate::http::call::Call;
use crate::http::limit::{self, By, Counted, Counter, FAILURES, HOUR, Limit, Limited};
use crate::http::member::{Visitor, is_due};
use crate::http::new_password::ATTEMPTS;
use crate::http::session::{How, NewSession};
use crate::http::site::Site;
use crate::params::{AnyPassword, Email, FromParams, Integer, Reader, Text, Uid};
use crate::password::stored;
use crate::request_id;
use crate::secret::digest;
use crate::store::users::{self, User};
use crate::store::{self, ProjectKey, Tx, logs, tokens};

/// Seconds of the shortest session that a client may ask for.
const SHORTEST: i64 = 60;

/// Wrong secrets after which the tokens of a user are gone.
const TOKEN_TRIES: i64 = 10;

/// Parameters of a sign-in with a password.
#[derive(Debug)]
pub(super) struct ByPassword {
    email: Email,
    password: AnyPassword,
    duration: Option<Integer>,
}

impl FromParams for ByPassword {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            email: reader.required("email")?,
            password: reader.required("password")?,
            duration: reader.optional("duration")?,
        })
    }
}

impl Limited for ByPassword {
    const LIMIT: Limit = Limit { name: "email session", max: 10, window: HOUR, by: &[By::Param("email")] };
    const GUARD: Option<Limit> = Some(FAILURES);
}

/// `POST /v1/account/sessions/email`. Whoever has no account, or another password, waits as long and hears the same.
pub(super) async fn with_password(
    site: Site,
    Counted { who: visitor, params: shown, counter }: Counted<Visitor, ByPassword>,
) -> Result<Response> {
    let visitor = visitor.alone()?;
    let lives = lifetime(&visitor, shown.duration)?;
    let (store, project) = (visitor.store(), visitor.project_key());
    let mut user = users::find_by_email(store.read(), project, &shown.email.0).await?;
    let tries = limit::password_try(&visitor, user.as_ref().map_or(&shown.email.0, |user| &user.id)).await?;
    for _ in 0..ATTEMPTS {
        let password = shown.password.0.0.as_bytes().to_vec();
        let checked = match visitor.app().hashing.check(user.as_ref().and_then(stored), password).await {
            Ok(checked) => checked,
            Err(busy) => {
                // Nothing was tried, so whoever comes back has not lost a try.
                counter.undo(&visitor).await?;
                tries.undo(&visitor).await?;
                return Err(busy.into());
            }
        };
        let (Some(known), Checked::Right { better }) = (&user, checked) else {
            note_failure(&visitor, user.as_ref());
            return Err(Kind::UserInvalidCredentials.into());
        };
        let session = NewSession::new(&visitor, &known.id, How::Password, &shown.email.0, lives);
        let entry = Entry::new(&visitor, &session, vec![counter.clone(), tries.clone()]);
        let work = store.write({
            let known = known.clone();
            move |tx| Box::pin(async move { entry.enter_with_password(tx, project, &known, better).await })
        });
        match work.await {
            // The password was changed meanwhile: this one may be that, and may not.
            Err(error) if error.kind() == Kind::Superseded => {
                user = store.user(project, &known.id).await?;
            }
            entered => {
                if entered.as_ref().is_err_and(|error| error.kind() == Kind::UserBlocked) {
                    note_failure(&visitor, Some(known));
                }
                return entered.map(|()| session.answer(&visitor, &site));
            }
        }
    }
    Err(Kind::Superseded.into())
}

/// How long the session is to live, when the client says.
///
/// # Errors
/// 400 when it is less than a minute or more than the project allows.
fn lifetime(call: &Call, duration: Option<Integer>) -> Result<Option<Duration>> {
    let Some(Integer(seconds)) = duration else { return Ok(None) };
    let longest = i64::from(call.project.settings.session_duration);
    let within = (SHORTEST..=longest).contains(&seconds).then(|| u64::try_from(seconds).ok()).flatten();
    within.map(|seconds| Some(Duration::from_secs(seconds))).ok_or_else(|| {
        let message = format!(
            "Invalid `duration` param: `duration` must be {SHORTEST} to {longest} seconds, as long as sessions of this \
             project live."
        );
        Error::new(Kind::ArgumentInvalid, message)
    })
}

/// Counts that somebody failed, and writes it into the log of the user, if there is one. Nobody waits for this: an
/// answer that took longer where there is an account would tell that there is one.
fn note_failure(call: &Call, user: Option<&User>) {
    let (project, counting) = (call.project_key(), FAILURES.counting(call));
    let log = user.map(|user| call.log("session.fail", &user.id));
    let store = call.store().clone();
    call.app().background.spawn(request_id::carried(async move {
        let written = store.write(move |tx| {
            Box::pin(async move {
                FAILURES.add(tx, &counting).await?;
                match &log {
                    // Of a user who is deleted meanwhile nothing is to appear again.
                    Some(log) if users::lock(tx, project, &log.user_id).await?.is_some() => {
                        logs::insert(tx, project, log).await
                    }
                    _ => Ok(()),
                }
            })
        });
        if let Err(error) = written.await {
            let request_id = request_id::current();
            tracing::warn!(%error, request_id = request_id.as_deref(), "a failed sign-in could not be written down");
        }
    }));
}

/// Parameters of a sign-in with a token.
#[derive(Debug)]
pub(super) struct ByToken {
    user: Uid,
    secret: Text<1, 256>,
}

impl FromParams for ByToken {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { user: reader.required("userId")?, secret: reader.required("secret")? })
    }
}

impl Limited for ByToken {
    const LIMIT: Limit =
        Limit { name: "token session", max: 10, window: HOUR, by: &[By::Address, By::Param("userId")] };
    const GUARD: Option<Limit> = Some(FAILURES);
}

/// `POST /v1/account/sessions/token`: exchanges a token for a session. It can be used once, and is gone after some wrong
/// secrets.
pub(super) async fn with_token(
    site: Site,
    Counted { who: visitor, params: shown, counter }: Counted<Visitor, ByToken>,
) -> Result<Response> {
    let visitor = visitor.alone()?;
    let (project, now) = (visitor.project_key(), visitor.now());
    let id = shown.user.0;
    let session = NewSession::new(&visitor, &id, How::Token, "", None);
    let (entry, known) = (Entry::new(&visitor, &session, vec![counter]), id.clone());
    let work = visitor.store().write(move |tx| {
        Box::pin(async move {
            // An unknown user has no tokens, and is asked for them all the same: less work would tell that there is none.
            let user = users::lock(tx, project, &known).await?;
            // What follows a wrong secret is to last, so it is no error in here.
            if !tokens::take(tx, project, &known, &digest(&shown.secret.0), now).await? {
                tokens::miss(tx, project, &known, TOKEN_TRIES).await?;
                return Ok(Exchange::Refused(user.map(Box::new)));
            }
            let Some(user) = user else { return Ok(Exchange::Refused(None)) };
            if !user.status {
                return Err(Error::from(Kind::UserBlocked));
            }
            entry.enter(tx, project, &user, user.clone()).await?;
            Ok(Exchange::Done)
        })
    });
    match work.await {
        Ok(Exchange::Done) => Ok(session.answer(&visitor, &site)),
        Ok(Exchange::Refused(user)) => {
            note_failure(&visitor, user.as_deref());
            Err(Kind::UserInvalidToken.into())
        }
        Err(error) => {
            if error.kind() == Kind::UserBlocked {
                note_failure(&visitor, visitor.store().user(project, &id).await?.as_ref());
            }
            Err(error)
        }
    }
}

/// What became of a token.
enum Exchange {
    Done,
    /// There is no such token; the user is there, or not even that.
    Refused(Option<Box<User>>),
}

/// What is stored when somebody signs in.
struct Entry {
    call: Call,
    session: NewSession,
    counters: Vec<Counter>,
}

impl Entry {
    fn new(call: &Call, session: &NewSession, counters: Vec<Counter>) -> Self {
        Self { call: call.clone(), session: session.clone(), counters }
    }

    /// Enters a user whose password was checked before the transaction, and stores it anew when there is a better hash.
    ///
    /// # Errors
    /// 401 when the user is gone, 403 when blocked, [`Kind::Superseded`] when the password was set meanwhile.
    async fn enter_with_password(
        self,
        tx: &mut Tx,
        project: ProjectKey,
        checked: &User,
        better: Option<Stored>,
    ) -> Result<()> {
        let before = users::lock(tx, project, &checked.id).await?.ok_or(Kind::UserInvalidCredentials)?;
        // It may be another password by now, or the same in a better hash.
        if before.password != checked.password {
            return Err(Kind::Superseded.into());
        }
        if !before.status {
            return Err(Kind::UserBlocked.into());
        }
        let mut user = before.clone();
        if let Some(better) = better {
            user.hash = better.algorithm().as_str().into();
            user.hash_options = better.options_to_json();
            user.password = Some(better.text);
        }
        Ok(self.enter(tx, project, &before, user).await?)
    }

    /// Stores the session in place of the oldest ones that are too many, what changed in the user, who was locked in this
    /// transaction, and that the user was seen.
    async fn enter(self, tx: &mut Tx, project: ProjectKey, before: &User, mut user: User) -> store::Result<()> {
        let now = self.call.now();
        if is_due(&user, now) {
            user.accessed_at = Some(now);
        }
        let log = self.call.acting(before).log("session.create", &before.id);
        users::save(tx, project, before, &mut user, now, Some(&log)).await?;
        self.session.insert_among(tx, project, self.call.project.settings.sessions_limit).await?;
        for counter in &self.counters {
            counter.forget(tx, project).await?;
        }
        Ok(())
    }
}
