//! Every endpoint with its parameters.

use axum::http::Method;

use super::values::Kind::{self, *};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Who {
    Key,
    /// A user who is signed in.
    User,
    /// Nobody who is known.
    Guest,
}

/// A parameter: its name, what it is, and whether it must be there.
pub type Param = (&'static str, Kind, bool);

/// An endpoint, and what it answers with when all is well.
pub struct Endpoint {
    pub who: Who,
    pub method: Method,
    /// With the names of the path's parameters in braces.
    pub path: &'static str,
    pub params: &'static [Param],
    pub status: u16,
}

const LIST: &[Param] = &[("queries", Queries, false), ("search", Search, false), ("total", Truth, false)];
const LIST_WITHOUT_SEARCH: &[Param] = &[("queries", Queries, false), ("total", Truth, false)];
const JWT: &[Param] = &[("duration", Whole(1, 3600), false)];
const JWT_OF: &[Param] = &[("sessionId", Id, false), ("duration", Whole(1, 3600), false)];

macro_rules! imports {
    ($($name:ident $hash:literal [$($more:expr),*];)*) => {$(
        const $name: &[Param] = &[
            ("userId", NewId, true), ("email", Email, true), ("password", Hash($hash), true), ("name", Name, false), $($more),*
        ];
    )*};
}

imports! {
    PLAIN "d41d8cd98f00b204e9800998ecf8427e" [];
    ARGON2 "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng" [];
    BCRYPT "$2a$04$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy" [];
    PHPASS "$P$7IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0" [];
    SHA "d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e" [("passwordVersion", Word(&["sha256", "sha3-256"]), false)];
    SCRYPT "3fdef49701bc4cfaacd551fe017283513284b4731e6945c263246ef948d3cf63b5d269c31fd697246085111a428245e24a4ddc6b64c687bc60a8910dbafc1d5b"
        [
            ("passwordSalt", Text, true), ("passwordCpu", Number(16), true), ("passwordMemory", Number(8), true),
            ("passwordParallel", Number(1), true), ("passwordLength", Number(64), true)
        ];
    SCRYPT_MODIFIED "UlM7JiXRcQhzAGlaonpSqNSLIz475WMddOgLjej5De9vxTy48K6WtqlEzrRFeK4t0COfMhWCb8wuMHgxOFCHFQ=="
        [
            ("passwordSalt", Just("UxLMreBr6tYyjQ=="), true), ("passwordSaltSeparator", Just("Bw=="), true),
            ("passwordSignerKey", Just("XyEKE9RcTDeLEsL/RjwPDBv/RqDl8fb3gpYEOQaPihbxf1ZAtSOHCjuAAa7Q3oHpCYhXSN9tizHgVOwn6krflQ=="), true)
        ];
}

const fn of(who: Who, method: Method, path: &'static str, params: &'static [Param], status: u16) -> Endpoint {
    Endpoint { who, method, path, params, status }
}

/// All of them but those about health, which have no parameters.
pub fn all() -> Vec<Endpoint> {
    let (key, user, guest) = (Who::Key, Who::User, Who::Guest);
    let (get, post, put, patch, delete) = (Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE);
    let target: &[Param] = &[
        ("targetId", NewId, true),
        ("providerType", Word(&["email"]), true),
        ("identifier", Email, true),
        ("providerId", Id, false),
        ("name", Name, false),
    ];
    vec![
        of(key, get.clone(), "/v1/users", LIST, 200),
        of(
            key,
            post.clone(),
            "/v1/users",
            &[
                ("userId", NewId, true),
                ("email", Email, false),
                ("phone", Phone, false),
                ("password", Password, false),
                ("name", Name, false),
            ],
            201,
        ),
        of(key, post.clone(), "/v1/users/argon2", ARGON2, 201),
        of(key, post.clone(), "/v1/users/bcrypt", BCRYPT, 201),
        of(key, post.clone(), "/v1/users/md5", PLAIN, 201),
        of(key, post.clone(), "/v1/users/phpass", PHPASS, 201),
        of(key, post.clone(), "/v1/users/sha", SHA, 201),
        of(key, post.clone(), "/v1/users/scrypt", SCRYPT, 201),
        of(key, post.clone(), "/v1/users/scrypt-modified", SCRYPT_MODIFIED, 201),
        of(key, get.clone(), "/v1/users/identities", LIST, 200),
        of(key, delete.clone(), "/v1/users/identities/{identityId}", &[], 204),
        of(
            key,
            get.clone(),
            "/v1/users/usage",
            &[("range", Word(&["24h", "30d", "90d"]), false), ("provider", Word(&["email", "oauth-x"]), false)],
            200,
        ),
        of(key, get.clone(), "/v1/users/{userId}", &[], 200),
        of(key, delete.clone(), "/v1/users/{userId}", &[], 204),
        of(key, patch.clone(), "/v1/users/{userId}/email", &[("email", Email, true)], 200),
        of(key, patch.clone(), "/v1/users/{userId}/impersonator", &[("impersonator", Truth, true)], 200),
        of(key, put.clone(), "/v1/users/{userId}/labels", &[("labels", Labels, true)], 200),
        of(key, get.clone(), "/v1/users/{userId}/logs", LIST_WITHOUT_SEARCH, 200),
        of(key, get.clone(), "/v1/users/{userId}/memberships", LIST, 200),
        of(key, patch.clone(), "/v1/users/{userId}/mfa", &[("mfa", Truth, true)], 200),
        of(key, delete.clone(), "/v1/users/{userId}/mfa/authenticators/{type}", &[], 204),
        of(key, get.clone(), "/v1/users/{userId}/mfa/challenges/{challengeId}", &[], 200),
        of(key, get.clone(), "/v1/users/{userId}/mfa/factors", &[], 200),
        of(key, get.clone(), "/v1/users/{userId}/mfa/recovery-codes", &[], 200),
        of(key, patch.clone(), "/v1/users/{userId}/mfa/recovery-codes", &[], 200),
        of(key, put, "/v1/users/{userId}/mfa/recovery-codes", &[], 200),
        of(key, patch.clone(), "/v1/users/{userId}/name", &[("name", Name, true)], 200),
        of(key, get.clone(), "/v1/users/{userId}/passkeys", LIST_WITHOUT_SEARCH, 200),
        of(key, get.clone(), "/v1/users/{userId}/passkeys/{passkeyId}", &[], 200),
        of(key, patch.clone(), "/v1/users/{userId}/passkeys/{passkeyId}", &[("name", Name, true)], 200),
        of(key, delete.clone(), "/v1/users/{userId}/passkeys/{passkeyId}", &[], 204),
        of(key, patch.clone(), "/v1/users/{userId}/password", &[("password", Password, true)], 200),
        of(key, patch.clone(), "/v1/users/{userId}/phone", &[("number", Phone, true)], 200),
        of(key, get.clone(), "/v1/users/{userId}/prefs", &[], 200),
        of(key, patch.clone(), "/v1/users/{userId}/prefs", &[("prefs", Prefs, true)], 200),
        of(key, post.clone(), "/v1/users/{userId}/jwts", JWT_OF, 201),
        of(
            key,
            post.clone(),
            "/v1/users/{userId}/tokens",
            &[("length", Whole(4, 128), false), ("expire", Whole(60, 31_536_000), false)],
            201,
        ),
        of(key, get.clone(), "/v1/users/{userId}/sessions", &[("total", Truth, false)], 200),
        of(key, post.clone(), "/v1/users/{userId}/sessions", &[], 201),
        of(key, delete.clone(), "/v1/users/{userId}/sessions", &[], 204),
        of(key, delete.clone(), "/v1/users/{userId}/sessions/{sessionId}", &[], 204),
        of(key, patch.clone(), "/v1/users/{userId}/status", &[("status", Truth, true)], 200),
        of(key, get.clone(), "/v1/users/{userId}/targets", LIST_WITHOUT_SEARCH, 200),
        of(key, post.clone(), "/v1/users/{userId}/targets", target, 201),
        of(key, get.clone(), "/v1/users/{userId}/targets/{targetId}", &[], 200),
        of(
            key,
            patch.clone(),
            "/v1/users/{userId}/targets/{targetId}",
            &[("identifier", Email, false), ("name", Name, false)],
            200,
        ),
        of(key, delete.clone(), "/v1/users/{userId}/targets/{targetId}", &[], 204),
        of(key, patch.clone(), "/v1/users/{userId}/verification", &[("emailVerification", Truth, true)], 200),
        of(key, patch.clone(), "/v1/users/{userId}/verification/phone", &[("phoneVerification", Truth, true)], 200),
        of(
            guest,
            post.clone(),
            "/v1/account",
            &[("userId", NewId, true), ("email", Email, true), ("password", Password, true), ("name", Name, false)],
            201,
        ),
        of(guest, post.clone(), "/v1/account/sessions/anonymous", &[], 201),
        of(user, get.clone(), "/v1/account", &[], 200),
        of(user, get.clone(), "/v1/account/prefs", &[], 200),
        of(user, patch.clone(), "/v1/account/prefs", &[("prefs", Prefs, true)], 200),
        of(user, patch.clone(), "/v1/account/name", &[("name", Name, true)], 200),
        of(user, patch.clone(), "/v1/account/email", &[("email", Email, true), ("password", OwnPassword, true)], 200),
        of(user, patch.clone(), "/v1/account/phone", &[("phone", Phone, true), ("password", OwnPassword, true)], 200),
        of(
            user,
            patch.clone(),
            "/v1/account/password",
            &[("password", Password, true), ("oldPassword", OwnPassword, false)],
            200,
        ),
        of(user, patch.clone(), "/v1/account/status", &[], 200),
        of(user, post, "/v1/account/jwts", JWT, 201),
        of(user, get.clone(), "/v1/account/logs", LIST_WITHOUT_SEARCH, 200),
        of(user, get.clone(), "/v1/account/sessions", &[("total", Truth, false)], 200),
        of(user, get, "/v1/account/sessions/{sessionId}", &[], 200),
        of(user, patch, "/v1/account/sessions/{sessionId}", &[], 200),
        of(user, delete.clone(), "/v1/account/sessions/{sessionId}", &[], 204),
        of(user, delete, "/v1/account/sessions", &[("current", Truth, false)], 204),
    ]
}
