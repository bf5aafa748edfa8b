//! The Account service, for users themselves: its routes. Former paths lead to the same handlers.

mod contact;
mod logs;
mod password;
mod profile;
mod sessions;
mod sign_in;
mod sign_up;
mod token;

use super::routes::{Routes, table};
pub(super) use token::{Lifetime, answer as jwt};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    table! { routes:
        /// Signs up.
        post "/v1/account" accountCreate = sign_up::create,
            201 User or UserAlreadyExists UserTargetAlreadyExists BadRequest PasswordPersonalData UserCountExceeded
            AuthMethodUnsupported Busy;
        /// Signs in with email and password.
        post "/v1/account/sessions/email" accountCreateEmailPasswordSession = sign_in::with_password,
            201 Session or UserInvalidCredentials UserSessionAlreadyExists Superseded Busy;
        /// Signs in with email and password, by the path of the oldest clients.
        post "/v1/account/sessions" accountCreateEmailSession = sign_in::with_password,
            201 Session or UserInvalidCredentials UserSessionAlreadyExists Superseded Busy;
        /// Signs in as a guest who is nobody yet.
        post "/v1/account/sessions/anonymous" accountCreateAnonymousSession = sign_up::anonymous,
            201 Session or UserSessionAlreadyExists UserCountExceeded AuthMethodUnsupported;
        /// Signs in with a token.
        post "/v1/account/sessions/token" accountCreateSession = sign_in::with_token,
            201 Session or UserInvalidToken UserSessionAlreadyExists;
        /// Signs in with the token of a link, by the path of older clients.
        put "/v1/account/sessions/magic-url" accountUpdateMagicURLSession = sign_in::with_token,
            201 Session or UserInvalidToken UserSessionAlreadyExists;
        /// Signs in with the token of a text message, by the path of older clients.
        put "/v1/account/sessions/phone" accountUpdatePhoneSession = sign_in::with_token,
            201 Session or UserInvalidToken UserSessionAlreadyExists;
        /// Lists the user's sessions.
        get "/v1/account/sessions" accountListSessions = sessions::list, 200 SessionList;
        /// Signs out everywhere.
        delete "/v1/account/sessions" accountDeleteSessions = sessions::delete_all, 204 Nothing or UserSessionNotFound;
        /// Shows a session of the user.
        get "/v1/account/sessions/{sessionId}" accountGetSession = sessions::get, 200 Session or UserSessionNotFound;
        /// Has a session live as long as a new one.
        patch "/v1/account/sessions/{sessionId}" accountUpdateSession = sessions::extend, 200 Session or UserSessionNotFound;
        /// Ends a session of the user.
        delete "/v1/account/sessions/{sessionId}" accountDeleteSession = sessions::delete, 204 Nothing or UserSessionNotFound;
        /// Shows the user.
        get "/v1/account" accountGet = profile::get, 200 User;
        /// Shows the user's preferences.
        get "/v1/account/prefs" accountGetPrefs = profile::prefs, 200 Preferences;
        /// Replaces the user's preferences.
        patch "/v1/account/prefs" accountUpdatePrefs = profile::set_prefs, 200 User;
        /// Changes the user's name.
        patch "/v1/account/name" accountUpdateName = profile::set_name, 200 User;
        /// Changes the user's email address.
        /// It takes the password, which an account without one gets.
        patch "/v1/account/email" accountUpdateEmail = contact::set_email,
            200 User or UserInvalidCredentials UserEmailAlreadyExists UserTargetAlreadyExists BadRequest PasswordRecentlyUsed
            PasswordPersonalData Superseded Busy;
        /// Changes the user's phone number.
        /// It takes the password, which an account without one gets.
        patch "/v1/account/phone" accountUpdatePhone = contact::set_phone,
            200 User or UserInvalidCredentials UserPhoneAlreadyExists UserTargetAlreadyExists PasswordRecentlyUsed
            PasswordPersonalData Superseded Busy;
        /// Changes the user's password.
        /// The other sessions end, unless the project keeps them.
        patch "/v1/account/password" accountUpdatePassword = password::set,
            200 User or UserInvalidCredentials PasswordRecentlyUsed PasswordPersonalData Superseded Busy;
        /// Has the user block themselves.
        /// Only an API key can undo it.
        patch "/v1/account/status" accountUpdateStatus = profile::block, 200 User;
        /// Makes a token (JWT) that stands for the user for some minutes, as long as the session lives.
        post "/v1/account/jwts" accountCreateJWT = token::create, 201 Jwt or JwtCreationDenied;
        /// Makes a token (JWT), by the path of older clients.
        post "/v1/account/jwt" accountCreateJWTFormerly = token::create, 201 Jwt or JwtCreationDenied;
        /// Lists what was done to the user and by whom, newest first.
        get "/v1/account/logs" accountListLogs = logs::list, 200 LogList;
    }
}
