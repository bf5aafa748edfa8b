//! What can go wrong in the database, in words that the rest of the program understands.

use std::borrow::Cow;

use sqlx::sqlite::SqliteError;

/// A result of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a statement did not do what it should.
#[derive(Debug)]
pub enum Error {
    /// A unique constraint was violated.
    Conflict(Constraint),
    /// An identity has the email address of a new user.
    Identified,
    /// The row that had to be there is not.
    Missing,
    /// The row that a new one belongs to is gone.
    Orphan,
    /// The statement ran longer than it may.
    Timeout,
    /// The database cannot be reached, is full or refuses writes; trying again later may help.
    Unavailable(Cow<'static, str>),
    /// The same of a file of SQLite that another program has locked, or has put another file in the place of: that may pass by itself.
    Busy(Cow<'static, str>),
    /// Anything else: a fault of this program or of the database.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

macro_rules! constraints {
    ($($variant:ident $name:literal $columns:literal)*) => {
        /// The unique constraints, by the names they have in the migrations.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Constraint {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Constraint {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name, as PostgreSQL reports it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The columns, as SQLite reports them.
            const fn columns(self) -> &'static str {
                match self { $(Self::$variant => $columns,)* }
            }
        }
    };
}

constraints! {
    ProjectId "projects_id_key" "projects.id"
    ApiKeyId "api_keys_id_key" "api_keys.project, api_keys.id"
    ApiKeyDigest "api_keys_digest_key" "api_keys.project, api_keys.digest"
    UserId "users_id_key" "users.project, users.id"
    UserEmail "users_email_key" "users.project, users.email"
    UserPhone "users_phone_key" "users.project, users.phone"
    SessionId "sessions_id_key" "sessions.project, sessions.id"
    SessionDigest "sessions_digest_key" "sessions.project, sessions.digest"
    IdentityId "identities_id_key" "identities.project, identities.id"
    IdentityProviderUid "identities_provider_uid_key" "identities.project, identities.provider, identities.provider_uid"
    TargetId "targets_id_key" "targets.project, targets.id"
    TargetIdentifier "targets_identifier_key" "targets.project, targets.identifier"
    TokenId "tokens_id_key" "tokens.project, tokens.id"
    PasskeyId "passkeys_id_key" "passkeys.project, passkeys.id"
    PasskeyCredential "passkeys_credential_key" "passkeys.project, passkeys.credential_id"
    TeamId "teams_id_key" "teams.project, teams.id"
    MembershipId "memberships_id_key" "memberships.project, memberships.id"
    MembershipUserTeam "memberships_user_team_key" "memberships.project, memberships.user_id, memberships.team_id"
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conflict(constraint) => write!(f, "unique constraint {} violated", constraint.name()),
            Self::Identified => f.write_str("an identity has the email address"),
            Self::Missing => f.write_str("a row that must exist was not found"),
            Self::Orphan => f.write_str("the row that a new one belongs to is gone"),
            Self::Timeout => f.write_str("the statement took too long"),
            Self::Unavailable(why) | Self::Busy(why) => write!(f, "the database is not available: {why}"),
            Self::Other(cause) => write!(f, "{cause}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its own text is this error's text already.
            Self::Other(cause) => cause.source(),
            _ => None,
        }
    }
}

/// An error with its causes, as `{:#}` has them, without those that say again what was said: the libraries of both engines put the
/// text of a cause into their own.
#[must_use]
pub fn with_causes(error: &anyhow::Error) -> String {
    let (mut all, mut last) = (String::new(), None::<String>);
    for text in error.chain().map(ToString::to_string) {
        match &last {
            Some(last) if last.contains(&text) || text.ends_with(last.as_str()) => continue,
            Some(_) => all.push_str(": "),
            None => {}
        }
        all.push_str(&text);
        last = Some(text);
    }
    all
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error.to_string().into())
            }
            sqlx::Error::Database(cause) => {
                if let Some(code) = cause.try_downcast_ref::<SqliteError>().and_then(|_| cause.code()?.parse().ok()) {
                    return Self::of_sqlite(code, cause.message()).unwrap_or_else(|| Self::Other(Box::new(error)));
                }
                let (code, constraint) = (cause.code(), cause.constraint());
                let known = Self::of_postgres(code.as_deref(), constraint, cause.message());
                known.unwrap_or_else(|| Self::Other(Box::new(error)))
            }
            _ => Self::Other(Box::new(error)),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let known = error.sqlite_error().and_then(|cause| {
            let message = match &error {
                rusqlite::Error::SqliteFailure(_, Some(message)) => Cow::Borrowed(message.as_str()),
                _ => Cow::Owned(cause.to_string()),
            };
            Self::of_sqlite(cause.extended_code, &message)
        });
        known.unwrap_or_else(|| Self::Other(Box::new(error)))
    }
}

impl Error {
    /// What [`Error::name`] can be.
    pub const NAMES: [&str; 7] = ["conflict", "identified", "missing", "orphan", "timeout", "unavailable", "other"];

    /// A word for this kind of error.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "conflict",
            Self::Identified => "identified",
            Self::Missing => "missing",
            Self::Orphan => "orphan",
            Self::Timeout => "timeout",
            Self::Unavailable(_) | Self::Busy(_) => "unavailable",
            Self::Other(_) => "other",
        }
    }

    /// The same, for somebody else whom it concerns as well.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Conflict(constraint) => Self::Conflict(*constraint),
            Self::Identified => Self::Identified,
            Self::Missing => Self::Missing,
            Self::Orphan => Self::Orphan,
            Self::Timeout => Self::Timeout,
            Self::Unavailable(why) => Self::Unavailable(why.clone()),
            Self::Busy(why) => Self::Busy(why.clone()),
            Self::Other(cause) => Self::Other(cause.to_string().into()),
        }
    }

    /// Sorts what is not a fault of this program, by its extended code and its message (sqlite.org/rescode.html).
    fn of_sqlite(code: i32, message: &str) -> Option<Self> {
        match (code, code & 0xff) {
            // A unique index, a primary key.
            (2067 | 1555, _) => Constraint::ALL
                .iter()
                .find(|constraint| message.rsplit(": ").next() == Some(constraint.columns()))
                .map(|constraint| Self::Conflict(*constraint)),
            // A foreign key.
            (787, _) => Some(Self::Orphan),
            // Interrupted.
            (_, 9) => Some(Self::Timeout),
            // Busy, locked.
            (_, 5 | 6) => Some(Self::Busy(message.to_owned().into())),
            // Read-only, input or output, full, cannot open.
            (_, 8 | 10 | 13 | 14) => Some(Self::Unavailable(message.to_owned().into())),
            _ => None,
        }
    }

    /// The same, by the codes of appendix A of the documentation of PostgreSQL.
    fn of_postgres(code: Option<&str>, constraint: Option<&str>, message: &str) -> Option<Self> {
        match code? {
            "23505" => Constraint::ALL
                .iter()
                .find(|known| Some(known.name()) == constraint)
                .map(|constraint| Self::Conflict(*constraint)),
            "23503" => Some(Self::Orphan),
            "57014" => Some(Self::Timeout),
            // Connection, resources, operator intervention, transaction rolled back, read-only transaction.
            code if ["08", "53", "57", "40"].contains(&code.get(..2)?) || code == "25006" => {
                Some(Self::Unavailable(message.to_owned().into()))
            }
            _ => None,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(error.to_string().into())
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => Self::Other(
                format!("the database was written by a newer Usher: this one does not know its migration {version}")
                    .into(),
            ),
            // A server that went away in the middle is one to try again.
            sqlx::migrate::MigrateError::Execute(cause) => cause.into(),
            error => Self::Other(Box::new(error)),
        }
    }
}
