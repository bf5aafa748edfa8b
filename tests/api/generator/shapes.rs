//! The shapes of answers: which fields there are, in which order, and of which types.

use serde_json::Value;

/// What an endpoint answers with when all is well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    User,
    /// A user who asks about itself, and does not see how its password is hashed.
    Account,
    Users,
    Prefs,
    Session,
    Sessions,
    Token,
    Jwt,
    Target,
    Targets,
    Logs,
    Memberships,
    Identities,
    Passkey,
    Passkeys,
    Usage,
    Factors,
    RecoveryCodes,
    Challenge,
    Nothing,
}

/// Fields as `name:type`: t text, i integer, b truth value, o object, l list, and ? for what may be null as well.
const USER: &str = "$id:t $createdAt:t $updatedAt:t name:t password:t? hash:t? hashOptions:o? registration:t status:b labels:l \
     passwordUpdate:t email:t phone:t emailVerification:b emailCanonical:t? emailIsFree:b? emailIsDisposable:b? \
     emailIsCorporate:b? emailIsCanonical:b? passwordPwned:b? phoneVerification:b mfa:b prefs:o targets:l accessedAt:t \
     impersonator:b impersonatorUserId:t?";
const HASH: [&str; 3] = ["password:t?", "hash:t?", "hashOptions:o?"];
const DEVICE: &str = "osCode:t osName:t osVersion:t clientType:t clientCode:t clientName:t clientVersion:t clientEngine:t \
     clientEngineVersion:t deviceName:t deviceBrand:t deviceModel:t countryCode:t countryName:t";
const SESSION: &str = "$id:t $createdAt:t $updatedAt:t userId:t expire:t provider:t providerUid:t providerAccessToken:t \
     providerAccessTokenExpiry:t providerRefreshToken:t ip:t";
const SESSION_END: &str = "current:b factors:l secret:t mfaUpdatedAt:t";
const TOKEN: &str = "$id:t $createdAt:t userId:t secret:t expire:t phrase:t";
const TARGET: &str =
    "$id:t $createdAt:t $updatedAt:t name:t userId:t providerId:t? providerType:t identifier:t expired:b";
const PASSKEY: &str = "$id:t $createdAt:t $updatedAt:t name:t accessedAt:t";
const LOG: &str = "event:t userId:t userEmail:t userName:t mode:t userType:t ip:t time:t";
const MEMBERSHIP: &str = "$id:t $createdAt:t $updatedAt:t userId:t userName:t userEmail:t userPhone:t teamId:t teamName:t \
     invited:t joined:t confirm:b mfa:b userAccessedAt:t roles:l";
const IDENTITY: &str = "$id:t $createdAt:t $updatedAt:t userId:t provider:t providerUid:t providerEmail:t \
     providerAccessToken:t providerAccessTokenExpiry:t providerRefreshToken:t providerIdToken:t";

/// Checks an answer with a status of success.
pub fn check(shape: Shape, text: &str) -> Result<(), String> {
    if shape == Shape::Nothing {
        return if text.is_empty() { Ok(()) } else { Err("there is a body".into()) };
    }
    let body: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match shape {
        Shape::User => fields(&body, &words(&[USER])),
        Shape::Account => fields(&body, &account()),
        Shape::Users => list(&body, "users", &words(&[USER])),
        Shape::Prefs => {
            if body.is_object() {
                Ok(())
            } else {
                Err("no object".into())
            }
        }
        Shape::Session => fields(&body, &words(&[SESSION, DEVICE, SESSION_END])),
        Shape::Sessions => list(&body, "sessions", &words(&[SESSION, DEVICE, SESSION_END])),
        Shape::Token => fields(&body, &words(&[TOKEN])),
        Shape::Jwt => fields(&body, &["jwt:t"]),
        Shape::Target => fields(&body, &words(&[TARGET])),
        Shape::Targets => list(&body, "targets", &words(&[TARGET])),
        Shape::Logs => list(&body, "logs", &words(&[LOG, DEVICE])),
        Shape::Memberships => list(&body, "memberships", &words(&[MEMBERSHIP])),
        Shape::Identities => list(&body, "identities", &words(&[IDENTITY])),
        Shape::Passkey => fields(&body, &words(&[PASSKEY])),
        Shape::Passkeys => list(&body, "passkeys", &words(&[PASSKEY])),
        Shape::Usage => fields(&body, &words(&["range:t usersTotal:i sessionsTotal:i users:l sessions:l"])),
        Shape::Factors => fields(&body, &words(&["totp:b phone:b email:b recoveryCode:b custom:b"])),
        Shape::RecoveryCodes => fields(&body, &["recoveryCodes:l"]),
        Shape::Challenge => fields(&body, &words(&["$id:t $createdAt:t userId:t expire:t code:t"])),
        Shape::Nothing => Ok(()),
    }
}

/// Checks an answer with a status of failure: it says what is wrong, and nothing else.
pub fn check_error(status: u16, text: &str) -> Result<Value, String> {
    let body: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    fields(&body, &["message:t", "code:i", "type:t", "version:t"])?;
    let known = usher::error::Kind::ALL.iter().any(|kind| body["type"] == kind.wire_type() && status == kind.status());
    match known && body["code"] == status && !body["message"].as_str().unwrap_or_default().is_empty() {
        true => Ok(body),
        false => Err("type, code and status are not those of one error".into()),
    }
}

fn words(texts: &[&'static str]) -> Vec<&'static str> {
    texts.iter().flat_map(|text| text.split_whitespace()).collect()
}

fn account() -> Vec<&'static str> {
    words(&[USER]).into_iter().filter(|field| !HASH.contains(field)).collect()
}

fn list(body: &Value, name: &str, model: &[&str]) -> Result<(), String> {
    let found = pairs(body);
    let Some([("total", Value::Number(_)), (plural, Value::Array(rows))]) = found.as_deref() else {
        return Err("no list".into());
    };
    if *plural != name {
        return Err(format!("a list of {plural}"));
    }
    rows.iter().try_for_each(|row| fields(row, model))
}

fn pairs(body: &Value) -> Option<Vec<(&str, &Value)>> {
    Some(body.as_object()?.iter().map(|(name, value)| (name.as_str(), value)).collect())
}

fn fields(body: &Value, expected: &[&str]) -> Result<(), String> {
    let found = pairs(body).ok_or("no object")?;
    let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
    let wanted: Vec<&str> = expected.iter().map(|field| field.split(':').next().unwrap_or_default()).collect();
    if names != wanted {
        return Err(format!("fields {names:?}, not {wanted:?}"));
    }
    for ((name, value), field) in found.iter().zip(expected) {
        let kind = field.split(':').nth(1).unwrap_or_default();
        let right = match value {
            Value::Null => kind.ends_with('?'),
            Value::Bool(_) => kind.starts_with('b'),
            Value::Number(number) => kind.starts_with('i') && number.is_i64(),
            Value::String(_) => kind.starts_with('t'),
            Value::Array(_) => kind.starts_with('l'),
            Value::Object(_) => kind.starts_with('o'),
        };
        if !right {
            return Err(format!("{name} is {value}"));
        }
    }
    Ok(())
}
