//! Finding out a secret by the work that a guess makes. The work is counted, in statements and in hashes, and never
//! timed: it must be the same for every guess, however near it is.

use serde_json::{Value, json};
use usher::access::Scope;

use super::{Tried, is, settled};
use crate::account::credentials::{client, encode, is_guest, session};
use crate::account::people::{PASSWORD, email};
use crate::store::statements::told;
use crate::support::{Answer, Caller, PROJECT, TestApp, both};

/// What a request asks of the database and of the hashing threads, with all that goes on behind its answer.
async fn work(app: &TestApp, request: impl Future<Output = Answer>) -> (Answer, Vec<String>, u64) {
    settled(app).await;
    app.app.registry.forget();
    let hashes = app.app.hashing.hashes_run();
    let (answer, statements) = told(request).await;
    settled(app).await;
    (answer, statements, app.app.hashing.hashes_run() - hashes)
}

/// The same text but for the character at this place.
fn changed(text: &str, place: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
    String::from_utf8(bytes).unwrap()
}

/// Guesses of a secret: wrong in one place, cut, too long, or nothing like it.
fn guesses(secret: &str) -> Vec<String> {
    let (start, end) = (if secret.starts_with("standard_") { "standard_".len() } else { 0 }, secret.len() - 1);
    let mut guesses: Vec<String> =
        [start, start + 1, start + 64, end / 2, end - 1, end].map(|n| changed(secret, n)).into();
    guesses.extend([secret[..end].to_owned(), secret[..8].to_owned(), format!("{secret}0"), secret.repeat(2)]);
    guesses.extend(["0", "x", "standard_", "password"].map(str::to_owned));
    guesses.extend([secret.to_uppercase(), secret.chars().rev().collect(), "f".repeat(secret.len())]);
    guesses
}

both! {
    on one thread;

    async fn a_wrong_api_key_costs_the_same_however_much_of_it_is_right(app) {
        app.new_project("other").await;
        let mut keys = guesses(app.admin_key());
        keys.push(app.new_key("other", &Scope::ALL).await);
        let (mut tried, mut first) = (Tried::default(), None);
        // And the same when it is tried again: what is wrong is not remembered.
        for key in keys.iter().chain(&keys) {
            let caller = app.caller(PROJECT, key);
            let (answer, statements, hashes) = work(app, caller.get("/v1/users/anna")).await;
            tried.one();
            is(&answer, 401, "user_unauthorized", key);
            assert_eq!((statements.len(), hashes), (2, 0), "the project and the key: {statements:#?}");
            assert_eq!(first.get_or_insert_with(|| (statements.clone(), answer.text.clone())), &(statements, answer.text));
        }
        tried.at_least(36);
    }

    async fn a_wrong_session_costs_the_same_whoever_it_is_of_and_however_much_of_it_is_right(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (_, encoded) = session(app, "anna").await;
        let secret = crate::account::credentials::secret_of(&encoded, "anna");
        client(app).get("/v1/account").await;
        let (mut tried, mut first) = (Tried::default(), None);
        let mut shown: Vec<(&str, String)> = Vec::new();
        for user in ["anna", "bert", "nobody", "Anna"] {
            shown.extend(guesses(&secret).into_iter().map(|guess| (user, guess)));
        }
        // The right secret in somebody else's name is as good as a wrong one, and costs no look at the user either.
        shown.extend(["bert", "nobody", "Anna", "anna "].map(|user| (user, secret.clone())));
        for (user, guess) in shown {
            let caller = client(app).header("x-appwrite-session", &encode(user, &guess));
            let (answer, statements, hashes) = work(app, caller.get("/v1/account")).await;
            tried.one();
            assert_eq!((statements.len(), hashes), (2, 0), "the project and the session: {statements:#?}");
            assert_eq!(first.get_or_insert_with(|| statements.clone()), &statements, "{user}");
            is_guest(answer, user);
        }
        tried.at_least(72);
    }

    async fn a_forged_token_costs_nothing_wherever_it_is_wrong(app) {
        app.user("anna", json!({})).await;
        let made = app.admin().post("/v1/users/anna/jwts", &json!({})).await.expect(201);
        let token = made["jwt"].as_str().unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let mut forged = guesses(token);
        for n in [0, 10, 20, 41] {
            forged.push(format!("{}.{}.{}", parts[0], parts[1], changed(parts[2], n)));
            forged.push(format!("{}.{}.{}", parts[0], changed(parts[1], n), parts[2]));
            forged.push(format!("{}.{}.{}", changed(parts[0], n.min(30)), parts[1], parts[2]));
        }
        let mut tried = Tried::default();
        for token in forged {
            let caller = client(app).header("x-appwrite-jwt", &token);
            let (answer, statements, hashes) = work(app, caller.get("/v1/account")).await;
            tried.one();
            is(&answer, 401, "user_jwt_invalid", &token);
            assert_eq!((statements.len(), hashes), (1, 0), "the project: {statements:#?}");
        }
        tried.at_least(29);
    }

    async fn an_unknown_email_costs_the_same_as_a_wrong_password(app) {
        for id in ["anna", "blocked", "without", "taken"] {
            let password = (id != "without").then_some(PASSWORD);
            app.user(id, json!({"email": email(id), "password": password})).await;
        }
        app.admin().patch("/v1/users/blocked/status", &json!({"status": false})).await.expect(200);
        app.admin().patch("/v1/users/taken/password", &json!({"password": ""})).await.expect(200);
        let mut tried = Tried::default();
        for path in ["/v1/account/sessions/email", "/v1/account/sessions"] {
            let mut first: Option<(Vec<String>, u64)> = None;
            for id in ["anna", "blocked", "without", "taken", "nobody", "somebody.else"] {
                for password in [&PASSWORD[..PASSWORD.len() - 1], "correct horse batterz", "x", &"y".repeat(256)] {
                    let body = json!({"email": email(id), "password": password});
                    let (answer, statements, hashes) = until_answered(app, client(app).post(path, &body)).await;
                    tried.one();
                    is(&answer, 401, "user_invalid_credentials", id);
                    assert_eq!(hashes, 1, "{id}");
                    let seen = (statements, hashes);
                    assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{id}");
                }
            }
        }
        tried.at_least(48);
    }

    async fn an_unknown_user_costs_the_same_as_a_wrong_token(app) {
        for id in ["anna", "blocked", "without"] {
            app.user(id, json!({})).await;
        }
        for id in ["anna", "blocked"] {
            app.admin().post(&format!("/v1/users/{id}/tokens"), &json!({"length": 64})).await.expect(201);
        }
        app.admin().patch("/v1/users/blocked/status", &json!({"status": false})).await.expect(200);
        let (mut tried, mut first) = (Tried::default(), None);
        for id in ["anna", "blocked", "without", "nobody", "Anna"] {
            for secret in ["0", "ffffff", &"0".repeat(64)] {
                let body = json!({"userId": id, "secret": secret});
                let (answer, statements, hashes) =
                    until_answered(app, client(app).post("/v1/account/sessions/token", &body)).await;
                tried.one();
                is(&answer, 401, "user_invalid_token", id);
                assert_eq!(hashes, 0);
                assert_eq!(first.get_or_insert_with(|| statements.clone()), &statements, "{id}");
            }
        }
        tried.at_least(15);
    }

    async fn a_wrong_password_of_the_own_account_costs_the_same_at_every_route_that_asks_for_it(app) {
        app.user("anna", json!({"email": email("anna"), "password": PASSWORD})).await;
        let own = crate::account::credentials::signed_in(app, "anna").await;
        own.get("/v1/account").await.expect(200);
        let mut tried = Tried::default();
        for (path, body) in [
            ("email", json!({"email": "b@example.org"})),
            ("phone", json!({"phone": "+4930123456"})),
            ("password", json!({"password": "another horse"})),
        ] {
            let mut first: Option<Vec<String>> = None;
            for wrong in [&PASSWORD[..PASSWORD.len() - 1], "correct horse batterz", "x", "CORRECT HORSE BATTERY"] {
                let (answer, statements, hashes) = work(app, with_password(&own, path, &body, wrong)).await;
                tried.one();
                is(&answer, 401, "user_invalid_credentials", path);
                assert_eq!(hashes, 1, "{path}");
                assert_eq!(first.get_or_insert_with(|| statements.clone()), &statements, "{path}");
            }
        }
        tried.at_least(12);
    }
}

/// The same up to the answer: what is written down behind it keeps nobody waiting.
async fn until_answered(app: &TestApp, request: impl Future<Output = Answer>) -> (Answer, Vec<String>, u64) {
    settled(app).await;
    app.app.registry.forget();
    let hashes = app.app.hashing.hashes_run();
    let (answer, statements) = told(request).await;
    (answer, statements, app.app.hashing.hashes_run() - hashes)
}

async fn with_password(own: &Caller<'_>, path: &str, body: &Value, password: &str) -> Answer {
    let mut body = body.clone();
    body[if path == "password" { "oldPassword" } else { "password" }] = json!(password);
    own.patch(&format!("/v1/account/{path}"), &body).await
}
