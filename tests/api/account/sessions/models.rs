//! What clients of each generation get of accounts, sessions and tokens: whole bodies, in the order of their fields.

use serde_json::{Map, Value, json};

use crate::account::credentials::{client, secret_of, text};
use crate::support::{Caller, IP, NOW, TestApp, both, made_up, target};

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";
const IN_A_YEAR: &str = "2027-01-02T03:04:05.678+00:00";

/// A format, and the fields of accounts, sessions and tokens that came after it.
struct Generation {
    format: Option<&'static str>,
    account: &'static [&'static str],
    session: &'static [&'static str],
    token: &'static [&'static str],
}

const IMPERSONATOR: &[&str] = &["impersonator", "impersonatorUserId"];

const GENERATIONS: [Generation; 8] = [
    // Accounts have kept `targets` and `mfa` in every generation, unlike the users that keys see.
    generation(Some("1.4.0"), IMPERSONATOR, &["factors", "secret"], &["phrase"]),
    generation(Some("nonsense"), IMPERSONATOR, &["factors", "secret"], &["phrase"]),
    generation(Some("1.5"), IMPERSONATOR, &["factors", "secret"], &["phrase"]),
    generation(Some("1.5.0"), IMPERSONATOR, &[], &[]),
    generation(Some("1.8.0"), IMPERSONATOR, &[], &[]),
    generation(Some("1.9.0"), &[], &[], &[]),
    generation(Some("99.0.0"), &[], &[], &[]),
    generation(None, &[], &[], &[]),
];

const fn generation(
    format: Option<&'static str>,
    account: &'static [&'static str],
    session: &'static [&'static str],
    token: &'static [&'static str],
) -> Generation {
    Generation { format, account, session, token }
}

fn without(model: &Value, fields: &[&str]) -> Value {
    let model = model.as_object().unwrap().iter().filter(|(name, _)| !fields.contains(&name.as_str()));
    Value::Object(model.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

/// A session that began now, as `shown`, whose id is made up.
fn session(shown: &Value, user: &str, provider: &str, uid: &str, factor: &str, current: bool, secret: &str) -> Value {
    json!({
        "$id": made_up(shown["$id"].as_str().unwrap()), "$createdAt": NOW, "$updatedAt": NOW, "userId": user,
        "expire": IN_A_YEAR, "provider": provider, "providerUid": uid, "providerAccessToken": "",
        "providerAccessTokenExpiry": "", "providerRefreshToken": "", "ip": IP, "osCode": "WIN", "osName": "Windows",
        "osVersion": "10", "clientType": "browser", "clientCode": "FF", "clientName": "Firefox",
        "clientVersion": "121.0", "clientEngine": "Gecko", "clientEngineVersion": "121.0", "deviceName": "desktop",
        "deviceBrand": "", "deviceModel": "", "countryCode": "--", "countryName": "Unknown", "current": current,
        "factors": [factor], "secret": secret, "mfaUpdatedAt": ""
    })
}

fn with_format<'a>(caller: Caller<'a>, generation: &Generation) -> Caller<'a> {
    match generation.format {
        Some(format) => caller.format(format),
        None => caller,
    }
}

/// The secret in the answer to a key, which must be a session of the user; or nothing for older clients.
#[track_caller]
fn shown_secret(answer: &Value, user: &str, generation: &Generation) -> String {
    match answer.get("secret") {
        Some(secret) => {
            secret_of(secret.as_str().unwrap(), user);
            text(secret)
        }
        None => {
            assert!(generation.session.contains(&"secret"));
            String::new()
        }
    }
}

/// Signs up a guest, whose account shows every field.
async fn sign_up(app: &TestApp) {
    let new = json!({"userId": "anna", "email": "anna@example.org", "password": "right password", "name": "Anna"});
    client(app).post("/v1/account", &new).await.expect(201);
    app.admin().patch("/v1/users/anna/phone", &json!({"number": "+4930123456"})).await.expect(200);
    app.admin().put("/v1/users/anna/labels", &json!({"labels": ["vip"]})).await.expect(200);
    app.admin().patch("/v1/users/anna/prefs", &json!({"prefs": {"a": {}}})).await.expect(200);
}

fn account(targets: &Value) -> Value {
    json!({
        "$id": "anna", "$createdAt": NOW, "$updatedAt": NOW, "name": "Anna", "registration": NOW, "status": true,
        "labels": ["vip"], "passwordUpdate": NOW, "email": "anna@example.org", "phone": "+4930123456",
        "emailVerification": false, "emailCanonical": "anna@example.org", "emailIsFree": false, "emailIsDisposable": false,
        "emailIsCorporate": true, "emailIsCanonical": true, "passwordPwned": null, "phoneVerification": false,
        "mfa": false, "prefs": {"a": {}}, "targets": targets, "accessedAt": NOW, "impersonator": false,
        "impersonatorUserId": null
    })
}

both! {
    async fn a_sign_in_answers_with_the_whole_session(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app).await;
        let password = json!({"email": "anna@example.org", "password": "right password"});
        for generation in &GENERATIONS {
            let browser = with_format(client(app), generation).header("user-agent", AGENT);
            // A server hands on what its own client says of itself.
            let server = with_format(app.admin(), generation).header("user-agent", "a server");
            let server = server.header("x-forwarded-user-agent", AGENT);
            for (caller, by_key) in [(browser, false), (server, true)] {
                for (path, provider) in
                    [("email", "email"), ("anonymous", "anonymous"), ("token", "token"), ("server", "server")]
                {
                    let made = app.admin().post("/v1/users/anna/tokens", &json!({})).await.expect(201);
                    let token = json!({"userId": "anna", "secret": made["secret"]});
                    let answer = match path {
                        "email" => caller.post("/v1/account/sessions/email", &password).await,
                        "token" => caller.post("/v1/account/sessions/token", &token).await,
                        "anonymous" => caller.post("/v1/account/sessions/anonymous", &json!({})).await,
                        _ if by_key => caller.post("/v1/users/anna/sessions", &json!({})).await,
                        _ => continue,
                    };
                    assert_eq!(answer.status, 201, "{}", answer.text);
                    let (uid, factor) = match provider {
                        "email" => ("anna@example.org", "password"),
                        other => ("", other),
                    };
                    let user = text(&answer.json["userId"]);
                    let secret = if by_key { shown_secret(&answer.json, &user, generation) } else { String::new() };
                    let full = session(&answer.json, &user, provider, uid, factor, provider != "server", &secret);
                    let expected = without(&full, generation.session).to_string();
                    assert_eq!(answer.text, expected, "{path} at {:?}", generation.format);
                    assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
                }
            }
        }
    }

    async fn sessions_are_listed_and_read_as_they_were_shown(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app).await;
        let browser = client(app).header("user-agent", AGENT);
        let password = json!({"email": "anna@example.org", "password": "right password"});
        let signed_in = browser.post("/v1/account/sessions/email", &password).await;
        let cookie = text(&serde_json::from_str::<Value>(signed_in.header("x-fallback-cookies")).unwrap()["a_session_demo"]);
        for generation in &GENERATIONS {
            let caller = with_format(client(app).header("x-appwrite-session", &cookie), generation);
            let shown = |current| {
                let full = session(&signed_in.json, "anna", "email", "anna@example.org", "password", current, "");
                without(&full, generation.session)
            };
            let format = generation.format;
            let list = |current| json!({"total": 1, "sessions": [shown(current)]}).to_string();
            assert_eq!(caller.get("/v1/account/sessions").await.text, list(true), "{format:?}");
            assert_eq!(caller.get("/v1/account/sessions/current").await.text, shown(true).to_string(), "{format:?}");
            let extended = caller.patch("/v1/account/sessions/current", &json!({})).await;
            assert_eq!(extended.text, shown(true).to_string(), "{format:?}");
            let by_key = with_format(app.admin(), generation).get("/v1/users/anna/sessions").await;
            assert_eq!(by_key.text, list(false), "{format:?}");
        }
    }

    async fn an_account_is_shown_without_its_hash(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app).await;
        let session = app.admin().post("/v1/users/anna/sessions", &json!({})).await.expect(201);
        let own = client(app).header("x-appwrite-session", &text(&session["secret"]));
        for generation in &GENERATIONS {
            let caller = with_format(own.clone(), generation);
            let answer = caller.get("/v1/account").await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let targets = answer.json["targets"].as_array().unwrap();
            let targets = json!([
                target(&targets[0], "anna", "email", "anna@example.org", NOW),
                target(&targets[1], "anna", "sms", "+4930123456", NOW),
            ]);
            let expected = without(&account(&targets), generation.account).to_string();
            assert_eq!(answer.text, expected, "{:?}", generation.format);
            assert_eq!(caller.get("/v1/account/prefs").await.text, r#"{"a":{}}"#);
            // Whatever answers with the account shows it the same way.
            let renamed = caller.patch("/v1/account/name", &json!({"name": "Anna"})).await;
            assert_eq!((renamed.status, renamed.text.as_str()), (200, expected.as_str()));
            let new = json!({"userId": "new", "email": "new@example.org", "password": "right password"});
            let made = with_format(client(app), generation).post("/v1/account", &new).await;
            let fields = |model: &Value| model.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!((made.status, fields(&made.json)), (201, fields(&answer.json)), "{:?}", generation.format);
            app.admin().delete("/v1/users/new").await.expect(204);
        }
    }

    async fn tokens_of_both_kinds(app) {
        sign_up(app).await;
        let (_, encoded) = crate::account::credentials::session(app, "anna").await;
        for generation in &GENERATIONS {
            let admin = with_format(app.admin(), generation);
            let answer = admin.post("/v1/users/anna/tokens", &json!({})).await;
            let shown = &answer.json;
            let full = json!({
                "$id": made_up(shown["$id"].as_str().unwrap()), "$createdAt": NOW, "userId": "anna",
                "secret": shown["secret"], "expire": "2026-01-02T03:19:05.678+00:00", "phrase": ""
            });
            let expected = without(&full, generation.token).to_string();
            assert_eq!((answer.status, answer.text.as_str()), (201, expected.as_str()), "{:?}", generation.format);
            let own = with_format(client(app).header("x-appwrite-session", &encoded), generation);
            for answer in [
                admin.post("/v1/users/anna/jwts", &json!({})).await,
                own.post("/v1/account/jwts", &json!({})).await,
                own.post("/v1/account/jwt", &json!({})).await,
            ] {
                let expected = json!({"jwt": answer.json["jwt"]}).to_string();
                assert_eq!((answer.status, answer.text.as_str()), (201, expected.as_str()), "{:?}", generation.format);
                assert_eq!(text(&answer.json["jwt"]).split('.').count(), 3);
            }
        }
    }
}
