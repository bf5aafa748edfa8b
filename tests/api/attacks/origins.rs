//! Pages of other sites, which the browser of somebody who is signed in sends with cookies: known hosts are told from
//! those that look like them, and nobody else's page may read an answer or change anything.

use axum::http::Method;
use serde_json::json;

use super::{SCOPE, Tried, is, rows, send};
use crate::access::ENDPOINTS;
use crate::account::credentials::{routes, session};
use crate::support::{Answer, Caller, PROJECT, TestApp, both};

const ALLOW: &str = "access-control-allow-origin";
const UNKNOWN: &str = "general_unknown_origin";

/// Origins that are none of the platform's, though each has something of them.
const STRANGERS: [&str; 45] = [
    "null",
    "NULL",
    "*",
    "https://*",
    "http://good@evil.example",
    "https://app.example.org@evil.example",
    "https://app.example.org:443@evil.example",
    "https://localhost:8080@evil.example",
    "https://app.example.org%40evil.example",
    "https://app.example.org.evil.example",
    "https://app.example.orgevil.example",
    "https://evil.example/app.example.org",
    "https://evil.example?app.example.org",
    "https://evil.example#app.example.org",
    "https://evil.example\\@app.example.org",
    "https://evil.example\\.app.example.org",
    "https://app.example.org\\.evil.example",
    "https://app.example.org.",
    "https://app.example.org%00.evil.example",
    "https://app%2eexample%2eorg",
    "https://app.example.org https://evil.example",
    "https://app.example.org, https://evil.example",
    "https://evil.example, https://app.example.org",
    "https://xapp.example.org",
    "https://x.app.example.org",
    "https://app-example.org",
    "https://appxexample.org",
    "https://app.example.or",
    "https://example.org",
    "https://.example.net",
    "https://example.net",
    "https://xexample.net",
    "https://a.example.net.evil.example",
    "https://аpp.example.org",
    "app.example.org",
    "//app.example.org",
    "https:app.example.org",
    "javascript:app.example.org",
    "file://",
    "http://localhost.",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://127.1",
    "http://2130706433",
    "http://[::ffff:127.0.0.1]",
];

/// What else a client may say of where it comes from, and what nobody believes.
const BESIDE: [(&str, &str); 6] = [
    ("referer", "https://app.example.org/"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-for", "127.0.0.1"),
    ("forwarded", "host=evil.example"),
    ("x-requested-with", "XMLHttpRequest"),
    ("sec-fetch-site", "same-origin"),
];

async fn with_platforms(app: &TestApp) {
    app.user("anna", json!({"email": "anna@example.org", "password": "correct horse"})).await;
    app.set(|settings| settings.platforms = vec!["app.example.org".into(), "*.example.net".into()]).await;
}

/// The browser of somebody who is signed in, at a page of this origin.
fn page<'a>(app: &'a TestApp, session: &str, origin: &str) -> Caller<'a> {
    let cookie = format!("a_session_{PROJECT}={session}");
    let browser = app.guest().header("x-appwrite-project", PROJECT).header("host", "users.example.com");
    browser.header("cookie", &cookie).header("origin", origin)
}

/// Checks that no page but one of this origin may read the answer, and none if it is empty.
#[track_caller]
fn is_for(answer: &Answer, origin: &str, case: &str) {
    let allowed: Vec<&str> = answer.headers.get_all(ALLOW).iter().map(|value| value.to_str().unwrap()).collect();
    let expected = if origin.is_empty() { vec![] } else { vec![origin] };
    assert_eq!(allowed, expected, "{case}");
    assert!(!allowed.contains(&"*") && !allowed.contains(&"null"), "{case}");
    let vary: Vec<String> =
        answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_lowercase()).collect();
    assert!(vary.iter().any(|value| value.contains("origin")), "{case}: {vary:?}");
}

both! {
    async fn a_page_of_a_host_that_looks_like_a_platform_reads_and_changes_nothing(app) {
        with_platforms(app).await;
        let (_, encoded) = session(app, "anna").await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        for origin in STRANGERS {
            for (beside, value) in BESIDE {
                let page = page(app, &encoded, origin).header(beside, value);
                for route in &routes::ROUTES {
                    let answer = routes::ask(&page, route).await;
                    tried.one();
                    let case = format!("{origin} with {beside}: {} {}", route.0, route.1);
                    is(&answer, 403, UNKNOWN, &case);
                    is_for(&answer, "", &case);
                    assert_eq!(answer.header("set-cookie"), "", "{case}");
                }
            }
            assert_eq!(rows(app).await, before, "{origin}");
        }
        tried.at_least(45 * 6 * 23);
    }

    async fn no_page_of_a_stranger_gets_as_far_as_the_users_service_and_a_key_makes_no_answer_readable(app) {
        with_platforms(app).await;
        let (_, encoded) = session(app, "anna").await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        for origin in STRANGERS {
            for endpoint in &ENDPOINTS {
                let path = endpoint.1.replace("ID", "anna");
                let answer = page(app, &encoded, origin).request(endpoint.0.clone(), &path, "{}".to_owned()).await;
                is(&answer, 403, UNKNOWN, &format!("{origin} {path}"));
                is_for(&answer, "", origin);
                tried.one();
            }
            for (key, status) in [(app.admin_key(), 200), ("wrong", 401)] {
                let answer = page(app, &encoded, origin).header("x-appwrite-key", key).get("/v1/users/anna").await;
                assert_eq!(answer.status, status, "{origin}");
                is_for(&answer, "", origin);
                tried.one();
            }
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(45 * 38);
    }

    /// Case and port do not tell hosts apart, and no other answer is made for them.
    async fn an_origin_in_other_letters_is_the_same_one_and_hears_its_own_name_alone(app) {
        with_platforms(app).await;
        let (_, encoded) = session(app, "anna").await;
        let mut tried = Tried::default();
        for origin in [
            "https://app.example.org", "HTTPS://APP.EXAMPLE.ORG", "https://App.Example.Org:8443", "http://app.example.org:80",
            "https://a.example.net", "https://A.B.EXAMPLE.NET:1", "http://LOCALHOST:3000", "http://127.0.0.1:1", "http://[::1]",
            "https://users.example.com", "https://USERS.example.com:9",
        ] {
            let page = page(app, &encoded, origin);
            for (path, status) in [("/v1/account", 200), ("/v1/account/sessions/none", 404), ("/v1/users", 401), ("/v1/x", 404)] {
                let answer = page.get(path).await;
                assert_eq!(answer.status, status, "{origin} {path}: {}", answer.text);
                is_for(&answer, &origin.to_lowercase(), origin);
                assert_eq!(answer.header("access-control-allow-credentials"), "true");
                tried.one();
            }
        }
        tried.at_least(44);
    }

    /// A browser sends one Origin. Whoever sends several, or an empty one in front, hides which.
    async fn several_origins_are_none_that_is_known(app) {
        with_platforms(app).await;
        let (_, encoded) = session(app, "anna").await;
        let cookie = format!("a_session_{PROJECT}={encoded}");
        let before = rows(app).await;
        let (good, evil) = ("https://app.example.org", "https://evil.example");
        let mut tried = Tried::default();
        for origins in [
            [good, evil], [evil, good], ["", evil], [evil, ""], [good, good], ["null", good], [good, "null"], ["", "null"],
        ] {
            let headers =
                [("x-appwrite-project", PROJECT), ("cookie", &cookie), ("origin", origins[0]), ("origin", origins[1])];
            for (method, path) in [
                (Method::GET, "/v1/account"), (Method::DELETE, "/v1/account/sessions"), (Method::PATCH, "/v1/account/status"),
                (Method::POST, "/v1/account/jwts"),
            ] {
                let case = format!("{origins:?} {method} {path}");
                let answer = send(app, method, path, &headers, "").await;
                tried.one();
                is(&answer, 403, UNKNOWN, &case);
                is_for(&answer, "", &case);
            }
            // Nor does a preflight name one of several.
            let preflight = send(app, Method::OPTIONS, "/v1/account", &headers, "").await;
            let alone = origins.iter().filter(|origin| !origin.is_empty()).count() == 1;
            let named = if alone { *origins.iter().max_by_key(|origin| origin.len()).unwrap() } else { "" };
            assert_eq!(preflight.status, 204);
            assert_eq!(preflight.header(ALLOW), named, "{origins:?}");
            tried.one();
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(40);
    }

    /// It is answered for whoever asks, as the contract has it; what follows it is not.
    async fn a_preflight_opens_nothing_and_does_nothing(app) {
        with_platforms(app).await;
        let (_, encoded) = session(app, "anna").await;
        let before = rows(app).await;
        let mut tried = Tried::default();
        for origin in ["https://evil.example", "null", "https://app.example.org.evil.example"] {
            let page = page(app, &encoded, origin)
                .header("access-control-request-method", "DELETE")
                .header("access-control-request-headers", "x-appwrite-key, x-evil")
                .header("access-control-request-private-network", "true");
            for (method, path) in [
                (Method::PATCH, "/v1/account/status"), (Method::DELETE, "/v1/account/sessions"),
                (Method::DELETE, "/v1/account/sessions/current"), (Method::POST, "/v1/account/sessions/anonymous"),
                (Method::POST, "/v1/users"), (Method::DELETE, "/v1/users/anna"),
            ] {
                for caller in [page.clone(), page.clone().header("x-appwrite-key", app.admin_key())] {
                    let preflight = caller.request(Method::OPTIONS, path, "{\"userId\":\"evil\"}".to_owned()).await;
                    tried.one();
                    assert_eq!((preflight.status, preflight.text.as_str()), (204, ""), "{origin} {path}");
                    let asked = preflight.header("access-control-allow-headers").to_lowercase();
                    assert!(!asked.contains("evil") && !asked.contains('*'), "{asked}");
                    assert!(!preflight.header("access-control-allow-methods").contains('*'));
                    assert_eq!(preflight.header("access-control-allow-private-network"), "");
                    assert_eq!(preflight.header("set-cookie"), "");
                }
                let answer = page.request(method, path, "{}".to_owned()).await;
                tried.one();
                is(&answer, 403, UNKNOWN, &format!("{origin} {path}"));
                is_for(&answer, "", path);
            }
        }
        assert_eq!(rows(app).await, before);
        tried.at_least(54);
    }

    async fn no_answer_that_goes_with_cookies_is_for_everybody(app) {
        with_platforms(app).await;
        let mut tried = Tried::default();
        let large = "x".repeat(1_100_000);
        for origin in ["", "https://app.example.org", "https://evil.example", "null", "*"] {
            for project in [PROJECT, "nobody", "console", ""] {
                let caller = app.guest().header("origin", origin).header("x-appwrite-project", project);
                for caller in [
                    caller.clone(),
                    caller.clone().header("x-appwrite-key", app.admin_key()),
                    caller.clone().header("x-appwrite-key", "wrong"),
                    caller.header("x-appwrite-jwt", "wrong"),
                ] {
                    for (method, path, body) in [
                        (Method::GET, "/v1/users", ""), (Method::GET, "/v1/users/_", ""), (Method::GET, "/v1/nothing", ""),
                        (Method::HEAD, "/v1/users", ""), (Method::POST, "/v1/users", large.as_str()),
                        (Method::GET, "/v1/health/version", ""), (Method::GET, "/v1/ping", ""), (Method::GET, "/livez", ""),
                        (Method::TRACE, "/v1/users", ""), (Method::GET, "/", ""), (Method::OPTIONS, "/v1/users", ""),
                    ] {
                        let preflight = method == Method::OPTIONS;
                        let answer = caller.request(method, path, body.to_owned()).await;
                        tried.one();
                        let allowed: Vec<_> = answer.headers.get_all(ALLOW).iter().collect();
                        let known = origin == "https://app.example.org" && project == PROJECT;
                        let asked = preflight && !["", "*"].contains(&origin);
                        let expected = usize::from((known && path.starts_with("/v1")) || asked);
                        assert_eq!(allowed.len(), expected, "{origin} {project} {path}: {allowed:?}");
                        assert!(allowed.iter().all(|value| **value == origin), "{origin} {project} {path}");
                    }
                }
            }
        }
        tried.at_least(5 * 4 * 4 * 11);
    }

    /// Who may read an answer does not depend on what its path or its query string is.
    async fn an_origin_in_another_place_is_none(app) {
        with_platforms(app).await;
        let (_, encoded) = session(app, "anna").await;
        let mut tried = Tried::default();
        for path in ["/v1/account?origin=https://app.example.org", "/v1/account?Origin=null", "/v1/account?callback=x"] {
            for (name, value) in BESIDE {
                let cookie = format!("a_session_{PROJECT}={encoded}");
                let caller = app.guest().header("x-appwrite-project", PROJECT).header("cookie", &cookie).header(name, value);
                let answer = caller.get(path).await;
                tried.one();
                is_for(&answer, "", path);
                assert_eq!(answer.expect(200)["$id"], "anna");
            }
        }
        is(&app.guest().header("x-appwrite-project", PROJECT).get("/v1/users?callback=x").await, 401, SCOPE, "a callback");
        tried.one();
        tried.at_least(19);
    }
}
