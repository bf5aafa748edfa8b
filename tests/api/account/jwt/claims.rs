//! Making tokens, and what they say.

use std::time::Duration;

use serde_json::json;
use usher::access::Scope;
use usher::clock::Millis;

use super::{bearer, claims, of_user, part};
use crate::account::credentials::{client, is_guest, session, signed_in, text};
use crate::account::sessions::events;
use crate::support::{Answer, NOW, PROJECT, both};

/// The second in which the clock stands.
fn now() -> i64 {
    Millis::parse(NOW).unwrap().0 / 1000
}

#[track_caller]
fn jwt(answer: Answer) -> String {
    text(&answer.expect(201)["jwt"])
}

both! {
    async fn a_session_makes_a_token_that_stands_for_its_user(app) {
        let user = app.user("anna", json!({"email": "anna@example.org"})).await;
        let (id, encoded) = session(app, "anna").await;
        let own = client(app).header("x-appwrite-session", &encoded);
        let project = app.project(PROJECT).await.key.number();
        for path in ["/v1/account/jwts", "/v1/account/jwt"] {
            let token = jwt(own.post(path, &json!({})).await);
            assert_eq!(part(&token, 0), r#"{"typ":"JWT","alg":"HS256"}"#);
            let said = json!({"userId": "anna", "sessionId": id, "exp": now() + 900, "project": project});
            assert_eq!(claims(&token), said);
            let account = bearer(app, &token).get("/v1/account").await.expect(200);
            assert_eq!((&account["$id"], &account["email"]), (&json!("anna"), &user["email"]));
            // It may do what the user may.
            let renamed = bearer(app, &token).patch("/v1/account/name", &json!({"name": "Anna"})).await.expect(200);
            assert_eq!(renamed["name"], "Anna");
        }
        // No row of the log tells of the tokens.
        assert_eq!(events(app, "anna").await, ["user.update", "user.update", "session.create", "user.create"]);
    }

    async fn a_token_lives_as_long_as_it_was_asked_to(app) {
        app.user("anna", json!({})).await;
        let own = signed_in(app, "anna").await;
        let admin = app.admin();
        for (caller, path) in [(&own, "/v1/account/jwts"), (&own, "/v1/account/jwt"), (&admin, "/v1/users/anna/jwts")] {
            for (duration, seconds) in
                [(json!(null), 900), (json!(1), 1), (json!(2), 2), (json!(64.0), 64), (json!(3599), 3599), (json!(3600), 3600)]
            {
                let token = jwt(caller.post(path, &json!({"duration": duration})).await);
                assert_eq!(claims(&token)["exp"], json!(now() + seconds), "{path} {duration}");
            }
            for wrong in [
                json!(0), json!(3601), json!(-1), json!(900.5), json!("900"), json!(""), json!(true), json!([]), json!({}),
                json!(i64::MAX), json!(1e300), json!(0.0),
            ] {
                let answer = caller.post(path, &json!({"duration": wrong})).await;
                assert_eq!(answer.status, 400, "{path} {wrong}: {}", answer.text);
                answer.fails(400, "general_argument_invalid", "`duration`");
            }
        }
    }

    async fn a_server_names_the_session_with_which_it_ends(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (first, _) = session(app, "anna").await;
        let (newest, _) = session(app, "anna").await;
        let (berts, _) = session(app, "bert").await;
        for (asked, expected) in [
            (json!({}), newest.as_str()),
            (json!({"sessionId": null}), &newest),
            (json!({"sessionId": ""}), &newest),
            (json!({"sessionId": "recent"}), &newest),
            (json!({"sessionId": "recent()"}), &newest),
            (json!({"sessionId": first}), &first),
            (json!({"sessionId": newest}), &newest),
            // What is no session of the user binds to none, and is no error.
            (json!({"sessionId": "ghost"}), ""),
            (json!({"sessionId": "current"}), ""),
            (json!({"sessionId": "RECENT"}), ""),
            (json!({"sessionId": berts}), ""),
        ] {
            let token = of_user(app, "anna", &asked).await;
            assert_eq!(claims(&token)["sessionId"], expected, "{asked}");
            assert_eq!(claims(&token)["userId"], "anna");
            let caller = bearer(app, &token);
            assert_eq!(caller.get("/v1/account").await.expect(200)["$id"], "anna", "{asked}");
        }
        for wrong in [json!("_x"), json!("recent( )"), json!("x".repeat(37)), json!(5), json!(true), json!([]), json!({})] {
            let answer = app.admin().post("/v1/users/anna/jwts", &json!({"sessionId": wrong})).await;
            answer.fails(400, "general_argument_invalid", "`sessionId`");
        }
        app.admin().post("/v1/users/ghost/jwts", &json!({})).await.fails(404, "user_not_found", "");
        app.admin().post("/v1/users/_x/jwts", &json!({})).await.fails(400, "general_argument_invalid", "`userId`");
        let both = app.admin().post("/v1/users/ghost/jwts", &json!({"sessionId": "_x", "duration": 0})).await;
        both.fails(400, "general_argument_invalid", "`sessionId`");
        assert_eq!(events(app, "anna").await, ["session.create", "session.create", "user.create"]);
    }

    async fn the_newest_session_is_one_that_has_not_ended(app) {
        app.user("anna", json!({})).await;
        let none = of_user(app, "anna", &json!({})).await;
        assert_eq!(claims(&none)["sessionId"], "");
        assert_eq!(bearer(app, &none).get("/v1/account").await.expect(200)["$id"], "anna");
        let (long, _) = session(app, "anna").await;
        app.set(|settings| settings.session_duration = 60).await;
        let (brief, _) = session(app, "anna").await;
        assert_eq!(claims(&of_user(app, "anna", &json!({})).await)["sessionId"], json!(brief));
        app.app.clock.advance(Duration::from_millis(59_999));
        assert_eq!(claims(&of_user(app, "anna", &json!({})).await)["sessionId"], json!(brief));
        app.app.clock.advance(Duration::from_millis(1));
        assert_eq!(claims(&of_user(app, "anna", &json!({"sessionId": "recent"})).await)["sessionId"], json!(long));
        // One that has ended may still be named, and gives a token that is of no use.
        let token = of_user(app, "anna", &json!({"sessionId": brief})).await;
        assert_eq!(claims(&token)["sessionId"], json!(brief));
        is_guest(bearer(app, &token).get("/v1/account").await, "its session has ended");
    }

    async fn a_token_makes_no_token(app) {
        app.user("anna", json!({})).await;
        session(app, "anna").await;
        for body in [json!({}), json!({"sessionId": "ghost"})] {
            let caller = bearer(app, &of_user(app, "anna", &body).await);
            for path in ["/v1/account/jwts", "/v1/account/jwt"] {
                caller.post(path, &json!({})).await.fails(403, "user_jwt_creation_denied", "another token");
                let wrong = caller.post(path, &json!({"duration": 0})).await;
                wrong.fails(400, "general_argument_invalid", "`duration`");
            }
        }
    }

    async fn only_a_key_with_its_scope_makes_one_for_a_user(app) {
        app.user("anna", json!({})).await;
        for scope in Scope::ALL {
            let caller = app.caller(PROJECT, &app.new_key(PROJECT, &[scope]).await);
            let answer = caller.post("/v1/users/anna/jwts", &json!({})).await;
            match scope {
                Scope::UsersWrite => drop(jwt(answer)),
                _ => answer.fails(401, "general_unauthorized_scope", r#"["users.write"]"#),
            }
        }
        let guest = client(app).post("/v1/users/anna/jwts", &json!({})).await;
        guest.fails(401, "general_unauthorized_scope", "role: guests");
    }

    async fn a_user_makes_120_in_a_minute(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (_, encoded) = session(app, "anna").await;
        let again = signed_in(app, "anna").await;
        let bert = signed_in(app, "bert").await;
        let reset = ((now() / 60 + 1) * 60).to_string();
        let rate = |answer: &Answer| {
            assert_eq!((answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-reset")), ("120", reset.as_str()));
            answer.header("x-ratelimit-remaining").to_owned()
        };
        for n in 0..120 {
            // From wherever, at either path.
            let caller = client(app).header("x-appwrite-session", &encoded);
            let caller = caller.header("x-forwarded-for", &format!("198.51.100.{n}"));
            let answer = caller.post(["/v1/account/jwts", "/v1/account/jwt"][n % 2], &json!({})).await;
            assert_eq!((answer.status, rate(&answer)), (201, (119 - n).to_string()));
        }
        let refused = again.post("/v1/account/jwts", &json!({})).await;
        assert_eq!((rate(&refused).as_str(), refused.header("retry-after")), ("0", "55"));
        refused.fails(429, "general_rate_limit_exceeded", "");
        let other = bert.post("/v1/account/jwts", &json!({})).await;
        assert_eq!((other.status, rate(&other).as_str()), (201, "119"));
        // Keys are not counted.
        of_user(app, "anna", &json!({})).await;
        app.app.clock.advance(Duration::from_millis(54_322));
        let next = again.post("/v1/account/jwts", &json!({})).await;
        assert_eq!((next.status, next.header("x-ratelimit-remaining")), (201, "119"));
    }
}
