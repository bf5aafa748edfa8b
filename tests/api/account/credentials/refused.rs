//! What is no session, or not any more: whoever shows it is a guest.

use std::time::Duration;

use serde_json::json;
use usher::access::Scope;
use usher::secret::digest;

use super::{client, encode, is_guest, secret_of, session, signed_in, text};
use crate::support::{Caller, PROJECT, TestApp, both};

/// A client that shows a session in each way that there is.
fn ways<'a>(app: &'a TestApp, encoded: &str) -> [Caller<'a>; 4] {
    let name = format!("a_session_{PROJECT}");
    [
        client(app).header("cookie", &format!("{name}={encoded}")),
        client(app).header("cookie", &format!("{name}_legacy={encoded}")),
        client(app).header("x-appwrite-session", encoded),
        client(app).header("x-fallback-cookies", &json!({ name: encoded }).to_string()),
    ]
}

/// Nobody is signed in by this, whichever way it comes.
async fn is_nobody(app: &TestApp, encoded: &str, case: &str) {
    for caller in ways(app, encoded) {
        is_guest(caller.get("/v1/account").await, case);
        // Neither where users are nobody anyway, nor where nobody has to be known.
        let users = caller.get("/v1/users").await;
        users.fails(401, "general_unauthorized_scope", "User (role: guests) missing scopes ([\"users.read\"])");
        caller.get("/v1/health/version").await.expect(200);
    }
}

both! {
    async fn id_and_secret_must_belong_together(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (_, annas) = session(app, "anna").await;
        let (_, berts) = session(app, "bert").await;
        let (annas, berts) = (secret_of(&annas, "anna"), secret_of(&berts, "bert"));
        for caller in ways(app, &encode("anna", &annas)) {
            assert_eq!(caller.get("/v1/account").await.expect(200)["$id"], "anna");
        }
        let last = annas.chars().next_back().unwrap();
        let changed = format!("{}{}", &annas[..255], if last == '0' { '1' } else { '0' });
        for (user, secret, case) in [
            ("anna", berts.as_str(), "another's secret"),
            ("bert", &annas, "another's id"),
            ("nobody", &annas, "nobody's id"),
            ("ANNA", &annas, "an id in other letters"),
            ("anna", &changed, "one character of the secret"),
            ("anna", &annas[..255], "a short secret"),
            ("anna", &format!("{annas}0"), "a long secret"),
            ("anna", &format!("{annas} "), "a blank behind the secret"),
            ("anna", &annas.to_uppercase(), "a secret in other letters"),
            ("anna", &digest(&annas), "what is stored of the secret"),
            ("anna", "' OR 1=1 --", "SQL"),
            ("anna", "\u{0}", "a NUL"),
            ("an\u{0}na", &annas, "a NUL in the id"),
        ] {
            is_nobody(app, &encode(user, secret), case).await;
        }
    }

    async fn a_session_ends_exactly_when_it_says(app) {
        app.user("anna", json!({})).await;
        app.set(|settings| settings.session_duration = 60).await;
        let (id, encoded) = session(app, "anna").await;
        app.app.clock.advance(Duration::from_millis(59_999));
        for caller in ways(app, &encoded) {
            assert_eq!(caller.get("/v1/account/sessions/current").await.expect(200)["$id"], json!(id));
        }
        app.app.clock.advance(Duration::from_millis(1));
        is_nobody(app, &encoded, "one that has ended").await;
        // It is still listed, for its owner and for keys, until somebody cleans up.
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), [id]);
    }

    async fn a_session_that_was_deleted_is_none(app) {
        app.user("anna", json!({})).await;
        let (first, one) = session(app, "anna").await;
        let (_, other) = session(app, "anna").await;
        let own = client(app).header("x-appwrite-session", &one);
        own.get("/v1/account").await.expect(200);
        own.delete("/v1/account/sessions/current").await.expect(204);
        is_nobody(app, &one, "signed out").await;
        client(app).header("x-appwrite-session", &other).get("/v1/account").await.expect(200);
        let (id, again) = session(app, "anna").await;
        assert_ne!(id, first);
        app.admin().delete(&format!("/v1/users/anna/sessions/{id}")).await.expect(204);
        is_nobody(app, &again, "deleted by a key").await;
        app.admin().delete("/v1/users/anna/sessions").await.expect(204);
        is_nobody(app, &other, "deleted with all").await;
    }

    async fn the_sessions_of_a_deleted_user_are_not_those_of_the_next_with_the_id(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        app.admin().delete("/v1/users/anna").await.expect(204);
        is_nobody(app, &encoded, "the user is gone").await;
        app.user("anna", json!({})).await;
        is_nobody(app, &encoded, "another with the id").await;
    }

    async fn a_session_is_of_one_project(app) {
        app.new_project("other").await;
        let key = app.new_key("other", &Scope::ALL).await;
        let other = app.caller("other", &key);
        app.user("anna", json!({})).await;
        other.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        let made = other.post("/v1/users/anna/sessions", &json!({})).await.expect(201);
        let theirs = made["secret"].as_str().unwrap();
        is_nobody(app, theirs, "of another project").await;
        let guest = app.guest().header("x-appwrite-project", "other").header("x-appwrite-session", theirs);
        guest.get("/v1/account").await.expect(200);
    }

    /// A blocked user is told so, on every route that would have asked who it is; unblocked, the same session is good.
    async fn a_blocked_user_keeps_the_session(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        let anna = signed_in(app, "anna").await;
        anna.get("/v1/account").await.expect(200);
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        for path in ["/v1/account", "/v1/account/sessions", "/v1/users", "/v1/users/anna", "/v1/health"] {
            anna.get(path).await.fails(403, "user_blocked", "blocked");
        }
        anna.post("/v1/account", &json!({})).await.fails(403, "user_blocked", "blocked");
        // What asks nobody who they are does not care.
        anna.get("/v1/health/version").await.expect(200);
        anna.get("/v1/nothing").await.fails(404, "general_route_not_found", "");
        app.admin().patch("/v1/users/anna/status", &json!({"status": true})).await.expect(200);
        anna.get("/v1/account").await.expect(200);
    }

    async fn whoever_is_signed_in_is_named_where_only_keys_may_go(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        app.user("nameless", json!({"phone": "+4930123456"})).await;
        for (user, name) in [("anna", "anna@example.org (role: users)"), ("nameless", "User (role: users)")] {
            let caller = signed_in(app, user).await;
            let jwt = app.admin().post(&format!("/v1/users/{user}/jwts"), &json!({})).await.expect(201);
            let by_token = client(app).header("x-appwrite-jwt", jwt["jwt"].as_str().unwrap());
            for caller in [caller, by_token] {
                for (answer, scopes) in [
                    (caller.get("/v1/users").await, r#"["users.read"]"#),
                    (caller.get(&format!("/v1/users/{user}")).await, r#"["users.read"]"#),
                    (caller.post("/v1/users", &json!({"userId": "new"})).await, r#"["users.write"]"#),
                    (caller.patch(&format!("/v1/users/{user}/name"), &json!({"name": "x"})).await, r#"["users.write"]"#),
                    (
                        caller.post(&format!("/v1/users/{user}/sessions"), &json!({})).await,
                        r#"["users.write","sessions.write"]"#,
                    ),
                    (caller.post(&format!("/v1/users/{user}/tokens"), &json!({})).await, r#"["users.write"]"#),
                    (caller.post(&format!("/v1/users/{user}/jwts"), &json!({})).await, r#"["users.write"]"#),
                    (caller.get("/v1/health").await, r#"["health.read"]"#),
                ] {
                    let start = format!("{name} missing scopes ({scopes}).");
                    let message = text(&answer.json["message"]);
                    assert!(message.starts_with(&start), "{message} and not {start}");
                    answer.fails(401, "general_unauthorized_scope", "API key");
                }
            }
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 2);
    }
}
