//! When a user was last seen: at most once a day, and only by what the user does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher::clock::Millis;

use super::{client, session, signed_in, text};
use crate::support::{NOW, TestApp, both};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn shown(app: &TestApp, user: &str) -> Value {
    app.admin().get(&format!("/v1/users/{user}")).await.expect(200)
}

async fn accessed(app: &TestApp, user: &str) -> String {
    text(&shown(app, user).await["accessedAt"])
}

/// Nobody waits for the note, so this does.
async fn is_seen(app: &TestApp, user: &str, at: Millis) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while accessed(app, user).await != at.to_string() {
        assert!(Instant::now() < deadline, "{} and not {at}", accessed(app, user).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What was asked behind an answer is written before this, if anything was asked.
async fn settle(app: &TestApp) {
    for n in 0..20 {
        let id = format!("later{n}");
        app.user(&id, json!({})).await;
        app.admin().delete(&format!("/v1/users/{id}")).await.expect(204);
    }
}

both! {
    async fn the_first_request_of_a_day_is_written_down(app) {
        app.user("anna", json!({})).await;
        app.set(|settings| settings.session_duration = 31_536_000).await;
        let anna = signed_in(app, "anna").await;
        assert_eq!(accessed(app, "anna").await, "");
        app.app.clock.advance(Duration::from_secs(1));
        let first = app.app.clock.now();
        anna.get("/v1/account").await.expect(200);
        is_seen(app, "anna", first).await;
        assert_eq!(shown(app, "anna").await["$updatedAt"], json!(first.to_string()));
        app.app.clock.advance(DAY - Duration::from_millis(1));
        for _ in 0..10 {
            anna.get("/v1/account").await.expect(200);
            anna.get("/v1/account/sessions").await.expect(200);
        }
        settle(app).await;
        assert_eq!(accessed(app, "anna").await, first.to_string());
        assert_eq!(shown(app, "anna").await["$updatedAt"], json!(first.to_string()));
        app.app.clock.advance(Duration::from_millis(1));
        anna.get("/v1/account/prefs").await.expect(200);
        is_seen(app, "anna", first.plus(DAY)).await;
        // No row of the log tells of it.
        let log = app.admin().get("/v1/users/anna/logs").await.expect(200);
        let events: Vec<&Value> = log["logs"].as_array().unwrap().iter().map(|row| &row["event"]).collect();
        assert_eq!(events, ["session.create", "user.create"]);
    }

    async fn a_token_shows_that_the_user_is_there_as_well(app) {
        app.user("anna", json!({})).await;
        let (id, _) = session(app, "anna").await;
        let jwt = app.admin().post("/v1/users/anna/jwts", &json!({"sessionId": id})).await.expect(201);
        settle(app).await;
        assert_eq!(accessed(app, "anna").await, "");
        client(app).header("x-appwrite-jwt", &text(&jwt["jwt"])).get("/v1/account").await.expect(200);
        is_seen(app, "anna", Millis::parse(NOW).unwrap()).await;
    }

    async fn what_others_do_and_what_is_refused_is_not_the_user(app) {
        app.user("anna", json!({"email": "anna@example.org", "password": "right password"})).await;
        let anna = signed_in(app, "anna").await;
        for _ in 0..5 {
            app.admin().get("/v1/users/anna").await.expect(200);
            app.admin().post("/v1/users/anna/sessions", &json!({})).await.expect(201);
            app.admin().post("/v1/users/anna/tokens", &json!({})).await.expect(201);
            app.admin().post("/v1/users/anna/jwts", &json!({})).await.expect(201);
            app.admin().patch("/v1/users/anna/prefs", &json!({"prefs": {}})).await.expect(200);
            // Whoever does not know the secret is not the user.
            let wrong = json!({"userId": "anna", "secret": "wrong"});
            client(app).post("/v1/account/sessions/token", &wrong).await.fails(401, "user_invalid_token", "");
            let wrong = json!({"email": "anna@example.org", "password": "wrong password"});
            let wrong = client(app).post("/v1/account/sessions/email", &wrong).await;
            wrong.fails(401, "user_invalid_credentials", "");
        }
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        for _ in 0..5 {
            anna.get("/v1/account").await.fails(403, "user_blocked", "");
        }
        settle(app).await;
        assert_eq!(accessed(app, "anna").await, "");
    }

    async fn signing_up_and_in_is_being_seen(app) {
        let new = json!({"userId": "anna", "email": "anna@example.org", "password": "right password"});
        assert_eq!(client(app).post("/v1/account", &new).await.expect(201)["accessedAt"], NOW);
        let guest = client(app).post("/v1/account/sessions/anonymous", &json!({})).await.expect(201);
        assert_eq!(accessed(app, &text(&guest["userId"])).await, NOW);
        // What a sign-in writes is there when it answers.
        app.user("bert", json!({"email": "bert@example.org", "password": "right password"})).await;
        app.user("carl", json!({})).await;
        let password = json!({"email": "bert@example.org", "password": "right password"});
        client(app).post("/v1/account/sessions/email", &password).await.expect(201);
        assert_eq!(accessed(app, "bert").await, NOW);
        let token = app.admin().post("/v1/users/carl/tokens", &json!({})).await.expect(201);
        let exchange = json!({"userId": "carl", "secret": token["secret"]});
        client(app).post("/v1/account/sessions/token", &exchange).await.expect(201);
        assert_eq!(accessed(app, "carl").await, NOW);
        // And not again on the same day.
        app.app.clock.advance(DAY - Duration::from_millis(1));
        client(app).post("/v1/account/sessions/email", &password).await.expect(201);
        assert_eq!(accessed(app, "bert").await, NOW);
        app.app.clock.advance(Duration::from_millis(1));
        client(app).post("/v1/account/sessions/email", &password).await.expect(201);
        assert_eq!(accessed(app, "bert").await, Millis::parse(NOW).unwrap().plus(DAY).to_string());
    }
}
