//! Making tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use usher::access::Scope;
use usher::clock::Millis;
use usher::secret::digest;
use usher::store::tokens::Token;

use super::{exchange, stored, token};
use crate::account::credentials::{client, text};
use crate::account::sessions::{events, newest_row};
use crate::support::{NOW, PROJECT, both};

const PATH: &str = "/v1/users/anna/tokens";

both! {
    async fn a_secret_is_as_long_as_it_was_asked_for(app) {
        app.user("anna", json!({})).await;
        let mut secrets = BTreeSet::new();
        for (length, characters) in [
            (json!(null), 6), (json!(4), 4), (json!(5), 5), (json!(6), 6), (json!(64), 64), (json!(64.0), 64),
            (json!(127), 127), (json!(128), 128), (json!(128.0), 128),
        ] {
            for _ in 0..3 {
                let made = app.admin().post(PATH, &json!({"length": length})).await.expect(201);
                let secret = text(&made["secret"]);
                let hex = secret.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                assert!(secret.len() == characters && hex, "{length}: {secret}");
                exchange(&app.admin(), "token", "anna", &secret).await.expect(201);
                secrets.insert(secret);
            }
        }
        // Of those that are long no two are the same; a short one may come twice.
        assert_eq!(secrets.iter().filter(|secret| secret.len() >= 64).count(), 15);
        let without = app.admin().post(PATH, &json!({})).await.expect(201);
        assert_eq!(text(&without["secret"]).len(), 6);
    }

    async fn a_token_lives_as_long_as_it_was_asked_to(app) {
        app.user("anna", json!({})).await;
        for (expire, seconds) in [
            (json!(null), 900), (json!(60), 60), (json!(61), 61), (json!(900.0), 900), (json!(31_535_999), 31_535_999),
            (json!(31_536_000), 31_536_000), (json!(31_536_000.0), 31_536_000),
        ] {
            let made = app.admin().post(PATH, &json!({"expire": expire})).await.expect(201);
            let end = Millis::parse(NOW).unwrap().plus(Duration::from_secs(seconds));
            assert_eq!((&made["$createdAt"], &made["expire"]), (&json!(NOW), &json!(end.to_string())), "{expire}");
        }
        let without = app.admin().post(PATH, &json!({})).await.expect(201);
        assert_eq!(without["expire"], "2026-01-02T03:19:05.678+00:00");
    }

    async fn what_is_past_a_limit_or_no_whole_number_is_refused(app) {
        app.user("anna", json!({})).await;
        let never = [
            json!("64"), json!(""), json!("six"), json!(true), json!(false), json!([]), json!([64]), json!({}), json!(64.5),
            json!(-1), json!(0), json!(1e300), json!(-9.3e18), json!(i64::MAX), json!(u64::MAX), json!(i64::MIN),
        ];
        let limits: [(&str, [Value; 3]); 2] = [
            ("length", [json!(3), json!(129), json!(129.0)]),
            ("expire", [json!(59), json!(31_536_001), json!(59.0)]),
        ];
        for (name, past) in &limits {
            for value in never.iter().chain(past) {
                let answer = app.admin().post(PATH, &json!({ *name: value })).await;
                assert_eq!(answer.status, 400, "{name} {value}: {}", answer.text);
                answer.fails(400, "general_argument_invalid", &format!("`{name}`"));
            }
        }
        // The first that is wrong is named, and the user is looked for after all of them.
        let both = json!({"length": 3, "expire": 59});
        app.admin().post(PATH, &both).await.fails(400, "general_argument_invalid", "4 to 128");
        app.admin().post("/v1/users/ghost/tokens", &both).await.fails(400, "general_argument_invalid", "`length`");
        let expire = json!({"expire": 59});
        app.admin().post("/v1/users/ghost/tokens", &expire).await.fails(400, "general_argument_invalid", "60 to 31536000");
        app.admin().post("/v1/users/ghost/tokens", &json!({})).await.fails(404, "user_not_found", "");
        app.admin().post("/v1/users/_x/tokens", &both).await.fails(400, "general_argument_invalid", "`userId`");
        assert_eq!(stored(app, "anna").await, []);
        assert_eq!(events(app, "anna").await, ["user.create"]);
    }

    async fn of_a_token_the_digest_is_stored(app) {
        let made = app.user("anna", json!({})).await;
        app.app.clock.advance(Duration::from_secs(1));
        let first = app.admin().post(PATH, &json!({"length": 128, "expire": 60})).await.expect(201);
        let second = app.admin().post(PATH, &json!({})).await.expect(201);
        let now = app.app.clock.now();
        let row = |shown: &Value, seconds| Token {
            id: text(&shown["$id"]),
            user_id: "anna".into(),
            created_at: now,
            expire: now.plus(Duration::from_secs(seconds)),
            digest: digest(shown["secret"].as_str().unwrap()),
            attempts: 0,
        };
        assert_eq!(stored(app, "anna").await, [row(&first, 60), row(&second, 900)]);
        let row = newest_row(app, "anna").await;
        let told = ["event", "userType", "userId", "userName", "time"].map(|field| text(&row[field]));
        let key = app.key_id(PROJECT, app.admin_key()).await;
        assert_eq!(told, ["tokens.create", "keyProject", &key, "test key", &now.to_string()]);
        assert_eq!(events(app, "anna").await, ["tokens.create", "tokens.create", "user.create"]);
        // The user is as before.
        assert_eq!(app.admin().get("/v1/users/anna").await.expect(200), made);
        assert_eq!(app.admin().get("/v1/users/anna/sessions").await.ids("sessions"), [""; 0]);
    }

    async fn only_a_key_with_its_scope_makes_them(app) {
        app.user("anna", json!({})).await;
        for scope in Scope::ALL {
            let caller = app.caller(PROJECT, &app.new_key(PROJECT, &[scope]).await);
            let answer = caller.post(PATH, &json!({})).await;
            match scope {
                Scope::UsersWrite => drop(answer.expect(201)),
                _ => answer.fails(401, "general_unauthorized_scope", r#"["users.write"]"#),
            }
        }
        client(app).post(PATH, &json!({})).await.fails(401, "general_unauthorized_scope", "role: guests");
        assert_eq!(stored(app, "anna").await.len(), 1);
    }

    async fn tokens_go_with_their_user(app) {
        app.user("anna", json!({})).await;
        let secret = token(app, "anna", &json!({})).await;
        app.admin().delete("/v1/users/anna").await.expect(204);
        assert_eq!(stored(app, "anna").await, []);
        exchange(&client(app), "token", "anna", &secret).await.fails(401, "user_invalid_token", "");
        app.user("anna", json!({})).await;
        exchange(&client(app), "token", "anna", &secret).await.fails(401, "user_invalid_token", "");
    }
}
