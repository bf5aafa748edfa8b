//! When a token is good no more.

use std::time::Duration;

use serde_json::json;
use usher::access::Scope;
use usher::clock::Millis;
use usher::store::projects;

use super::{bearer, claims, of_user};
use crate::account::credentials::{client, is_guest, session, text};
use crate::support::{Answer, PROJECT, TestApp, both};

/// A request of the project's account by whoever has this token.
async fn account(app: &TestApp, project: &str, jwt: &str) -> Answer {
    app.guest().header("x-appwrite-project", project).header("x-appwrite-jwt", jwt).get("/v1/account").await
}

both! {
    async fn it_ends_exactly_when_it_says(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        let own = client(app).header("x-appwrite-session", &encoded);
        for duration in [1, 900, 3600] {
            let bound = text(&own.post("/v1/account/jwts", &json!({"duration": duration})).await.expect(201)["jwt"]);
            let free = of_user(app, "anna", &json!({"sessionId": "ghost", "duration": duration})).await;
            let end = Millis(claims(&bound)["exp"].as_i64().unwrap() * 1000);
            assert_eq!(claims(&free)["exp"], claims(&bound)["exp"]);
            let left = Duration::from_millis((end.0 - app.app.clock.now().0).unsigned_abs());
            app.app.clock.advance(left - Duration::from_millis(1));
            for token in [&bound, &free] {
                assert_eq!(bearer(app, token).get("/v1/account").await.expect(200)["$id"], "anna");
            }
            app.app.clock.advance(Duration::from_millis(1));
            for token in [&bound, &free] {
                for caller in [client(app), app.admin()] {
                    let caller = caller.header("x-appwrite-jwt", token);
                    caller.get("/v1/account").await.fails(401, "user_jwt_invalid", "");
                    caller.get("/v1/users").await.fails(401, "user_jwt_invalid", "");
                }
            }
            own.get("/v1/account").await.expect(200);
        }
    }

    async fn it_ends_with_its_session(app) {
        app.user("anna", json!({})).await;
        let (kept, _) = session(app, "anna").await;
        for way in ["signed out", "by a key", "all by a key", "all", "all others"] {
            let (other, other_encoded) = session(app, "anna").await;
            let (id, encoded) = session(app, "anna").await;
            let own = client(app).header("x-appwrite-session", &encoded);
            let by_session = text(&own.post("/v1/account/jwts", &json!({})).await.expect(201)["jwt"]);
            let by_key = of_user(app, "anna", &json!({"sessionId": id})).await;
            let free = of_user(app, "anna", &json!({"sessionId": "ghost"})).await;
            for token in [&by_session, &by_key] {
                bearer(app, token).get("/v1/account").await.expect(200);
            }
            let beside = client(app).header("x-appwrite-session", &other_encoded);
            let keep = json!({"current": false}).to_string();
            let answer = match way {
                "signed out" => own.delete("/v1/account/sessions/current").await,
                "by a key" => app.admin().delete(&format!("/v1/users/anna/sessions/{id}")).await,
                "all by a key" => app.admin().delete("/v1/users/anna/sessions").await,
                "all" => own.delete("/v1/account/sessions").await,
                _ => beside.request(axum::http::Method::DELETE, "/v1/account/sessions", keep).await,
            };
            assert_eq!(answer.status, 204, "{way}: {}", answer.text);
            for token in [&by_session, &by_key] {
                is_guest(bearer(app, token).get("/v1/account").await, way);
                let users = bearer(app, token).get("/v1/users").await;
                users.fails(401, "general_unauthorized_scope", "role: guests");
                // Who is a guest may sign in.
                let guest = bearer(app, token).post("/v1/account/sessions/anonymous", &json!({})).await;
                assert_eq!(guest.status, 201, "{way}: {}", guest.text);
            }
            // One that is bound to no session lasts for its time.
            bearer(app, &free).get("/v1/account").await.expect(200);
            let left = app.admin().get("/v1/users/anna/sessions").await;
            assert_eq!(left.ids("sessions").contains(&other.as_str()), ["signed out", "by a key", "all others"].contains(&way));
            if way == "by a key" {
                assert_eq!(left.ids("sessions")[0], kept);
            }
        }
    }

    async fn it_ends_when_its_session_does(app) {
        app.user("anna", json!({})).await;
        app.set(|settings| settings.session_duration = 60).await;
        let (id, encoded) = session(app, "anna").await;
        let own = client(app).header("x-appwrite-session", &encoded);
        let token = text(&own.post("/v1/account/jwts", &json!({"duration": 3600})).await.expect(201)["jwt"]);
        app.app.clock.advance(Duration::from_millis(59_999));
        bearer(app, &token).get("/v1/account").await.expect(200);
        own.patch("/v1/account/sessions/current", &json!({})).await.expect(200);
        app.app.clock.advance(Duration::from_millis(59_999));
        // It lives longer with the session,
        bearer(app, &token).get("/v1/account").await.expect(200);
        app.app.clock.advance(Duration::from_millis(1));
        // and not a moment longer than it, although its row is still there.
        is_guest(bearer(app, &token).get("/v1/account").await, "the session has ended");
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), [id]);
    }

    async fn a_blocked_user_is_told_so(app) {
        app.user("anna", json!({})).await;
        let (id, _) = session(app, "anna").await;
        let tokens =
            [of_user(app, "anna", &json!({"sessionId": id})).await, of_user(app, "anna", &json!({"sessionId": "ghost"})).await];
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        for token in &tokens {
            bearer(app, token).get("/v1/account").await.fails(403, "user_blocked", "");
            bearer(app, token).get("/v1/users").await.fails(403, "user_blocked", "");
        }
        // One may be made for a blocked user, and is as good as the others.
        let made = of_user(app, "anna", &json!({})).await;
        bearer(app, &made).get("/v1/account").await.fails(403, "user_blocked", "");
        app.admin().patch("/v1/users/anna/status", &json!({"status": true})).await.expect(200);
        for token in &tokens {
            bearer(app, token).get("/v1/account").await.expect(200);
        }
        app.admin().delete("/v1/users/anna").await.expect(204);
        for token in &tokens {
            is_guest(bearer(app, token).get("/v1/account").await, "the user is gone");
        }
    }

    async fn it_is_of_one_project(app) {
        app.new_project("other").await;
        let other = app.caller("other", &app.new_key("other", &Scope::ALL).await);
        app.user("anna", json!({})).await;
        other.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        let (id, _) = session(app, "anna").await;
        for body in [json!({}), json!({"sessionId": id}), json!({"sessionId": "ghost"})] {
            let own = of_user(app, "anna", &body).await;
            let theirs = text(&other.post("/v1/users/anna/jwts", &body).await.expect(201)["jwt"]);
            account(app, PROJECT, &own).await.expect(200);
            account(app, "other", &theirs).await.expect(200);
            account(app, "other", &own).await.fails(401, "user_jwt_invalid", "");
            account(app, PROJECT, &theirs).await.fails(401, "user_jwt_invalid", "");
            // The project's own key does not help.
            app.admin().header("x-appwrite-jwt", &theirs).get("/v1/users").await.fails(401, "user_jwt_invalid", "");
            app.admin().header("x-appwrite-jwt", &own).get("/v1/users").await.expect(200);
        }
    }

    async fn it_is_not_of_a_later_project_with_the_same_id(app) {
        let old = {
            app.new_project("again").await;
            let caller = app.caller("again", &app.new_key("again", &Scope::ALL).await);
            caller.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
            let made = caller.post("/v1/users/anna/jwts", &json!({"duration": 3600})).await.expect(201);
            text(&made["jwt"])
        };
        account(app, "again", &old).await.expect(200);
        let number = app.project("again").await.key;
        app.write(move |tx| Box::pin(async move { projects::delete(tx, number).await })).await;
        app.app.registry.forget();
        account(app, "again", &old).await.fails(404, "project_not_found", "");
        app.new_project("again").await;
        let caller = app.caller("again", &app.new_key("again", &Scope::ALL).await);
        caller.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        account(app, "again", &old).await.fails(401, "user_jwt_invalid", "");
        let made = caller.post("/v1/users/anna/jwts", &json!({})).await.expect(201);
        account(app, "again", &text(&made["jwt"])).await.expect(200);
    }
}
