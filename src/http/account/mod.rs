//! The Account service, for users themselves: its routes. Former paths lead to the same handlers.

mod contact;
mod logs;
mod password;
mod profile;
mod sessions;
mod sign_in;
mod sign_up;
mod token;

use super::routes::Routes;
pub(super) use token::{Lifetime, answer as jwt};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .post("/v1/account", sign_up::create)
        .post("/v1/account/sessions/email", sign_in::with_password)
        .post("/v1/account/sessions", sign_in::with_password)
        .post("/v1/account/sessions/anonymous", sign_up::anonymous)
        .post("/v1/account/sessions/token", sign_in::with_token)
        .put("/v1/account/sessions/magic-url", sign_in::with_token)
        .put("/v1/account/sessions/phone", sign_in::with_token)
        .get("/v1/account/sessions", sessions::list)
        .delete("/v1/account/sessions", sessions::delete_all)
        .get("/v1/account/sessions/{sessionId}", sessions::get)
        .patch("/v1/account/sessions/{sessionId}", sessions::extend)
        .delete("/v1/account/sessions/{sessionId}", sessions::delete)
        .get("/v1/account", profile::get)
        .get("/v1/account/prefs", profile::prefs)
        .patch("/v1/account/prefs", profile::set_prefs)
        .patch("/v1/account/name", profile::set_name)
        .patch("/v1/account/email", contact::set_email)
        .patch("/v1/account/phone", contact::set_phone)
        .patch("/v1/account/password", password::set)
        .patch("/v1/account/status", profile::block)
        .post("/v1/account/jwts", token::create)
        .post("/v1/account/jwt", token::create)
        .get("/v1/account/logs", logs::list)
}
