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

use super::routes::{Routes, table};
use crate::error::Result;
use crate::params::{FromParams, Reader, Uid};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    table! { routes:
        /// Lists users.
        get "/v1/users" usersList = crud::list, 200 UserList or CursorNotFound;
        /// Creates a user.
        post "/v1/users" usersCreate = create::create,
            201 User or UserAlreadyExists UserEmailAlreadyExists UserTargetAlreadyExists PasswordPersonalData Busy;
        /// Creates a user whose password was hashed with Argon2 elsewhere.
        post "/v1/users/argon2" usersCreateArgon2User = import::argon2,
            201 User or UserAlreadyExists UserEmailAlreadyExists UserTargetAlreadyExists PasswordPersonalData;
        /// Creates a user whose password was hashed with bcrypt elsewhere.
        post "/v1/users/bcrypt" usersCreateBcryptUser = import::bcrypt,
            201 User or UserAlreadyExists UserEmailAlreadyExists UserTargetAlreadyExists PasswordPersonalData;
        /// Creates a user whose password was hashed with MD5 elsewhere.
        post "/v1/users/md5" usersCreateMD5User = import::md5,
            201 User or UserAlreadyExists UserEmailAlreadyExists UserTargetAlreadyExists PasswordPersonalData;
        /// Creates a user whose password was hashed with PHPass elsewhere.
        post "/v1/users/phpass" usersCreatePHPassUser = import::phpass,
            201 User or UserAlreadyExists UserEmailAlreadyExists UserTargetAlreadyExists PasswordPersonalData;
        /// Creates a user whose password was hashed with scrypt elsewhere.
        post "/v1/users/scrypt" usersCreateScryptUser = import::scrypt,
            201 User or UserAlreadyExists UserEmailAlreadyExists UserTargetAlreadyExists PasswordPersonalData;
        /// Creates a user whose password was hashed with Firebase's scrypt elsewhere.
        post "/v1/users/scrypt-modified" usersCreateScryptModifiedUser = import::scrypt_modified,
            201 User or UserAlreadyExists UserEmailAlreadyExists UserTargetAlreadyExists PasswordPersonalData;
        /// Creates a user whose password was hashed with SHA-1, SHA-2 or SHA-3 elsewhere.
        post "/v1/users/sha" usersCreateSHAUser = import::sha,
            201 User or UserAlreadyExists UserEmailAlreadyExists UserTargetAlreadyExists PasswordPersonalData;
        /// Lists identities: what users are called at other providers.
        get "/v1/users/identities" usersListIdentities = identities::list, 200 IdentityList or CursorNotFound;
        /// Deletes an identity.
        delete "/v1/users/identities/{identityId}" usersDeleteIdentity = identities::delete, 204 Nothing or UserIdentityNotFound;
        /// Counts users and sessions, by the hour or by the day.
        get "/v1/users/usage" usersGetUsage = usage::get, 200 Usage or Timeout;
        /// Shows a user.
        get "/v1/users/{userId}" usersGet = crud::get, 200 User or UserNotFound;
        /// Deletes a user and all that belongs to them.
        /// One row of the activity log remains, with the id alone.
        delete "/v1/users/{userId}" usersDelete = crud::delete, 204 Nothing or UserNotFound;
        /// Changes the email address, or clears it.
        patch "/v1/users/{userId}/email" usersUpdateEmail = attributes::email,
            200 User or UserNotFound UserEmailAlreadyExists UserTargetAlreadyExists;
        /// Lets a user act as others, or takes that back.
        patch "/v1/users/{userId}/impersonator" usersUpdateImpersonator = attributes::impersonator, 200 User or UserNotFound;
        /// Replaces the labels.
        put "/v1/users/{userId}/labels" usersUpdateLabels = attributes::labels, 200 User or UserNotFound;
        /// Lists what was done to a user and by whom, newest first.
        get "/v1/users/{userId}/logs" usersListLogs = logs::list, 200 LogList or UserNotFound;
        /// Lists the memberships of a user in teams.
        get "/v1/users/{userId}/memberships" usersListMemberships = memberships::list,
            200 MembershipList or UserNotFound CursorNotFound;
        /// Says whether the user is to be asked for a second factor.
        patch "/v1/users/{userId}/mfa" usersUpdateMFA = attributes::mfa, 200 User or UserNotFound;
        /// Deletes an authenticator of a user.
        delete "/v1/users/{userId}/mfa/authenticators/{type}" usersDeleteMFAAuthenticator = mfa::delete_authenticator,
            204 Nothing or UserNotFound UserAuthenticatorNotFound;
        /// Shows a challenge with its code, for a server that hands it on.
        get "/v1/users/{userId}/mfa/challenges/{challengeId}" usersGetMFAChallenge = mfa::challenge,
            200 MfaChallengeSecret or UserNotFound UserInvalidToken FeatureUnsupported;
        /// Says which second factors a user has.
        get "/v1/users/{userId}/mfa/factors" usersListMFAFactors = mfa::factors, 200 MfaFactors or UserNotFound;
        /// Shows the recovery codes.
        get "/v1/users/{userId}/mfa/recovery-codes" usersGetMFARecoveryCodes = mfa::recovery_codes,
            200 MfaRecoveryCodes or UserNotFound UserRecoveryCodesNotFound FeatureUnsupported;
        /// Makes the first recovery codes.
        patch "/v1/users/{userId}/mfa/recovery-codes" usersCreateMFARecoveryCodes = mfa::create_recovery_codes,
            200 MfaRecoveryCodes or UserNotFound UserRecoveryCodesAlreadyExists FeatureUnsupported;
        /// Replaces the recovery codes.
        put "/v1/users/{userId}/mfa/recovery-codes" usersUpdateMFARecoveryCodes = mfa::replace_recovery_codes,
            200 MfaRecoveryCodes or UserNotFound UserRecoveryCodesNotFound FeatureUnsupported;
        /// Changes the name.
        patch "/v1/users/{userId}/name" usersUpdateName = attributes::name, 200 User or UserNotFound;
        /// Lists the passkeys of a user that were verified.
        get "/v1/users/{userId}/passkeys" usersListPasskeys = passkeys::list, 200 PasskeyList or UserNotFound CursorNotFound;
        /// Shows a passkey.
        get "/v1/users/{userId}/passkeys/{passkeyId}" usersGetPasskey = passkeys::get,
            200 Passkey or UserNotFound UserPasskeyNotFound;
        /// Renames a passkey.
        patch "/v1/users/{userId}/passkeys/{passkeyId}" usersUpdatePasskey = passkeys::rename,
            200 Passkey or UserNotFound UserPasskeyNotFound;
        /// Deletes a passkey.
        delete "/v1/users/{userId}/passkeys/{passkeyId}" usersDeletePasskey = passkeys::delete,
            204 Nothing or UserNotFound UserPasskeyNotFound;
        /// Changes the password, or takes it away.
        /// The user's sessions end, unless the project keeps them.
        patch "/v1/users/{userId}/password" usersUpdatePassword = password::update,
            200 User or UserNotFound PasswordRecentlyUsed PasswordPersonalData Superseded Busy;
        /// Changes the phone number, or clears it.
        patch "/v1/users/{userId}/phone" usersUpdatePhone = attributes::phone,
            200 User or UserNotFound UserPhoneAlreadyExists UserTargetAlreadyExists;
        /// Shows the preferences.
        get "/v1/users/{userId}/prefs" usersGetPrefs = crud::prefs, 200 Preferences or UserNotFound;
        /// Replaces the preferences.
        patch "/v1/users/{userId}/prefs" usersUpdatePrefs = attributes::prefs, 200 Preferences or UserNotFound;
        /// Makes a token (JWT) that stands for the user for some minutes.
        post "/v1/users/{userId}/jwts" usersCreateJWT = tokens::jwt_of, 201 Jwt or UserNotFound;
        /// Makes a secret that may be exchanged for a session once.
        post "/v1/users/{userId}/tokens" usersCreateToken = tokens::token, 201 Token or UserNotFound;
        /// Lists the sessions of a user.
        get "/v1/users/{userId}/sessions" usersListSessions = sessions::list, 200 SessionList or UserNotFound;
        /// Begins a session, whose secret is shown only now.
        post "/v1/users/{userId}/sessions" usersCreateSession = tokens::session, 201 Session or UserNotFound;
        /// Ends all sessions of a user.
        delete "/v1/users/{userId}/sessions" usersDeleteSessions = sessions::delete_all, 204 Nothing or UserNotFound;
        /// Ends a session of a user.
        delete "/v1/users/{userId}/sessions/{sessionId}" usersDeleteSession = sessions::delete,
            204 Nothing or UserNotFound UserSessionNotFound;
        /// Blocks or unblocks a user.
        patch "/v1/users/{userId}/status" usersUpdateStatus = attributes::status, 200 User or UserNotFound;
        /// Lists the messaging targets of a user.
        get "/v1/users/{userId}/targets" usersListTargets = targets::list, 200 TargetList or UserNotFound CursorNotFound;
        /// Gives a user another messaging target.
        post "/v1/users/{userId}/targets" usersCreateTarget = targets::create,
            201 Target or UserNotFound UserTargetAlreadyExists InvalidEmail InvalidPhone;
        /// Shows a messaging target of a user.
        get "/v1/users/{userId}/targets/{targetId}" usersGetTarget = targets::get, 200 Target or UserNotFound UserTargetNotFound;
        /// Changes a messaging target of a user.
        /// The email address and phone number of the user stay.
        patch "/v1/users/{userId}/targets/{targetId}" usersUpdateTarget = targets::update,
            200 Target or UserNotFound UserTargetNotFound UserTargetAlreadyExists ProviderNotFound InvalidEmail InvalidPhone;
        /// Deletes a messaging target of a user.
        delete "/v1/users/{userId}/targets/{targetId}" usersDeleteTarget = targets::delete,
            204 Nothing or UserNotFound UserTargetNotFound;
        /// Confirms the email address, or takes that back.
        patch "/v1/users/{userId}/verification" usersUpdateEmailVerification = attributes::email_verification,
            200 User or UserNotFound;
        /// Confirms the phone number, or takes that back.
        patch "/v1/users/{userId}/verification/phone" usersUpdatePhoneVerification = attributes::phone_verification,
            200 User or UserNotFound;
    }
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
