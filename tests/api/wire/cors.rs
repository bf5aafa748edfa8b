//! What browsers are told.

use axum::http::Method;
use serde_json::json;

use crate::support::{Answer, PROJECT, both};

#[track_caller]
fn allows(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    assert_eq!(answer.header("access-control-allow-methods"), "GET, POST, PUT, PATCH, DELETE");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-max-age"), "86400");
    assert_eq!(answer.header("access-control-expose-headers"), "X-Appwrite-Session, X-Fallback-Cookies");
    let vary: Vec<_> =
        answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_lowercase()).collect();
    assert!(vary.iter().any(|value| value.contains("origin")), "{vary:?}");
    let listed: Vec<&str> = answer.header("access-control-allow-headers").split(", ").collect();
    for name in [
        "Content-Type",
        "X-Appwrite-Project",
        "X-Appwrite-Key",
        "X-Appwrite-JWT",
        "X-Appwrite-Response-Format",
        "X-Appwrite-Locale",
        "X-Appwrite-Mode",
        "X-Appwrite-Session",
        "X-Appwrite-Dev-Key",
        "X-Appwrite-ID",
        "X-Appwrite-Organization",
        "X-Appwrite-Timestamp",
        "X-Appwrite-Timeout",
        "X-Appwrite-Platform",
        "X-Appwrite-Impersonate-User-Id",
        "X-Appwrite-Impersonate-User-Email",
        "X-Appwrite-Impersonate-User-Phone",
        "X-SDK-Name",
        "X-SDK-Version",
        "X-SDK-Language",
        "X-SDK-Platform",
        "X-SDK-GraphQL",
        "X-SDK-Profile",
        "X-Fallback-Cookies",
        "X-Forwarded-For",
        "X-Forwarded-User-Agent",
        "X-Requested-With",
        "Content-Range",
        "Range",
        "Cache-Control",
        "Expires",
        "Pragma",
        "Accept",
        "Origin",
        "Cookie",
        "Set-Cookie",
    ] {
        assert!(listed.contains(&name), "{name} is not in {listed:?}");
    }
}

both! {
    async fn a_preflight_is_answered_on_any_path_without_project_or_key(app) {
        for path in ["/v1/users", "/v1/users/anna/prefs", "/v1/account", "/v1/nothing", "/v1/users/_%", "/", "/livez"] {
            for origin in ["https://Anything.Example:8443", "http://localhost:3000", "null"] {
                let preflight = app
                    .guest()
                    .header("origin", origin)
                    .header("access-control-request-method", "PATCH")
                    .header("access-control-request-headers", "x-appwrite-project");
                let answer = preflight.request(Method::OPTIONS, path, None).await;
                assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{path}");
                assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
                allows(&answer, &origin.to_lowercase());
            }
            let answer = app.guest().header("x-appwrite-project", "nobody").request(Method::OPTIONS, path, None).await;
            assert_eq!(answer.status, 204, "{path}");
            allows(&answer, "");
        }
    }

    async fn pages_of_platforms_may_read_answers_and_errors(app) {
        app.set(|settings| settings.platforms = vec!["app.example.org".into()]).await;
        let origin = "https://app.example.org";
        let page = app.admin().header("origin", origin);
        for path in ["/v1/users", "/v1/users/ghost", "/v1/users/_", "/v1/nothing", "/v1/health/version", "/v1/ping"] {
            allows(&page.get(path).await, origin);
        }
        let keyless = app.guest().header("x-appwrite-project", PROJECT).header("origin", origin);
        allows(&keyless.get("/v1/users").await, origin);
        allows(&keyless.get("/v1/account").await, origin);
        allows(&keyless.post("/v1/account/sessions/anonymous", &json!({})).await, origin);
        allows(&page.clone().header("x-appwrite-jwt", "x").get("/v1/users").await, origin);
        // Others are answered when they know a key, but no browser shows them the answer.
        let other = app.admin().header("origin", "https://other.example");
        allows(&other.get("/v1/users").await, "");
        allows(&app.admin().get("/v1/users").await, "");
        let refused = keyless.header("origin", "https://other.example").get("/v1/users").await;
        allows(&refused, "");
        refused.fails(403, "general_unknown_origin", "");
    }
}
