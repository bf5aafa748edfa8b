//! Sessions of a user.

use super::crud::{SESSION_END, add_sessions, bare, events, session, stored};
use crate::support::{PROJECT, both};
use serde_json::{Value, json};
use usher::clock::Millis;
use usher::store::sessions::Session;

const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

fn at(text: &str) -> Millis {
    Millis::parse(text).unwrap()
}

/// A session with something in every field.
fn full(app: &crate::support::TestApp) -> Session {
    let seal = app.app.seal.as_ref().unwrap();
    Session {
        created_at: at("2026-01-01T00:00:00.001Z"),
        updated_at: at("2026-01-01T00:00:00.002Z"),
        expire: at("2027-01-01T00:00:00.003Z"),
        provider: "github".into(),
        provider_uid: "4711".into(),
        provider_access_token: Some(seal.seal("access tökén")),
        provider_access_token_expiry: Some(at("2026-01-01T01:00:00Z")),
        provider_refresh_token: Some(seal.seal("refresh token")),
        ip: "198.51.100.7".into(),
        user_agent: AGENT.into(),
        factors: r#"["password","totp"]"#.into(),
        mfa_updated_at: Some(at("2026-01-01T02:00:00Z")),
        ..session("full", "anna")
    }
}

/// How [`full`] is shown.
fn shown() -> Value {
    json!({
        "$id": "full", "$createdAt": "2026-01-01T00:00:00.001+00:00", "$updatedAt": "2026-01-01T00:00:00.002+00:00",
        "userId": "anna", "expire": "2027-01-01T00:00:00.003+00:00", "provider": "github", "providerUid": "4711",
        "providerAccessToken": "access tökén", "providerAccessTokenExpiry": "2026-01-01T01:00:00.000+00:00",
        "providerRefreshToken": "refresh token", "ip": "198.51.100.7", "osCode": "LIN", "osName": "GNU/Linux",
        "osVersion": "", "clientType": "browser", "clientCode": "CH", "clientName": "Chrome", "clientVersion": "120.0",
        "clientEngine": "Blink", "clientEngineVersion": "120.0.0.0", "deviceName": "desktop", "deviceBrand": "",
        "deviceModel": "", "countryCode": "--", "countryName": "Unknown", "current": false,
        "factors": ["password", "totp"], "secret": "", "mfaUpdatedAt": "2026-01-01T02:00:00.000+00:00"
    })
}

both! {
    async fn a_session_is_shown_field_by_field(app) {
        app.user("anna", json!({})).await;
        let full = full(app);
        let sealed = full.provider_access_token.clone().unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"access"), "the token is stored in clear");
        add_sessions(app, vec![full]).await;
        let answer = app.admin().get("/v1/users/anna/sessions").await;
        assert_eq!(answer.text, json!({"total": 1, "sessions": [shown()]}).to_string());
        // The digest, which stands for the secret, stays in the store.
        assert!(!answer.text.contains(&usher::secret::digest("full")), "{}", answer.text);
    }

    async fn what_a_session_lacks_is_the_empty_text(app) {
        app.user("anna", json!({})).await;
        let bare = Session {
            ip: String::new(), user_agent: String::new(), factors: "[]".into(), provider_uid: String::new(),
            // Sealed with another secret, so that nobody can read it here.
            provider_access_token: Some(usher::secret::Seal::new("another secret").seal("token")),
            provider_refresh_token: Some(b"short".to_vec()),
            ..session("s1", "anna")
        };
        add_sessions(app, vec![bare]).await;
        let list = app.admin().get("/v1/users/anna/sessions").await.expect(200);
        for (name, value) in list["sessions"][0].as_object().unwrap() {
            let expected = match name.as_str() {
                "$id" => json!("s1"),
                "$createdAt" | "$updatedAt" => json!(crate::support::NOW),
                "expire" => json!(SESSION_END),
                "userId" => json!("anna"),
                "provider" => json!("email"),
                "countryCode" => json!("--"),
                "countryName" => json!("Unknown"),
                "current" => json!(false),
                "factors" => json!([]),
                _ => json!(""),
            };
            assert_eq!(value, &expected, "{name}");
        }
        assert_eq!(list["sessions"][0].as_object().unwrap().len(), 29);
    }

    async fn the_list_has_the_oldest_first_and_only_those_of_the_user(app) {
        for id in ["anna", "bert", "carl"] {
            app.user(id, json!({})).await;
        }
        // One that is over is not listed; times and ids do not give the order.
        let over = Session { expire: at(crate::support::NOW), ..session("over", "anna") };
        let late = Session { created_at: Millis(9_000_000_000_000), ..session("z", "anna") };
        let rows = vec![late, over, session("b1", "bert"), session("a", "anna"), session("m", "anna")];
        add_sessions(app, rows).await;
        let list = app.admin().get("/v1/users/anna/sessions").await;
        assert_eq!((list.ids("sessions"), &list.json["total"]), (vec!["z", "a", "m"], &json!(3)));
        for text in ["false", "0"] {
            let list = app.admin().get(&format!("/v1/users/anna/sessions?total={text}")).await;
            assert_eq!((list.ids("sessions"), &list.json["total"]), (vec!["z", "a", "m"], &json!(0)), "{text}");
        }
        // There are no queries here, so none can be wrong.
        let list = app.admin().get("/v1/users/anna/sessions?queries[]=nonsense&limit=1&total=true").await;
        assert_eq!((list.ids("sessions").len(), &list.json["total"]), (3, &json!(3)));
        app.admin().get("/v1/users/anna/sessions?total=maybe").await.fails(400, "general_argument_invalid", "`total`");
        let none = app.admin().get("/v1/users/carl/sessions").await.expect(200);
        assert_eq!(none.to_string(), json!({"total": 0, "sessions": []}).to_string());
        app.admin().get("/v1/users/nobody/sessions").await.fails(404, "user_not_found", "");
        app.admin().get("/v1/users/_x/sessions").await.fails(400, "general_argument_invalid", "`userId`");
    }

    async fn a_list_has_a_thousand_sessions_at_most(app) {
        app.user("anna", json!({})).await;
        add_sessions(app, (0..1001).map(|n| session(&format!("s{n}"), "anna")).collect()).await;
        let list = app.admin().get("/v1/users/anna/sessions").await;
        let ids = list.ids("sessions");
        assert_eq!((ids.len(), ids[0], ids[999]), (1000, "s0", "s999"));
        assert_eq!(list.json["total"], json!(1000));
        assert_eq!(app.admin().delete("/v1/users/anna/sessions").await.status, 204);
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.expect(200)["total"], json!(0));
    }

    async fn one_session_is_deleted(app) {
        let made = app.user("anna", json!({})).await;
        add_sessions(app, vec![session("s1", "anna"), session("s2", "anna")]).await;
        let answer = app.admin().delete("/v1/users/anna/sessions/s1").await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), ["s2"]);
        app.admin().delete("/v1/users/anna/sessions/s1").await.fails(404, "user_session_not_found", "");
        assert_eq!(events(app, "anna").await, ["session.delete", "user.create"]);
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), made);
    }

    async fn a_session_of_another_user_is_not_found(app) {
        for id in ["anna", "bert"] {
            app.user(id, json!({})).await;
        }
        add_sessions(app, vec![session("a1", "anna"), session("b1", "bert")]).await;
        for session in ["b1", "A1", "current", "recent", "nothing"] {
            let answer = app.admin().delete(&format!("/v1/users/anna/sessions/{session}")).await;
            answer.fails(404, "user_session_not_found", "");
        }
        app.admin().delete("/v1/users/nobody/sessions/a1").await.fails(404, "user_not_found", "");
        app.admin().delete("/v1/users/nobody/sessions").await.fails(404, "user_not_found", "");
        app.admin().delete("/v1/users/anna/sessions/_x").await.fails(400, "general_argument_invalid", "`sessionId`");
        app.admin().delete("/v1/users/_x/sessions/_x").await.fails(400, "general_argument_invalid", "`userId`");
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), ["a1"]);
        assert_eq!(app.admin().get("/v1/users/bert/sessions").await.ids("sessions"), ["b1"]);
        assert_eq!(events(app, "anna").await, ["user.create"]);
    }

    async fn all_sessions_of_one_user_are_deleted(app) {
        for id in ["anna", "bert"] {
            assert_eq!(app.user(id, json!({})).await, bare(id));
        }
        add_sessions(app, vec![session("a1", "anna"), session("b1", "bert"), session("a2", "anna")]).await;
        for _ in 0..2 {
            let answer = app.admin().delete("/v1/users/anna/sessions").await;
            assert_eq!((answer.status, answer.text.as_str()), (204, ""), "also when there are none");
            let list = app.admin().get("/v1/users/anna/sessions").await.expect(200);
            assert_eq!(list, json!({"total": 0, "sessions": []}));
        }
        assert_eq!(app.admin().get("/v1/users/bert/sessions").await.ids("sessions"), ["b1"]);
        assert_eq!(events(app, "anna").await, ["session.delete", "session.delete", "user.create"]);
        assert_eq!(stored(app, "anna").await.updated_at, app.app.clock.now());
    }

    /// The same id in another project is another session.
    async fn sessions_of_another_project_are_out_of_reach(app) {
        app.user("anna", json!({})).await;
        add_sessions(app, vec![session("s1", "anna")]).await;
        app.new_project("other").await;
        let key = app.new_key("other", &usher::access::Scope::ALL).await;
        let other = app.caller("other", &key);
        other.post("/v1/users", &json!({"userId": "anna"})).await.expect(201);
        other.delete("/v1/users/anna/sessions/s1").await.fails(404, "user_session_not_found", "");
        assert_eq!(other.delete("/v1/users/anna/sessions").await.status, 204);
        let mine = app.caller(PROJECT, app.admin_key()).get("/v1/users/anna/sessions").await;
        assert_eq!(mine.ids("sessions"), ["s1"]);
    }
}
