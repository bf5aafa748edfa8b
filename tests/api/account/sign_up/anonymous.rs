//! `POST /v1/account/sessions/anonymous`, and how an anonymous user becomes somebody.

use serde_json::{Value, json};

use super::{fresh, users};
use crate::account::people::{
    INVALID, PASSWORD, SCOPE, WRONG, account, add_target, by_token, continued, cookies, handed, is_password, member,
    nobody, sessions, sign_in, sign_up, stranger, try_sign_in,
};
use crate::support::{IP, NOW, PROJECT, both, made_up, target};
use crate::users::crud::{add_identities, events, identity, log_of, stored, tick, with};
use crate::users::password::rules::{DICTIONARY, FORBIDDEN};
use usher::access::Scope;

const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0";

/// An anonymous session as it is shown: `given` says which id, whose, and the secret.
fn session(given: &Value, secret: &str) -> Value {
    json!({
        "$id": made_up(given["$id"].as_str().unwrap()), "$createdAt": NOW, "$updatedAt": NOW,
        "userId": made_up(given["userId"].as_str().unwrap()), "expire": "2027-01-02T03:04:05.678+00:00",
        "provider": "anonymous", "providerUid": "", "providerAccessToken": "", "providerAccessTokenExpiry": "",
        "providerRefreshToken": "", "ip": IP, "osCode": "WIN", "osName": "Windows", "osVersion": "10",
        "clientType": "browser", "clientCode": "FF", "clientName": "Firefox", "clientVersion": "121.0",
        "clientEngine": "Gecko", "clientEngineVersion": "121.0", "deviceName": "desktop", "deviceBrand": "",
        "deviceModel": "", "countryCode": "--", "countryName": "Unknown", "current": true,
        "factors": ["anonymous"], "secret": secret, "mfaUpdatedAt": ""
    })
}

both! {
    async fn somebody_without_a_name_is_signed_in(app) {
        let caller = stranger(app).header("user-agent", AGENT);
        // Nothing is needed, and nothing is looked at.
        for body in [json!({}), json!({"userId": "mine", "email": "a@b.org", "name": 5}), Value::Null] {
            let answer = caller.post("/v1/account/sessions/anonymous", &body).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
            assert_eq!(answer.text, session(&answer.json, "").to_string());
            let id = answer.json["userId"].as_str().unwrap().to_owned();
            assert_eq!(cookies(&answer).len(), 2);
            let me = continued(app, &answer).get("/v1/account").await.expect(200);
            assert_eq!(me.to_string(), fresh(&id, json!({"accessedAt": NOW})).to_string());
            assert_eq!(account(app, &id).await, me);
            let row = stored(app, &id).await;
            assert_eq!((row.email, row.phone, row.password, row.password_update), (None, None, None, None));
            assert_eq!(sessions(app, &id).await, [answer.json["$id"].as_str().unwrap()]);
            let log = log_of(app, &id).await;
            assert_eq!(log.iter().map(|row| row.event.as_str()).collect::<Vec<_>>(), ["session.create", "user.create"]);
            for row in &log {
                let actor = [&row.actor_type, &row.actor_id, &row.actor_name, &row.actor_email];
                assert_eq!(actor, ["user", &id, "", ""]);
                assert_eq!([&row.ip, &row.user_agent], [IP, AGENT]);
            }
        }
        assert_eq!(users(app).await, json!(3));
    }

    async fn a_server_gets_the_secret_in_the_body(app) {
        let key = app.new_key(PROJECT, &[Scope::SessionsWrite]).await;
        let caller = app.caller(PROJECT, &key).header("x-forwarded-user-agent", AGENT);
        let answer = caller.post("/v1/account/sessions/anonymous", &json!({})).await.expect(201);
        let secret = answer["secret"].as_str().unwrap();
        assert_eq!(answer.to_string(), session(&answer, secret).to_string());
        let me = stranger(app).header("x-appwrite-session", secret).get("/v1/account").await.expect(200);
        assert_eq!(me["$id"], answer["userId"]);
    }

    async fn who_is_signed_in_is_nobody_else_besides(app) {
        let anna = member(app, "anna").await;
        let (token, header) = (by_token(app, &anna).await, handed(app, "anna").await);
        let (nobody, _) = nobody(app).await;
        for caller in [anna, token, header, nobody] {
            let answer = caller.post("/v1/account/sessions/anonymous", &json!({})).await;
            assert_eq!(cookies(&answer), [""; 0]);
            answer.fails(401, "user_session_already_exists", "");
        }
        assert_eq!((users(app).await, sessions(app, "anna").await.len()), (json!(2), 2));
    }

    async fn an_email_and_a_password_make_somebody_of_nobody(app) {
        let (me, id) = nobody(app).await;
        let before = account(app, &id).await;
        tick(app);
        let now = app.app.clock.now().to_string();
        let body = json!({"email": "Now.Me@Example.org", "password": PASSWORD});
        let changed = me.patch("/v1/account/email", &body).await.expect(200);
        let email = "now.me@example.org";
        let expected = with(&before, json!({
            "$updatedAt": now, "email": email, "passwordUpdate": now,
            "targets": [target(&changed["targets"][0], &id, "email", email, &now)]
        }));
        assert_eq!(changed.to_string(), expected.to_string());
        assert_eq!(account(app, &id).await, expected);
        let row = stored(app, &id).await;
        assert!(row.password.unwrap().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        assert!(is_password(app, &id, PASSWORD).await);
        assert_eq!(events(app, &id).await, ["user.update", "session.create", "user.create"]);
        // The session stays, and another can be had now.
        assert_eq!(me.get("/v1/account").await.expect(200), expected);
        assert_eq!(sign_in(app, email, PASSWORD).await.get("/v1/account").await.expect(200)["$id"], json!(id));
        assert_eq!(try_sign_in(app, email, "another horse").await.status, 401);
        // From now on the password is asked for.
        let other = json!({"email": "b@example.org", "password": "another horse"});
        me.patch("/v1/account/email", &other).await.fails(401, WRONG, "");
        me.patch("/v1/account/password", &json!({"password": "another horse"})).await.fails(401, WRONG, "");
    }

    async fn a_phone_number_and_a_password_do_it_too(app) {
        let (me, id) = nobody(app).await;
        let before = account(app, &id).await;
        tick(app);
        let now = app.app.clock.now().to_string();
        let body = json!({"phone": "+4930123456", "password": PASSWORD});
        let changed = me.patch("/v1/account/phone", &body).await.expect(200);
        let expected = with(&before, json!({
            "$updatedAt": now, "phone": "+4930123456", "passwordUpdate": now,
            "targets": [target(&changed["targets"][0], &id, "sms", "+4930123456", &now)]
        }));
        assert_eq!(changed.to_string(), expected.to_string());
        assert_eq!(account(app, &id).await, expected);
        assert!(is_password(app, &id, PASSWORD).await);
        // An email may come later, by that password.
        let body = json!({"email": "me@example.org", "password": "another horse"});
        me.patch("/v1/account/email", &body).await.fails(401, WRONG, "");
        let body = json!({"email": "me@example.org", "password": PASSWORD});
        me.patch("/v1/account/email", &body).await.expect(200);
        sign_in(app, "me@example.org", PASSWORD).await.get("/v1/account").await.expect(200);
    }

    async fn the_first_password_keeps_the_rules_of_new_ones(
        app, "USHER_PASSWORD_DICTIONARY" = DICTIONARY.as_str(), "USHER_RATE_LIMITS" = "false"
    ) {
        app.set(|settings| {
            (settings.password_dictionary, settings.personal_data_check, settings.password_history) = (true, true, 3);
        })
        .await;
        let (me, id) = nobody(app).await;
        me.patch("/v1/account/name", &json!({"name": "Zorro"})).await.expect(200);
        let before = (stored(app, &id).await, events(app, &id).await);
        for (what, address) in [("email", "my.address@example.org"), ("phone", "+4930123456")] {
            let path = format!("/v1/account/{what}");
            let send = async |password: &str| me.patch(&path, &json!({what: address, "password": password})).await;
            for short_or_long in ["1234567".to_owned(), "aäöü".into(), "x".repeat(257), "ä".repeat(129), String::new()] {
                send(&short_or_long).await.fails(400, INVALID, "Invalid `password` param");
            }
            for word in FORBIDDEN {
                send(word).await.fails(400, INVALID, "Invalid `password` param");
            }
            // Of what the user has, and of the address that the user gets with the password.
            let own = match what {
                "email" => "hello MY.ADDRESS!",
                _ => "call 4930123456",
            };
            for personal in [format!("x{id}x"), "i am zorro!".into(), own.into()] {
                send(&personal).await.fails(400, "password_personal_data", "");
            }
            me.patch(&path, &json!({what: address})).await.fails(400, INVALID, "Param `password` is not optional");
        }
        assert_eq!((stored(app, &id).await, events(app, &id).await), before);
        // It is the first of the history.
        let body = json!({"email": "my.address@example.org", "password": PASSWORD});
        me.patch("/v1/account/email", &body).await.expect(200);
        let again = json!({"password": PASSWORD, "oldPassword": PASSWORD});
        me.patch("/v1/account/password", &again).await.fails(400, "password_recently_used", "");
    }

    async fn passwords_of_eight_and_of_256_bytes_are_fine(app) {
        for (n, password) in ["12345678".to_owned(), "x".repeat(256), "ä".repeat(4), "ä".repeat(128)].into_iter().enumerate() {
            let (me, id) = nobody(app).await;
            let email = format!("u{n}@example.org");
            me.patch("/v1/account/email", &json!({"email": email, "password": password})).await.expect(200);
            assert_eq!(try_sign_in(app, &email, &password).await.json["userId"], json!(id));
        }
    }

    async fn an_address_that_is_taken_gives_no_password(app) {
        sign_up(app, "anna").await;
        app.admin().patch("/v1/users/anna/phone", &json!({"number": "+4930123456"})).await.expect(200);
        add_identities(app, vec![identity("i1", "anna", "anna@provider.example")]).await;
        add_target(app, "anna", "email", "anna@work.example").await;
        let (me, id) = nobody(app).await;
        let before = (stored(app, &id).await, events(app, &id).await);
        for (what, address, kind) in [
            ("email", "ANNA@example.org", "user_email_already_exists"),
            ("email", "anna@provider.example", "user_email_already_exists"),
            ("email", "anna@work.example", "user_target_already_exists"),
            ("phone", "+4930123456", "user_phone_already_exists"),
        ] {
            let answer = me.patch(&format!("/v1/account/{what}"), &json!({what: address, "password": PASSWORD})).await;
            answer.fails(409, kind, "");
        }
        assert_eq!((stored(app, &id).await, events(app, &id).await), before);
        me.patch("/v1/account/password", &json!({"password": "no old one needed"})).await.expect(200);
    }

    async fn of_many_first_passwords_at_once_exactly_one_counts(app, "USHER_RATE_LIMITS" = "false") {
        for round in 0..3 {
            let (me, id) = nobody(app).await;
            let answers = futures_util::future::join_all((0..6).map(|n| {
                let me = me.clone();
                async move {
                    let password = format!("password {n}");
                    match n % 3 {
                        0 => me.patch("/v1/account/password", &json!({"password": password})).await,
                        1 => me.patch("/v1/account/phone", &json!({"phone": format!("+493012{round}{n}"), "password": password})).await,
                        _ => me.patch("/v1/account/email", &json!({"email": format!("u{round}{n}@x.org"), "password": password})).await,
                    }
                }
            }))
            .await;
            let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().enumerate().partition(|(_, a)| a.status == 200);
            let [(winner, _)] = &won[..] else { panic!("{won:?}") };
            for (_, answer) in lost {
                answer.fails(401, WRONG, "");
            }
            assert!(is_password(app, &id, &format!("password {winner}")).await);
            assert_eq!(events(app, &id).await, ["user.update", "session.create", "user.create"]);
        }
    }

    async fn nobody_without_a_session_changes_nothing(app) {
        let (_, id) = nobody(app).await;
        let before = (stored(app, &id).await, events(app, &id).await);
        let body = json!({"email": "me@example.org", "phone": "+4930123456", "password": PASSWORD, "userId": id});
        for path in ["email", "phone", "password"] {
            stranger(app).patch(&format!("/v1/account/{path}"), &body).await.fails(401, SCOPE, "(role: guests)");
            app.admin().patch(&format!("/v1/account/{path}"), &body).await.fails(401, SCOPE, "(role: applications)");
        }
        assert_eq!((stored(app, &id).await, events(app, &id).await), before);
    }
}
