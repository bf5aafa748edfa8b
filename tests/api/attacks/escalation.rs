//! Doing what one has no scope for: without a key, with a key in the wrong place, with a scope that is none, with other
//! methods.

use axum::http::Method;
use serde_json::json;
use usher::access::Scope;
use usher::secret::digest;
use usher::store::keys;

use super::{NO_ROUTE, SCOPE, Tried, is, rows, send};
use crate::access::{ENDPOINTS, ask};
use crate::account::credentials::{client, routes, session};
use crate::isolation::fill;
use crate::support::{Caller, PROJECT, TestApp, both};

/// Methods that HTTP has, that others have added, and that are almost some of these.
const METHODS: [&str; 20] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "QUERY", "LINK", "MOVE", "COPY", "PURGE",
    "PROPFIND", "get", "Post", "DELETED", "GET_", "PATCH-", "X",
];

/// The user `anna` with one of everything, whom nobody may touch.
async fn anna(app: &TestApp) {
    fill(app, PROJECT, &app.admin(), "anna", "", "own").await;
}

/// Whether some endpoint answers this method at this path.
fn is_endpoint(method: &str, path: &str) -> bool {
    let method = if method == "HEAD" { "GET" } else { method };
    ENDPOINTS.iter().any(|(known, pattern, _)| {
        let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
        known.as_str() == method
            && loop {
                match (pattern.next(), path.next()) {
                    (None, None) => break true,
                    (Some("ID"), Some(_)) => {}
                    (Some(literal), Some(segment)) if literal == segment => {}
                    _ => break false,
                }
            }
    })
}

/// Everybody who has no key: guests, and `anna` by each way in which users show who they are.
async fn keyless(app: &TestApp) -> Vec<(&'static str, Caller<'_>)> {
    let (id, encoded) = session(app, "anna").await;
    let jwt = |body| async move { app.admin().post("/v1/users/anna/jwts", &body).await.expect(201)["jwt"].clone() };
    let (bound, free) = (jwt(json!({"sessionId": id})).await, jwt(json!({"sessionId": "none"})).await);
    let cookie = format!("a_session_{PROJECT}={encoded}");
    let fallback = json!({ format!("a_session_{PROJECT}"): encoded }).to_string();
    vec![
        ("nobody", app.guest()),
        ("a guest", client(app)),
        ("a session", client(app).header("x-appwrite-session", &encoded)),
        ("a cookie", client(app).header("cookie", &cookie)),
        ("a fallback cookie", client(app).header("x-fallback-cookies", &fallback)),
        ("a token", client(app).header("x-appwrite-jwt", bound.as_str().unwrap())),
        ("a token without a session", client(app).header("x-appwrite-jwt", free.as_str().unwrap())),
    ]
}

both! {
    async fn no_session_and_no_token_opens_any_route_of_the_users_service_by_any_method(app) {
        anna(app).await;
        let callers = keyless(app).await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        let mut paths: Vec<String> = ENDPOINTS.iter().map(|endpoint| endpoint.1.replace("ID", "anna")).collect();
        paths.sort();
        paths.dedup();
        for (who, caller) in &callers {
            for path in &paths {
                for method in METHODS {
                    let name = Method::from_bytes(method.as_bytes()).unwrap();
                    let answer = caller.request(name, path, "{}".to_owned()).await;
                    tried.one();
                    let case = format!("{who} by {method} {path}");
                    match (is_endpoint(method, path), method) {
                        (known, "HEAD") => {
                            let status = if known { 401 } else { 404 };
                            assert_eq!((answer.status, answer.text.as_str()), (status, ""), "{case}");
                        }
                        (true, _) => is(&answer, 401, SCOPE, &case),
                        (false, _) => is(&answer, 404, NO_ROUTE, &case),
                    }
                }
            }
            assert_eq!(rows(app).await, before, "{who}");
        }
        tried.at_least(7 * 26 * METHODS.len());
    }

    async fn a_key_in_another_place_than_its_header_is_none(app) {
        anna(app).await;
        let before = rows(app).await;
        let key = app.admin_key();
        let mut tried = Tried::default();
        let bearer = format!("Bearer {key}");
        let cookie = format!("x-appwrite-key={key}; a_session_demo={key}; key={key}");
        let fallback = json!({"a_session_demo": key, "x-appwrite-key": key}).to_string();
        for (name, value, status, kind) in [
            ("authorization", bearer.as_str(), 401, SCOPE),
            ("authorization", key, 401, SCOPE),
            ("proxy-authorization", &bearer, 401, SCOPE),
            ("x-api-key", key, 401, SCOPE),
            ("x-appwrite-dev-key", key, 401, SCOPE),
            ("x-appwrite-session", key, 401, SCOPE),
            ("x-appwrite-jwt", key, 401, "user_jwt_invalid"),
            ("x-appwrite-user", key, 401, SCOPE),
            ("x-appwrite_key", key, 401, SCOPE),
            ("x_appwrite_key", key, 401, SCOPE),
            ("appwrite-key", key, 401, SCOPE),
            ("cookie", &cookie, 401, SCOPE),
            ("x-fallback-cookies", &fallback, 401, SCOPE),
        ] {
            for endpoint in &ENDPOINTS {
                is(&ask(&client(app).header(name, value), endpoint, "anna").await, status, kind, name);
                tried.one();
            }
        }
        // Nor in the query string, in the body, or in the header of another project's name.
        for endpoint in &ENDPOINTS {
            for name in ["key", "X-Appwrite-Key", "x-appwrite-key", "apiKey", "jwt"] {
                let path = format!("{}?{name}={key}", endpoint.1.replace("ID", "anna"));
                let body = json!({ name: key }).to_string();
                is(&client(app).request(endpoint.0.clone(), &path, body).await, 401, SCOPE, &path);
                tried.one();
            }
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(18 * ENDPOINTS.len());
    }

    async fn of_two_keys_the_weaker_one_in_front_counts(app) {
        anna(app).await;
        let weak = app.new_key(PROJECT, &[]).await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        for endpoint in &ENDPOINTS {
            let path = endpoint.1.replace("ID", "anna");
            for (first, kind) in [(weak.as_str(), SCOPE), ("wrong", "user_unauthorized")] {
                let headers = [
                    ("x-appwrite-project", PROJECT),
                    ("x-appwrite-key", first),
                    ("x-appwrite-key", app.admin_key()),
                    ("content-type", "application/json"),
                ];
                is(&send(app, endpoint.0.clone(), &path, &headers, "{}").await, 401, kind, &path);
                // Joined to one line, as some proxies do, they are one wrong key.
                let joined = format!("{first}, {}", app.admin_key());
                let joined = ask(&app.caller(PROJECT, &joined), endpoint, "anna").await;
                is(&joined, 401, "user_unauthorized", &path);
                tried.one();
                tried.one();
            }
        }
        let accessed = |row: &String| !row.starts_with("api_keys: ");
        let (before, after) = (before.into_iter().filter(accessed), rows(app).await.into_iter().filter(accessed));
        assert_eq!(after.collect::<Vec<_>>(), before.collect::<Vec<_>>());
        tried.at_least(4 * ENDPOINTS.len());
    }

    async fn a_scope_in_other_letters_or_with_a_star_is_none(app) {
        anna(app).await;
        let project = app.project(PROJECT).await.key;
        let now = app.app.clock.now();
        let mut tried = Tried::default();
        let names = [
            "USERS.WRITE", "Users.Write", "users.Write", " users.write", "users.write ", "users.write\\n", "users.*", "*",
            "users", ".write", "users..write", "users.write,users.read", "users.write users.read", "usersXwrite",
            "users.writes", "ｕsers.write", "role:all", "admin", "owner", "",
        ];
        for (n, name) in names.iter().enumerate() {
            let secret = format!("the key of the scope {n}");
            let (id, scopes) = (format!("k{n}"), format!("[\"{name}\"]"));
            let digest = digest(&secret);
            app.write(move |tx| {
                Box::pin(async move {
                    let key = keys::NewKey {
                        id: &id, name: "odd", digest: &digest, hint: "", scopes: &scopes, expire: None
                    };
                    keys::insert(tx, project, &key, now).await
                })
            })
            .await;
            for endpoint in &ENDPOINTS {
                let answer = ask(&app.caller(PROJECT, &secret), endpoint, "anna").await;
                tried.one();
                is(&answer, 401, SCOPE, &format!("{name:?} at {} {}", endpoint.0, endpoint.1));
            }
        }
        app.admin().get("/v1/users/anna").await.expect(200);
        tried.at_least(names.len() * ENDPOINTS.len());
    }

    /// What frameworks take for the method of a request: its header, its query string, its body.
    async fn a_method_in_another_place_than_the_first_line_is_none(app) {
        anna(app).await;
        let reader = app.new_key(PROJECT, &[Scope::UsersRead]).await;
        app.caller(PROJECT, &reader).get("/v1/users/anna").await.expect(200);
        let before = rows(app).await;
        let mut tried = Tried::default();
        for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
            for method in ["DELETE", "PATCH", "PUT", "POST"] {
                for (caller, key) in [(app.admin(), "all scopes"), (app.caller(PROJECT, &reader), "reading")] {
                    let caller = caller.header(name, method);
                    let read = caller.get(&format!("/v1/users/anna?_method={method}")).await;
                    assert_eq!(read.expect(200)["$id"], "anna", "{name} {method} {key}");
                    let path = "/v1/users/anna";
                    for body in [format!(r#"{{"_method":"{method}"}}"#), format!("_method={method}")] {
                        is(&caller.request(Method::POST, path, body).await, 404, NO_ROUTE, name);
                        tried.one();
                    }
                    tried.one();
                }
            }
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(72);
    }

    /// HEAD is GET: it must not show in its length what GET does not show.
    async fn head_tells_strangers_no_more_than_get(app) {
        anna(app).await;
        let mut tried = Tried::default();
        for (who, caller) in keyless(app).await {
            for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.0 == Method::GET) {
                let lengths = ["anna", "nobody"].map(|id| {
                    let (caller, path) = (caller.clone(), endpoint.1.replace("ID", id));
                    async move {
                        let answer = caller.request(Method::HEAD, &path, None).await;
                        (answer.status, answer.text.clone(), answer.header("content-length").to_owned())
                    }
                });
                let [existing, unknown] = lengths;
                let (existing, unknown) = (existing.await, unknown.await);
                assert_eq!((existing.0, existing.1.as_str()), (401, ""), "{who} {}", endpoint.1);
                assert_eq!(existing, unknown, "{who} {}", endpoint.1);
                tried.one();
                tried.one();
            }
        }
        tried.at_least(7 * 18);
    }

    async fn a_user_reaches_no_route_of_the_account_by_an_unknown_method(app, "USHER_RATE_LIMITS" = "false") {
        anna(app).await;
        let callers = keyless(app).await;
        let before = rows(app).await;
        let known = |method: &str, path: &str| {
            let method = if method == "HEAD" { "GET" } else { method };
            let own_session = path.starts_with("/v1/account/sessions/") && ["GET", "PATCH", "DELETE"].contains(&method);
            own_session || routes::ROUTES.iter().any(|route| route.0.as_str() == method && route.1 == path)
        };
        let mut tried = Tried::default();
        for (who, caller) in &callers[1..] {
            for route in &routes::ROUTES {
                for method in METHODS.into_iter().filter(|method| *method != "HEAD" && !known(method, route.1)) {
                    let name = Method::from_bytes(method.as_bytes()).unwrap();
                    let answer = caller.request(name, route.1, route.2.to_owned()).await;
                    tried.one();
                    is(&answer, 404, NO_ROUTE, &format!("{who} by {method} {}", route.1));
                }
            }
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(6 * 23 * 13);
    }
}
