//! What can go wrong in the database, in words that the rest of the program understands.

use std::borrow::Cow;

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
            Self::Unavailable(why) => write!(f, "the database is not available: {why}"),
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

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error.to_string().into())
            }
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Self::Unavailable(error.to_string().into()),
            sqlx::Error::Database(cause) => {
                let found = Constraint::ALL.iter().copied().find(|constraint| match cause.constraint() {
                    Some(name) => name == constraint.name(),
                    None => cause.message().rsplit(": ").next() == Some(constraint.columns()),
                });
                if cause.is_foreign_key_violation() {
                    return Self::Orphan;
                }
                match (cause.is_unique_violation(), found) {
                    (true, Some(constraint)) => Self::Conflict(constraint),
                    _ => Self::from_code(cause.code(), cause.message()).unwrap_or_else(|| Self::Other(Box::new(error))),
                }
            }
            _ => Self::Other(Box::new(error)),
        }
    }
}

impl Error {
    /// The same, for somebody else whom it concerns as well.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Conflict(constraint) => Self::Conflict(*constraint),
            Self::Identified => Self::Identified,
            Self::Missing => Self::Missing,
            Self::Orphan => Self::Orphan,
            Self::Timeout => Self::Timeout,
            Self::Unavailable(why) => Self::Unavailable(why.clone()),
            Self::Other(cause) => Self::Other(cause.to_string().into()),
        }
    }

    /// Sorts the codes that are not faults of this program. PostgreSQL's are five characters (its appendix A);
    /// SQLite's are numbers, of which the lowest byte is the primary code (sqlite.org/rescode.html).
    fn from_code(code: Option<Cow<'_, str>>, message: &str) -> Option<Self> {
        let code = code?;
        if let Ok(number) = code.parse::<u32>()
            && code.len() < 5
        {
            return match number & 0xff {
                9 => Some(Self::Timeout), // interrupted
                // busy, locked, read-only, input or output, full, cannot open
                5 | 6 | 8 | 10 | 13 | 14 => Some(Self::Unavailable(message.to_owned().into())),
                _ => None,
            };
        }
        match code.as_ref() {
            "57014" => Some(Self::Timeout),
            // connection, resources, operator intervention, transaction rolled back, read-only transaction
            _ if ["08", "53", "57", "40"].contains(&code.get(..2)?) || code == "25006" => {
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
