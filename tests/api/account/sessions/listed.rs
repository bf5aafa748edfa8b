//! Reading sessions.

use std::time::Duration;

use serde_json::{Value, json};

use crate::account::credentials::{client, session, text};
use crate::support::{Answer, both};

/// The id of each session, and whether it is the present one.
#[track_caller]
fn current(list: &Answer) -> Vec<(&str, bool)> {
    let sessions = list.json["sessions"].as_array().unwrap();
    sessions.iter().map(|one| (one["$id"].as_str().unwrap(), one["current"].as_bool().unwrap())).collect()
}

both! {
    async fn the_oldest_stands_first_and_one_is_the_present_one(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (first, one) = session(app, "anna").await;
        session(app, "bert").await;
        app.app.clock.advance(Duration::from_secs(1));
        let (second, two) = session(app, "anna").await;
        let (third, three) = session(app, "anna").await;
        for (encoded, own) in [(one, &first), (two, &second), (three, &third)] {
            let caller = client(app).header("x-appwrite-session", &encoded);
            let list = caller.get("/v1/account/sessions").await;
            let expected: Vec<(&str, bool)> = [&first, &second, &third].map(|id| (id.as_str(), id == own)).to_vec();
            assert_eq!(current(&list), expected);
            assert_eq!(list.json["total"], 3);
            for text in ["false", "0", "False"] {
                let list = caller.get(&format!("/v1/account/sessions?total={text}")).await;
                assert_eq!((current(&list), &list.json["total"]), (expected.clone(), &json!(0)), "{text}");
            }
            // There are no queries here, so none can be wrong.
            let list = caller.get("/v1/account/sessions?queries[]=nonsense&limit=1&total=true").await;
            assert_eq!((current(&list), &list.json["total"]), (expected, &json!(3)));
            let wrong = caller.get("/v1/account/sessions?total=maybe").await;
            wrong.fails(400, "general_argument_invalid", "`total`");
            assert_eq!(list.header("x-ratelimit-limit"), "", "reading is not counted");
        }
        // A key sees the same, and none is the present one.
        let all = app.admin().get("/v1/users/anna/sessions").await;
        assert_eq!(current(&all), [(first.as_str(), false), (&second, false), (&third, false)]);
    }

    async fn sessions_that_have_ended_are_not_there(app) {
        app.user("anna", json!({})).await;
        app.set(|settings| settings.session_duration = 60).await;
        let (ended, _) = session(app, "anna").await;
        app.app.clock.advance(Duration::from_secs(60));
        let (id, encoded) = session(app, "anna").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        let list = caller.get("/v1/account/sessions").await;
        assert_eq!((current(&list), &list.json["total"]), (vec![(id.as_str(), true)], &json!(1)));
        let path = format!("/v1/account/sessions/{ended}");
        for answer in [caller.get(&path).await, caller.patch(&path, &json!({})).await, caller.delete(&path).await] {
            answer.fails(404, "user_session_not_found", "");
        }
    }

    async fn one_session_is_read_by_its_id_or_as_the_present_one(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (own, encoded) = session(app, "anna").await;
        let (other, _) = session(app, "anna").await;
        let (berts, _) = session(app, "bert").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        let list = caller.get("/v1/account/sessions").await.expect(200);
        for (path, expected) in [(own.as_str(), 0), (&other, 1), ("current", 0)] {
            let one = caller.get(&format!("/v1/account/sessions/{path}")).await;
            assert_eq!(one.text, list["sessions"][expected].to_string(), "{path}");
        }
        for id in [berts.as_str(), "ghost", "recent", "Current", "CURRENT", &own[..19], &own.to_uppercase()] {
            let one = caller.get(&format!("/v1/account/sessions/{id}")).await;
            one.fails(404, "user_session_not_found", "session");
        }
        for id in ["_x", "recent()", "%63urrent", "a b".replace(' ', "%20").as_str(), &"x".repeat(37)] {
            let one = caller.get(&format!("/v1/account/sessions/{id}")).await;
            one.fails(400, "general_argument_invalid", "`sessionId`");
        }
    }

    async fn a_token_has_no_present_session(app) {
        app.user("anna", json!({})).await;
        let (id, encoded) = session(app, "anna").await;
        let own = client(app).header("x-appwrite-session", &encoded);
        let jwt = text(&own.post("/v1/account/jwts", &json!({})).await.expect(201)["jwt"]);
        let caller = client(app).header("x-appwrite-jwt", &jwt);
        let list = caller.get("/v1/account/sessions").await;
        assert_eq!(current(&list), [(id.as_str(), false)]);
        assert_eq!(caller.get(&format!("/v1/account/sessions/{id}")).await.expect(200), list.json["sessions"][0]);
        caller.get("/v1/account/sessions/current").await.fails(404, "user_session_not_found", "");
    }

    async fn no_list_shows_a_secret(app) {
        app.user("anna", json!({"email": "anna@example.org", "password": "right password"})).await;
        let password = json!({"email": "anna@example.org", "password": "right password"});
        let by_key = app.admin().post("/v1/account/sessions/email", &password).await.expect(201);
        client(app).post("/v1/account/sessions/email", &password).await.expect(201);
        let (_, encoded) = session(app, "anna").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        for answer in [
            caller.get("/v1/account/sessions").await,
            caller.get("/v1/account/sessions?total=false").await,
            app.admin().get("/v1/users/anna/sessions").await,
            app.caller("demo", &app.new_key("demo", &[usher::access::Scope::SessionsRead]).await)
                .get("/v1/users/anna/sessions")
                .await,
        ] {
            let secrets: Vec<&Value> = answer.json["sessions"].as_array().unwrap().iter().map(|one| &one["secret"]).collect();
            assert_eq!(secrets, ["", "", ""]);
        }
        for path in ["current", by_key["$id"].as_str().unwrap()] {
            assert_eq!(caller.get(&format!("/v1/account/sessions/{path}")).await.expect(200)["secret"], "");
            assert_eq!(caller.patch(&format!("/v1/account/sessions/{path}"), &json!({})).await.expect(200)["secret"], "");
        }
    }
}
