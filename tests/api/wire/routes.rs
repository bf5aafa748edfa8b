//! Which requests are routes, and which users the names of routes do not hide.

use axum::http::Method;
use serde_json::json;

use crate::access::ENDPOINTS;
use crate::account::credentials::routes::ROUTES;
use crate::support::both;

both! {
    async fn a_known_path_with_another_method_is_an_unknown_route(app) {
        let public = ["/v1/health", "/v1/health/version", "/v1/ping", "/livez", "/readyz"];
        let known: Vec<(Method, String)> = ENDPOINTS
            .iter()
            .map(|(method, path, _)| (method.clone(), path.replace("ID", "x")))
            .chain(public.iter().map(|path| (Method::GET, (*path).to_owned())))
            .chain(ROUTES.iter().map(|(method, path, ..)| (method.clone(), (*path).to_owned())))
            .collect();
        let methods =
            [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE];
        let odd = [Method::from_bytes(b"PROPFIND").unwrap(), Method::from_bytes(b"get").unwrap()];
        // A path whose last segment is a literal for one method is a user's id for another.
        let fits = |method: &Method, path: &str| {
            let method = if *method == Method::HEAD { &Method::GET } else { method };
            let one_user = path.starts_with("/v1/users/") && path.split('/').count() == 4;
            let one_session = path.starts_with("/v1/users/identities/") && *method == Method::DELETE;
            let own_session = path.starts_with("/v1/account/sessions/")
                && [Method::GET, Method::PATCH, Method::DELETE].contains(method);
            known.iter().any(|(m, p)| m == method && p == path)
                || (one_user && [Method::GET, Method::DELETE].contains(method))
                || one_session
                || own_session
        };
        for (_, path) in &known {
            for method in methods.iter().chain(&odd) {
                let answer = app.admin().request(method.clone(), path, "{}".to_owned()).await;
                assert_ne!(answer.status, 405, "{method} {path}");
                assert_eq!(answer.header("allow"), "", "{method} {path}");
                if fits(method, path) {
                    assert_ne!(answer.json["type"], "general_route_not_found", "{method} {path}");
                } else if *method == Method::HEAD {
                    assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{path}");
                } else {
                    answer.fails(404, "general_route_not_found", "");
                }
            }
        }
    }

    async fn what_is_no_route_is_404(app) {
        for path in [
            "/",
            "/v1",
            "/v1/",
            "/v2/users",
            "/users",
            "/v1/user",
            "/v1/Users",
            "/v1/users/a/b",
            "/v1/users/a/prefs/b",
            "/v1/users/a/sessions/b",
            "/v1/users/a/sessions/b/c",
            "/v1/users/a/verification/email",
            "/v1/userss",
            "/v1%2Fusers",
            "/v1/%75sers",
            "/v1/users/a%2Fprefs/x",
            "/v1/users/../users/a/b",
            "/v1x/users",
            "/livez/x",
            "/v1/users/a/PREFS",
            "/v1/accounts",
            "/v1/Account",
            "/v1/account/sessions/current/x",
            "/v1/account/jwts/x",
            "/v1/account/password",
            "/v1/users/a/jwts",
            "/v1/users/usage/x",
        ] {
            app.admin().get(path).await.fails(404, "general_route_not_found", "");
            // Nobody needs a key to hear it.
            app.guest().get(path).await.fails(404, "general_route_not_found", "");
        }
    }

    async fn empty_segments_do_not_count(app) {
        app.user("anna", json!({"name": "Anna"})).await;
        let admin = app.admin();
        for path in ["/v1/users/", "//v1/users", "/v1//users//", "/v1/users//?search=Anna", "/v1/users?search=Anna"] {
            assert_eq!(admin.get(path).await.ids("users"), ["anna"], "{path}");
        }
        for path in ["/v1/users/anna/", "/v1/users//anna", "///v1///users///anna///"] {
            assert_eq!(admin.get(path).await.expect(200)["$id"], "anna", "{path}");
        }
        admin.patch("/v1/users//anna//prefs/", &json!({"prefs": {"a": 1}})).await.expect(200);
        assert_eq!(admin.get("/v1/users/anna/prefs//").await.expect(200), json!({"a": 1}));
        admin.post("/v1/users/", &json!({"userId": "0"})).await.expect(201);
        // A segment that is 0 is a segment, unlike in old releases.
        assert_eq!(admin.get("/v1/users/0").await.expect(200)["$id"], "0");
        admin.delete("/v1/users/0//").await.expect(204);
        assert_eq!(admin.get("/v1/users").await.ids("users"), ["anna"]);
    }

    async fn users_may_be_called_like_routes(app) {
        let admin = app.admin();
        let words = [
            "md5",
            "argon2",
            "bcrypt",
            "phpass",
            "scrypt",
            "scrypt-modified",
            "sha",
            "prefs",
            "users",
            "current",
        ];
        for id in words {
            let made = app.user(id, json!({})).await;
            assert_eq!(admin.get(&format!("/v1/users/{id}")).await.expect(200), made);
            admin.patch(&format!("/v1/users/{id}/name"), &json!({"name": id})).await.expect(200);
            admin.patch(&format!("/v1/users/{id}/prefs"), &json!({"prefs": {"id": id}})).await.expect(200);
            assert_eq!(admin.get(&format!("/v1/users/{id}/prefs")).await.expect(200), json!({"id": id}));
            assert_eq!(admin.get(&format!("/v1/users/{id}/sessions")).await.expect(200)["total"], 0);
            admin.delete(&format!("/v1/users/{id}/sessions")).await.expect(204);
            admin.delete(&format!("/v1/users/{id}")).await.expect(204);
            admin.get(&format!("/v1/users/{id}")).await.fails(404, "user_not_found", "");
        }
        // The list of identities and the usage each hide one user from GET, and from nothing else.
        let made = app.user("usage", json!({"name": "U"})).await;
        assert_eq!(admin.get("/v1/users/usage").await.expect(200)["usersTotal"], 1);
        assert_eq!(admin.get("/v1/users/usage/prefs").await.expect(200), json!({}));
        assert_eq!(admin.get("/v1/users").await.expect(200)["users"], json!([made]));
        assert_eq!(admin.patch("/v1/users/usage/name", &json!({"name": "V"})).await.expect(200)["name"], "V");
        admin.delete("/v1/users/usage").await.expect(204);
        app.user("identities", json!({"name": "I"})).await;
        assert_eq!(admin.get("/v1/users/identities").await.expect(200), json!({"total": 0, "identities": []}));
        assert_eq!(admin.get("/v1/users/identities/prefs").await.expect(200), json!({}));
        admin.patch("/v1/users/identities/name", &json!({"name": "J"})).await.expect(200);
        assert_eq!(admin.get("/v1/users").await.expect(200)["users"][0]["name"], "J");
        admin.delete("/v1/users/identities/sessions").await.fails(404, "user_identity_not_found", "");
        admin.delete("/v1/users/identities/sessions/x").await.fails(404, "user_session_not_found", "");
        admin.delete("/v1/users/identities").await.expect(204);
        assert_eq!(admin.get("/v1/users").await.expect(200)["total"], 0);
    }

    async fn ids_in_the_path_are_taken_as_they_stand(app) {
        app.user("anna", json!({})).await;
        app.user("a.b-c_d", json!({})).await;
        let admin = app.admin();
        admin.get("/v1/users/a.b-c_d").await.expect(200);
        admin.get("/v1/users/Anna").await.fails(404, "user_not_found", "");
        let long = "a".repeat(37);
        for id in [
            "%61nna", "anna%20", "%", "%zz", "%FF", "%00", "anna%2F", "a+b", "a@b", "_a", "-a", ".a", "a$", "*", "a;b",
            "a=b", "%C3%A4", "..", ".", &long,
        ] {
            for (method, path, body) in [
                (Method::GET, "", ""),
                (Method::DELETE, "", "{}"),
                (Method::GET, "/prefs", ""),
                (Method::GET, "/logs", ""),
                (Method::PATCH, "/name", r#"{"name":"x"}"#),
                (Method::DELETE, "/sessions", "{}"),
                (Method::DELETE, "/sessions/s", "{}"),
                (Method::GET, "/targets", ""),
                (Method::GET, "/targets/t", ""),
                (Method::DELETE, "/targets/t", "{}"),
            ] {
                let answer = admin.request(method, &format!("/v1/users/{id}{path}"), body.to_owned()).await;
                answer.fails(400, "general_argument_invalid", "`userId`");
            }
            let session = admin.delete(&format!("/v1/users/anna/sessions/{id}")).await;
            session.fails(400, "general_argument_invalid", "`sessionId`");
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                let target = admin.request(method.clone(), &format!("/v1/users/anna/targets/{id}"), "{}".to_owned()).await;
                target.fails(400, "general_argument_invalid", "`targetId`");
                let passkey = admin.request(method, &format!("/v1/users/anna/passkeys/{id}"), "{}".to_owned()).await;
                passkey.fails(400, "general_argument_invalid", "`passkeyId`");
            }
            let identity = admin.delete(&format!("/v1/users/identities/{id}")).await;
            identity.fails(400, "general_argument_invalid", "`identityId`");
        }
        admin.get(&format!("/v1/users/{}", "a".repeat(36))).await.fails(404, "user_not_found", "");
        assert_eq!(admin.get("/v1/users").await.ids("users"), ["anna", "a.b-c_d"]);
    }
}
