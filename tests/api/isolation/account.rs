//! Users of the same id, email and password in two projects: each is signed in to their own project only.

use axum::http::Method;
use serde_json::{Value, json};

use super::{MARK, OTHER, dump, two_projects};
use crate::account::people::{PASSWORD, SCOPE, cookies, email, stranger_to};
use crate::support::{Caller, PROJECT, TestApp, both};

/// Anna of a project, who is called like this, signed up and in; the caller, and the session as clients carry it.
async fn anna<'a>(app: &'a TestApp, project: &str, name: &str) -> (Caller<'a>, String) {
    let stranger = stranger_to(app, project);
    let body = json!({"userId": "anna", "email": email("anna"), "password": PASSWORD, "name": name});
    stranger.post("/v1/account", &body).await.expect(201);
    stranger.post("/v1/account/sessions/email", &body).await.expect(201);
    let answer = stranger.post("/v1/account/sessions/email", &body).await;
    let cookie = cookies(&answer)[1].split(';').next().unwrap().to_owned();
    let session = cookie.strip_prefix(&format!("a_session_{project}=")).unwrap().to_owned();
    (stranger.header("cookie", &cookie), session)
}

/// What a user who is signed in may ask, in an order in which all of it goes through: method, path, body, status.
fn routes() -> Vec<(Method, &'static str, Value, u16)> {
    let (get, post, patch, nothing) = (Method::GET, Method::POST, Method::PATCH, json!({}));
    vec![
        (get.clone(), "", nothing.clone(), 200),
        (get.clone(), "/prefs", nothing.clone(), 200),
        (get.clone(), "/logs", nothing.clone(), 200),
        (get.clone(), "/sessions", nothing.clone(), 200),
        (get, "/sessions/current", nothing.clone(), 200),
        (post.clone(), "/jwts", nothing.clone(), 201),
        (post, "/jwt", nothing.clone(), 201),
        (patch.clone(), "/sessions/current", nothing.clone(), 200),
        (patch.clone(), "/name", json!({"name": "own again"}), 200),
        (patch.clone(), "/prefs", json!({"prefs": {"own": true}}), 200),
        // Those of somebody in the other project.
        (patch.clone(), "/email", json!({"email": "new@example.org", "password": PASSWORD}), 200),
        (patch.clone(), "/phone", json!({"phone": "+4930123456", "password": PASSWORD}), 200),
        (patch.clone(), "/password", json!({"password": "another horse", "oldPassword": PASSWORD}), 200),
        (Method::DELETE, "/sessions", json!({"current": false}), 204),
        (patch, "/status", nothing, 200),
    ]
}

async fn ask(caller: &Caller<'_>, method: &Method, path: &str, body: &Value) -> crate::support::Answer {
    let body = (*method != Method::GET).then(|| body.to_string());
    caller.request(method.clone(), &format!("/v1/account{path}"), body).await
}

both! {
    async fn no_route_of_the_account_shows_or_changes_anything_of_another_project(app) {
        let theirs = two_projects(app).await;
        let (other, _) = anna(app, OTHER, MARK).await;
        let (own, _) = anna(app, PROJECT, "own").await;
        let token = app.caller(OTHER, &theirs).post("/v1/users/anna/tokens", &json!({})).await.expect(201);
        let before = dump(app, OTHER).await;
        for (method, path, body, status) in routes() {
            let answer = ask(&own, &method, path, &body).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
            assert!(!answer.text.contains(MARK), "{method} {path}: {}", answer.text);
            assert_eq!(dump(app, OTHER).await, before, "{method} {path}");
        }
        // What strangers do in one project is nothing in the other either.
        let stranger = stranger_to(app, PROJECT);
        let by_token = json!({"userId": "anna", "secret": token["secret"]});
        for (path, body, status) in [
            ("", json!({"userId": "only", "email": "b@example.org", "password": PASSWORD, "name": ""}), 201),
            ("/sessions/anonymous", json!({}), 201),
            ("/sessions/email", json!({"email": "b@example.org", "password": PASSWORD}), 201),
            ("/sessions/email", json!({"email": "b@example.org", "password": "wrong horse"}), 401),
            ("/sessions/token", by_token.clone(), 401),
        ] {
            let answer = ask(&stranger, &Method::POST, path, &body).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text);
            assert_eq!(dump(app, OTHER).await, before, "{path}");
        }
        // Anna of the other project has lost nothing.
        let me = other.get("/v1/account").await.expect(200);
        assert_eq!((&me["name"], &me["email"], &me["status"]), (&json!(MARK), &json!(email("anna")), &json!(true)));
        let there = stranger_to(app, OTHER);
        let body = json!({"email": email("anna"), "password": PASSWORD});
        there.post("/v1/account/sessions/email", &body).await.expect(201);
        there.post("/v1/account/sessions/token", &by_token).await.expect(201);
    }

    async fn a_session_and_a_token_are_good_in_their_own_project_only(app) {
        two_projects(app).await;
        let sessions = [(PROJECT, anna(app, PROJECT, "own").await), (OTHER, anna(app, OTHER, MARK).await)];
        let before = (dump(app, PROJECT).await, dump(app, OTHER).await);
        for ((_, (caller, session)), (there, _)) in sessions.iter().zip(sessions.iter().rev()) {
            let stranger = stranger_to(app, there);
            let plain = percent_encoding::percent_decode_str(session).decode_utf8().unwrap().into_owned();
            let fallback = json!({format!("a_session_{there}"): plain}).to_string();
            let ways = [
                caller.clone().header("x-appwrite-project", there),
                stranger.clone().header("cookie", &format!("a_session_{there}={session}")),
                stranger.clone().header("cookie", &format!("a_session_{there}_legacy={session}")),
                stranger.clone().header("x-appwrite-session", &plain),
                stranger.header("x-fallback-cookies", &fallback),
            ];
            for way in &ways {
                for (method, path, body, _) in routes() {
                    ask(way, &method, path, &body).await.fails(401, SCOPE, "(role: guests) missing scope");
                }
            }
        }
        assert_eq!((dump(app, PROJECT).await, dump(app, OTHER).await), before);
        let tokens = [
            (&sessions[0].1.0, OTHER),
            (&sessions[1].1.0, PROJECT),
        ];
        for (caller, there) in tokens {
            let jwt = caller.post("/v1/account/jwts", &json!({})).await.expect(201);
            let way = stranger_to(app, there).header("x-appwrite-jwt", jwt["jwt"].as_str().unwrap());
            for (method, path, body, _) in routes() {
                ask(&way, &method, path, &body).await.fails(401, "user_jwt_invalid", "");
            }
        }
        for (project, (caller, _)) in &sessions {
            let me = caller.get("/v1/account").await.expect(200);
            assert_eq!(me["name"], if *project == OTHER { MARK } else { "own" });
        }
    }

    async fn what_is_counted_in_one_project_is_free_in_the_other(app) {
        two_projects(app).await;
        let ((own, _), (other, _)) = (anna(app, PROJECT, "own").await, anna(app, OTHER, MARK).await);
        let body = |what: &str, password: &str| match what {
            "password" => json!({"password": "another horse", "oldPassword": password}),
            "email" => json!({"email": "next@example.org", "password": password}),
            _ => json!({"phone": "+4930123459", "password": password}),
        };
        let ways = ["phone", "email", "password"];
        for n in 0..20 {
            let (path, wrong) = (format!("/v1/account/{}", ways[n % 3]), body(ways[n % 3], "wrong horse"));
            other.patch(&path, &wrong).await.fails(401, "user_invalid_credentials", "");
        }
        for way in ways {
            let path = format!("/v1/account/{way}");
            other.patch(&path, &body(way, PASSWORD)).await.fails(429, "general_rate_limit_exceeded", "");
            own.patch(&path, &body(way, "wrong horse")).await.fails(401, "user_invalid_credentials", "");
            own.patch(&path, &body(way, PASSWORD)).await.expect(200);
        }
        for n in 0..9 {
            stranger_to(app, OTHER).post("/v1/account", &json!({"n": n})).await.fails(400, "general_argument_invalid", "");
        }
        stranger_to(app, OTHER).post("/v1/account", &json!({})).await.fails(429, "general_rate_limit_exceeded", "");
        let answer = stranger_to(app, PROJECT).post("/v1/account", &json!({})).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (400, "8"));
    }
}
