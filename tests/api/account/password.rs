//! `PATCH /v1/account/password`

mod rules;
mod sessions;

use futures_util::future::join_all;
use serde_json::{Value, json};
use usher::store::users::User;

use super::people::{
    INVALID, PASSWORD, SCOPE, WRONG, account, by_token, email, handed, is_password, member, nobody, rate, sign_up,
    stranger, try_sign_in,
};
use crate::support::{Answer, Caller, both};
use crate::users::crud::{events, log_of, stored, tick, with};

const NEW: &str = "another horse";

async fn set(member: &Caller<'_>, new: &str, old: &str) -> Answer {
    member.patch("/v1/account/password", &json!({"password": new, "oldPassword": old})).await
}

both! {
    async fn by_the_former_password_there_is_another(app) {
        let anna = member(app, "anna").await;
        let (before, row, logged) = (account(app, "anna").await, stored(app, "anna").await, log_of(app, "anna").await);
        tick(app);
        let now = app.app.clock.now();
        let changed = set(&anna, NEW, PASSWORD).await.expect(200);
        let expected = with(&before, json!({"$updatedAt": now.to_string(), "passwordUpdate": now.to_string()}));
        assert_eq!(changed.to_string(), expected.to_string());
        assert_eq!(account(app, "anna").await, expected);
        let after = stored(app, "anna").await;
        let text = after.password.clone().unwrap();
        let rest = text.strip_prefix("$argon2id$v=19$m=8,t=1,p=1$").unwrap();
        assert_eq!(rest.split('$').map(str::len).collect::<Vec<_>>(), [22, 43], "{text}");
        assert_ne!(row.password.as_ref(), Some(&text));
        assert_eq!(after, User { password: Some(text), password_update: Some(now), updated_at: now, ..row });

        let log = log_of(app, "anna").await;
        assert_eq!(log[1..], logged);
        let actor = [&log[0].actor_type, &log[0].actor_id, &log[0].actor_name, &log[0].actor_email];
        assert_eq!(actor, ["user", "anna", "Name of anna", &email("anna")]);
        assert_eq!((log[0].event.as_str(), log[0].time), ("user.update", now));

        assert_eq!(try_sign_in(app, &email("anna"), NEW).await.status, 201);
        try_sign_in(app, &email("anna"), PASSWORD).await.fails(401, WRONG, "");
        set(&anna, "third horse", PASSWORD).await.fails(401, WRONG, "");
    }

    async fn without_the_former_password_there_is_none(app) {
        let anna = member(app, "anna").await;
        sign_up(app, "bert").await;
        let before = (stored(app, "anna").await, events(app, "anna").await);
        tick(app);
        for body in [
            json!({"password": NEW}),
            json!({"password": NEW, "oldPassword": ""}),
            json!({"password": NEW, "oldPassword": null}),
            json!({"password": NEW, "oldPassword": NEW}),
            json!({"password": NEW, "oldPassword": "correct horse"}),
            json!({"password": NEW, "oldPassword": PASSWORD.to_uppercase()}),
            json!({"password": NEW, "oldPassword": format!("{PASSWORD} ")}),
            // The name counts to the letter.
            json!({"password": NEW, "oldpassword": PASSWORD}),
        ] {
            anna.patch("/v1/account/password", &body).await.fails(401, WRONG, "");
        }
        // The hash itself is no password.
        let hash = before.0.password.clone().unwrap();
        set(&anna, NEW, &hash).await.fails(401, WRONG, "");
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), before);
        assert!(is_password(app, "anna", PASSWORD).await);
    }

    async fn a_password_that_is_none_is_not_asked_for(app, "USHER_RATE_LIMITS" = "false") {
        for old in [None, Some(json!("")), Some(Value::Null), Some(json!("whatever"))] {
            let (me, id) = nobody(app).await;
            let before = account(app, &id).await;
            tick(app);
            let now = app.app.clock.now().to_string();
            let mut body = json!({"password": PASSWORD});
            if let Some(old) = old {
                body["oldPassword"] = old;
            }
            let changed = me.patch("/v1/account/password", &body).await.expect(200);
            assert_eq!(changed, with(&before, json!({"$updatedAt": now, "passwordUpdate": now})));
            assert!(is_password(app, &id, PASSWORD).await);
            // From now on it is.
            me.patch("/v1/account/password", &json!({"password": NEW})).await.fails(401, WRONG, "");
            set(&me, NEW, PASSWORD).await.expect(200);
            assert!(is_password(app, &id, NEW).await);
        }
    }

    async fn an_imported_password_of_any_kind_can_be_changed(app, "USHER_RATE_LIMITS" = "false") {
        for (n, (path, mut body)) in crate::users::import::samples().into_iter().enumerate() {
            let id = format!("u{n}");
            (body["userId"], body["email"]) = (json!(id), json!(email(&id)));
            app.admin().post(&format!("/v1/users/{path}"), &body).await.expect(201);
            let member = handed(app, &id).await;
            set(&member, NEW, "correct horse").await.fails(401, WRONG, "");
            set(&member, NEW, PASSWORD).await.expect(200);
            let row = stored(app, &id).await;
            assert_eq!(row.hash, "argon2", "{path}");
            assert!(row.password.unwrap().starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{path}");
            assert!(is_password(app, &id, NEW).await && !is_password(app, &id, PASSWORD).await, "{path}");
        }
    }

    async fn of_changes_by_one_password_at_the_same_time_one_counts(app, "USHER_RATE_LIMITS" = "false") {
        let mut now = PASSWORD.to_owned();
        let anna = member(app, "anna").await;
        app.set(|settings| settings.password_history = 2).await;
        for round in 0..10 {
            let rows = log_of(app, "anna").await.len();
            let candidates: Vec<String> = (0..2 + round % 4).map(|n| format!("password {round}-{n}")).collect();
            let answers = join_all(candidates.iter().map(|new| set(&anna, new, &now))).await;
            let (won, lost): (Vec<_>, Vec<_>) = candidates.into_iter().zip(answers).partition(|(_, a)| a.status == 200);
            let [(winner, _)] = &won[..] else { panic!("{won:?}") };
            for (_, answer) in lost {
                answer.fails(401, WRONG, "");
            }
            assert!(is_password(app, "anna", winner).await);
            assert_eq!(log_of(app, "anna").await.len(), rows + 1);
            now = winner.clone();
        }
        assert_eq!(try_sign_in(app, &email("anna"), &now).await.status, 201);
    }

    async fn a_user_and_a_key_at_the_same_time_leave_one_of_the_two(app, "USHER_RATE_LIMITS" = "false") {
        sign_up(app, "anna").await;
        for round in 0..10 {
            let anna = handed(app, "anna").await;
            let (own, forced) = (format!("own password {round}"), format!("forced password {round}"));
            let reset = json!({"password": forced});
            let before = if round == 0 { PASSWORD.to_owned() } else { format!("settled password {round}") };
            let admin = app.admin();
            let (changed, by_key) = futures_util::future::join(
                set(&anna, &own, &before),
                admin.patch("/v1/users/anna/password", &reset),
            )
            .await;
            by_key.expect(200);
            // What a key sets is never lost to somebody who knew the former password.
            assert!([200, 401].contains(&changed.status), "{}", changed.text);
            assert!(is_password(app, "anna", &forced).await && !is_password(app, "anna", &own).await);
            let next = json!({"password": format!("settled password {}", round + 1)});
            admin.patch("/v1/users/anna/password", &next).await.expect(200);
        }
    }

    async fn ten_times_an_hour_from_one_address(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        let anna = member(app, "anna").await;
        let (nobody, _) = nobody(app).await;
        let token = by_token(app, &anna).await;
        for n in 0..10 {
            let caller = if n % 2 == 0 { &anna } else { &token };
            let answer = match n % 4 {
                0 => set(caller, NEW, "wrong horse").await,
                1 => caller.patch("/v1/account/password", &json!({})).await,
                2 => set(caller, "short", PASSWORD).await,
                _ => set(&anna, PASSWORD, PASSWORD).await,
            };
            assert_eq!(rate(&answer), ["10", &(9 - n).to_string(), "1767326400", ""], "{}", answer.text);
        }
        let hashes = app.app.hashing.hashes_run();
        for caller in [&anna, &token] {
            let answer = set(caller, NEW, PASSWORD).await;
            assert_eq!(rate(&answer), ["10", "0", "1767326400", "3355"]);
            answer.fails(429, "general_rate_limit_exceeded", "");
        }
        assert_eq!(app.app.hashing.hashes_run(), hashes);
        // Others at that address are not concerned, and strangers are turned away before anything is counted.
        assert_eq!(rate(&set(&nobody, "short", "").await), ["10", "9", "1767326400", ""]);
        let answer = stranger(app).patch("/v1/account/password", &json!({})).await;
        assert_eq!(rate(&answer), [""; 4]);
        answer.fails(401, SCOPE, "(role: guests)");
        set(&anna.clone().header("x-forwarded-for", "198.51.100.1"), NEW, PASSWORD).await.expect(200);
        app.app.clock.advance(std::time::Duration::from_secs(3355));
        set(&anna, PASSWORD, NEW).await.expect(200);
    }

    async fn who_is_nobody_or_blocked_sets_no_password(app) {
        let anna = member(app, "anna").await;
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        let before = (stored(app, "anna").await, events(app, "anna").await);
        set(&anna, NEW, PASSWORD).await.fails(403, "user_blocked", "");
        set(&stranger(app), NEW, PASSWORD).await.fails(401, SCOPE, "(role: guests) missing scope");
        set(&app.admin(), NEW, PASSWORD).await.fails(401, SCOPE, "(role: applications) missing scope");
        let key = anna.clone().header("x-appwrite-key", app.admin_key());
        set(&key, NEW, PASSWORD).await.fails(401, SCOPE, "(role: applications)");
        set(&anna.header("x-appwrite-project", "nope"), NEW, PASSWORD).await.fails(404, "project_not_found", "");
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), before);
    }

    /// What is wrong with the new password is said whether or not the former one is right.
    async fn a_wrong_new_password_is_told_of_first(app) {
        let anna = member(app, "anna").await;
        for old in [PASSWORD, "wrong horse", ""] {
            set(&anna, "short", old).await.fails(400, INVALID, "Invalid `password` param");
        }
        set(&anna, NEW, &"x".repeat(257)).await.fails(400, INVALID, "Invalid `oldPassword` param");
    }
}
