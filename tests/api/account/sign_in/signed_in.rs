//! Who is signed in signs out first.

use std::time::Duration;

use serde_json::json;

use super::{PATHS, email, guest, hashes, member, owner, session_ids, sign_in, user};
use crate::support::{Caller, TestApp, both};

const RIGHT: &str = "long enough";

/// The ways to carry a session, with the text that stands for it, and a token made by it.
async fn carriers(app: &TestApp) -> Vec<(&'static str, Caller<'_>)> {
    let answer = sign_in(&guest(app), "anna", RIGHT).await;
    let fallback = answer.header("x-fallback-cookies").to_owned();
    let secret = serde_json::from_str::<serde_json::Value>(&fallback).unwrap()["a_session_demo"].clone();
    let secret = secret.as_str().unwrap();
    let jwt = member(app, &answer).post("/v1/account/jwts", &json!({})).await.expect(201)["jwt"].clone();
    vec![
        ("cookie", guest(app).header("cookie", &format!("a_session_demo={}", secret.replace('=', "%3D")))),
        ("legacy cookie", guest(app).header("cookie", &format!("a_session_demo_legacy={secret}"))),
        ("header", guest(app).header("x-appwrite-session", secret)),
        ("fallback", guest(app).header("x-fallback-cookies", &fallback)),
        ("token", guest(app).header("x-appwrite-jwt", jwt.as_str().unwrap())),
    ]
}

both! {
    async fn another_session_is_refused_by_whatever_way_the_first_is_carried(app, "USHER_RATE_LIMITS" = "false") {
        user(app, "anna", RIGHT).await;
        user(app, "bert", RIGHT).await;
        for (way, caller) in carriers(app).await {
            for path in PATHS {
                for (id, password) in [("anna", RIGHT), ("bert", RIGHT), ("bert", "wrong enough")] {
                    let body = json!({"email": email(id), "password": password});
                    let (answer, run) = hashes(app, caller.post(path, &body)).await;
                    assert_eq!((answer.status, run), (401, 0), "{way} {path}");
                    assert!(answer.headers.get("set-cookie").is_none());
                    answer.fails(401, "user_session_already_exists", "");
                }
            }
            // A key is nobody's session, so it may.
            let session = sign_in(&caller.header("x-appwrite-key", app.admin_key()), "anna", RIGHT).await.expect(201);
            assert_eq!(session["provider"], "email", "{way}");
        }
        assert!(session_ids(app, "bert").await.is_empty());
    }

    async fn a_session_that_is_over_stands_in_nobodys_way(app) {
        user(app, "anna", RIGHT).await;
        user(app, "bert", RIGHT).await;
        // Signed out, of another project, of nobody, and without meaning.
        let out = owner(app, "anna").await;
        assert_eq!(out.delete("/v1/account/sessions/current").await.status, 204);
        app.new_project("other").await;
        let key = app.new_key("other", &usher::access::Scope::ALL).await;
        let theirs = app.caller("other", &key);
        theirs.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        let session = theirs.post("/v1/users/anna/sessions", &json!({})).await.expect(201);
        let elsewhere = guest(app).header("x-appwrite-session", session["secret"].as_str().unwrap());
        let nonsense = guest(app).header("x-appwrite-session", "nonsense").header("cookie", "a_session_demo=%%%");
        for caller in [out, elsewhere, nonsense] {
            sign_in(&caller, "anna", RIGHT).await.expect(201);
        }
        // One whose time is over.
        app.set(|settings| settings.session_duration = 60).await;
        let late = owner(app, "anna").await;
        sign_in(&late, "anna", RIGHT).await.fails(401, "user_session_already_exists", "");
        app.app.clock.advance(Duration::from_secs(60));
        sign_in(&late, "anna", RIGHT).await.expect(201);
    }

    async fn the_session_of_a_blocked_user_is_still_refused_as_such(app) {
        user(app, "anna", RIGHT).await;
        user(app, "bert", RIGHT).await;
        let own = owner(app, "anna").await;
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        for id in ["anna", "bert"] {
            let (answer, run) = hashes(app, sign_in(&own, id, RIGHT)).await;
            answer.fails(403, "user_blocked", "");
            assert_eq!(run, 0);
        }
        assert!(session_ids(app, "bert").await.is_empty());
    }

    async fn a_token_that_is_not_valid_is_refused_as_such(app) {
        user(app, "anna", RIGHT).await;
        let (answer, run) = hashes(app, sign_in(&guest(app).header("x-appwrite-jwt", "a.b.c"), "anna", RIGHT)).await;
        answer.fails(401, "user_jwt_invalid", "");
        assert_eq!(run, 0);
        assert!(session_ids(app, "anna").await.is_empty());
    }
}
