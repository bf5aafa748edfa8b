//! Pages in browsers: which origins may ask.

use axum::http::Method;
use serde_json::json;

use crate::support::{Caller, PROJECT, TestApp, both};

fn page<'a>(app: &'a TestApp, origin: &str) -> Caller<'a> {
    app.guest().header("x-appwrite-project", PROJECT).header("host", "users.example.com:8080").header("origin", origin)
}

const ALLOW: &str = "access-control-allow-origin";

both! {
    async fn a_page_may_ask_only_when_its_host_is_a_platform(app) {
        app.set(|settings| settings.platforms = vec!["app.example.org".into(), "*.example.net".into()]).await;
        for (origin, known) in [
            ("https://app.example.org", true),
            ("HTTPS://App.Example.Org", true),
            ("http://app.example.org:3000", true),
            ("https://a.example.net", true),
            ("https://a.b.example.net", true),
            ("http://localhost", true),
            ("http://localhost:5173", true),
            ("http://127.0.0.1:3000", true),
            ("http://[::1]:3000", true),
            ("https://users.example.com", true),
            ("https://example.net", false),
            ("https://evilexample.net", false),
            ("https://example.org", false),
            ("https://x.app.example.org", false),
            ("https://app.example.org.evil.com", false),
            ("https://evil.com/app.example.org", false),
            ("https://app.example.org@evil.com", false),
            ("https://localhost.evil.com", false),
            ("null", false),
            ("app.example.org", false),
            ("file://", false),
        ] {
            let page = page(app, origin);
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let answer = page.request(method, "/v1/users/ghost", None).await;
                let allowed = answer.header(ALLOW).to_owned();
                let expected = if known { origin.to_lowercase() } else { String::new() };
                assert_eq!(allowed, expected, "{origin}");
                let kind = answer.json["type"].as_str().unwrap().to_owned();
                assert_ne!(kind == "general_unknown_origin", known, "{origin}: {kind}");
                if !known {
                    answer.fails(403, "general_unknown_origin", "Origin");
                }
            }
            // Whoever knows a key is no page, be the key right or wrong; the answer is still not for pages.
            let answer = page.clone().header("x-appwrite-key", app.admin_key()).get("/v1/users").await;
            assert_eq!((answer.status, answer.header(ALLOW).is_empty()), (200, !known), "{origin}");
            let wrong = page.clone().header("x-appwrite-key", "wrong").get("/v1/users").await;
            wrong.fails(401, "user_unauthorized", "");
        }
        // No origin, or an empty one, is no page.
        page(app, "").get("/v1/users").await.fails(401, "general_unauthorized_scope", "");
    }

    async fn the_check_of_the_origin_comes_after_the_project_and_before_the_route(app) {
        let page = page(app, "https://evil.example");
        page.get("/v1/nothing").await.fails(403, "general_unknown_origin", "");
        page.clone().header("x-appwrite-jwt", "x").get("/v1/users").await.fails(403, "general_unknown_origin", "");
        page.clone().header("x-appwrite-project", "nobody").get("/v1/users").await.fails(404, "project_not_found", "");
        page.post("/v1/users", &json!({})).await.fails(403, "general_unknown_origin", "");
        // What answers without a key outside of the API does not ask for the origin.
        page.get("/livez").await.expect(200);
    }

    async fn platforms_are_of_one_project(app) {
        app.new_project("other").await;
        app.set(|settings| settings.platforms = vec!["app.example.org".into()]).await;
        let page = page(app, "https://app.example.org");
        page.get("/v1/users").await.fails(401, "general_unauthorized_scope", "");
        page.header("x-appwrite-project", "other").get("/v1/users").await.fails(403, "general_unknown_origin", "");
    }
}
