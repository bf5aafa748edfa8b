//! Every route of the account, asked by everybody.

use axum::http::Method;
use serde_json::json;
use usher::access::Scope;

use super::{client, is_guest, session, text};
use crate::support::{Answer, Caller, PROJECT, TestApp, both};

/// What those hear who may ask a route: the status, and behind it the type of an error.
#[derive(Clone, Copy)]
pub enum Open {
    /// To everybody: what a guest, a session, a token and an API key with `sessions.write` hear.
    Visitors([&'static str; 4]),
    /// To whoever is signed in: what a session and a token hear.
    Members([&'static str; 2]),
}
use Open::{Members, Visitors};

const ALONE: &str = "401 user_session_already_exists";
const WRONG: &str = "401 user_invalid_credentials";
const NO_TOKEN: &str = "401 user_invalid_token";
const NO_SESSION: &str = "404 user_session_not_found";
const NO_SCOPE: &str = "401 general_unauthorized_scope";

const SIGN_IN: Open = Visitors([WRONG, ALONE, ALONE, WRONG]);
const EXCHANGE: Open = Visitors([NO_TOKEN, ALONE, ALONE, NO_TOKEN]);
const BY_EMAIL: &str = r#"{"email": "anna@example.org", "password": "wrong password"}"#;
const BY_TOKEN: &str = r#"{"userId": "anna", "secret": "wrong"}"#;

/// The routes, each with a body that is right in its form.
pub const ROUTES: [(Method, &str, &str, Open); 23] = [
    (
        Method::POST,
        "/v1/account",
        r#"{"userId": "anna", "email": "new@example.org", "password": "long enough"}"#,
        Visitors(["409 user_already_exists"; 4]),
    ),
    (Method::POST, "/v1/account/sessions/email", BY_EMAIL, SIGN_IN),
    (Method::POST, "/v1/account/sessions", BY_EMAIL, SIGN_IN),
    (Method::POST, "/v1/account/sessions/anonymous", "{}", Visitors(["201", ALONE, ALONE, "201"])),
    (Method::POST, "/v1/account/sessions/token", BY_TOKEN, EXCHANGE),
    (Method::PUT, "/v1/account/sessions/magic-url", BY_TOKEN, EXCHANGE),
    (Method::PUT, "/v1/account/sessions/phone", BY_TOKEN, EXCHANGE),
    (Method::GET, "/v1/account/sessions", "", Members(["200", "200"])),
    (Method::GET, "/v1/account/sessions/current", "", Members(["200", NO_SESSION])),
    (Method::PATCH, "/v1/account/sessions/current", "{}", Members(["200", NO_SESSION])),
    (Method::DELETE, "/v1/account/sessions/current", "{}", Members(["204", NO_SESSION])),
    (Method::DELETE, "/v1/account/sessions", "{}", Members(["204", "204"])),
    (Method::GET, "/v1/account", "", Members(["200", "200"])),
    (Method::GET, "/v1/account/prefs", "", Members(["200", "200"])),
    (Method::PATCH, "/v1/account/prefs", r#"{"prefs": {}}"#, Members(["200", "200"])),
    (Method::PATCH, "/v1/account/name", r#"{"name": "Anna"}"#, Members(["200", "200"])),
    (
        Method::PATCH,
        "/v1/account/email",
        r#"{"email": "anna@example.org", "password": "wrong password"}"#,
        Members([WRONG, WRONG]),
    ),
    (
        Method::PATCH,
        "/v1/account/phone",
        r#"{"phone": "+4930123456", "password": "wrong password"}"#,
        Members([WRONG, WRONG]),
    ),
    (
        Method::PATCH,
        "/v1/account/password",
        r#"{"password": "another password", "oldPassword": "wrong password"}"#,
        Members([WRONG, WRONG]),
    ),
    (Method::PATCH, "/v1/account/status", "{}", Members(["200", "200"])),
    (Method::POST, "/v1/account/jwts", "{}", Members(["201", "403 user_jwt_creation_denied"])),
    (Method::POST, "/v1/account/jwt", "{}", Members(["201", "403 user_jwt_creation_denied"])),
    (Method::GET, "/v1/account/logs", "", Members(["200", "200"])),
];

/// Asks a route.
pub async fn ask(caller: &Caller<'_>, (method, path, body, _): &(Method, &str, &str, Open)) -> Answer {
    caller.request(method.clone(), path, (!body.is_empty()).then(|| (*body).to_owned())).await
}

fn outcome(answer: &Answer) -> String {
    match answer.json["type"].as_str() {
        Some(kind) => format!("{} {kind}", answer.status),
        None => answer.status.to_string(),
    }
}

/// A user with a password, an email address and a phone number.
async fn user(app: &TestApp, id: &str, phone: &str) {
    let body = json!({"email": format!("{id}@example.org"), "phone": phone, "password": "right password"});
    app.user(id, body).await;
}

async fn token(app: &TestApp, user: &str, session: &str) -> String {
    let made = app.admin().post(&format!("/v1/users/{user}/jwts"), &json!({"sessionId": session})).await.expect(201);
    text(&made["jwt"])
}

both! {
    async fn each_route_is_open_to_those_whom_it_is_for(app, "USHER_RATE_LIMITS" = "false") {
        user(app, "anna", "+4930123456").await;
        app.set(|settings| settings.platforms = vec!["app.example.org".into()]).await;
        for route in &ROUTES {
            for page in [false, true] {
                let open = || match page {
                    true => client(app).header("origin", "https://app.example.org"),
                    false => client(app),
                };
                let [guest, by_session, by_token] = match route.3 {
                    Visitors([guest, by_session, by_token, _]) => [guest, by_session, by_token],
                    Members([by_session, by_token]) => [NO_SCOPE, by_session, by_token],
                };
                for (header, expected, who) in
                    [("", guest, "a guest"), ("x-appwrite-session", by_session, "a session"), ("x-appwrite-jwt", by_token, "a token")]
                {
                    // Some routes end sessions, so each caller has one of its own.
                    let (id, encoded) = session(app, "anna").await;
                    let caller = match header {
                        "" => open(),
                        "x-appwrite-jwt" => open().header(header, &token(app, "anna", &id).await),
                        _ => open().header(header, &encoded),
                    };
                    let answer = ask(&caller, route).await;
                    assert_eq!(outcome(&answer), expected, "{who} on {} {}: {}", route.0, route.1, answer.text);
                    if expected == NO_SCOPE {
                        is_guest(answer, who);
                    }
                    // One route leaves the user blocked, which is undone for the next caller.
                    app.admin().patch("/v1/users/anna/status", &json!({"status": true})).await.expect(200);
                }
            }
        }
    }

    async fn a_key_may_sign_users_up_and_in_and_has_no_account(app, "USHER_RATE_LIMITS" = "false") {
        user(app, "anna", "+4930123456").await;
        let but_sessions = Scope::ALL.into_iter().filter(|scope| *scope != Scope::SessionsWrite).collect::<Vec<_>>();
        let sets = [
            (Scope::ALL.to_vec(), true), (vec![Scope::SessionsWrite], true), (but_sessions, false),
            (vec![Scope::UsersWrite, Scope::SessionsRead], false), (vec![], false),
        ];
        for (scopes, may) in sets {
            let key = app.new_key(PROJECT, &scopes).await;
            // The origin does not matter to a key.
            for caller in [
                app.caller(PROJECT, &key),
                app.caller(PROJECT, &key).header("origin", "https://evil.example"),
            ] {
                for route in &ROUTES {
                    let answer = ask(&caller, route).await;
                    let case = format!("{scopes:?} on {} {}: {}", route.0, route.1, answer.text);
                    let (expected, scope) = match route.3 {
                        Visitors([.., by_key]) if may => (by_key, ""),
                        Visitors(_) => (NO_SCOPE, "sessions.write"),
                        Members(_) => (NO_SCOPE, "account"),
                    };
                    assert_eq!(outcome(&answer), expected, "{case}");
                    if expected == NO_SCOPE {
                        let start = format!("app.demo@service (role: applications) missing scopes ([\"{scope}\"]).");
                        assert!(text(&answer.json["message"]).starts_with(&start), "{case}");
                    }
                }
            }
        }
    }

    async fn a_blocked_user_gets_in_nowhere(app) {
        user(app, "anna", "+4930123456").await;
        user(app, "bert", "+4930123457").await;
        let (id, encoded) = session(app, "bert").await;
        let jwt = token(app, "bert", &id).await;
        app.admin().patch("/v1/users/bert/status", &json!({"status": false})).await.expect(200);
        let before = app.admin().get("/v1/users/bert").await.expect(200);
        for caller in [
            client(app).header("x-appwrite-session", &encoded),
            client(app).header("cookie", &format!("a_session_{PROJECT}={encoded}")),
            client(app).header("x-appwrite-jwt", &jwt),
            client(app).header("x-appwrite-jwt", &token(app, "bert", "").await),
        ] {
            for route in &ROUTES {
                let answer = ask(&caller, route).await;
                // Nothing was counted, as nothing was asked.
                assert_eq!(answer.header("x-ratelimit-limit"), "", "{}", route.1);
                answer.fails(403, "user_blocked", "blocked");
            }
        }
        assert_eq!(app.admin().get("/v1/users/bert").await.expect(200), before);
        assert_eq!(app.admin().get("/v1/users/bert/sessions").await.ids("sessions"), [id]);
    }

    async fn without_a_project_that_exists_there_is_no_account(app) {
        user(app, "anna", "+4930123456").await;
        let (id, encoded) = session(app, "anna").await;
        let jwt = token(app, "anna", &id).await;
        let named = |project: &str| app.guest().header("x-appwrite-project", project);
        let no_project = "404 project_not_found";
        for (project, with_key) in [
            ("nobody", no_project), ("", "403 project_id_missing"), ("console", "401 user_unauthorized"), ("_", no_project),
        ] {
            for (caller, expected) in [
                (named(project), no_project),
                (named(project).header("x-appwrite-session", &encoded), no_project),
                (named(project).header("x-appwrite-jwt", &jwt), no_project),
                (named(project).header("x-appwrite-key", app.admin_key()), with_key),
                (named(project).header("x-appwrite-key", "wrong"), with_key),
                (named(project).header("x-appwrite-key", app.admin_key()).header("x-appwrite-session", &encoded), with_key),
            ] {
                for route in &ROUTES {
                    let answer = ask(&caller, route).await;
                    assert_eq!(outcome(&answer), expected, "{project} {}: {}", route.1, answer.text);
                }
            }
        }
        let own = app.guest().header("x-appwrite-session", &encoded);
        own.get(&format!("/v1/account?project={PROJECT}")).await.expect(200);
    }

    async fn pages_of_nobody_knows_where_get_in_nowhere(app) {
        user(app, "anna", "+4930123456").await;
        let (id, encoded) = session(app, "anna").await;
        let jwt = token(app, "anna", &id).await;
        for origin in ["https://evil.example", "null", "https://demo.example.org"] {
            let page = client(app).header("origin", origin);
            for caller in [
                page.clone(),
                page.clone().header("x-appwrite-session", &encoded),
                page.clone().header("x-appwrite-jwt", &jwt),
                // The page is looked at before the token.
                page.clone().header("x-appwrite-jwt", "nonsense"),
            ] {
                for route in &ROUTES {
                    let answer = ask(&caller, route).await;
                    assert_eq!(answer.header("access-control-allow-origin"), "", "{}", route.1);
                    assert_eq!(answer.header("x-ratelimit-limit"), "", "{}", route.1);
                    answer.fails(403, "general_unknown_origin", "Origin");
                }
            }
        }
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), [id]);
    }

    async fn whoever_asks_is_looked_at_before_what_is_asked(app) {
        user(app, "anna", "+4930123456").await;
        for route in ROUTES.iter().filter(|route| matches!(route.3, Members(_))) {
            let wrong = (route.0.clone(), route.1, if route.2.is_empty() { "" } else { "nonsense" }, route.3);
            is_guest(ask(&client(app), &wrong).await, route.1);
            if !wrong.2.is_empty() {
                let large = client(app).request(wrong.0.clone(), wrong.1, "x".repeat(1_100_000)).await;
                is_guest(large, route.1);
            }
            let key = ask(&app.admin(), &wrong).await;
            key.fails(401, "general_unauthorized_scope", "role: applications");
        }
        let id = session(app, "anna").await.0;
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), [id]);
    }
}
