//! The password that a user has to know for changes: which one, and how often it may be tried.

use serde_json::json;

use super::set;
use crate::account::people::{
    INVALID, PASSWORD, WRONG, by_token, email, handed, is_password, member, nobody, rate, sign_up, try_sign_in,
};
use crate::support::{Answer, Caller, both};
use crate::users::crud::{events, stored};
use crate::users::import::samples;

const TOO_MANY: &str = "general_rate_limit_exceeded";

/// Passwords of imported users that are shorter than a new one may be, with their MD5.
const SHORT: [(&str, &str); 3] = [
    ("a", "0cc175b9c0f1b6a831c399e269772661"),
    ("abc", "900150983cd24fb0d6963f7d28e17f72"),
    ("1234567", "fcea920f7412b5da7be0cf42b8c93759"),
];

/// Tries a password in one of the three ways that there are, each of which may be gone ten times an hour.
async fn try_out(member: &Caller<'_>, n: usize, password: &str) -> Answer {
    match n % 3 {
        0 => set(member, "email", "new@example.org", password).await,
        1 => set(member, "phone", "+14155550100", password).await,
        _ => set_password(member, "new password", password).await,
    }
}

/// Tries so many wrong passwords, in all ways in turn.
async fn misses(member: &Caller<'_>, count: usize) {
    for n in 0..count {
        try_out(member, n, "wrong horse").await.fails(401, WRONG, "");
    }
}

async fn set_password(member: &Caller<'_>, new: &str, old: &str) -> Answer {
    member.patch("/v1/account/password", &json!({"password": new, "oldPassword": old})).await
}

both! {
    async fn a_short_password_that_was_imported_is_a_proof(app) {
        for (n, (password, md5)) in SHORT.into_iter().enumerate() {
            let id = format!("u{n}");
            let body = json!({"userId": id, "email": email(&id), "password": md5});
            app.admin().post("/v1/users/md5", &body).await.expect(201);
            let member = handed(app, &id).await;
            set(&member, "phone", &format!("+493012345{n}"), password).await.expect(200);
            set(&member, "email", &format!("new{n}@example.org"), password).await.expect(200);
            set(&member, "email", "other@example.org", &format!("{password}x")).await.fails(401, WRONG, "");
            // As the new one it is too short still.
            set_password(&member, password, password).await.fails(400, INVALID, "`password`");
            set_password(&member, "long enough", password).await.expect(200);
            set(&member, "email", &email(&id), "long enough").await.expect(200);
        }
    }

    async fn a_hash_of_any_kind_is_a_proof_and_stays_as_it_is(app) {
        for (n, (path, mut body)) in samples().into_iter().enumerate() {
            let id = format!("u{n}");
            (body["userId"], body["email"]) = (json!(id), json!(email(&id)));
            app.admin().post(&format!("/v1/users/{path}"), &body).await.expect(201);
            let before = stored(app, &id).await;
            let member = handed(app, &id).await;
            set(&member, "phone", &format!("+493012345{n}"), "correct horse").await.fails(401, WRONG, "");
            set(&member, "phone", &format!("+493012345{n}"), PASSWORD).await.expect(200);
            set(&member, "email", &format!("new{n}@example.org"), PASSWORD).await.expect(200);
            let after = stored(app, &id).await;
            assert_eq!(
                (after.password, after.hash, after.hash_options, after.password_update, after.password_history),
                (before.password, before.hash, before.hash_options, before.password_update, before.password_history),
                "{path}"
            );
        }
    }

    async fn a_password_that_was_taken_away_proves_nothing(app) {
        let anna = member(app, "anna").await;
        app.set(|settings| settings.invalidate_sessions = false).await;
        app.admin().patch("/v1/users/anna/password", &json!({"password": ""})).await.expect(200);
        let row = stored(app, "anna").await;
        for password in [PASSWORD, "another horse"] {
            set(&anna, "email", "new@example.org", password).await.fails(401, WRONG, "");
            set_password(&anna, "new password", password).await.fails(401, WRONG, "");
        }
        assert_eq!(stored(app, "anna").await, row);
        // A key gives a new one.
        app.admin().patch("/v1/users/anna/password", &json!({"password": "third horse"})).await.expect(200);
        set(&anna, "email", "new@example.org", "third horse").await.expect(200);
    }

    async fn after_twenty_wrong_passwords_none_is_tried_in_that_hour(app) {
        let anna = member(app, "anna").await;
        let bert = member(app, "bert").await;
        let begun = app.app.hashing.hashes_run();
        misses(&anna, 20).await;
        assert_eq!(app.app.hashing.hashes_run(), begun + 20);
        let (row, logged) = (stored(app, "anna").await, events(app, "anna").await);
        // By whatever way, right or wrong, in the session or in another.
        for (caller, password) in [
            (anna.clone(), PASSWORD), (by_token(app, &anna).await, "wrong horse"), (handed(app, "anna").await, PASSWORD)
        ] {
            for n in 0..3 {
                let answer = try_out(&caller, n, password).await;
                assert_eq!(rate(&answer), ["20", "0", "1767326400", "3355"]);
                answer.fails(429, TOO_MANY, "X-RateLimit-Reset");
            }
        }
        let answer = try_sign_in(app, &email("anna"), PASSWORD).await;
        assert_eq!(rate(&answer), ["20", "0", "1767326400", "3355"]);
        answer.fails(429, TOO_MANY, "");
        assert_eq!(app.app.hashing.hashes_run(), begun + 20, "nothing is hashed past the limit");
        let handed_over = vec!["session.create".to_owned()];
        assert_eq!((stored(app, "anna").await, events(app, "anna").await), (row, [handed_over, logged].concat()));
        // What needs no password goes on, and so do others and keys.
        anna.patch("/v1/account/name", &json!({"name": "Still here"})).await.expect(200);
        set(&bert, "email", "new@example.org", PASSWORD).await.expect(200);
        app.admin().patch("/v1/users/anna/email", &json!({"email": "by.key@example.org"})).await.expect(200);
        app.app.clock.advance(std::time::Duration::from_secs(3355));
        set(&anna, "phone", "+14155550100", PASSWORD).await.expect(200);
    }

    async fn a_right_password_forgets_the_wrong_ones(app) {
        for id in ["address", "password", "sign-in", "refused"] {
            let member = member(app, id).await;
            misses(&member, 19).await;
            match id {
                "address" => drop(set(&member, "phone", "+14155550100", PASSWORD).await.expect(200)),
                "password" => drop(set_password(&member, "new password", PASSWORD).await.expect(200)),
                "sign-in" => assert_eq!(try_sign_in(app, &email(id), PASSWORD).await.status, 201),
                // Whatever comes of the change.
                _ => set(&member, "email", &email("address"), PASSWORD).await
                    .fails(409, "user_email_already_exists", ""),
            }
            misses(&member, 6).await;
        }
        // Without one there is no other after twenty.
        let member = member(app, "none").await;
        misses(&member, 20).await;
        try_out(&member, 2, "wrong horse").await.fails(429, TOO_MANY, "");
    }

    async fn tries_count_for_the_account_and_not_for_the_address(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        let anna = member(app, "anna").await;
        for n in 0..20 {
            let elsewhere = anna.clone().header("x-forwarded-for", &format!("198.51.100.{n}"));
            try_out(&elsewhere, n, "wrong horse").await.fails(401, WRONG, "");
        }
        let elsewhere = anna.clone().header("x-forwarded-for", "198.51.100.99");
        let answer = try_out(&elsewhere, 0, PASSWORD).await;
        assert_eq!(rate(&answer)[..2], ["20", "0"]);
        answer.fails(429, TOO_MANY, "");
    }

    async fn of_thirty_tries_at_once_twenty_are_made(app) {
        let anna = member(app, "anna").await;
        let begun = app.app.hashing.hashes_run();
        let answers = futures_util::future::join_all((0..30).map(|n| {
            let anna = anna.clone();
            async move { try_out(&anna, n, "wrong horse").await.status }
        }));
        let mut statuses = answers.await;
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![401; 20], vec![429; 10]].concat());
        assert_eq!(app.app.hashing.hashes_run(), begun + 20);
    }

    async fn each_of_the_two_addresses_may_be_sent_ten_times_an_hour(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        let (anna, bert) = (member(app, "anna").await, member(app, "bert").await);
        let token = by_token(app, &anna).await;
        for what in ["email", "phone"] {
            for n in 0..10 {
                // Whatever it is, however the user came, and from wherever.
                let caller = if n % 2 == 0 { &anna } else { &token };
                let caller = caller.clone().header("x-forwarded-for", &format!("198.51.100.{n}"));
                let answer = match n % 4 {
                    0 => set(&caller, what, "x", PASSWORD).await,
                    1 => caller.patch(&format!("/v1/account/{what}"), &json!({})).await,
                    2 if what == "email" => set(&caller, what, &email("bert"), PASSWORD).await,
                    _ if what == "email" => set(&caller, what, &format!("a{n}@example.org"), PASSWORD).await,
                    _ => set(&caller, what, &format!("+4930123{n}"), PASSWORD).await,
                };
                assert_eq!(rate(&answer), ["10", &(9 - n).to_string(), "1767326400", ""], "{what} {n}: {}", answer.text);
            }
            let hashes = app.app.hashing.hashes_run();
            for caller in [&anna, &token] {
                let answer = set(caller, what, "x", PASSWORD).await;
                assert_eq!(rate(&answer), ["10", "0", "1767326400", "3355"]);
                answer.fails(429, TOO_MANY, "");
            }
            assert_eq!(app.app.hashing.hashes_run(), hashes);
            // Others are not concerned, and who is nobody is not counted.
            let other = if what == "email" { "bert.new@example.org" } else { "+4930999999" };
            set(&bert, what, other, PASSWORD).await.expect(200);
            let answer = set(&app.admin(), what, other, PASSWORD).await;
            assert_eq!((answer.status, rate(&answer)), (401, [""; 4]));
        }
        app.app.clock.advance(std::time::Duration::from_secs(3355));
        set(&anna, "email", "next@example.org", PASSWORD).await.expect(200);
    }

    async fn without_limits_a_password_may_be_tried_for_ever(app, "USHER_RATE_LIMITS" = "false") {
        let anna = member(app, "anna").await;
        misses(&anna, 36).await;
        set(&anna, "email", "new@example.org", PASSWORD).await.expect(200);
    }

    /// Whoever has no password proves nothing, and has nothing that could be tried.
    async fn without_a_password_nothing_is_tried(app) {
        sign_up(app, "anna").await;
        let (me, id) = nobody(app).await;
        let begun = app.app.hashing.hashes_run();
        for n in 0..9 {
            set(&me, "email", "me@example.org", "short").await.fails(400, INVALID, "`password`");
            set(&me, "phone", "+14155550100", "short").await.fails(400, INVALID, "`password`");
            let answer = me.patch("/v1/account/password", &json!({"password": "short", "oldPassword": "x"})).await;
            assert_eq!(rate(&answer), ["10", &(9 - n).to_string(), "1767326400", ""]);
        }
        assert_eq!(app.app.hashing.hashes_run(), begun);
        set(&me, "email", "me@example.org", PASSWORD).await.expect(200);
        assert!(is_password(app, &id, PASSWORD).await);
    }
}
