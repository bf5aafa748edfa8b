//! Signing out.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{events, newest_row, rate};
use crate::account::credentials::{client, is_guest, session, text};
use crate::support::{Answer, Caller, IP, TestApp, both};

async fn ids(app: &TestApp, user: &str) -> Vec<String> {
    let list = app.admin().get(&format!("/v1/users/{user}/sessions")).await;
    list.ids("sessions").into_iter().map(str::to_owned).collect()
}

/// Deletes all sessions with a body.
async fn delete_all(caller: &Caller<'_>, body: &Value) -> Answer {
    caller.request(Method::DELETE, "/v1/account/sessions", body.to_string()).await
}

#[track_caller]
fn is_empty(answer: &Answer) {
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
}

both! {
    async fn the_present_one_or_another(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        let (one, encoded) = session(app, "anna").await;
        let (two, _) = session(app, "anna").await;
        let (three, other) = session(app, "anna").await;
        app.app.clock.advance(Duration::from_secs(1));
        let caller = client(app).header("x-appwrite-session", &encoded);
        is_empty(&caller.delete(&format!("/v1/account/sessions/{two}")).await);
        assert_eq!(ids(app, "anna").await, [one.as_str(), &three]);
        let row = newest_row(app, "anna").await;
        let told = ["event", "userId", "userEmail", "userType", "ip", "time"].map(|field| text(&row[field]));
        assert_eq!(told, ["session.delete", "anna", "anna@example.org", "user", IP, &app.app.clock.now().to_string()]);
        caller.delete(&format!("/v1/account/sessions/{two}")).await.fails(404, "user_session_not_found", "session");
        is_empty(&caller.delete("/v1/account/sessions/current").await);
        assert_eq!(ids(app, "anna").await, [three.as_str()]);
        is_guest(caller.delete("/v1/account/sessions/current").await, "signed out");
        // By its id the present one is the present one too.
        let last = client(app).header("x-appwrite-session", &other);
        let answer = last.delete(&format!("/v1/account/sessions/{three}")).await;
        is_empty(&answer);
        assert_eq!(answer.header("x-fallback-cookies"), "[]");
        assert_eq!(ids(app, "anna").await, [""; 0]);
        let deleted = events(app, "anna").await.iter().filter(|event| *event == "session.delete").count();
        assert_eq!(deleted, 3);
    }

    async fn nobody_ends_what_is_not_theirs(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (own, encoded) = session(app, "anna").await;
        let (berts, _) = session(app, "bert").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        for id in [berts.as_str(), "ghost", "recent", "CURRENT"] {
            let answer = caller.delete(&format!("/v1/account/sessions/{id}")).await;
            answer.fails(404, "user_session_not_found", "session");
        }
        caller.delete("/v1/account/sessions/_x").await.fails(400, "general_argument_invalid", "`sessionId`");
        assert_eq!((ids(app, "anna").await, ids(app, "bert").await), (vec![own], vec![berts]));
        is_empty(&caller.delete("/v1/account/sessions").await);
        assert_eq!((ids(app, "anna").await.len(), ids(app, "bert").await.len()), (0, 1));
        assert_eq!(events(app, "bert").await, ["session.create", "user.create"]);
    }

    async fn all_or_all_but_the_present_one(app) {
        app.user("anna", json!({})).await;
        for (body, all) in [
            (json!({}), true), (json!({"current": true}), true), (json!({"current": null}), true),
            (json!({"current": "true"}), true), (json!({"current": 1}), true), (json!([]), true),
            (json!({"current": false}), false), (json!({"current": "false"}), false), (json!({"current": 0}), false),
            (json!({"current": "0"}), false),
        ] {
            for _ in 0..2 {
                session(app, "anna").await;
            }
            let (id, encoded) = session(app, "anna").await;
            session(app, "anna").await;
            let before = events(app, "anna").await.len();
            let caller = client(app).header("x-appwrite-session", &encoded);
            let answer = delete_all(&caller, &body).await;
            is_empty(&answer);
            assert_eq!(answer.header("x-fallback-cookies"), if all { "[]" } else { "" }, "{body}");
            assert_eq!(answer.headers.contains_key("set-cookie"), all, "{body}");
            assert_eq!(ids(app, "anna").await, if all { vec![] } else { vec![id] }, "{body}");
            match all {
                true => is_guest(caller.get("/v1/account").await, "signed out"),
                false => drop(caller.get("/v1/account").await.expect(200)),
            }
            let rows = events(app, "anna").await;
            assert_eq!((rows.len(), rows[0].as_str()), (before + 1, "session.delete"), "{body}");
            app.admin().delete("/v1/users/anna/sessions").await.expect(204);
        }
    }

    async fn what_is_not_understood_ends_nothing(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        session(app, "anna").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        for value in [json!("no"), json!(""), json!("current"), json!(2), json!(1.5), json!([]), json!({}), json!([false])] {
            let answer = delete_all(&caller, &json!({"current": value})).await;
            answer.fails(400, "general_argument_invalid", "`current`");
        }
        assert_eq!(ids(app, "anna").await.len(), 2);
        // No body at all, or one that is no JSON, asks for nothing in particular. Nor does the query string.
        for (path, body) in [
            ("/v1/account/sessions", None), ("/v1/account/sessions", Some("")), ("/v1/account/sessions", Some("{")),
            ("/v1/account/sessions?current=false", Some("{}")),
        ] {
            let caller = client(app).header("x-appwrite-session", &session(app, "anna").await.1);
            is_empty(&caller.request(Method::DELETE, path, body.map(str::to_owned)).await);
            assert_eq!(ids(app, "anna").await.len(), 0, "{path} {body:?}");
        }
    }

    async fn a_token_has_no_session_to_keep_or_to_leave(app) {
        app.user("anna", json!({})).await;
        let token = async || {
            let (_, encoded) = session(app, "anna").await;
            let caller = client(app).header("x-appwrite-session", &encoded);
            let jwt = text(&caller.post("/v1/account/jwts", &json!({})).await.expect(201)["jwt"]);
            client(app).header("x-appwrite-jwt", &jwt)
        };
        let caller = token().await;
        caller.delete("/v1/account/sessions/current").await.fails(404, "user_session_not_found", "");
        delete_all(&caller, &json!({"current": false})).await.fails(404, "user_session_not_found", "");
        let before = ids(app, "anna").await;
        assert_eq!(before.len(), 1);
        assert_eq!(events(app, "anna").await[0], "session.create");
        // Named by its id, its own session goes, and the token with it.
        let answer = caller.delete(&format!("/v1/account/sessions/{}", before[0])).await;
        is_empty(&answer);
        assert!(!answer.headers.contains_key("set-cookie"));
        is_guest(caller.get("/v1/account").await, "the session is gone");
        let caller = token().await;
        session(app, "anna").await;
        let answer = delete_all(&caller, &json!({})).await;
        is_empty(&answer);
        assert!(!answer.headers.contains_key("set-cookie"));
        assert_eq!(ids(app, "anna").await, [""; 0]);
        is_guest(caller.get("/v1/account").await, "all sessions are gone");
    }

    async fn of_many_who_end_one_session_one_has_done_it(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        for _ in 0..5 {
            let (id, _) = session(app, "anna").await;
            let path = format!("/v1/account/sessions/{id}");
            let answers = join_all((0..6).map(|_| caller.delete(&path))).await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 404, 404, 404, 404, 404]);
        }
        let deleted = events(app, "anna").await.iter().filter(|event| *event == "session.delete").count();
        assert_eq!(deleted, 5);
    }

    async fn a_hundred_times_an_hour_from_one_address(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        let from = |ip: &str| client(app).header("x-appwrite-session", &encoded).header("x-forwarded-for", ip);
        let here = from("198.51.100.7");
        let keep = json!({"current": false});
        for left in (0..100).rev() {
            let one = here.delete("/v1/account/sessions/ghost").await;
            assert_eq!((one.status, rate(&one)), (404, ("100", left.to_string().as_str())));
            let all = delete_all(&here, &keep).await;
            assert_eq!((all.status, rate(&all)), (204, ("100", left.to_string().as_str())));
        }
        for answer in [here.delete("/v1/account/sessions/current").await, here.delete("/v1/account/sessions").await] {
            assert_eq!((rate(&answer), answer.header("retry-after")), (("100", "0"), "3355"));
            assert!(!answer.headers.contains_key("set-cookie"));
            answer.fails(429, "general_rate_limit_exceeded", "");
        }
        here.get("/v1/account").await.expect(200);
        let elsewhere = from("198.51.100.8").delete("/v1/account/sessions/current").await;
        assert_eq!((elsewhere.status, rate(&elsewhere)), (204, ("100", "99")));
    }
}
