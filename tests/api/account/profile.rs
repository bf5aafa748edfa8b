//! `GET /v1/account`, preferences, name and status.

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use usher::clock::Millis;
use usher::store::users::User;

use super::people::{
    INVALID, PASSWORD, SCOPE, WRONG, account, by_token, cookies, email, handed, member, nobody, sessions, sign_in,
    sign_up, stranger, try_sign_in,
};
use crate::support::{Caller, NOW, TestApp, both, target};
use crate::users::crud::{events, log_of, stored, tick, with};

/// What a user can change without a password: path, body, and the fields that change.
fn changes() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("name", json!({"name": "Åsa"}), json!({"name": "Åsa"})),
        ("name", json!({"name": ""}), json!({"name": ""})),
        ("prefs", json!({"prefs": {"a": [1, {}], "0": null}}), json!({"prefs": {"a": [1, {}], "0": null}})),
        ("prefs", json!({"prefs": {}}), json!({"prefs": {}})),
        // What is in the body does not count: nobody unblocks themselves.
        ("status", json!({"status": true}), json!({"status": false})),
    ]
}

/// The same row with what these fields say.
fn changed(row: User, fields: &Value, now: Millis) -> User {
    let mut row = User { updated_at: now, ..row };
    if let Some(name) = fields.get("name") {
        row.name = name.as_str().unwrap().to_owned();
    }
    if let Some(prefs) = fields.get("prefs") {
        row.prefs = prefs.to_string();
    }
    if let Some(status) = fields.get("status") {
        row.status = status.as_bool().unwrap();
    }
    row
}

async fn send_prefs(caller: &Caller<'_>, prefs: &str) -> crate::support::Answer {
    caller.request(Method::PATCH, "/v1/account/prefs", format!(r#"{{"prefs":{prefs}}}"#)).await
}

/// Waits until the user was seen at this time.
async fn seen(app: &TestApp, id: &str, at: Millis) {
    let end = Instant::now() + Duration::from_secs(30);
    while stored(app, id).await.accessed_at != Some(at) {
        assert!(Instant::now() < end, "{id} was not seen at {at}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

both! {
    async fn users_see_themselves_without_their_passwords(app) {
        let anna = member(app, "anna").await;
        app.admin().put("/v1/users/anna/labels", &json!({"labels": ["vip"]})).await.expect(200);
        app.admin().patch("/v1/users/anna/verification", &json!({"emailVerification": true})).await.expect(200);
        anna.patch("/v1/account/prefs", &json!({"prefs": {"z": 1, "a": {}}})).await.expect(200);
        let answer = anna.get("/v1/account").await;
        assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
        let address = email("anna");
        let expected = json!({
            "$id": "anna", "$createdAt": NOW, "$updatedAt": NOW, "name": "Name of anna", "registration": NOW,
            "status": true, "labels": ["vip"], "passwordUpdate": NOW, "email": address, "phone": "",
            "emailVerification": true, "emailCanonical": address, "emailIsFree": false, "emailIsDisposable": false,
            "emailIsCorporate": true, "emailIsCanonical": true, "passwordPwned": null, "phoneVerification": false,
            "mfa": false, "prefs": {"z": 1, "a": {}},
            "targets": [target(&answer.json["targets"][0], "anna", "email", &address, NOW)], "accessedAt": NOW,
            "impersonator": false, "impersonatorUserId": null
        });
        assert_eq!(answer.text, expected.to_string());
        assert_eq!(account(app, "anna").await.to_string(), expected.to_string());
        for caller in [by_token(app, &anna).await, handed(app, "anna").await] {
            assert_eq!(caller.get("/v1/account").await.text, expected.to_string());
        }
        for (format, older) in [("1.4.0", true), ("1.8.1", true), ("1.9.0", false), ("2.6.2", false)] {
            let mut expected = expected.clone();
            if older {
                for field in ["impersonator", "impersonatorUserId"] {
                    expected.as_object_mut().unwrap().shift_remove(field);
                }
            }
            assert_eq!(anna.clone().format(format).get("/v1/account").await.text, expected.to_string(), "{format}");
        }
    }

    async fn who_is_nobody_sees_and_changes_nothing(app) {
        let anna = member(app, "anna").await;
        let row = stored(app, "anna").await;
        let routes = [
            (Method::GET, ""), (Method::GET, "/prefs"), (Method::PATCH, "/prefs"), (Method::PATCH, "/name"),
            (Method::PATCH, "/status"),
        ];
        let right = json!({"name": "B", "prefs": {"a": 1}, "userId": "anna"});
        for (method, path) in routes {
            let path = format!("/v1/account{path}");
            for body in [right.to_string(), "{}".into()] {
                let answer = stranger(app).request(method.clone(), &path, body.clone()).await;
                answer.fails(401, SCOPE, "(role: guests) missing scope");
                // A key is nobody's session, even beside one.
                let answer = app.admin().request(method.clone(), &path, body.clone()).await;
                answer.fails(401, SCOPE, "(role: applications) missing scope");
                let both = anna.clone().header("x-appwrite-key", app.admin_key());
                both.request(method.clone(), &path, body.clone()).await.fails(401, SCOPE, "(role: applications)");
                app.guest().request(method.clone(), &path, body).await.fails(404, "project_not_found", "");
            }
        }
        assert_eq!(stored(app, "anna").await, row);
        assert_eq!(events(app, "anna").await, ["session.create", "user.create"]);
    }

    async fn a_session_that_has_ended_is_nobodys(app) {
        let anna = member(app, "anna").await;
        let (token, other) = (by_token(app, &anna).await, sign_in(app, &email("anna"), PASSWORD).await);
        anna.delete("/v1/account/sessions/current").await.expect(204);
        for caller in [&anna, &token] {
            caller.get("/v1/account").await.fails(401, SCOPE, "(role: guests)");
            caller.patch("/v1/account/name", &json!({"name": "B"})).await.fails(401, SCOPE, "(role: guests)");
        }
        other.get("/v1/account").await.expect(200);
        app.app.clock.advance(Duration::from_secs(31_536_000));
        other.get("/v1/account").await.fails(401, SCOPE, "(role: guests)");
        let other = sign_in(app, &email("anna"), PASSWORD).await;
        app.admin().delete("/v1/users/anna").await.expect(204);
        other.get("/v1/account").await.fails(401, SCOPE, "(role: guests)");
        other.patch("/v1/account/status", &json!({})).await.fails(401, SCOPE, "(role: guests)");
        // Another user of that id is another user.
        sign_up(app, "anna").await;
        other.get("/v1/account").await.fails(401, SCOPE, "(role: guests)");
    }

    async fn each_change_answers_with_the_whole_account_and_touches_nothing_else(app) {
        for (what, body, fields) in changes() {
            let anna = member(app, "anna").await;
            send_prefs(&anna, r#"{"old":true}"#).await.expect(200);
            let (before, row) = (account(app, "anna").await, stored(app, "anna").await);
            let (begun, logged) = (sessions(app, "anna").await, log_of(app, "anna").await);
            tick(app);
            let now = app.app.clock.now();
            let path = format!("/v1/account/{what}");
            let sent = anna.clone().header("user-agent", "Agent/1").patch(&path, &body).await.expect(200);
            let expected = with(&with(&before, fields.clone()), json!({"$updatedAt": now.to_string()}));
            assert_eq!(sent.to_string(), expected.to_string(), "{what}");
            assert_eq!(account(app, "anna").await.to_string(), expected.to_string(), "{what}");
            let row = changed(row, &fields, now);
            assert_eq!(stored(app, "anna").await, row, "{what}");
            assert_eq!(sessions(app, "anna").await, begun, "{what}");
            let log = log_of(app, "anna").await;
            assert_eq!(log[1..], logged, "{what}");
            let actor = [&log[0].actor_type, &log[0].actor_id, &log[0].actor_name, &log[0].actor_email];
            assert_eq!(actor, ["user", "anna", "Name of anna", &email("anna")]);
            assert_eq!([&log[0].event, &log[0].mode, &log[0].user_agent], ["user.update", "default", "Agent/1"]);
            assert_eq!(log[0].time, now);

            // The same again changes nothing, and is in the log.
            if what != "status" {
                tick(app);
                assert_eq!(anna.patch(&path, &body).await.expect(200).to_string(), expected.to_string(), "{what}");
                assert_eq!((stored(app, "anna").await, log_of(app, "anna").await.len()), (row, log.len() + 1), "{what}");
            }
            app.admin().delete("/v1/users/anna").await.expect(204);
        }
    }

    /// Rows of the log tell who it was at that time.
    async fn what_the_log_says_of_a_user_stays_when_the_user_changes(app) {
        let anna = member(app, "anna").await;
        for n in 0..3 {
            let body = json!({"email": format!("anna{n}@example.org"), "password": PASSWORD});
            anna.patch("/v1/account/email", &body).await.expect(200);
            anna.patch("/v1/account/name", &json!({"name": format!("Anna {n}")})).await.expect(200);
        }
        let log = log_of(app, "anna").await;
        let who: Vec<[&str; 2]> = log.iter().rev().map(|row| [&*row.actor_name, &*row.actor_email]).collect();
        assert_eq!(who, [
            ["Name of anna", "anna@example.org"],
            ["Name of anna", "anna@example.org"],
            ["Name of anna", "anna@example.org"],
            ["Name of anna", "anna0@example.org"],
            ["Anna 0", "anna0@example.org"],
            ["Anna 0", "anna1@example.org"],
            ["Anna 1", "anna1@example.org"],
            ["Anna 1", "anna2@example.org"],
        ]);
        assert!(log.iter().all(|row| row.actor_id == "anna" && row.actor_type == "user"));
    }

    async fn preferences_come_back_as_they_were_sent(app) {
        let anna = member(app, "anna").await;
        assert_eq!(anna.get("/v1/account/prefs").await.text, "{}");
        for prefs in [
            r#"{"z":1,"a":[{"b":{}}],"":null,"$id":"x","5":true}"#,
            r#"{"large":123456789012345678901234567890,"fraction":1.0,"huge":1e+400,"minus":-0.0}"#,
            r#"{"text":"é \u001f / \\ \" 😀"}"#,
            r#"{"b":3}"#,
            "{}",
        ] {
            let answer = send_prefs(&anna, prefs).await;
            // The whole account comes back, not the preferences.
            assert_eq!(answer.json["$id"], "anna");
            assert!(answer.text.contains(&format!(r#""prefs":{prefs},"#)), "{}", answer.text);
            for caller in [anna.clone(), by_token(app, &anna).await] {
                let read = caller.get("/v1/account/prefs").await;
                assert_eq!((read.status, read.text.as_str()), (200, prefs));
                assert_eq!(read.header("content-type"), "application/json; charset=UTF-8");
            }
            assert_eq!(app.admin().get("/v1/users/anna/prefs").await.text, prefs);
        }
        // What a PHP client makes of an empty object.
        send_prefs(&anna, r#"{"a":1}"#).await.expect(200);
        assert_eq!(send_prefs(&anna, "[]").await.expect(200)["prefs"], json!({}));
        for wrong in ["null", r#""x""#, "1", "[1]"] {
            send_prefs(&anna, wrong).await.fails(400, INVALID, "`prefs`");
        }
        assert_eq!(anna.get("/v1/account/prefs").await.text, "{}");
    }

    async fn who_blocks_themselves_is_out_until_a_key_lets_them_in(app) {
        let anna = member(app, "anna").await;
        let token = by_token(app, &anna).await;
        sign_in(app, &email("anna"), PASSWORD).await;
        let begun = sessions(app, "anna").await;
        assert_eq!(begun.len(), 2);
        tick(app);
        let answer = anna.patch("/v1/account/status", &json!({})).await;
        assert_eq!((answer.status, &answer.json["status"]), (200, &json!(false)), "{}", answer.text);
        let rest = "expires=Fri, 02-Jan-2026 02:04:06 GMT; Max-Age=0; path=/; httponly";
        assert_eq!(cookies(&answer), [
            format!("a_session_demo_legacy=; {rest}"), format!("a_session_demo=; {rest}; samesite=None")
        ]);
        assert_eq!(answer.header("x-fallback-cookies"), "[]");
        assert_eq!(sessions(app, "anna").await, begun);

        let row = stored(app, "anna").await;
        for caller in [&anna, &token] {
            for (method, path) in [
                (Method::GET, ""), (Method::GET, "/prefs"), (Method::GET, "/sessions"), (Method::GET, "/logs"),
                (Method::PATCH, "/name"), (Method::PATCH, "/status"), (Method::POST, "/jwts"),
                (Method::DELETE, "/sessions"),
            ] {
                let answer = caller.request(method, &format!("/v1/account{path}"), "{}".to_owned()).await;
                answer.fails(403, "user_blocked", "");
            }
        }
        // Who does not know the password does not learn that the account is blocked.
        try_sign_in(app, &email("anna"), PASSWORD).await.fails(403, "user_blocked", "");
        try_sign_in(app, &email("anna"), "another horse").await.fails(401, WRONG, "");
        assert_eq!(stored(app, "anna").await, row);

        app.admin().patch("/v1/users/anna/status", &json!({"status": true})).await.expect(200);
        for caller in [&anna, &token] {
            assert_eq!(caller.get("/v1/account").await.expect(200)["status"], json!(true));
        }
        assert_eq!(sessions(app, "anna").await, begun);
        assert_eq!(try_sign_in(app, &email("anna"), PASSWORD).await.status, 201);
    }

    async fn others_go_on_when_somebody_blocks_themselves(app) {
        let anna = member(app, "anna").await;
        let (nobody, id) = nobody(app).await;
        let before = (stored(app, "anna").await, events(app, "anna").await);
        nobody.patch("/v1/account/status", &json!({"userId": "anna"})).await.expect(200);
        nobody.get("/v1/account").await.fails(403, "user_blocked", "");
        anna.get("/v1/account").await.expect(200);
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), before);
        assert!(!stored(app, &id).await.status);
    }

    /// Once a day, and the answer does not wait for it.
    async fn that_a_user_was_seen_is_written_down_once_a_day(app) {
        let anna = member(app, "anna").await;
        let begun = app.app.clock.now();
        let day = Duration::from_secs(24 * 60 * 60);
        app.app.clock.advance(day - Duration::from_millis(1));
        let before = stored(app, "anna").await;
        anna.get("/v1/account").await.expect(200);
        app.app.clock.advance(Duration::from_millis(1));
        let now = app.app.clock.now();
        assert_eq!(anna.get("/v1/account").await.expect(200)["accessedAt"], json!(begun.to_string()));
        seen(app, "anna", now).await;
        // Nothing was written a millisecond before, or else this would be another time.
        assert_eq!(stored(app, "anna").await, User { accessed_at: Some(now), updated_at: now, ..before });
        assert_eq!(events(app, "anna").await, ["session.create", "user.create"]);
        assert_eq!(anna.get("/v1/account").await.expect(200)["accessedAt"], json!(now.to_string()));
        // A user of a key who was never seen is seen the first time.
        app.user("bert", json!({})).await;
        handed(app, "bert").await.get("/v1/account/prefs").await.expect(200);
        seen(app, "bert", now).await;
    }
}
