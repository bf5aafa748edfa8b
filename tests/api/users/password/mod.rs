//! `PATCH /v1/users/{userId}/password`, and the project's rules about passwords.

mod history;
mod leaving;
pub mod rules;

use super::crud::{add_sessions, bare, events, session, stored, tick, with};
use crate::support::{Answer, NOW, TestApp, both};
use serde_json::{Value, json};
use usher::hashing::Stored;

const INVALID: &str = "general_argument_invalid";

async fn set(app: &TestApp, user: &str, password: &str) -> Answer {
    app.admin().patch(&format!("/v1/users/{user}/password"), &json!({"password": password})).await
}

/// Whether this is the user's password, as sign-in would judge it.
async fn signs_in(app: &TestApp, user: &str, password: &str) -> bool {
    let row = stored(app, user).await;
    let text = row.password.filter(|text| !text.is_empty());
    let Some(text) = text else { return false };
    let stored = Stored::from_columns(text, &row.hash, &row.hash_options).unwrap();
    app.app.hashing.verify(stored, password.into()).await.unwrap()
}

both! {
    async fn a_new_password_is_hashed_with_argon2(app) {
        let md5 = json!({
            "userId": "anna", "email": "anna@example.org", "password": "88e4ddd2402d92d50e1879d6ecd9ffd4"
        });
        let imported = app.admin().post("/v1/users/md5", &md5).await.expect(201);
        assert!(signs_in(app, "anna", "correct horse battery").await);
        for password in ["12345678", "12345678", "  ünïcode  ", &"x".repeat(256), &"ä".repeat(128)] {
            tick(app);
            let now = app.app.clock.now().to_string();
            let answer = set(app, "anna", password).await.expect(200);
            let hash = answer["password"].as_str().unwrap().to_owned();
            let rest = hash.strip_prefix("$argon2id$v=19$m=8,t=1,p=1$").unwrap();
            assert_eq!(rest.split('$').map(str::len).collect::<Vec<_>>(), [22, 43], "{hash}");
            let options = json!({"type": "argon2", "memoryCost": 8, "timeCost": 1, "threads": 1});
            let expected = with(&imported, json!({
                "password": hash, "hash": "argon2", "hashOptions": options, "passwordUpdate": now, "$updatedAt": now
            }));
            assert_eq!(answer.to_string(), expected.to_string());
            assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), expected);
            assert!(signs_in(app, "anna", password).await);
            assert!(!signs_in(app, "anna", "correct horse battery").await);
            assert_eq!(stored(app, "anna").await.password_history, "[]");
        }
        assert_eq!(events(app, "anna").await, [vec!["user.update"; 5], vec!["user.create"]].concat());
    }

    async fn the_default_cost_is_the_one_that_clients_know(app, "USHER_HASH_COST" = "m=65536,t=4,p=3") {
        app.user("anna", json!({})).await;
        let user = set(app, "anna", "correct horse").await.expect(200);
        let hash = user["password"].as_str().unwrap();
        assert!(hash.len() == 97 && hash.starts_with("$argon2id$v=19$m=65536,t=4,p=3$"), "{hash}");
        let options = json!({"type": "argon2", "memoryCost": 65536, "timeCost": 4, "threads": 3});
        assert_eq!(user["hashOptions"].to_string(), options.to_string());
    }

    async fn the_empty_text_takes_a_password_away(app) {
        app.user("anna", json!({"password": "correct horse"})).await;
        add_sessions(app, vec![session("s1", "anna")]).await;
        tick(app);
        let now = app.app.clock.now().to_string();
        let expected = with(&bare("anna"), json!({"password": "", "passwordUpdate": now, "$updatedAt": now}));
        assert_eq!(set(app, "anna", "").await.expect(200).to_string(), expected.to_string());
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), expected);
        assert!(!signs_in(app, "anna", "").await && !signs_in(app, "anna", "correct horse").await);
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.expect(200)["total"], json!(0));
        // And a new one can be set.
        set(app, "anna", "another horse").await.expect(200);
        assert!(signs_in(app, "anna", "another horse").await);
    }

    async fn a_new_password_ends_the_sessions_of_its_user_unless_the_project_keeps_them(app) {
        app.user("anna", json!({"password": "correct horse"})).await;
        app.user("bert", json!({})).await;
        add_sessions(app, vec![session("s1", "anna"), session("s2", "anna"), session("s3", "bert")]).await;
        app.set(|settings| settings.invalidate_sessions = false).await;
        set(app, "anna", "another horse").await.expect(200);
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), ["s1", "s2"]);
        app.set(|settings| settings.invalidate_sessions = true).await;
        // A refused one ends nothing.
        set(app, "anna", "short").await.fails(400, INVALID, "`password`");
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), ["s1", "s2"]);
        set(app, "anna", "third horse").await.expect(200);
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.expect(200), json!({"total": 0, "sessions": []}));
        assert_eq!(app.admin().get("/v1/users/bert/sessions").await.ids("sessions"), ["s3"]);
    }

    async fn a_password_that_is_refused_changes_nothing(app) {
        let before = app.user("anna", json!({"password": "correct horse"})).await;
        tick(app);
        let values = [
            json!(null), json!(12_345_678), json!(true), json!([]), json!(["12345678"]), json!({}), json!("1234567"),
            json!("äöü"), json!("x".repeat(257)), json!("ä".repeat(129)), json!("password\u{0}"),
        ];
        for value in values {
            let answer = app.admin().patch("/v1/users/anna/password", &json!({"password": value})).await;
            answer.fails(400, INVALID, "`password`");
        }
        app.admin().patch("/v1/users/anna/password", &json!({})).await.fails(400, INVALID, "`password`");
        app.admin().patch("/v1/users/nobody/password", &json!({})).await.fails(400, INVALID, "`password`");
        set(app, "_x", "").await.fails(400, INVALID, "`userId`");
        set(app, "nobody", "correct horse").await.fails(404, "user_not_found", "");
        set(app, "nobody", "").await.fails(404, "user_not_found", "");
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), before);
        assert_eq!(events(app, "anna").await, ["user.create"]);
    }

    async fn verification_status_and_the_rest_stay(app) {
        app.user("anna", json!({"email": "anna@example.org", "phone": "+4915112345678", "name": "Anna"})).await;
        for (path, body) in [
            ("verification", json!({"emailVerification": true})),
            ("verification/phone", json!({"phoneVerification": true})),
            ("status", json!({"status": false})),
            ("prefs", json!({"prefs": {"a": 1}})),
        ] {
            app.admin().patch(&format!("/v1/users/anna/{path}"), &body).await.expect(200);
        }
        let before = app.admin().get("/v1/users/anna").await.expect(200);
        let after = set(app, "anna", "correct horse").await.expect(200);
        let hash: Value = after["password"].clone();
        assert_eq!(after, with(&before, json!({"password": hash, "passwordUpdate": NOW})));
    }
}
