//! Which project a request is for.

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;
use usher::access::Scope;
use usher::store::projects;

use crate::support::{PROJECT, both};

both! {
    async fn a_request_that_names_no_project_is_a_guest_everywhere(app) {
        let key = app.admin_key();
        for (project, key, status, kind) in [
            (None, None, 401, "general_unauthorized_scope"),
            (Some(""), None, 401, "general_unauthorized_scope"),
            (Some("  "), None, 401, "general_unauthorized_scope"),
            (Some("console"), None, 401, "general_unauthorized_scope"),
            (None, Some(key), 403, "project_id_missing"),
            (Some(""), Some(key), 403, "project_id_missing"),
            (None, Some("wrong"), 403, "project_id_missing"),
            // The console is a project without keys.
            (Some("console"), Some(key), 401, "user_unauthorized"),
            (Some("console"), Some("standard_00"), 401, "user_unauthorized"),
        ] {
            let mut caller = app.guest();
            for (name, value) in [("x-appwrite-project", project), ("x-appwrite-key", key)] {
                caller = value.into_iter().fold(caller, |caller, value| caller.header(name, value));
            }
            for path in ["/v1/users", "/v1/users/_bad", "/v1/health"] {
                let answer = caller.get(path).await;
                assert_eq!(answer.json["type"], kind, "{project:?} {key:?} {path}");
                answer.fails(status, kind, "");
            }
            // What is public stays public, and routes that are not there are not there.
            caller.get("/v1/health/version").await.expect(200);
            caller.get("/v1/nothing").await.fails(404, "general_route_not_found", "");
        }
    }

    async fn an_unknown_project_is_404_with_any_key_on_any_route(app) {
        for project in ["nobody", "DEMO", "demo ", "_", "de%20mo", &"x".repeat(37), &"x".repeat(5000), "'"] {
            if project.trim() == PROJECT {
                // White space around a header's value does not belong to it.
                app.caller(project, app.admin_key()).get("/v1/users").await.expect(200);
                continue;
            }
            for key in [app.admin_key(), "wrong", ""] {
                let caller = app.caller(project, key);
                caller.get("/v1/users").await.fails(404, "project_not_found", "");
                caller.post("/v1/users", &json!({})).await.fails(404, "project_not_found", "");
                caller.get("/v1/nothing").await.fails(404, "project_not_found", "");
                caller.get("/v1/ping").await.fails(404, "project_not_found", "");
                caller.request(Method::TRACE, "/v1/users", None).await.fails(404, "project_not_found", "");
            }
        }
    }

    async fn the_project_may_come_as_a_parameter(app) {
        app.new_project("other").await;
        let other = app.new_key("other", &Scope::ALL).await;
        let bare = app.guest().header("x-appwrite-key", app.admin_key());
        bare.get("/v1/users?project=demo").await.expect(200);
        bare.post("/v1/users?project=demo", &json!({"userId": "a"})).await.expect(201);
        bare.post("/v1/users", &json!({"project": "demo", "userId": "b"})).await.expect(201);
        bare.put("/v1/users/a/labels", &json!({"project": "demo", "labels": ["vip"]})).await.expect(200);
        bare.patch("/v1/users/a/name", &json!({"project": "demo", "name": "A"})).await.expect(200);
        let delete = async |path: &str, body: &str| bare.request(Method::DELETE, path, body.to_owned()).await;
        delete("/v1/users/b", r#"{"project":"demo"}"#).await.expect(204);
        let form = bare.clone().header("content-type", "application/x-www-form-urlencoded");
        form.request(Method::POST, "/v1/users", "project=demo&userId=c".to_owned()).await.expect(201);
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["a", "c"]);
        // The empty header counts as none.
        bare.clone().header("x-appwrite-project", "").get("/v1/users?project=demo").await.expect(200);

        // The header wins over the query string, and that over the body.
        let caller = app.caller("other", &other);
        assert!(caller.get("/v1/users?project=demo").await.ids("users").is_empty());
        let body = json!({"project": "demo", "userId": "d"});
        caller.post("/v1/users", &body).await.expect(201);
        let bare_other = app.guest().header("x-appwrite-key", &other);
        bare_other.post("/v1/users?project=other", &json!({"project": "demo", "userId": "e"})).await.expect(201);
        assert_eq!(caller.get("/v1/users").await.ids("users"), ["d", "e"]);
        assert_eq!(app.admin().get("/v1/users").await.ids("users"), ["a", "c"]);
    }

    async fn a_parameter_that_is_no_project_is_none(app) {
        let bare = app.guest().header("x-appwrite-key", app.admin_key());
        for body in
            [json!({"project": 5}), json!({"project": ["demo"]}), json!({"project": null}), json!({"project": ""})]
        {
            bare.post("/v1/users", &body).await.fails(403, "project_id_missing", "X-Appwrite-Project");
        }
        for path in ["/v1/users?project=", "/v1/users?project[]=demo", "/v1/users?Project=demo"] {
            bare.get(path).await.fails(403, "project_id_missing", "");
        }
        // The body of a GET is not looked at.
        let answer = bare.request(Method::GET, "/v1/users", r#"{"project":"demo"}"#.to_owned()).await;
        answer.fails(403, "project_id_missing", "");
        bare.get("/v1/users?project=nobody").await.fails(404, "project_not_found", "");
        bare.post("/v1/users", &json!({"project": "nobody"})).await.fails(404, "project_not_found", "");
        bare.post("/v1/users", &json!({"project": "de\u{0}mo"})).await.fails(404, "project_not_found", "");
        let large = bare.request(Method::POST, "/v1/users", "x".repeat(1024 * 1024 + 1)).await;
        assert_eq!(large.status, 413, "{}", large.text);
    }

    async fn a_project_that_was_unknown_a_moment_ago_works_as_soon_as_it_is_made(app) {
        app.caller("soon", "key").get("/v1/users").await.fails(404, "project_not_found", "");
        app.new_project("soon").await;
        app.caller("soon", "key").get("/v1/users").await.fails(401, "user_unauthorized", "");
        let key = app.new_key("soon", &Scope::ALL).await;
        app.caller("soon", &key).get("/v1/users").await.expect(200);
    }

    async fn a_deleted_project_stops_within_5_seconds(app) {
        app.new_project("brief").await;
        let key = app.new_key("brief", &Scope::ALL).await;
        let caller = app.caller("brief", &key);
        caller.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        let number = app.project("brief").await.key;
        app.write(move |tx| Box::pin(async move { projects::delete(tx, number).await })).await;
        let deleted = Instant::now();
        loop {
            let answer = caller.get("/v1/users").await;
            if answer.status == 404 {
                answer.fails(404, "project_not_found", "");
                break;
            }
            assert!(answer.ids("users").is_empty());
            assert!(deleted.elapsed() < Duration::from_secs(5), "{}", answer.text);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        app.admin().get("/v1/users").await.expect(200);
    }

    async fn what_is_remembered_of_a_deleted_project_opens_no_later_one(app) {
        app.new_project("first").await;
        let key = app.new_key("first", &Scope::ALL).await;
        let caller = app.caller("first", &key);
        caller.get("/v1/users").await.expect(200);
        let number = app.project("first").await.key;
        app.write(move |tx| Box::pin(async move { projects::delete(tx, number).await })).await;
        app.new_project("second").await;
        let second = app.new_key("second", &Scope::ALL).await;
        app.caller("second", &second).post("/v1/users", &json!({"userId": "secret"})).await.expect(201);
        // For some seconds the deleted project and its key are still believed in.
        assert!(caller.get("/v1/users").await.ids("users").is_empty());
        app.caller("second", &key).get("/v1/users").await.fails(401, "user_unauthorized", "");
    }
}
