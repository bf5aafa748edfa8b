//! Acting as another user. Who may (`impersonator`) names that user in a header, and reads the account as it looks to them.
//! Nothing can be changed so, and nobody is written down as seen.

use std::borrow::Cow;

use axum::http::request::Parts;
use axum::http::{HeaderName, Method};

use super::client;
use crate::app::App;
use crate::error::{Error, Kind, Result};
use crate::store::projects::Project;
use crate::store::users::{self, User};

/// By what the other user is named.
#[derive(Debug, Clone, Copy)]
enum By {
    Id,
    Email,
    Phone,
}

impl By {
    /// In the order in which they count.
    const ALL: [Self; 3] = [Self::Id, Self::Email, Self::Phone];

    const fn header(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::Id => "x-appwrite-impersonate-user-id",
            Self::Email => "x-appwrite-impersonate-user-email",
            Self::Phone => "x-appwrite-impersonate-user-phone",
        })
    }
}

/// The user as whom a caller wants to act.
#[derive(Debug)]
pub(super) struct Other<'p> {
    by: By,
    name: Cow<'p, str>,
}

/// As whom a caller who is signed in wants to act: nobody for most, and for everybody who may not.
///
/// # Errors
/// 401 `user_unauthorized` when the request is not one that only reads.
pub(super) fn wanted<'p>(parts: &'p Parts, caller: &User) -> Result<Option<Other<'p>>> {
    if !caller.impersonator {
        return Ok(None);
    }
    let named = |by: By| Some(Other { by, name: client::text(&parts.headers, &by.header())? });
    match By::ALL.into_iter().find_map(named) {
        Some(other) if !matches!(parts.method, Method::GET | Method::HEAD) => {
            let header = other.by.header();
            let message = format!("With the header {header} the account of a user is read, and nothing is changed.");
            Err(Error::new(Kind::Unauthorized, message))
        }
        wanted => Ok(wanted),
    }
}

impl Other<'_> {
    /// That user.
    ///
    /// # Errors
    /// 404 `user_not_found`; 403 `user_blocked`, as the user would hear.
    pub(super) async fn find(self, app: &App, project: &Project) -> Result<User> {
        let found = match self.by {
            By::Id => app.store.user(project.key, &self.name).await?,
            // In lower case, as all are stored.
            By::Email => users::find_by_email(app.store.read(), project.key, &self.name.to_ascii_lowercase()).await?,
            By::Phone => users::find_by_phone(app.store.read(), project.key, &self.name).await?,
        };
        let header = self.by.header();
        match found {
            Some(user) if user.status => Ok(user),
            Some(_) => {
                Err(Error::new(Kind::UserBlocked, format!("The user whom the header {header} names is blocked.")))
            }
            None => Err(Error::new(Kind::UserNotFound, format!("There is no user whom the header {header} names."))),
        }
    }
}
