//! `POST /v1/account/sessions/email`: signing in with a password.

mod busy;
mod duration;
mod failures;
mod limits;
mod logs;
mod races;
mod rehash;
mod sessions;
mod signed_in;
mod tries;
mod vectors;
mod work;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher::access::Scope;

use crate::support::{Answer, Caller, IP, NOW, PROJECT, TestApp, both, made_up};
use crate::users::crud::with;

const INVALID: &str = "general_argument_invalid";

/// What every failed sign-in is told.
const WRONG: (u16, &str) = (401, "user_invalid_credentials");

/// The path of today's clients, and that of former ones.
const PATHS: [&str; 2] = ["/v1/account/sessions/email", "/v1/account/sessions"];

/// The password of every hash that the tests of imports know.
const OLD: &str = "correct horse battery";

/// A hash that claims to be of 4 GiB, which are never computed.
const COSTLY: &str = "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

/// Somebody who is not signed in.
fn guest(app: &TestApp) -> Caller<'_> {
    app.guest().header("x-appwrite-project", PROJECT)
}

/// Whoever has signed in by this answer.
fn member<'a>(app: &'a TestApp, answer: &Answer) -> Caller<'a> {
    let cookies: Value = serde_json::from_str(answer.header("x-fallback-cookies")).unwrap();
    guest(app).header("x-appwrite-session", cookies[format!("a_session_{PROJECT}")].as_str().unwrap())
}

/// A user who was signed in by a server, past all limits.
async fn owner<'a>(app: &'a TestApp, user: &str) -> Caller<'a> {
    let session = app.admin().post(&format!("/v1/users/{user}/sessions"), &json!({})).await.expect(201);
    guest(app).header("x-appwrite-session", session["secret"].as_str().unwrap())
}

fn email(id: &str) -> String {
    format!("{id}@example.org")
}

/// A user with an address and a password.
async fn user(app: &TestApp, id: &str, password: &str) -> Value {
    app.user(id, json!({"email": email(id), "password": password})).await
}

/// Brings a user in with a hash that was made elsewhere, of [`OLD`] when it is one of the samples.
async fn import(app: &TestApp, id: &str, path: &str, hash: &Value) -> Value {
    app.admin().post(&format!("/v1/users/{path}"), &crate::users::import::body(id, hash)).await.expect(201)
}

async fn sign_in(caller: &Caller<'_>, id: &str, password: &str) -> Answer {
    caller.post(PATHS[0], &json!({"email": email(id), "password": password})).await
}

/// What comes of `work`, and how many hashes it took.
async fn hashes<T>(app: &TestApp, work: impl Future<Output = T>) -> (T, u64) {
    let before = app.app.hashing.hashes_run();
    let result = work.await;
    (result, app.app.hashing.hashes_run() - before)
}

/// The ids of a user's sessions, oldest first.
async fn session_ids(app: &TestApp, user: &str) -> Vec<String> {
    let list = app.admin().get(&format!("/v1/users/{user}/sessions")).await;
    list.ids("sessions").into_iter().map(str::to_owned).collect()
}

/// The headers of an answer, but for the one that shows how long it took, and the id of the request.
fn headers(answer: &Answer) -> BTreeMap<String, Vec<String>> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in
        answer.headers.iter().filter(|(name, _)| !["x-debug-speed", "x-request-id"].contains(&name.as_str()))
    {
        headers.entry(name.to_string()).or_default().push(value.to_str().unwrap().to_owned());
    }
    headers
}

/// Waits for something that happens beside the requests.
async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

both! {
    async fn a_session_begins_and_is_shown_whole(app) {
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";
        let made = user(app, "anna", "long enough").await;
        for path in PATHS {
            let body = json!({"email": "Anna@Example.ORG", "password": "long enough"});
            let answer = guest(app).header("user-agent", agent).post(path, &body).await;
            let session = answer.json.clone();
            assert_eq!((answer.status, answer.header("content-type")), (201, "application/json; charset=UTF-8"));
            let expected = json!({
                "$id": made_up(session["$id"].as_str().unwrap()), "$createdAt": NOW, "$updatedAt": NOW,
                "userId": "anna", "expire": "2027-01-02T03:04:05.678+00:00", "provider": "email",
                "providerUid": "anna@example.org", "providerAccessToken": "", "providerAccessTokenExpiry": "",
                "providerRefreshToken": "", "ip": IP, "osCode": "WIN", "osName": "Windows", "osVersion": "10",
                "clientType": "browser", "clientCode": "FF", "clientName": "Firefox", "clientVersion": "121.0",
                "clientEngine": "Gecko", "clientEngineVersion": "121.0", "deviceName": "desktop", "deviceBrand": "",
                "deviceModel": "", "countryCode": "--", "countryName": "Unknown", "current": true,
                "factors": ["password"], "secret": "", "mfaUpdatedAt": ""
            });
            assert_eq!(answer.text, expected.to_string());
            // It is the session of whoever shows it, and one among others for the project's servers.
            let own = member(app, &answer).get("/v1/account/sessions/current").await.expect(200);
            assert_eq!(own, expected);
            let list = app.admin().get("/v1/users/anna/sessions").await.expect(200);
            assert_eq!(list["sessions"].as_array().unwrap().last(), Some(&with(&expected, json!({"current": false}))));
        }
        // The user was seen, and nothing else of the user has changed.
        let after = app.admin().get("/v1/users/anna").await.expect(200);
        assert_eq!(after, with(&made, json!({"accessedAt": NOW})));
    }

    async fn what_is_missing_or_wrong_is_named_before_anything_is_hashed(app, "USHER_RATE_LIMITS" = "false") {
        user(app, "anna", "long enough").await;
        let right = json!({"email": email("anna"), "password": "long enough"});
        let emails = [
            json!(null), json!(""), json!("anna"), json!(7), json!([email("anna")]), json!(" anna@example.org"),
        ];
        let passwords = [
            json!(null), json!(""), json!(12_345_678), json!(["long enough"]), json!("x".repeat(257)),
            json!("long\u{0}enough"),
        ];
        let work = async {
            for path in PATHS {
                for value in &emails {
                    // The first that is wrong is named.
                    let body = json!({"email": value, "password": null});
                    guest(app).post(path, &body).await.fails(400, INVALID, "`email`");
                }
                for value in &passwords {
                    let body = with(&right, json!({"password": value}));
                    guest(app).post(path, &body).await.fails(400, INVALID, "`password`");
                }
                guest(app).post(path, &json!({})).await.fails(400, INVALID, "`email`");
                let nowhere = guest(app).without("x-appwrite-project");
                nowhere.post(path, &right).await.fails(404, "project_not_found", "");
            }
        };
        assert_eq!(hashes(app, work).await, ((), 0));
        assert!(session_ids(app, "anna").await.is_empty());
    }

    async fn keys_need_the_scope_and_get_the_secret(app) {
        user(app, "anna", "long enough").await;
        let answer = sign_in(&app.admin(), "anna", "long enough").await;
        let cookies: Value = serde_json::from_str(answer.header("x-fallback-cookies")).unwrap();
        let session = answer.expect(201);
        assert_eq!(session["secret"], cookies["a_session_demo"]);
        let secret = session["secret"].as_str().unwrap();
        let own = guest(app).header("x-appwrite-session", secret).get("/v1/account/sessions/current").await;
        assert_eq!(own.expect(200)["$id"], session["$id"]);
        let weak = app.new_key(PROJECT, &[Scope::UsersRead, Scope::UsersWrite, Scope::SessionsRead]).await;
        let answer = sign_in(&app.caller(PROJECT, &weak), "anna", "long enough").await;
        answer.fails(401, "general_unauthorized_scope", "sessions.write");
        let enough = app.new_key(PROJECT, &[Scope::SessionsWrite]).await;
        sign_in(&app.caller(PROJECT, &enough), "anna", "long enough").await.expect(201);
        // A wrong password is a wrong password for keys too.
        sign_in(&app.admin(), "anna", "wrong enough").await.fails(WRONG.0, WRONG.1, "");
        assert_eq!(session_ids(app, "anna").await.len(), 2);
    }
}
