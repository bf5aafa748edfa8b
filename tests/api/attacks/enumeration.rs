//! Finding out who has an account: what a stranger hears must be the same for everybody, byte for byte and header for
//! header. Where the contract wants another answer, a test says so by its name.

use axum::http::Method;
use serde_json::{Value, json};
use usher::jwt::Claims;

use super::{INVALID, SCOPE, Tried, is, learnt, rows, settled};
use crate::access::{ENDPOINTS, ask};
use crate::account::credentials::{client, encode, routes, session, signed_in};
use crate::account::people::{PASSWORD, email};
use crate::support::{Answer, Caller, PROJECT, TestApp, both};
use crate::users::crud::{add_identities, identity};

/// Users of every kind, and the ids of nobody.
const SOMEBODY: [&str; 5] = ["anna", "blocked", "without", "taken", "invited"];
const NOBODY: [&str; 4] = ["nobody", "somebody", "anna2", "ghost"];

async fn users(app: &TestApp) {
    for (n, id) in SOMEBODY.iter().enumerate() {
        let password = (*id != "without").then_some(PASSWORD);
        let body = json!({"email": email(id), "phone": format!("+493012345{n}"), "password": password});
        app.user(id, body).await;
    }
    app.admin().patch("/v1/users/blocked/status", &json!({"status": false})).await.expect(200);
    app.admin().patch("/v1/users/taken/password", &json!({"password": ""})).await.expect(200);
    app.admin().patch("/v1/users/invited/verification", &json!({"emailVerification": true})).await.expect(200);
    for id in ["anna", "blocked"] {
        app.admin().post(&format!("/v1/users/{id}/tokens"), &json!({"length": 64})).await.expect(201);
        session(app, id).await;
    }
}

fn everybody() -> impl Iterator<Item = &'static str> {
    SOMEBODY.into_iter().chain(NOBODY)
}

/// Asks the same for everybody, and checks that all hear the same.
async fn same_for_all<F: Future<Output = Answer>>(
    tried: &mut Tried,
    case: &str,
    ask: impl Fn(&'static str) -> F,
) -> Answer {
    let mut first: Option<Answer> = None;
    for id in everybody() {
        let answer = ask(id).await;
        tried.one();
        match &first {
            Some(first) => assert_eq!(learnt(&answer), learnt(first), "{case}: {id}"),
            None => first = Some(answer),
        }
    }
    first.unwrap()
}

both! {
    async fn signing_in_with_a_password_tells_nobody_who_has_an_account(app) {
        users(app).await;
        let mut tried = Tried::default();
        for (path, password) in
            [("email", "correct horse batterz"), ("email", "x"), ("", "correct horse batterz"), ("", "' OR '1'='1")]
        {
            let path = format!("/v1/account/sessions/{path}");
            let answer = same_for_all(&mut tried, &path, |id| {
                let (caller, path) = (client(app), path.clone());
                async move { caller.post(&path, &json!({"email": email(id), "password": password})).await }
            });
            is(&answer.await, 401, "user_invalid_credentials", &path);
        }
        // In whatever letters the address is written.
        let answer = same_for_all(&mut tried, "capitals", |id| async move {
            let body = json!({"email": email(id).to_uppercase(), "password": "correct horse batterz"});
            client(app).post("/v1/account/sessions/email", &body).await
        });
        is(&answer.await, 401, "user_invalid_credentials", "capitals");
        tried.at_least(5 * 9);
    }

    async fn exchanging_a_token_tells_nobody_which_users_there_are_and_who_has_a_token(app) {
        users(app).await;
        let mut tried = Tried::default();
        for (method, path) in [(Method::POST, "token"), (Method::PUT, "magic-url"), (Method::PUT, "phone")] {
            for secret in ["0".repeat(64), "x".to_owned(), "f".repeat(256)] {
                let path = format!("/v1/account/sessions/{path}");
                let answer = same_for_all(&mut tried, &path, |id| {
                    let (caller, method, path) = (client(app), method.clone(), path.clone());
                    let body = json!({"userId": id, "secret": secret}).to_string();
                    async move { caller.request(method, &path, body).await }
                });
                is(&answer.await, 401, "user_invalid_token", &path);
            }
        }
        tried.at_least(9 * 9);
    }

    async fn a_session_or_a_token_of_nobody_is_as_good_as_a_wrong_one_of_somebody(app, "USHER_RATE_LIMITS" = "false") {
        users(app).await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        let number = app.project(PROJECT).await.key.number();
        let exp = app.app.clock.now().0 / 1000 + 60;
        for route in &routes::ROUTES {
            // What makes somebody is another test's.
            if route.1.ends_with("/anonymous") || (route.1 == "/v1/account" && route.0 == Method::POST) {
                continue;
            }
            for name in ["cookie", "x-appwrite-session", "x-fallback-cookies"] {
                same_for_all(&mut tried, route.1, |id| async move {
                    let wrong = encode(id, &"0".repeat(256));
                    let value = match name {
                        "cookie" => format!("a_session_{PROJECT}={wrong}"),
                        "x-fallback-cookies" => json!({ format!("a_session_{PROJECT}"): wrong }).to_string(),
                        _ => wrong,
                    };
                    routes::ask(&client(app).header(name, &value), route).await
                })
                .await;
            }
            // A token that this server has signed is bound to a session, which is gone.
            same_for_all(&mut tried, route.1, |id| async move {
                let claims = Claims { user_id: id.to_owned(), session_id: "gone".into(), exp, project: number };
                routes::ask(&client(app).header("x-appwrite-jwt", &app.app.signer.sign(&claims)), route).await
            })
            .await;
        }
        // All that was written is that sign-ins have failed.
        settled(app).await;
        let but_failures = |row: &String| !row.contains("session.fail") && !row.starts_with("tokens: ");
        let after: Vec<String> = rows(app).await.into_iter().filter(but_failures).collect();
        assert_eq!(after, before.into_iter().filter(but_failures).collect::<Vec<_>>());
        tried.at_least(21 * 4 * 9);
    }

    async fn without_a_key_no_route_of_the_users_service_tells_who_exists(app) {
        users(app).await;
        let mut tried = Tried::default();
        let scopeless = app.new_key(PROJECT, &[]).await;
        let guest: Vec<Caller<'_>> = vec![
            client(app),
            app.guest(),
            signed_in(app, "anna").await,
            app.caller(PROJECT, "wrong"),
            app.caller(PROJECT, &scopeless),
            client(app).header("origin", "https://evil.example"),
            client(app).header("x-appwrite-jwt", "wrong"),
        ];
        for caller in &guest {
            for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.1.contains("ID")) {
                same_for_all(&mut tried, endpoint.1, |id| ask(caller, endpoint, id)).await;
            }
        }
        tried.at_least(7 * 25 * 9);
    }

    async fn the_session_of_another_user_is_as_unknown_as_one_that_is_not_there(app) {
        users(app).await;
        let own = signed_in(app, "anna").await;
        let (theirs, _) = session(app, "without").await;
        let mut tried = Tried::default();
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let mut heard = Vec::new();
            for id in ["nobodys", &theirs] {
                let answer = own.request(method.clone(), &format!("/v1/account/sessions/{id}"), "{}".to_owned()).await;
                tried.one();
                is(&answer, 404, "user_session_not_found", id);
                let (status, text, mut headers) = learnt(&answer);
                // How often this caller may ask, which goes down whatever is asked.
                headers.remove("x-ratelimit-remaining");
                heard.push((status, text, headers));
            }
            assert_eq!(heard[0], heard[1], "{method}");
        }
        assert_eq!(app.admin().get("/v1/users/without/sessions").await.ids("sessions"), [theirs]);
        tried.at_least(6);
    }

    async fn a_sign_up_tells_by_409_that_an_id_or_an_email_is_taken_as_the_contract_demands(app, "USHER_RATE_LIMITS" = "false") {
        users(app).await;
        add_identities(app, vec![identity("i", "anna", "anna@provider.example")]).await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        let sign_up = async |id: &str, email: &str| {
            client(app).post("/v1/account", &json!({"userId": id, "email": email, "password": PASSWORD})).await
        };
        // It tells that the id is taken, and of everybody the same.
        let mut heard: Vec<Value> = Vec::new();
        for id in SOMEBODY {
            let answer = sign_up(id, "new@example.org").await;
            tried.one();
            is(&answer, 409, "user_already_exists", id);
            heard.push(answer.json);
            let answer = sign_up("unique()", &email(id)).await;
            tried.one();
            is(&answer, 409, "user_already_exists", id);
            heard.push(answer.json);
        }
        assert!(heard.chunks(2).all(|pair| pair == &heard[..2]), "{heard:?}");
        // That of an identity is taken too, which the contract has as another error.
        is(&sign_up("unique()", "anna@provider.example").await, 400, "general_bad_request", "an identity");
        tried.one();
        // A password that is too short is refused before that, so that nothing is learnt without trying to sign up.
        for id in SOMEBODY.into_iter().chain(NOBODY) {
            let body = json!({"userId": id, "email": email(id), "password": "short"});
            is(&client(app).post("/v1/account", &body).await, 400, INVALID, id);
            tried.one();
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(20);
    }

    async fn a_closed_sign_up_tells_nobody_what_is_taken(app, "USHER_RATE_LIMITS" = "false") {
        users(app).await;
        app.set(|settings| settings.sign_up = usher::store::projects::SignUp::Closed).await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        let answer = same_for_all(&mut tried, "sign-up", |id| async move {
            client(app).post("/v1/account", &json!({"userId": id, "email": email(id), "password": PASSWORD})).await
        });
        is(&answer.await, 501, "user_auth_method_unsupported", "sign-up");
        assert_eq!(rows(app).await, before);
        tried.at_least(9);
    }

    async fn a_change_of_the_own_address_tells_by_409_that_it_is_taken_as_the_contract_demands_and_only_after_the_password(app) {
        users(app).await;
        let own = signed_in(app, "anna").await;
        let mut tried = Tried::default();
        for (path, field, taken, free) in [
            ("email", "email", email("blocked"), email("nobody")),
            ("phone", "phone", "+4930123451".to_owned(), "+4930123459".to_owned()),
        ] {
            let mut heard = Vec::new();
            for address in [&taken, &free] {
                let body = json!({field: address, "password": "correct horse batterz"});
                let answer = own.patch(&format!("/v1/account/{path}"), &body).await;
                tried.one();
                is(&answer, 401, "user_invalid_credentials", path);
                heard.push(answer.json);
            }
            assert_eq!(heard[0], heard[1], "{path}");
            let body = json!({field: taken, "password": PASSWORD});
            let kind = format!("user_{path}_already_exists");
            is(&own.patch(&format!("/v1/account/{path}"), &body).await, 409, &kind, path);
            tried.one();
        }
        // Nobody who is not signed in gets as far as that.
        for path in ["email", "phone"] {
            let answer = client(app).patch(&format!("/v1/account/{path}"), &json!({path: "x", "password": "x"})).await;
            is(&answer, 401, SCOPE, path);
            tried.one();
        }
        tried.at_least(8);
    }

    /// Whoever knows the password is told that the user is blocked, and nobody else is.
    async fn that_a_user_is_blocked_is_told_by_403_to_who_knows_the_secret_as_the_contract_demands(app) {
        users(app).await;
        let token = app.admin().post("/v1/users/blocked/tokens", &json!({})).await.expect(201);
        let right = json!({"email": email("blocked"), "password": PASSWORD});
        let mut tried = Tried::default();
        for (path, body) in [("email", right), ("token", json!({"userId": "blocked", "secret": token["secret"]}))] {
            is(&client(app).post(&format!("/v1/account/sessions/{path}"), &body).await, 403, "user_blocked", path);
            tried.one();
        }
        is(&signed_in(app, "blocked").await.get("/v1/account").await, 403, "user_blocked", "a session");
        tried.one();
        tried.at_least(3);
    }
}
