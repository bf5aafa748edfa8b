//! Memberships of a user in teams.

use super::crud::{LATER, add_membership, add_team};
use crate::support::{NOW, TestApp, both};
use serde_json::{Value, json};

const INVALID: &str = "general_argument_invalid";

/// Anna in three teams, of which one waits for her answer, and Bert in one.
async fn teams(app: &TestApp) {
    app.user("anna", json!({"name": "Anna Lee", "email": "anna@example.org", "phone": "+4915112345678"})).await;
    app.user("bert", json!({})).await;
    for team in ["red", "blue", "green"] {
        add_team(app, team).await;
    }
    add_membership(app, "z", "anna", "red", true).await;
    add_membership(app, "b", "bert", "red", true).await;
    add_membership(app, "a", "anna", "blue", false).await;
    add_membership(app, "m", "anna", "green", true).await;
}

async fn list(app: &TestApp, query: &Value) -> crate::support::Answer {
    app.admin().list("/v1/users/anna/memberships", std::slice::from_ref(query)).await
}

both! {
    async fn a_membership_is_shown_field_by_field(app) {
        teams(app).await;
        let membership = |id: &str, team: &str, joined: &str| json!({
            "$id": id, "$createdAt": NOW, "$updatedAt": NOW, "userId": "anna", "userName": "Anna Lee",
            "userEmail": "anna@example.org", "userPhone": "", "teamId": team, "teamName": format!("Team {team}"),
            "invited": NOW, "joined": joined, "confirm": !joined.is_empty(), "mfa": false, "userAccessedAt": "",
            "roles": ["owner", "dev"]
        });
        let expected = json!({"total": 3, "memberships": [
            membership("z", "red", LATER), membership("a", "blue", ""), membership("m", "green", LATER)
        ]});
        let answer = app.admin().get("/v1/users/anna/memberships").await;
        assert_eq!((answer.status, answer.text), (200, expected.to_string()));
    }

    async fn name_and_email_are_the_present_ones(app) {
        teams(app).await;
        app.admin().patch("/v1/users/anna/name", &json!({"name": ""})).await.expect(200);
        app.admin().patch("/v1/users/anna/email", &json!({"email": ""})).await.expect(200);
        let list = app.admin().get("/v1/users/anna/memberships").await.expect(200);
        for membership in list["memberships"].as_array().unwrap() {
            assert_eq!((&membership["userName"], &membership["userEmail"]), (&json!(""), &json!("")));
        }
    }

    async fn the_total_is_the_true_count(app) {
        teams(app).await;
        let page = list(app, &json!({"method": "limit", "values": [2]})).await;
        assert_eq!((page.ids("memberships"), &page.json["total"]), (vec!["z", "a"], &json!(3)));
        for text in ["false", "0"] {
            let answer = app.admin().get(&format!("/v1/users/anna/memberships?total={text}")).await;
            assert_eq!((answer.ids("memberships").len(), &answer.json["total"]), (3, &json!(0)), "{text}");
        }
        let other = app.admin().get("/v1/users/bert/memberships").await;
        assert_eq!((other.ids("memberships"), &other.json["total"]), (vec!["b"], &json!(1)));
        app.user("carl", json!({})).await;
        assert_eq!(app.admin().get("/v1/users/carl/memberships").await.text, r#"{"total":0,"memberships":[]}"#);
    }

    async fn twenty_five_are_a_page(app) {
        app.user("anna", json!({})).await;
        let names: Vec<&'static str> = (0..27).map(|n| &*Box::leak(format!("t{n}").into_boxed_str())).collect();
        for name in &names {
            add_team(app, name).await;
            add_membership(app, name, "anna", name, true).await;
        }
        let answer = app.admin().get("/v1/users/anna/memberships").await;
        assert_eq!((answer.ids("memberships"), &answer.json["total"]), (names[..25].to_vec(), &json!(27)));
    }

    async fn filters_and_cursors(app) {
        teams(app).await;
        for (query, expected) in [
            (json!({"method": "equal", "attribute": "teamId", "values": ["blue", "green"]}), vec!["a", "m"]),
            (json!({"method": "equal", "attribute": "userId", "values": ["bert"]}), vec![]),
            (json!({"method": "equal", "attribute": "confirm", "values": [false]}), vec!["a"]),
            (json!({"method": "isNull", "attribute": "joined"}), vec!["a"]),
            (json!({"method": "greaterThan", "attribute": "joined", "values": [NOW]}), vec!["z", "m"]),
            (json!({"method": "contains", "attribute": "roles", "values": ["dev"]}), vec!["z", "a", "m"]),
            (json!({"method": "contains", "attribute": "roles", "values": ["admin"]}), vec![]),
            (json!({"method": "orderAsc", "attribute": "$id"}), vec!["a", "m", "z"]),
            (json!({"method": "orderDesc", "attribute": "teamId"}), vec!["z", "m", "a"]),
            (json!({"method": "cursorAfter", "values": ["z"]}), vec!["a", "m"]),
            (json!({"method": "offset", "values": [2]}), vec!["m"]),
        ] {
            assert_eq!(list(app, &query).await.ids("memberships"), expected, "{query}");
        }
        for query in [
            json!({"method": "equal", "attribute": "teamName", "values": ["Team red"]}),
            json!({"method": "equal", "attribute": "confirm", "values": ["yes"]}),
            json!({"method": "select", "values": ["$id"]}),
            json!("nonsense"),
        ] {
            let answer = list(app, &query).await;
            assert_eq!((answer.status, &answer.json["type"]), (400, &json!(INVALID)), "{query}");
        }
        // The cursor of another user's membership is no place in this list.
        let foreign = list(app, &json!({"method": "cursorAfter", "values": ["b"]})).await;
        foreign.fails(400, "general_cursor_not_found", "b");
    }

    async fn nobody_has_no_memberships(app) {
        app.admin().get("/v1/users/nobody/memberships").await.fails(404, "user_not_found", "");
        app.admin().get("/v1/users/_x/memberships?total=x").await.fails(400, INVALID, "`userId`");
        app.admin().get("/v1/users/nobody/memberships?queries=x").await.fails(400, INVALID, "`queries`");
        app.admin().get("/v1/users/nobody/memberships?search=").await.fails(400, INVALID, "`search`");
        app.admin().get("/v1/users/nobody/memberships?total=x").await.fails(400, INVALID, "`total`");
    }
}
