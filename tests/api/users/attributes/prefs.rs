//! `GET` and `PATCH /v1/users/{userId}/prefs`

use super::INVALID;
use crate::support::{TestApp, both};
use crate::users::crud::{events, tick};
use axum::http::Method;
use serde_json::json;

async fn send(app: &TestApp, prefs: &str) -> crate::support::Answer {
    app.admin().request(Method::PATCH, "/v1/users/anna/prefs", format!(r#"{{"prefs":{prefs}}}"#)).await
}

/// An object whose compact JSON has this many bytes, most of them in characters of two bytes.
fn of_size(bytes: usize) -> String {
    let left = bytes - r#"{"a":""}"#.len();
    format!(r#"{{"a":"{}{}"}}"#, "ä".repeat(left / 2), "x".repeat(left % 2))
}

both! {
    async fn preferences_come_back_as_they_were_sent(app) {
        app.user("anna", json!({})).await;
        for prefs in [
            r#"{"z":1,"a":[{"b":{}}],"":null,"$id":"x","5":true}"#,
            r#"{"0":"a","1":"b"}"#,
            r#"{"nested":{},"list":[]}"#,
            r#"{"large":123456789012345678901234567890,"fraction":1.0,"huge":1e+400,"minus":-0.0}"#,
            r#"{"text":"é \u001f / \\ \" 😀"}"#,
            "{}",
        ] {
            let answer = send(app, prefs).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, prefs));
            assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
            let read = app.admin().get("/v1/users/anna/prefs").await;
            assert_eq!((read.status, read.text.as_str()), (200, prefs));
            let user = app.admin().get("/v1/users/anna").await;
            assert!(user.text.contains(&format!(r#""prefs":{prefs},"#)), "{}", user.text);
        }
        // What PHP makes of an empty object.
        send(app, r#"{"a":1}"#).await.expect(200);
        assert_eq!(send(app, "[]").await.text, "{}");
        assert_eq!(app.admin().get("/v1/users/anna/prefs").await.text, "{}");
    }

    async fn preferences_are_replaced_as_a_whole_and_each_request_is_logged(app) {
        let made = app.user("anna", json!({})).await;
        send(app, r#"{"a":1,"b":2}"#).await.expect(200);
        tick(app);
        send(app, r#"{"b":3}"#).await.expect(200);
        let user = app.admin().get("/v1/users/anna").await.expect(200);
        let now = app.app.clock.now().to_string();
        assert_eq!(user, crate::users::crud::with(&made, json!({"prefs": {"b": 3}, "$updatedAt": now})));
        tick(app);
        send(app, r#"{"b":3}"#).await.expect(200);
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), user);
        assert_eq!(events(app, "anna").await, ["user.update", "user.update", "user.update", "user.create"]);
    }

    async fn preferences_that_are_refused_leave_the_former(app) {
        app.user("anna", json!({})).await;
        let largest = of_size(65_535);
        assert_eq!(send(app, &largest).await.text, largest);
        for prefs in [
            of_size(65_536), "null".into(), r#""x""#.into(), "1".into(), "true".into(), "[1]".into(), "[{}]".into(),
            r#"{"a":"\u0000"}"#.into(), r#"{"\u0000":1}"#.into(), r#"{"a":[{"b":["\u0000"]}]}"#.into(),
        ] {
            send(app, &prefs).await.fails(400, INVALID, "`prefs`");
        }
        app.admin().patch("/v1/users/anna/prefs", &json!({})).await.fails(400, INVALID, "`prefs`");
        app.admin().patch("/v1/users/nobody/prefs", &json!({})).await.fails(400, INVALID, "`prefs`");
        app.admin().patch("/v1/users/nobody/prefs", &json!({"prefs": {}})).await.fails(404, "user_not_found", "");
        assert_eq!(app.admin().get("/v1/users/anna/prefs").await.text, largest);
        // The size counts without the blanks that a client may send.
        let blanks = " ".repeat(70_000);
        assert_eq!(send(app, &format!(r#"{{{blanks}"a":1}}"#)).await.expect(200), json!({"a": 1}));
    }
}
