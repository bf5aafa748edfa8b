//! The Users service, for API keys: its routes, and what several of them share.

mod attributes;
mod create;
mod crud;
mod identities;
mod import;
mod logs;
mod memberships;
mod mfa;
mod passkeys;
mod password;
mod sessions;
mod targets;
mod tokens;
mod usage;

use super::routes::Routes;
use crate::error::Result;
use crate::params::{FromParams, Reader, Uid};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .get("/v1/users", crud::list)
        .post("/v1/users", create::create)
        .post("/v1/users/argon2", import::argon2)
        .post("/v1/users/bcrypt", import::bcrypt)
        .post("/v1/users/md5", import::md5)
        .post("/v1/users/phpass", import::phpass)
        .post("/v1/users/scrypt", import::scrypt)
        .post("/v1/users/scrypt-modified", import::scrypt_modified)
        .post("/v1/users/sha", import::sha)
        .get("/v1/users/identities", identities::list)
        .delete("/v1/users/identities/{identityId}", identities::delete)
        .get("/v1/users/usage", usage::get)
        .get("/v1/users/{userId}", crud::get)
        .delete("/v1/users/{userId}", crud::delete)
        .patch("/v1/users/{userId}/email", attributes::email)
        .patch("/v1/users/{userId}/impersonator", attributes::impersonator)
        .put("/v1/users/{userId}/labels", attributes::labels)
        .get("/v1/users/{userId}/logs", logs::list)
        .get("/v1/users/{userId}/memberships", memberships::list)
        .patch("/v1/users/{userId}/mfa", attributes::mfa)
        .delete("/v1/users/{userId}/mfa/authenticators/{type}", mfa::delete_authenticator)
        .get("/v1/users/{userId}/mfa/challenges/{challengeId}", mfa::challenge)
        .get("/v1/users/{userId}/mfa/factors", mfa::factors)
        .get("/v1/users/{userId}/mfa/recovery-codes", mfa::recovery_codes)
        .patch("/v1/users/{userId}/mfa/recovery-codes", mfa::create_recovery_codes)
        .put("/v1/users/{userId}/mfa/recovery-codes", mfa::replace_recovery_codes)
        .patch("/v1/users/{userId}/name", attributes::name)
        .get("/v1/users/{userId}/passkeys", passkeys::list)
        .get("/v1/users/{userId}/passkeys/{passkeyId}", passkeys::get)
        .patch("/v1/users/{userId}/passkeys/{passkeyId}", passkeys::rename)
        .delete("/v1/users/{userId}/passkeys/{passkeyId}", passkeys::delete)
        .patch("/v1/users/{userId}/password", password::update)
        .patch("/v1/users/{userId}/phone", attributes::phone)
        .get("/v1/users/{userId}/prefs", crud::prefs)
        .patch("/v1/users/{userId}/prefs", attributes::prefs)
        .post("/v1/users/{userId}/jwts", tokens::jwt_of)
        .post("/v1/users/{userId}/tokens", tokens::token)
        .get("/v1/users/{userId}/sessions", sessions::list)
        .post("/v1/users/{userId}/sessions", tokens::session)
        .delete("/v1/users/{userId}/sessions", sessions::delete_all)
        .delete("/v1/users/{userId}/sessions/{sessionId}", sessions::delete)
        .patch("/v1/users/{userId}/status", attributes::status)
        .get("/v1/users/{userId}/targets", targets::list)
        .post("/v1/users/{userId}/targets", targets::create)
        .get("/v1/users/{userId}/targets/{targetId}", targets::get)
        .patch("/v1/users/{userId}/targets/{targetId}", targets::update)
        .delete("/v1/users/{userId}/targets/{targetId}", targets::delete)
        .patch("/v1/users/{userId}/verification", attributes::email_verification)
        .patch("/v1/users/{userId}/verification/phone", attributes::phone_verification)
}

/// The parameters of a route that only names a user.
#[derive(Debug)]
struct OneUser {
    id: Uid,
}

impl FromParams for OneUser {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { id: reader.required("userId")? })
    }
}
