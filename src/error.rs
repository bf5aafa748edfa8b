//! Errors as clients see them: one table of kinds, and one type that carries a kind and a message.

use std::borrow::Cow;
use std::panic::Location;

use axum::response::{IntoResponse, Response};

use crate::store;

/// A result whose error a client may see.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! kinds {
    ($($kind:ident $status:literal $wire:literal $message:literal;)*) => {
        /// What went wrong. Status and wire type are the contract's; the message is what is said when there is
        /// nothing more precise to say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = concat!($status, " `", $wire, "`")] $kind,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The HTTP status, which the body repeats as `code`.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)* }
            }

            /// The field `type` of the body.
            #[must_use]
            pub const fn wire_type(self) -> &'static str {
                match self { $(Self::$kind => $wire,)* }
            }

            /// What is said when there is nothing more precise to say.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$kind => $message,)* }
            }
        }
    };
}

kinds! {
    Unknown 500 "general_unknown" "Something went wrong on the server. The cause is in its log.";
    Unavailable 503 "general_server_error" "The server cannot answer right now. Please try again in a moment.";
    Busy 503 "general_server_error" "The server is busy with other passwords. Please try again in a moment.";
    Overloaded 503 "general_server_error" "The server has more to do than it can take on. Please try again in a moment.";
    TooLong 503 "general_server_error" "The request could not be answered in time. It may or may not have been done.";
    BodyTooSlow 408 "general_argument_invalid" "The request body did not arrive in time.";
    Timeout 408 "database_timeout" "The query took too long. A longer search term or a narrower filter makes it faster.";
    ArgumentInvalid 400 "general_argument_invalid" "A parameter is missing or wrong.";
    BodyTooLarge 413 "general_argument_invalid" "The request body is larger than 1 MiB (1,048,576 bytes).";
    QueryInvalid 400 "general_query_invalid" "This query cannot be answered.";
    QueryLimitExceeded 400 "general_query_limit_exceeded" "The queries hold more than 10,000 values.";
    CursorNotFound 400 "general_cursor_not_found" "The item that the cursor names does not exist.";
    RouteNotFound 404 "general_route_not_found" "There is no such route. Check the method and the path.";
    UnknownOrigin 403 "general_unknown_origin" "This Origin is not among the platforms of the project.";
    UnauthorizedScope 401 "general_unauthorized_scope" "The caller lacks the scope that this route needs.";
    ProjectNotFound 404 "project_not_found" "There is no project with this id. Check the header X-Appwrite-Project.";
    ProjectIdMissing 403 "project_id_missing" "An API key belongs to a project: send its id in the header X-Appwrite-Project.";
    ProjectKeyExpired 401 "project_key_expired" "The API key has expired.";
    Unauthorized 401 "user_unauthorized" "The project has no such API key.";
    JwtInvalid 401 "user_jwt_invalid" "The token in the header X-Appwrite-JWT cannot be verified.";
    JwtAndCookieSet 403 "user_jwt_and_cookie_set" "A session and the header X-Appwrite-JWT were sent together. Send one of them.";
    JwtCreationDenied 403 "user_jwt_creation_denied" "A token cannot be made with another token. Use a session.";
    RateLimitExceeded 429 "general_rate_limit_exceeded" "Too many requests. The header X-RateLimit-Reset says when the next may come.";
    BadRequest 400 "general_bad_request" "The request cannot be done.";
    FeatureUnsupported 400 "general_feature_unsupported" "Codes are stored sealed, for which the server needs USHER_SECRET to be set.";
    InvalidEmail 400 "general_invalid_email" "The identifier of an email target must be an email address.";
    InvalidPhone 400 "general_invalid_phone" "The identifier of an sms target must be a phone number with + and 7 to 15 digits.";
    UserBlocked 403 "user_blocked" "The user is blocked.";
    UserInvalidCredentials 401 "user_invalid_credentials" "Email and password do not belong together.";
    UserInvalidToken 401 "user_invalid_token" "The token is wrong, used up or has expired.";
    UserSessionAlreadyExists 401 "user_session_already_exists" "The caller is signed in already. Sign out first.";
    UserCountExceeded 400 "user_count_exceeded" "The project has as many users as it may have.";
    AuthMethodUnsupported 501 "user_auth_method_unsupported" "Signing up is closed in this project.";
    UserTargetAlreadyExists 409 "user_target_already_exists" "A target with this id or identifier exists already.";
    UserTargetNotFound 404 "user_target_not_found" "The user has no target with this id.";
    ProviderNotFound 404 "provider_not_found" "There is no messaging provider with this id.";
    UserNotFound 404 "user_not_found" "There is no user with this id in the project.";
    UserAlreadyExists 409 "user_already_exists" "A user with this id, email or phone exists already.";
    UserEmailAlreadyExists 409 "user_email_already_exists" "Another user has this email.";
    UserPhoneAlreadyExists 409 "user_phone_already_exists" "Another user has this phone number.";
    UserSessionNotFound 404 "user_session_not_found" "The user has no session with this id.";
    UserAuthenticatorNotFound 404 "user_authenticator_not_found" "The user has no authenticator of this type.";
    UserPasskeyNotFound 404 "user_passkey_not_found" "The user has no passkey with this id.";
    UserRecoveryCodesNotFound 404 "user_recovery_codes_not_found" "The user has no recovery codes. Make some by PATCH.";
    UserRecoveryCodesAlreadyExists 409 "user_recovery_codes_already_exists" "The user has recovery codes. Replace them by PUT.";
    UserIdentityNotFound 404 "user_identity_not_found" "There is no identity with this id in the project.";
    Superseded 409 "document_update_conflict" "The user was changed by another request at the same time. Please try again.";
    PasswordRecentlyUsed 400 "password_recently_used" "The user has had this password before. Choose another one.";
    PasswordPersonalData 400 "password_personal_data" "The password contains the id, name, email or phone of the user. Choose another one.";
}

/// An error that a client may see. Its cause goes to the log and never over the wire.
#[derive(Debug, Clone)]
pub struct Error {
    kind: Kind,
    message: Cow<'static, str>,
    cause: Option<std::sync::Arc<store::Error>>,
    at: &'static Location<'static>,
}

impl Error {
    /// An error with a message of its own, which names the field and the limit where there is one.
    #[track_caller]
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), cause: None, at: Location::caller() }
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What the client is told.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the database said, when this comes of it.
    #[must_use]
    pub fn of_database(&self) -> Option<&store::Error> {
        self.cause.as_deref()
    }

    /// What only the log is told, and where in the program it happened.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        self.cause.as_ref().map(|cause| format!("{cause} (at {})", self.at))
    }
}

impl From<Kind> for Error {
    #[track_caller]
    fn from(kind: Kind) -> Self {
        Self::new(kind, kind.message())
    }
}

impl From<store::Error> for Error {
    #[track_caller]
    fn from(error: store::Error) -> Self {
        let kind = match &error {
            store::Error::Timeout => Kind::Timeout,
            store::Error::Unavailable(_) | store::Error::Busy(_) => Kind::Unavailable,
            store::Error::Identified => Kind::UserAlreadyExists,
            // A project can be deleted while servers still remember it; all else that rows belong to is locked before.
            store::Error::Orphan => Kind::ProjectNotFound,
            // Which conflict a client may meet is the endpoint's to say; one that arrives here is a surprise.
            store::Error::Conflict(_) | store::Error::Missing | store::Error::Other(_) => Kind::Unknown,
        };
        Self { cause: Some(std::sync::Arc::new(error)), ..Self::from(kind) }
    }
}

impl From<crate::hashing::Busy> for Error {
    #[track_caller]
    fn from(_: crate::hashing::Busy) -> Self {
        Self::from(Kind::Busy)
    }
}

/// The body is written by the layer that knows the announced version ([`crate::http`]).
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = axum::http::StatusCode::from_u16(self.kind.status()).unwrap_or_default();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_database_is_told_to_the_log_only() {
        let error = Error::from(store::Error::Other("secret detail".into()));
        assert_eq!((error.kind(), error.kind().status()), (Kind::Unknown, 500));
        assert!(!error.message().contains("secret detail"));
        assert!(error.cause().unwrap().contains("secret detail"));
    }

    #[test]
    fn types_of_the_table_are_lower_case_words() {
        for kind in Kind::ALL {
            assert!(kind.wire_type().bytes().all(|b| b == b'_' || b.is_ascii_lowercase()), "{kind:?}");
            assert!((400..=503).contains(&kind.status()), "{kind:?}");
        }
    }
}
