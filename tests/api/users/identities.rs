//! Identities of users at OAuth2 providers.

use super::crud::{add_identities, add_sessions, events, identity, log_of, session};
use crate::support::{NOW, TestApp, both};
use serde_json::json;
use usher::clock::Millis;
use usher::store::identities::Identity;

const INVALID: &str = "general_argument_invalid";

/// Two users with four identities, among which one has something in every field.
async fn four(app: &TestApp) {
    for id in ["anna", "bert"] {
        app.user(id, json!({})).await;
    }
    let seal = app.app.seal.as_ref().unwrap();
    let full = Identity {
        created_at: Millis::parse("2026-01-01T00:00:00.001Z").unwrap(),
        updated_at: Millis::parse("2026-01-01T00:00:00.002Z").unwrap(),
        provider: "google".into(),
        provider_uid: "4711".into(),
        provider_access_token: Some(seal.seal("access")),
        provider_access_token_expiry: Millis::parse("2026-01-01T01:00:00Z"),
        provider_refresh_token: Some(seal.seal("refresh")),
        provider_id_token: Some(seal.seal("id token")),
        ..identity("z1", "anna", "Anna.Lee@Gmail.example")
    };
    let rows = vec![
        full,
        identity("b1", "bert", "bert@github.example"),
        identity("a2", "anna", "anna@github.example"),
        identity("m2", "bert", ""),
    ];
    add_identities(app, rows).await;
}

both! {
    async fn an_identity_is_shown_field_by_field(app) {
        four(app).await;
        let full = json!({
            "$id": "z1", "$createdAt": "2026-01-01T00:00:00.001+00:00", "$updatedAt": "2026-01-01T00:00:00.002+00:00",
            "userId": "anna", "provider": "google", "providerUid": "4711", "providerEmail": "Anna.Lee@Gmail.example",
            "providerAccessToken": "access", "providerAccessTokenExpiry": "2026-01-01T01:00:00.000+00:00",
            "providerRefreshToken": "refresh", "providerIdToken": "id token"
        });
        let bare = json!({
            "$id": "b1", "$createdAt": NOW, "$updatedAt": NOW, "userId": "bert", "provider": "github",
            "providerUid": "uid-b1", "providerEmail": "bert@github.example", "providerAccessToken": "",
            "providerAccessTokenExpiry": "", "providerRefreshToken": "", "providerIdToken": ""
        });
        let two = [json!({"method": "limit", "values": [2]})];
        let answer = app.admin().list("/v1/users/identities", &two).await;
        assert_eq!(answer.text, json!({"total": 4, "identities": [full, bare]}).to_string());
    }

    async fn the_list_is_of_all_users_in_the_order_of_creation(app) {
        let none = app.admin().get("/v1/users/identities").await;
        assert_eq!(none.text, r#"{"total":0,"identities":[]}"#);
        four(app).await;
        let list = app.admin().get("/v1/users/identities").await;
        assert_eq!((list.ids("identities"), &list.json["total"]), (vec!["z1", "b1", "a2", "m2"], &json!(4)));
        let list = app.admin().get("/v1/users/identities?total=false").await;
        assert_eq!((list.ids("identities").len(), &list.json["total"]), (4, &json!(0)));
    }

    async fn filters_search_and_cursors(app) {
        four(app).await;
        let equal = |name: &str, value: &str| json!({"method": "equal", "attribute": name, "values": [value]});
        for (query, expected) in [
            (equal("userId", "anna"), vec!["z1", "a2"]),
            (equal("userId", "Anna"), vec![]),
            (equal("provider", "github"), vec!["b1", "a2", "m2"]),
            (equal("providerUid", "4711"), vec!["z1"]),
            (equal("providerEmail", "anna.lee@gmail.example"), vec!["z1"]),
            (equal("$id", "m2"), vec!["m2"]),
            (json!({"method": "isNotNull", "attribute": "providerAccessTokenExpiry"}), vec!["z1"]),
            (json!({"method": "orderDesc", "attribute": "providerUid"}), vec!["m2", "b1", "a2", "z1"]),
            (json!({"method": "cursorAfter", "values": ["b1"]}), vec!["a2", "m2"]),
            (json!({"method": "cursorBefore", "values": ["b1"]}), vec!["z1"]),
            (json!({"method": "offset", "values": [3]}), vec!["m2"]),
        ] {
            let list = app.admin().list("/v1/users/identities", std::slice::from_ref(&query)).await;
            assert_eq!(list.ids("identities"), expected, "{query}");
        }
        for (search, expected) in [
            ("4711", vec!["z1"]), ("GITHUB", vec!["b1", "a2"]), ("uid-m2", vec!["m2"]), ("anna.lee", vec!["z1"]),
            ("google", vec![]), ("uid%20bert", vec!["b1"]), ("%3E", vec![]), ("lee%40gmail", vec!["z1"]),
        ] {
            let list = app.admin().get(&format!("/v1/users/identities?search={search}")).await;
            assert_eq!(list.json["total"], json!(expected.len()), "{search}");
            assert_eq!(list.ids("identities"), expected, "{search}");
        }
    }

    async fn queries_that_do_not_fit_are_refused(app) {
        four(app).await;
        for query in [
            json!({"method": "equal", "attribute": "providerAccessToken", "values": ["access"]}),
            json!({"method": "equal", "attribute": "email", "values": ["x"]}),
            json!({"method": "equal", "attribute": "provider", "values": [1]}),
            json!({"method": "select", "values": ["$id"]}),
            json!("nonsense"),
        ] {
            let answer = app.admin().list("/v1/users/identities", std::slice::from_ref(&query)).await;
            assert_eq!((answer.status, &answer.json["type"]), (400, &json!(INVALID)), "{query}");
        }
        let cursor = [json!({"method": "cursorAfter", "values": ["nothing"]})];
        app.admin().list("/v1/users/identities", &cursor).await.fails(400, "general_cursor_not_found", "nothing");
        app.admin().get("/v1/users/identities?search=").await.fails(400, INVALID, "`search`");
        app.admin().get("/v1/users/identities?queries=limit(1)").await.fails(400, INVALID, "`queries`");
        app.admin().get("/v1/users/identities?total=2").await.fails(400, INVALID, "`total`");
    }

    async fn a_deleted_identity_is_gone_and_its_session_stays(app) {
        four(app).await;
        add_sessions(app, vec![session("s1", "anna")]).await;
        let answer = app.admin().delete("/v1/users/identities/z1").await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""));
        assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8");
        assert_eq!(app.admin().get("/v1/users/identities").await.ids("identities"), ["b1", "a2", "m2"]);
        assert_eq!(app.admin().get("/v1/users/identities?search=4711").await.ids("identities"), Vec::<&str>::new());
        app.admin().delete("/v1/users/identities/z1").await.fails(404, "user_identity_not_found", "");
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), ["s1"]);
        assert_eq!(events(app, "anna").await, ["identity.delete", "user.create"]);
        assert_eq!(log_of(app, "").await, []);
        // The address is free again.
        app.user("carl", json!({"email": "anna.lee@gmail.example"})).await;
    }

    async fn an_identity_that_is_not_there_cannot_be_deleted(app) {
        four(app).await;
        for id in ["nothing", "Z1", "anna"] {
            app.admin().delete(&format!("/v1/users/identities/{id}")).await.fails(404, "user_identity_not_found", "");
        }
        for id in ["_z1", "z%31", "37-characters-xxxxxxxxxxxxxxxxxxxxxxx"] {
            app.admin().delete(&format!("/v1/users/identities/{id}")).await.fails(400, INVALID, "`identityId`");
        }
        app.new_project("other").await;
        let key = app.new_key("other", &usher::access::Scope::ALL).await;
        let other = app.caller("other", &key);
        other.delete("/v1/users/identities/z1").await.fails(404, "user_identity_not_found", "");
        assert_eq!(other.get("/v1/users/identities").await.expect(200)["total"], json!(0));
        assert_eq!(app.admin().get("/v1/users/identities").await.expect(200)["total"], json!(4));
        assert_eq!(events(app, "anna").await, ["user.create"]);
    }
}
