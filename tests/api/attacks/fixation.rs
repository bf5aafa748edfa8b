//! Session fixation: whoever signs in gets a secret that nobody knew before, whatever was sent along, and what was a
//! session once is none again.

use serde_json::{Value, json};
use usher::secret::digest;
use usher::store::sessions;

use super::{Tried, is, settled};
use crate::account::credentials::{client, encode, is_guest, secret_of, session, text};
use crate::account::people::{PASSWORD, by_token, cookies, email, handed};
use crate::support::{Answer, Caller, PROJECT, TestApp, both, made_up};

/// A secret in the form of those that the server makes, of the attacker's choice.
fn chosen() -> String {
    "c0ffee".repeat(43)[..256].to_owned()
}

/// A client with a session of the attacker's choice, by every way in which it can be planted.
fn planted<'a>(app: &'a TestApp, user: &str) -> Vec<Caller<'a>> {
    let encoded = encode(user, &chosen());
    let fallback = json!({ format!("a_session_{PROJECT}"): encoded }).to_string();
    vec![
        client(app).header("cookie", &format!("a_session_{PROJECT}={encoded}")),
        client(app).header("cookie", &format!("a_session_{PROJECT}_legacy={encoded}")),
        client(app).header(
            "cookie",
            &format!("a_session_{PROJECT}=; a_session_{PROJECT}={encoded}; a_session_other={encoded}"),
        ),
        client(app).header("x-appwrite-session", &encoded),
        client(app).header("x-fallback-cookies", &fallback),
        client(app)
            .header("cookie", &format!("a_session_{PROJECT}={encoded}"))
            .header("x-appwrite-session", &encoded)
            .header("x-fallback-cookies", &fallback),
    ]
}

/// A body that names a session besides what it has to say.
fn naming_a_session(body: &Value) -> Value {
    let mut body = body.clone();
    for name in ["$id", "sessionId", "id", "session", "token", "digest", "cookie"] {
        body[name] = json!(encode("anna", &chosen()));
    }
    body["sessionId"] = json!("chosen");
    body
}

/// The secret that an answer gives to the client who has signed in as this user.
#[track_caller]
fn given(answer: &Answer, user: &str) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text);
    let lines = cookies(answer);
    let value = |line: &str| line.split_once('=').unwrap().1.split(';').next().unwrap().to_owned();
    let carried: Vec<String> = lines.iter().map(|line| value(line)).collect();
    assert!(carried.len() == 2 && carried[0] == carried[1], "{lines:?}");
    let encoded = percent_encoding::percent_decode_str(&carried[0]).decode_utf8().unwrap();
    made_up(answer.json["$id"].as_str().unwrap());
    secret_of(&encoded, user)
}

async fn users(app: &TestApp) {
    for id in ["anna", "bert"] {
        app.user(id, json!({"email": email(id), "password": PASSWORD})).await;
    }
}

/// The digest of every session of a user.
async fn digests(app: &TestApp, user: &str) -> Vec<String> {
    let project = app.project(PROJECT).await.key;
    let sessions = sessions::stored(app.store().read(), project, user).await.unwrap();
    sessions.into_iter().map(|session| session.digest).collect()
}

both! {
    async fn a_session_that_was_planted_before_a_sign_in_is_never_taken_over(app, "USHER_RATE_LIMITS" = "false") {
        users(app).await;
        let mut tried = Tried::default();
        let mut known = vec![chosen()];
        for victim in ["anna", "bert", "nobody"] {
            for caller in planted(app, victim) {
                let token = app.admin().post("/v1/users/anna/tokens", &json!({})).await.expect(201);
                for (path, body) in [
                    ("email", json!({"email": email("anna"), "password": PASSWORD})),
                    ("token", json!({"userId": "anna", "secret": token["secret"]})),
                    ("anonymous", json!({})),
                ] {
                    let path = format!("/v1/account/sessions/{path}?sessionId=chosen&secret={}", chosen());
                    let mut sent = naming_a_session(&body);
                    sent["secret"] = body.get("secret").cloned().unwrap_or_else(|| json!(chosen()));
                    let answer = caller.post(&path, &sent).await;
                    tried.one();
                    let user = text(&answer.json["userId"]);
                    let secret = given(&answer, &user);
                    assert!(!known.contains(&secret), "{path}: a secret for the second time");
                    assert_ne!(answer.json["$id"], "chosen");
                    assert!(digests(app, &user).await.contains(&digest(&secret)));
                    known.push(secret);
                }
                // The attacker is still nobody.
                for user in ["anna", "bert", "nobody"] {
                    let attacker = client(app).header("x-appwrite-session", &encode(user, &chosen()));
                    is_guest(attacker.get("/v1/account").await, user);
                    tried.one();
                }
                assert!(!digests(app, "anna").await.contains(&digest(&chosen())));
            }
        }
        assert!(digests(app, "bert").await.is_empty());
        tried.at_least(3 * 6 * 6);
    }

    async fn a_server_that_makes_a_session_is_given_a_new_secret_too(app) {
        users(app).await;
        let mut tried = Tried::default();
        let mut known = Vec::new();
        for _ in 0..20 {
            let body = naming_a_session(&json!({"secret": chosen(), "userId": "bert", "expire": "2099-01-01"}));
            let made = app.admin().post("/v1/users/anna/sessions", &body).await.expect(201);
            let secret = secret_of(made["secret"].as_str().unwrap(), "anna");
            assert!(secret != chosen() && !known.contains(&secret));
            known.push(secret);
            assert_eq!((&made["userId"], made_up(made["$id"].as_str().unwrap()).len()), (&json!("anna"), 20));
            tried.one();
        }
        assert!(digests(app, "bert").await.is_empty());
        tried.at_least(20);
    }

    /// Somebody who is made to sign in within the attacker's session would leave everything there.
    async fn whoever_has_a_session_of_somebody_else_cannot_sign_in_within_it(app, "USHER_RATE_LIMITS" = "false") {
        users(app).await;
        let (id, encoded) = session(app, "bert").await;
        let before = digests(app, "bert").await;
        let mut tried = Tried::default();
        let token = app.admin().post("/v1/users/anna/tokens", &json!({})).await.expect(201);
        for (name, value) in [
            ("cookie", format!("a_session_{PROJECT}={encoded}")),
            ("cookie", format!("a_session_{PROJECT}_legacy={encoded}")),
            ("x-appwrite-session", encoded.clone()),
            ("x-fallback-cookies", json!({ format!("a_session_{PROJECT}"): encoded }).to_string()),
        ] {
            for (path, body) in [
                ("email", json!({"email": email("anna"), "password": PASSWORD})),
                ("token", json!({"userId": "anna", "secret": token["secret"]})),
                ("anonymous", json!({})),
            ] {
                let caller = client(app).header(name, &value);
                let answer = caller.post(&format!("/v1/account/sessions/{path}"), &body).await;
                tried.one();
                is(&answer, 401, "user_session_already_exists", &format!("{name} {path}"));
                assert!(cookies(&answer).is_empty(), "{name} {path}");
            }
            assert_eq!(client(app).header(name, &value).get("/v1/account/sessions/current").await.expect(200)["$id"], json!(id));
        }
        assert_eq!((digests(app, "bert").await, digests(app, "anna").await), (before, vec![]));
        // The token is still there for whoever it was meant for.
        let body = json!({"userId": "anna", "secret": token["secret"]});
        client(app).post("/v1/account/sessions/token", &body).await.expect(201);
        tried.at_least(12);
    }

    async fn the_cookie_of_another_project_or_another_name_is_none(app) {
        users(app).await;
        app.new_project("other").await;
        let (_, encoded) = session(app, "anna").await;
        let mut tried = Tried::default();
        for name in [
            "a_session_other", "a_session_", "a_session", "a_session_demo2", "a_session_DEMO", "A_SESSION_demo", "xa_session_demo",
            "a_session_demo_legacy_legacy", "a_session_demo[0]", "a_session_demo.x", "session", "$a_session_demo",
        ] {
            let cookie = client(app).header("cookie", &format!("{name}={encoded}"));
            is_guest(cookie.get("/v1/account").await, name);
            let fallback = client(app).header("x-fallback-cookies", &json!({ name: encoded }).to_string());
            is_guest(fallback.get("/v1/account").await, name);
            tried.one();
            tried.one();
        }
        // By the right name, in the project that it is not of.
        for name in ["a_session_other", "a_session_demo"] {
            let caller = client(app).header("x-appwrite-project", "other").header("cookie", &format!("{name}={encoded}"));
            is_guest(caller.get("/v1/account").await, name);
            tried.one();
        }
        tried.at_least(26);
    }

    async fn a_session_that_has_ended_is_not_revived_by_the_next_one(app, "USHER_RATE_LIMITS" = "false") {
        users(app).await;
        let mut tried = Tried::default();
        let mut gone: Vec<(Caller<'_>, &str)> = Vec::new();
        for ending in ["signed out", "all ended", "ended by a key", "all ended by a key", "password changed", "deleted"] {
            let own = handed(app, "anna").await;
            let jwt = by_token(app, &own).await;
            let id = text(&own.get("/v1/account/sessions/current").await.expect(200)["$id"]);
            match ending {
                "signed out" => drop(own.delete("/v1/account/sessions/current").await.expect(204)),
                "all ended" => drop(own.delete("/v1/account/sessions").await.expect(204)),
                "ended by a key" => drop(app.admin().delete(&format!("/v1/users/anna/sessions/{id}")).await.expect(204)),
                "all ended by a key" => drop(app.admin().delete("/v1/users/anna/sessions").await.expect(204)),
                "password changed" => {
                    app.admin().patch("/v1/users/anna/password", &json!({"password": PASSWORD})).await.expect(200);
                }
                _ => {
                    app.admin().delete("/v1/users/anna").await.expect(204);
                    // Another user of the same id, email and password, as the first one was.
                    app.user("anna", json!({"email": email("anna"), "password": PASSWORD})).await;
                }
            }
            gone.extend([(own, ending), (jwt, ending)]);
            // Whoever signs in next has a session, and nobody else by it.
            let body = json!({"email": email("anna"), "password": PASSWORD});
            client(app).post("/v1/account/sessions/email", &body).await.expect(201);
            for (caller, ending) in &gone {
                is_guest(caller.get("/v1/account").await, ending);
                is_guest(caller.delete("/v1/account/sessions").await, ending);
                is_guest(caller.patch("/v1/account/sessions/current", &json!({})).await, ending);
                for _ in 0..3 {
                    tried.one();
                }
            }
        }
        settled(app).await;
        assert_eq!(digests(app, "anna").await.len(), 1, "that of the last sign-in");
        tried.at_least(2 * 3 * 21);
    }

    async fn a_token_is_exchanged_once_and_not_for_anybody_else(app, "USHER_RATE_LIMITS" = "false") {
        users(app).await;
        let mut tried = Tried::default();
        let secret = text(&app.admin().post("/v1/users/anna/tokens", &json!({"length": 64})).await.expect(201)["secret"]);
        let exchange = async |user: &str, secret: &str| {
            client(app).post("/v1/account/sessions/token", &json!({"userId": user, "secret": secret})).await
        };
        for (user, shown) in [
            ("bert", secret.clone()), ("Anna", secret.clone()), ("nobody", secret.clone()), ("anna", digest(&secret)),
            ("anna", secret.to_uppercase()), ("anna", format!("{secret} ")), ("anna", secret[..63].to_owned()),
        ] {
            is(&exchange(user, &shown).await, 401, "user_invalid_token", user);
            tried.one();
        }
        let first = exchange("anna", &secret).await;
        let new = given(&first, "anna");
        assert_ne!(new, secret);
        for user in ["anna", "bert"] {
            is(&exchange(user, &secret).await, 401, "user_invalid_token", user);
            // The secret of the session is no token, and that of the token no session.
            is(&exchange(user, &new).await, 401, "user_invalid_token", user);
            is_guest(client(app).header("x-appwrite-session", &encode(user, &secret)).get("/v1/account").await, user);
            for _ in 0..3 {
                tried.one();
            }
        }
        assert_eq!(digests(app, "anna").await, [digest(&new)]);
        tried.at_least(13);
    }
}
