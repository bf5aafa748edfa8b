//! Exchanging a token for a session.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use usher::access::Scope;

use super::{exchange, sessions, stored, token};
use crate::account::credentials::{client, secret_of, signed_in, text};
use crate::account::sessions::{events, newest_row};
use crate::support::{IP, PROJECT, both};

const PATHS: [&str; 3] = ["token", "magic-url", "phone"];

both! {
    async fn a_token_becomes_a_session_at_each_path(app) {
        app.user("anna", json!({"email": "anna@example.org", "name": "Anna"})).await;
        let agent = "AppwriteFlutterSDK/11.0.0 (Android; 13)";
        for path in PATHS {
            let (used, kept) = (token(app, "anna", &json!({})).await, token(app, "anna", &json!({"length": 64})).await);
            let answer = exchange(&client(app).header("user-agent", agent), path, "anna", &used).await;
            let cookies = serde_json::from_str::<serde_json::Value>(answer.header("x-fallback-cookies")).unwrap();
            let encoded = text(&cookies["a_session_demo"]);
            secret_of(&encoded, "anna");
            let session = answer.expect(201);
            for (field, value) in [
                ("userId", json!("anna")), ("provider", json!("token")), ("providerUid", json!("")),
                ("factors", json!(["token"])), ("current", json!(true)), ("secret", json!("")), ("ip", json!(IP)),
                ("osName", json!("Android")),
            ] {
                assert_eq!(session[field], value, "{path} {field}");
            }
            let caller = client(app).header("x-appwrite-session", &encoded);
            assert_eq!(caller.get("/v1/account/sessions/current").await.expect(200)["$id"], session["$id"]);
            // Only the one that was used is gone, and it has told nothing of the user's addresses.
            exchange(&client(app), path, "anna", &used).await.fails(401, "user_invalid_token", "");
            exchange(&client(app), path, "anna", &kept).await.expect(201);
            assert_eq!(stored(app, "anna").await, []);
            let user = app.admin().get("/v1/users/anna").await.expect(200);
            assert_eq!((&user["emailVerification"], &user["phoneVerification"]), (&json!(false), &json!(false)));
        }
        // Among them are failures, which are written down a moment later.
        let rows = app.admin().get("/v1/users/anna/logs").await.expect(200)["logs"].take();
        let row = rows.as_array().unwrap().iter().find(|row| row["event"] == "session.create").unwrap();
        let told = ["event", "userType", "userId", "userName", "userEmail"].map(|field| text(&row[field]));
        assert_eq!(told, ["session.create", "user", "anna", "Anna", "anna@example.org"]);
    }

    async fn a_server_may_exchange_it_and_sees_the_secret(app) {
        app.user("anna", json!({})).await;
        let server = app.caller(PROJECT, &app.new_key(PROJECT, &[Scope::SessionsWrite]).await);
        for path in PATHS {
            let secret = token(app, "anna", &json!({})).await;
            let session = exchange(&server, path, "anna", &secret).await.expect(201);
            let encoded = text(&session["secret"]);
            secret_of(&encoded, "anna");
            client(app).header("x-appwrite-session", &encoded).get("/v1/account").await.expect(200);
            // The user has signed in, whoever carried it.
            assert_eq!(newest_row(app, "anna").await["userType"], "user");
        }
    }

    async fn of_many_who_exchange_it_at_once_one_gets_in(app, "USHER_RATE_LIMITS" = "false") {
        app.user("anna", json!({})).await;
        for length in [4, 6, 128] {
            let secret = token(app, "anna", &json!({"length": length})).await;
            let caller = client(app);
            let before = sessions(app, "anna").await;
            let answers = join_all((0..20).map(|n| exchange(&caller, PATHS[n % 3], "anna", &secret))).await;
            assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
            for answer in answers.into_iter().filter(|answer| answer.status != 201) {
                answer.fails(401, "user_invalid_token", "");
            }
            assert_eq!((sessions(app, "anna").await, stored(app, "anna").await.len()), (before + 1, 0));
        }
        let made = events(app, "anna").await.iter().filter(|event| *event == "session.create").count();
        assert_eq!(made, 3);
    }

    async fn it_ends_exactly_when_it_says(app) {
        app.user("anna", json!({})).await;
        let [one, two] = [token(app, "anna", &json!({"expire": 60})).await, token(app, "anna", &json!({"expire": 60})).await];
        app.app.clock.advance(Duration::from_millis(59_999));
        exchange(&client(app), "token", "anna", &one).await.expect(201);
        app.app.clock.advance(Duration::from_millis(1));
        exchange(&client(app), "token", "anna", &two).await.fails(401, "user_invalid_token", "");
        assert_eq!(sessions(app, "anna").await, 1);
    }

    async fn whatever_is_wrong_hears_the_same(app, "USHER_RATE_LIMITS" = "false") {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        app.new_project("other").await;
        let other = app.caller("other", &app.new_key("other", &Scope::ALL).await);
        other.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        let theirs = text(&other.post("/v1/users/anna/tokens", &json!({"length": 64})).await.expect(201)["secret"]);
        let ended = token(app, "anna", &json!({"length": 64, "expire": 60})).await;
        app.app.clock.advance(Duration::from_secs(60));
        let used = token(app, "anna", &json!({"length": 64})).await;
        exchange(&client(app), "token", "anna", &used).await.expect(201);
        let right = token(app, "anna", &json!({"length": 64})).await;
        let berts = token(app, "bert", &json!({"length": 64})).await;
        let mut bodies = std::collections::BTreeSet::new();
        for (user, secret) in [
            ("anna", "wrong"), ("anna", &ended), ("anna", &used), ("anna", &theirs), ("anna", &berts),
            ("anna", &right[..63]), ("anna", &right.to_uppercase()), ("bert", &right), ("ghost", &right), ("Anna", &right),
        ] {
            for path in PATHS {
                // Ten of them would end the right token, which is another test's matter.
                if user == "anna" && path != "token" {
                    continue;
                }
                let answer = exchange(&client(app), path, user, secret).await;
                assert!(!answer.headers.contains_key("set-cookie"));
                bodies.insert(answer.text.clone());
                answer.fails(401, "user_invalid_token", "wrong, used up or has expired");
            }
        }
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        exchange(&client(app), "token", "anna", &right).await.expect(201);
        assert_eq!((sessions(app, "anna").await, sessions(app, "bert").await), (2, 0));
    }

    async fn parameters_have_their_limits(app, "USHER_RATE_LIMITS" = "false") {
        app.user("anna", json!({})).await;
        token(app, "anna", &json!({})).await;
        let right = json!({"userId": "anna", "secret": "x".repeat(256)});
        for path in PATHS {
            let send = async |body: &serde_json::Value| match path {
                "token" => client(app).post("/v1/account/sessions/token", body).await,
                path => client(app).put(&format!("/v1/account/sessions/{path}"), body).await,
            };
            send(&right).await.fails(401, "user_invalid_token", "");
            for (name, values) in [
                ("userId", vec![json!(""), json!("_x"), json!("x".repeat(37)), json!(5), json!(null), json!(["anna"])]),
                ("secret", vec![json!(""), json!("x".repeat(257)), json!(123_456), json!(null), json!(["x"]), json!("a\u{0}")]),
            ] {
                for value in values {
                    let mut body = right.clone();
                    body[name] = value;
                    send(&body).await.fails(400, "general_argument_invalid", &format!("`{name}`"));
                }
                let mut body = right.clone();
                body.as_object_mut().unwrap().remove(name);
                send(&body).await.fails(400, "general_argument_invalid", &format!("`{name}`"));
            }
            let nothing = send(&json!({})).await;
            nothing.fails(400, "general_argument_invalid", "`userId`");
        }
        // What was never a guess does not count as one.
        assert_eq!(stored(app, "anna").await[0].attempts, 3);
    }

    async fn whoever_is_signed_in_has_no_use_for_it(app, "USHER_RATE_LIMITS" = "false") {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let secret = token(app, "anna", &json!({})).await;
        for caller in [signed_in(app, "anna").await, signed_in(app, "bert").await] {
            for path in PATHS {
                exchange(&caller, path, "anna", &secret).await.fails(401, "user_session_already_exists", "Sign out");
                exchange(&caller, path, "anna", "wrong").await.fails(401, "user_session_already_exists", "");
            }
        }
        assert_eq!(stored(app, "anna").await[0].attempts, 0);
    }

    /// A blocked user is told so only with the right secret, which stays good for when the block is over.
    async fn a_blocked_user_keeps_the_token(app) {
        app.user("anna", json!({})).await;
        let secret = token(app, "anna", &json!({})).await;
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        for caller in [client(app), app.admin()] {
            exchange(&caller, "token", "anna", &secret).await.fails(403, "user_blocked", "");
            exchange(&caller, "token", "anna", "wrong").await.fails(401, "user_invalid_token", "");
        }
        assert_eq!((stored(app, "anna").await.len(), sessions(app, "anna").await), (1, 0));
        app.admin().patch("/v1/users/anna/status", &json!({"status": true})).await.expect(200);
        exchange(&client(app), "token", "anna", &secret).await.expect(201);
        exchange(&client(app), "token", "anna", &secret).await.fails(401, "user_invalid_token", "");
    }
}
