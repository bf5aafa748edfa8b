//! Who may ask: projects, API keys, scopes and origins.

mod keys;
mod origin;
mod project;

use axum::http::Method;
use serde_json::{Value, json};
use usher::access::Scope;

use crate::support::{Answer, Caller, PROJECT, TestApp, both};

/// The endpoints for API keys, with the scopes of which a caller needs one.
pub const ENDPOINTS: [(Method, &str, &[Scope]); 49] = [
    (Method::GET, "/v1/users", READ),
    (Method::POST, "/v1/users", WRITE),
    (Method::POST, "/v1/users/argon2", WRITE),
    (Method::POST, "/v1/users/bcrypt", WRITE),
    (Method::GET, "/v1/users/identities", READ),
    (Method::DELETE, "/v1/users/identities/ID", WRITE),
    (Method::POST, "/v1/users/md5", WRITE),
    (Method::POST, "/v1/users/phpass", WRITE),
    (Method::POST, "/v1/users/scrypt", WRITE),
    (Method::POST, "/v1/users/scrypt-modified", WRITE),
    (Method::POST, "/v1/users/sha", WRITE),
    (Method::GET, "/v1/users/usage", READ),
    (Method::GET, "/v1/users/ID", READ),
    (Method::DELETE, "/v1/users/ID", WRITE),
    (Method::PATCH, "/v1/users/ID/email", WRITE),
    (Method::PATCH, "/v1/users/ID/impersonator", WRITE),
    (Method::PUT, "/v1/users/ID/labels", WRITE),
    (Method::GET, "/v1/users/ID/logs", READ),
    (Method::GET, "/v1/users/ID/memberships", READ),
    (Method::PATCH, "/v1/users/ID/mfa", WRITE),
    (Method::DELETE, "/v1/users/ID/mfa/authenticators/totp", WRITE),
    (Method::GET, "/v1/users/ID/mfa/challenges/ID", READ),
    (Method::GET, "/v1/users/ID/mfa/factors", READ),
    (Method::GET, "/v1/users/ID/mfa/recovery-codes", READ),
    (Method::PATCH, "/v1/users/ID/mfa/recovery-codes", WRITE),
    (Method::PUT, "/v1/users/ID/mfa/recovery-codes", WRITE),
    (Method::PATCH, "/v1/users/ID/name", WRITE),
    (Method::GET, "/v1/users/ID/passkeys", READ),
    (Method::GET, "/v1/users/ID/passkeys/ID", READ),
    (Method::PATCH, "/v1/users/ID/passkeys/ID", WRITE),
    (Method::DELETE, "/v1/users/ID/passkeys/ID", WRITE),
    (Method::PATCH, "/v1/users/ID/password", WRITE),
    (Method::PATCH, "/v1/users/ID/phone", WRITE),
    (Method::GET, "/v1/users/ID/prefs", READ),
    (Method::PATCH, "/v1/users/ID/prefs", WRITE),
    (Method::GET, "/v1/users/ID/sessions", &[Scope::UsersRead, Scope::SessionsRead]),
    (Method::POST, "/v1/users/ID/jwts", WRITE),
    (Method::POST, "/v1/users/ID/tokens", WRITE),
    (Method::POST, "/v1/users/ID/sessions", &[Scope::UsersWrite, Scope::SessionsWrite]),
    (Method::DELETE, "/v1/users/ID/sessions", &[Scope::UsersWrite, Scope::SessionsWrite]),
    (Method::DELETE, "/v1/users/ID/sessions/ID", &[Scope::UsersWrite, Scope::SessionsWrite]),
    (Method::PATCH, "/v1/users/ID/status", WRITE),
    (Method::GET, "/v1/users/ID/targets", &[Scope::UsersRead, Scope::TargetsRead]),
    (Method::POST, "/v1/users/ID/targets", &[Scope::UsersWrite, Scope::TargetsWrite]),
    (Method::GET, "/v1/users/ID/targets/ID", &[Scope::UsersRead, Scope::TargetsRead]),
    (Method::PATCH, "/v1/users/ID/targets/ID", &[Scope::UsersWrite, Scope::TargetsWrite]),
    (Method::DELETE, "/v1/users/ID/targets/ID", &[Scope::UsersWrite, Scope::TargetsWrite]),
    (Method::PATCH, "/v1/users/ID/verification", WRITE),
    (Method::PATCH, "/v1/users/ID/verification/phone", WRITE),
];

const READ: &[Scope] = &[Scope::UsersRead];
const WRITE: &[Scope] = &[Scope::UsersWrite];

/// Asks an endpoint for things called `id`, with a body that sets nothing.
pub async fn ask(caller: &Caller<'_>, (method, path, _): &(Method, &str, &[Scope]), id: &str) -> Answer {
    let body = (*method != Method::GET).then(|| "{}".to_owned());
    caller.request(method.clone(), &path.replace("ID", id), body).await
}

both! {
    async fn each_endpoint_wants_its_scope_and_no_other(app) {
        let sets: Vec<Vec<Scope>> = Scope::ALL.map(|scope| vec![scope]).into_iter().chain([Vec::new()]).collect();
        for set in sets {
            let key = app.new_key(PROJECT, &set).await;
            for endpoint in &ENDPOINTS {
                let answer = ask(&app.caller(PROJECT, &key), endpoint, "ghost").await;
                let case = format!("{set:?} on {} {}: {}", endpoint.0, endpoint.1, answer.text);
                if set.iter().any(|scope| endpoint.2.contains(scope)) {
                    assert!([200, 400, 404].contains(&answer.status), "{case}");
                    continue;
                }
                assert_eq!(
                    (answer.status, &answer.json["type"]),
                    (401, &json!("general_unauthorized_scope")),
                    "{case}"
                );
                let names: Vec<&str> = endpoint.2.iter().map(|scope| scope.name()).collect();
                let message = answer.json["message"].as_str().unwrap();
                assert!(
                    message.contains(&json!(names).to_string()) && message.contains("role: applications"),
                    "{case}"
                );
            }
        }
    }

    async fn without_a_key_nobody_gets_in(app) {
        let signed_in = app
            .guest()
            .header("x-appwrite-project", PROJECT)
            .header("x-appwrite-session", "c2VjcmV0")
            .header("cookie", &format!("a_session_{PROJECT}=c2VjcmV0; a_session_{PROJECT}_legacy=c2VjcmV0"))
            .header("x-fallback-cookies", &json!({ format!("a_session_{PROJECT}"): "c2VjcmV0" }).to_string());
        for endpoint in &ENDPOINTS {
            let scopes = json!(endpoint.2.iter().map(|scope| scope.name()).collect::<Vec<_>>()).to_string();
            for caller in [app.guest(), app.guest().header("x-appwrite-project", PROJECT), signed_in.clone()] {
                ask(&caller, endpoint, "ghost").await.fails(401, "general_unauthorized_scope", &scopes);
            }
            let wrong = app.caller(PROJECT, "standard_00");
            ask(&wrong, endpoint, "ghost").await.fails(401, "user_unauthorized", "");
        }
        assert_eq!(count_users(app).await, json!(0));
    }

    async fn a_key_beats_a_session_that_is_sent_along(app) {
        let both = app.admin().header("x-appwrite-session", "c2VjcmV0").header("cookie", "a_session_demo=c2VjcmV0");
        both.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
    }

    async fn the_check_of_the_caller_comes_before_the_parameters_and_those_before_the_user(app) {
        let guest = app.guest().header("x-appwrite-project", PROJECT);
        let reader = app.new_key(PROJECT, &[Scope::UsersRead]).await;
        let reader = app.caller(PROJECT, &reader);
        for (path, body) in [
            ("/v1/users/_wrong/name", json!({"name": 5})),
            ("/v1/users/ghost/name", json!({"name": 5})),
            ("/v1/users/ghost/name", json!({"name": "Anna"})),
        ] {
            guest.patch(path, &body).await.fails(401, "general_unauthorized_scope", "users.write");
            reader.patch(path, &body).await.fails(401, "general_unauthorized_scope", "users.write");
            app.caller(PROJECT, "wrong").patch(path, &body).await.fails(401, "user_unauthorized", "");
        }
        let admin = app.admin();
        admin.patch("/v1/users/_wrong/name", &json!({"name": 5})).await.fails(
            400,
            "general_argument_invalid",
            "`userId`",
        );
        admin.patch("/v1/users/ghost/name", &json!({"name": 5})).await.fails(400, "general_argument_invalid", "`name`");
        admin.patch("/v1/users/ghost/name", &json!({"name": "Anna"})).await.fails(404, "user_not_found", "");
        // Nor does a body that cannot be used come before the caller.
        let broken = guest.request(Method::PATCH, "/v1/users/ghost/name", "x".repeat(2_000_000)).await;
        broken.fails(401, "general_unauthorized_scope", "");
    }

    async fn a_token_that_cannot_be_verified_is_refused_even_with_a_key(app) {
        let token = "eyJhbGciOiJub25lIn0.eyJ1c2VySWQiOiJhbm5hIn0.";
        for token in [token, "nonsense"] {
            for caller in [app.admin(), app.guest().header("x-appwrite-project", PROJECT), app.guest()] {
                let caller = caller.header("x-appwrite-jwt", token);
                caller.get("/v1/users").await.fails(401, "user_jwt_invalid", "");
                caller.post("/v1/users", &json!({"userId": "anna"})).await.fails(401, "user_jwt_invalid", "");
            }
        }
        app.admin().header("x-appwrite-jwt", "").get("/v1/users").await.expect(200);
        assert_eq!(count_users(app).await, json!(0));
    }
}

async fn count_users(app: &TestApp) -> Value {
    app.admin().get("/v1/users").await.expect(200)["total"].clone()
}
