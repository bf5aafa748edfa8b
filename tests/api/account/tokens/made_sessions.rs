//! Sessions that a server makes for its users, to hand them on.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use usher::access::Scope;

use super::{exchange, sessions, token};
use crate::account::credentials::{client, is_guest, session, signed_in, text};
use crate::account::sessions::{events, newest_row};
use crate::support::{PROJECT, both};

const PATH: &str = "/v1/users/anna/sessions";

both! {
    async fn it_is_good_wherever_a_session_can_be_shown(app) {
        let made = app.user("anna", json!({})).await;
        let (id, encoded) = session(app, "anna").await;
        for caller in [
            client(app).header("x-appwrite-session", &encoded),
            client(app).header("cookie", &format!("a_session_{PROJECT}={encoded}")),
            client(app).header("x-fallback-cookies", &json!({ format!("a_session_{PROJECT}"): &encoded }).to_string()),
        ] {
            let shown = caller.get("/v1/account/sessions/current").await.expect(200);
            assert_eq!((&shown["$id"], &shown["provider"], &shown["factors"]), (&json!(id), &json!("server"), &json!(["server"])));
        }
        let row = newest_row(app, "anna").await;
        let key = app.key_id(PROJECT, app.admin_key()).await;
        let told = ["event", "userType", "userId"].map(|field| text(&row[field]));
        assert_eq!(told, ["session.create", "keyProject", &key]);
        assert_eq!(made["accessedAt"], "");
    }

    async fn a_key_needs_one_of_two_scopes(app) {
        app.user("anna", json!({})).await;
        for scope in Scope::ALL {
            let caller = app.caller(PROJECT, &app.new_key(PROJECT, &[scope]).await);
            let answer = caller.post(PATH, &json!({})).await;
            match scope {
                Scope::UsersWrite | Scope::SessionsWrite => {
                    let encoded = text(&answer.expect(201)["secret"]);
                    client(app).header("x-appwrite-session", &encoded).get("/v1/account").await.expect(200);
                }
                _ => answer.fails(401, "general_unauthorized_scope", r#"["users.write","sessions.write"]"#),
            }
        }
        client(app).post(PATH, &json!({})).await.fails(401, "general_unauthorized_scope", "role: guests");
        let own = signed_in(app, "anna").await.post(PATH, &json!({})).await;
        own.fails(401, "general_unauthorized_scope", "role: users");
        assert_eq!(sessions(app, "anna").await, 3);
    }

    async fn it_needs_no_body_and_a_user(app) {
        app.user("anna", json!({})).await;
        for body in [None, Some(""), Some("{}"), Some("nonsense"), Some("[]"), Some(r#"{"userId": "ghost", "x": 1}"#)] {
            let made = app.admin().request(axum::http::Method::POST, PATH, body.map(str::to_owned)).await.expect(201);
            assert_eq!(made["userId"], "anna", "{body:?}");
        }
        app.admin().post("/v1/users/ghost/sessions", &json!({})).await.fails(404, "user_not_found", "");
        app.admin().post("/v1/users/_x/sessions", &json!({})).await.fails(400, "general_argument_invalid", "`userId`");
        assert_eq!(sessions(app, "anna").await, 6);
    }

    async fn it_lives_as_long_as_the_project_says(app) {
        app.user("anna", json!({})).await;
        app.set(|settings| settings.session_duration = 90).await;
        let made = app.admin().post(PATH, &json!({})).await.expect(201);
        assert_eq!(made["expire"], "2026-01-02T03:05:35.678+00:00");
        app.app.clock.advance(Duration::from_secs(90));
        let caller = client(app).header("x-appwrite-session", &text(&made["secret"]));
        is_guest(caller.get("/v1/account").await, "it has ended");
    }

    /// The limit of sessions is for those who sign in themselves, and they find room whatever servers have made.
    async fn there_may_be_more_of_them_than_the_limit(app) {
        app.user("anna", json!({})).await;
        app.set(|settings| settings.sessions_limit = 3).await;
        let admin = app.admin();
        let nothing = json!({});
        let answers = join_all((0..8).map(|_| admin.post(PATH, &nothing))).await;
        assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
        assert_eq!(sessions(app, "anna").await, 8);
        let (last, _) = session(app, "anna").await;
        let secret = token(app, "anna", &json!({})).await;
        let own = exchange(&client(app), "token", "anna", &secret).await.expect(201);
        let left = app.admin().get(PATH).await;
        let left = left.ids("sessions");
        assert_eq!((left.len(), left[1], left[2]), (3, last.as_str(), own["$id"].as_str().unwrap()));
    }

    async fn a_blocked_user_may_have_one_and_cannot_use_it(app) {
        app.user("anna", json!({})).await;
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        let (_, encoded) = session(app, "anna").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        caller.get("/v1/account").await.fails(403, "user_blocked", "");
        app.admin().patch("/v1/users/anna/status", &json!({"status": true})).await.expect(200);
        caller.get("/v1/account").await.expect(200);
        assert_eq!(events(app, "anna").await, ["user.update", "session.create", "user.update", "user.create"]);
    }
}
