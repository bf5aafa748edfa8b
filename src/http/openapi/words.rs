//! What the description says in words.

use axum::http::Method;
use serde_json::{Value, json};

use super::operation::Caller;

/// What holds for every route.
pub(super) const INTRODUCTION: &str = "\
Usher speaks the protocol of Appwrite's Users service, and of the part of its Account service by which those users sign in. \
Every client library of that service can be pointed at it.

**Project.** Every request names its project in the header `X-Appwrite-Project`, or in a parameter `project`.

**Parameters.** GET reads the query string, every other method a body of JSON, `application/x-www-form-urlencoded` or \
`multipart/form-data` of at most 1 MiB. A list in a query string is written `queries[0]=…&queries[1]=…` or `queries[]=…`. \
`null` for an optional parameter is as good as absent. Truth values may be written as text (`\"false\"`), whole numbers with \
a fraction of zero (`64.0`); in a form all values are texts, so whole numbers have to be sent as JSON.

**Queries.** Each entry of `queries` is a JSON object `{\"method\":\"equal\",\"attribute\":\"name\",\"values\":[\"Anna\"]}`, or \
the older form `equal(\"name\", [\"Anna\"])`. At most 100 of at most 4,096 characters, with at most 500 values each and 10,000 \
together. A list without a `limit` has 25 rows, and no `limit` is too large.

**Generations.** Models are shown as of the newest generation. A client that sends `X-Appwrite-Response-Format` with an older \
version gets them without the fields that came later.

**Acting as another.** A user whose `impersonator` is true reads the account of another with the header \
`X-Appwrite-Impersonate-User-Id`, `-Email` or `-Phone`, and changes nothing there. For everybody else these headers mean \
nothing.

**Dates** are texts in UTC as `2026-01-31T12:00:00.000+00:00`; what has not happened is the empty text.

**Errors** are all of the shape `error`. Clients tell them apart by `type`. 503 and 429 say in `Retry-After` when to come again. \
A head of more than 80 KiB is answered with 431, and a URL of about 64 KiB with 414, before anything is looked at and without JSON.";

/// The services.
pub(super) const TAGS: [(&str, &str); 3] = [
    ("users", "Users, for servers with an API key."),
    ("account", "Users themselves: signing up, signing in, and their own account."),
    ("health", "How the server is."),
];

/// The service that a path belongs to.
pub(super) fn tag(path: &str) -> &'static str {
    match path.split('/').nth(2) {
        Some("users") => "users",
        Some("account") => "account",
        _ => "health",
    }
}

/// How callers say who they are.
pub(super) fn schemes() -> Value {
    let header =
        |name: &str, text: &str| json!({ "type": "apiKey", "in": "header", "name": name, "description": text });
    json!({
        "Project": header("X-Appwrite-Project", "The id of the project."),
        "Key": header("X-Appwrite-Key", "An API key of the project. Roles named with it are scopes, of which the key has the one."),
        "Session": header(
            "X-Appwrite-Session",
            "The `secret` of a session. Browsers carry it in the cookie `a_session_<project>` or in `X-Fallback-Cookies`.",
        ),
        "JWT": header("X-Appwrite-JWT", "A token that stands for a user for some minutes."),
    })
}

/// Headers by which a user reads the account of another, where one is read.
pub(super) fn headers(caller: Caller, method: &Method) -> Vec<Value> {
    if caller != Caller::Member || method != Method::GET {
        return Vec::new();
    }
    let header = |(name, what): (&str, &str)| {
        json!({
            "name": format!("X-Appwrite-Impersonate-User-{name}"),
            "in": "header",
            "required": false,
            "description": format!("The {what} of a user whose account is read, by a user who may; else without meaning."),
            "schema": { "type": "string", "examples": [""] },
        })
    };
    [("Id", "id"), ("Email", "email address"), ("Phone", "phone number")].map(header).into()
}

/// The header of answers after which a client may come again.
pub(super) fn retry_after() -> Value {
    json!({ "Retry-After": { "description": "Seconds until a client may try again.", "schema": { "type": "integer", "minimum": 0 } } })
}

/// What a parameter is, wherever it occurs.
pub(super) fn about(name: &str) -> &'static str {
    match name {
        "userId" => "The id of the user.",
        "sessionId" => "The id of the session; `current` is that of the request, `recent()` the newest.",
        "targetId" => "The id of the messaging target.",
        "passkeyId" => "The id of the passkey.",
        "challengeId" => "The id of the challenge.",
        "type" => "The type of authenticator.",
        "mfa" => "Whether the user is to be asked for a second factor. Signing in does not ask yet.",
        "impersonator" => "Whether the user may act as others.",
        "range" => "How far to look back; `30d` when absent.",
        "provider" => "Whose sessions to count apart; for clients older than 1.5.0.",
        "identityId" => "The id of the identity.",
        "queries" => "Conditions, orders and the page, each a text.",
        "search" => "Words that must all occur in what can be searched, whatever their case and accents.",
        "total" => {
            "Whether to count what matches, as is done when this is absent. With `false` the field `total` is 0, and the answer may be faster."
        }
        "email" => "The email address.",
        "phone" | "number" => "The phone number with `+` and the calling code of its country.",
        "name" => "The name.",
        "labels" => "The labels, in place of those up to now.",
        "prefs" => "The preferences, in place of those up to now.",
        "status" => "Whether the user may sign in; `false` blocks.",
        "emailVerification" => "Whether the email address is confirmed.",
        "phoneVerification" => "Whether the phone number is confirmed.",
        "password" => "The password; in an import, its hash as the other system stored it.",
        "oldPassword" => "The password up to now, when there is one.",
        "passwordVersion" => "The digest; when absent, it is found by its length.",
        "passwordSalt" => "The salt.",
        "passwordSaltSeparator" => "The salt separator of the Firebase project, in base64.",
        "passwordSignerKey" => "The signer key of the Firebase project, in base64.",
        "passwordCpu" => "The cost N, a power of two.",
        "passwordMemory" => "The block size r.",
        "passwordParallel" => "The parallelism p.",
        "passwordLength" => "Bytes of the derived key.",
        "length" => "Characters of the secret; 6 when absent.",
        "expire" => "Seconds until the secret ends; 900 when absent.",
        "duration" => "Seconds until it ends.",
        "secret" => "The secret of the token.",
        "current" => "Whether the session of the request ends too.",
        "providerType" => "The kind of target.",
        "providerId" => "The id of a messaging provider.",
        "identifier" => "The address, phone number or device token.",
        _ => "",
    }
}
