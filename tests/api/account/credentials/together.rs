//! Several credentials in one request: which of them counts.

use serde_json::json;

use super::{client, encode, is_guest, session, signed_in, text};
use crate::support::{Caller, PROJECT, TestApp, both};

/// A token that stands for a user as long as one of the sessions lasts.
async fn token(app: &TestApp, user: &str, session: &str) -> String {
    let made = app.admin().post(&format!("/v1/users/{user}/jwts"), &json!({"sessionId": session})).await.expect(201);
    text(&made["jwt"])
}

/// The same caller with a session, in each place where it can be.
fn also<'a>(caller: &Caller<'a>, encoded: &str) -> [Caller<'a>; 4] {
    let name = format!("a_session_{PROJECT}");
    [
        caller.clone().header("cookie", &format!("{name}={encoded}")),
        caller.clone().header("cookie", &format!("{name}_legacy={encoded}")),
        caller.clone().header("x-appwrite-session", encoded),
        caller.clone().header("x-fallback-cookies", &json!({ name: encoded }).to_string()),
    ]
}

both! {
    async fn a_key_wins_over_a_session_and_over_a_token(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        app.user("bert", json!({})).await;
        let (id, encoded) = session(app, "anna").await;
        let jwt = token(app, "anna", &id).await;
        let key = app.key_id(PROJECT, app.admin_key()).await;
        let with_token = app.admin().header("x-appwrite-jwt", &jwt);
        let mut callers = vec![with_token.clone()];
        callers.extend(also(&app.admin(), &encoded));
        // All three are no conflict either, since only the key is looked at.
        callers.extend(also(&with_token, &encoded));
        for blocked in [false, true] {
            app.admin().patch("/v1/users/anna/status", &json!({"status": !blocked})).await.expect(200);
            for caller in &callers {
                assert_eq!(caller.get("/v1/users").await.ids("users"), ["anna", "bert"]);
                let renamed = caller.patch("/v1/users/bert/name", &json!({"name": "Bert"})).await.expect(200);
                assert_eq!(renamed["name"], "Bert");
                let log = app.admin().get("/v1/users/bert/logs?queries[]=limit(1)").await.expect(200);
                assert_eq!((&log["logs"][0]["userId"], &log["logs"][0]["userType"]), (&json!(key), &json!("keyProject")));
                // A key is nobody, so it has no account, whoever else is in the request.
                let start = "app.demo@service (role: applications) missing scopes ([\"account\"]).";
                let account = caller.get("/v1/account").await;
                assert!(text(&account.json["message"]).starts_with(start), "{}", account.text);
                account.fails(401, "general_unauthorized_scope", "An API key has no account");
                // And where keys may sign up, the user is not signed in.
                let made = caller.post("/v1/account/sessions/anonymous", &json!({})).await.expect(201);
                app.admin().delete(&format!("/v1/users/{}", text(&made["userId"]))).await.expect(204);
            }
        }
    }

    async fn a_key_that_is_wrong_is_refused_although_a_session_came_with_it(app) {
        app.user("anna", json!({})).await;
        let (id, encoded) = session(app, "anna").await;
        let jwt = token(app, "anna", &id).await;
        for key in ["wrong", "standard_00"] {
            let wrong = client(app).header("x-appwrite-key", key);
            let mut callers = vec![wrong.clone().header("x-appwrite-jwt", &jwt)];
            callers.extend(also(&wrong, &encoded));
            for caller in callers {
                for path in ["/v1/account", "/v1/account/sessions", "/v1/users", "/v1/users/anna"] {
                    caller.get(path).await.fails(401, "user_unauthorized", "");
                }
                caller.post("/v1/account", &json!({})).await.fails(401, "user_unauthorized", "");
            }
        }
    }

    async fn a_token_that_is_not_valid_is_refused_whatever_else_is(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        for token in ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJ1c2VySWQiOiJhbm5hIn0."] {
            let mut callers = vec![client(app), app.admin()];
            callers.extend(also(&client(app), &encoded));
            callers.extend(also(&app.admin(), &encoded));
            for caller in callers {
                let caller = caller.header("x-appwrite-jwt", token);
                for path in ["/v1/account", "/v1/users", "/v1/health/version", "/v1/nothing"] {
                    caller.get(path).await.fails(401, "user_jwt_invalid", "X-Appwrite-JWT");
                }
                caller.post("/v1/account", &json!({})).await.fails(401, "user_jwt_invalid", "");
            }
        }
        // An empty header is none.
        let own = client(app).header("x-appwrite-session", &encoded).header("x-appwrite-jwt", "");
        own.get("/v1/account").await.expect(200);
    }

    async fn a_session_and_a_token_are_one_too_many(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (id, encoded) = session(app, "anna").await;
        let (_, berts) = session(app, "bert").await;
        let own = client(app).header("x-appwrite-jwt", &token(app, "anna", &id).await);
        own.get("/v1/account").await.expect(200);
        for other in [&encoded, &berts] {
            for caller in also(&own, other) {
                for path in ["/v1/account", "/v1/account/sessions/current", "/v1/users", "/v1/health"] {
                    caller.get(path).await.fails(403, "user_jwt_and_cookie_set", "X-Appwrite-JWT");
                }
                let sign_up = caller.post("/v1/account/sessions/anonymous", &json!({})).await;
                sign_up.fails(403, "user_jwt_and_cookie_set", "");
                let patched = caller.patch("/v1/account/name", &json!({"name": "x"})).await;
                patched.fails(403, "user_jwt_and_cookie_set", "");
                // Who is asked for by nobody is not looked for.
                caller.get("/v1/health/version").await.expect(200);
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 2);
    }

    async fn a_session_that_is_none_does_not_get_in_the_way_of_a_token(app) {
        app.user("anna", json!({})).await;
        let (id, _) = session(app, "anna").await;
        let (gone, gone_encoded) = session(app, "anna").await;
        let own = client(app).header("x-appwrite-jwt", &token(app, "anna", &id).await);
        let of_gone = client(app).header("x-appwrite-jwt", &token(app, "anna", &gone).await);
        app.admin().delete(&format!("/v1/users/anna/sessions/{gone}")).await.expect(204);
        for encoded in [gone_encoded.as_str(), &encode("anna", "wrong"), "nonsense"] {
            for caller in also(&own, encoded) {
                assert_eq!(caller.get("/v1/account").await.expect(200)["$id"], "anna", "{encoded}");
            }
        }
        // The token is not asked whom it stands for while there is a session beside it.
        app.user("bert", json!({})).await;
        for caller in also(&of_gone, &session(app, "bert").await.1) {
            caller.get("/v1/account").await.fails(403, "user_jwt_and_cookie_set", "");
        }
        is_guest(of_gone.get("/v1/account").await, "a token of a session that is gone");
        signed_in(app, "anna").await.get("/v1/account").await.expect(200);
    }
}
