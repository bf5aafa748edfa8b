//! How the server is: for clients that set themselves up, and for whatever watches it.

use axum::http::Method;
use serde_json::json;

use crate::support::{PROJECT, both};

both! {
    async fn the_version_is_public(app) {
        for caller in [
            app.guest(),
            app.guest().header("x-appwrite-project", "console"),
            app.guest().header("x-appwrite-project", PROJECT),
            app.admin(),
            app.caller("console", app.admin_key()),
            // Old releases refused it to whoever sent a key; nobody looks at the key here.
            app.caller(PROJECT, "wrong"),
        ] {
            let answer = caller.get("/v1/health/version").await;
            assert_eq!((answer.status, answer.text.as_str()), (200, r#"{"version":"2.6.2"}"#));
            assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
        }
        app.caller("nobody", "").get("/v1/health/version").await.fails(404, "project_not_found", "");
        app.guest().header("x-appwrite-jwt", "x").get("/v1/health/version").await.fails(401, "user_jwt_invalid", "");
    }

    async fn health_is_for_every_key_and_for_nobody_else(app) {
        let key = app.new_key(PROJECT, &[]).await;
        let health = app.caller(PROJECT, &key).get("/v1/health").await.expect(200);
        assert!(health["ping"].as_u64().unwrap() < 10_000, "{health}");
        assert_eq!(health, json!({"name": "http", "ping": health["ping"], "status": "pass"}));
        let guest = app.guest().header("x-appwrite-project", PROJECT);
        guest.get("/v1/health").await.fails(401, "general_unauthorized_scope", r#"["health.read"]"#);
        app.caller(PROJECT, "wrong").get("/v1/health").await.fails(401, "user_unauthorized", "");
        app.guest().header("x-appwrite-key", &key).get("/v1/health").await.fails(403, "project_id_missing", "");
    }

    async fn ping_wants_a_project_and_no_key(app) {
        let pong = app.guest().header("x-appwrite-project", PROJECT).get("/v1/ping").await;
        assert_eq!((pong.status, pong.text.as_str()), (200, "Pong!"));
        assert_eq!(pong.header("content-type"), "text/plain; charset=UTF-8");
        assert_eq!(app.guest().get("/v1/ping?project=demo").await.text, "Pong!");
        for project in ["", "console", "nobody"] {
            app.guest().header("x-appwrite-project", project).get("/v1/ping").await.fails(404, "project_not_found", "");
        }
    }

    async fn life_and_readiness_need_neither_project_nor_key(app) {
        for path in ["/livez", "/readyz"] {
            for caller in [app.guest(), app.caller("nobody", "wrong"), app.guest().header("x-appwrite-jwt", "x")] {
                assert_eq!(caller.get(path).await.expect(200), json!({"status": "pass"}), "{path}");
            }
            app.guest().request(Method::POST, path, "{}".to_owned()).await.fails(404, "general_route_not_found", "");
        }
        app.store().close().await;
        assert_eq!(app.guest().get("/livez").await.expect(200), json!({"status": "pass"}));
        let answer = app.guest().get("/readyz").await;
        assert_eq!(answer.header("retry-after"), "1");
        answer.fails(503, "general_server_error", "");
        app.guest().get("/readyz").await.fails(503, "general_server_error", "");
    }
}
