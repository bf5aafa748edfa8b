//! Twenty wrong passwords an hour for an account, by whatever endpoint and under whatever address it goes by.

use std::time::Duration;

use serde_json::{Value, json};

use super::{INVALID, PATHS, WRONG, email, guest, hashes, owner, sign_in, user};
use crate::support::{Answer, Caller, TestApp, both};

const RIGHT: &str = "long enough";
const LIMITED: (u16, &str) = (429, "general_rate_limit_exceeded");
const TO_THE_END_OF_THE_HOUR: Duration = Duration::from_millis(3_354_322);

/// One of the endpoints that ask for the password of who is signed in, and from another address each time.
async fn prove(caller: &Caller<'_>, n: usize, password: &str) -> Answer {
    let (path, body) = match n % 3 {
        0 => ("email", json!({"email": format!("new{n}@example.org"), "password": password})),
        1 => ("phone", json!({"phone": format!("+4915112345{:03}", n % 1000), "password": password})),
        _ => ("password", json!({"password": RIGHT, "oldPassword": password})),
    };
    let from = caller.clone().header("x-forwarded-for", &format!("198.51.100.{n}"));
    from.patch(&format!("/v1/account/{path}"), &body).await
}

async fn wrong(app: &TestApp, caller: &Caller<'_>, count: usize) {
    for n in 0..count {
        let (answer, run) = hashes(app, prove(caller, n, "wrong enough")).await;
        answer.fails(WRONG.0, WRONG.1, "");
        assert_eq!(run, 1, "{n}");
    }
}

/// Refused without a hash, and with a word about when to come again.
#[track_caller]
fn refused((answer, run): (Answer, u64)) {
    assert_eq!(run, 0);
    let rate = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
    assert_eq!(rate.map(|name| answer.header(name)), ["20", "0", "1767326400", "3355"]);
    answer.fails(LIMITED.0, LIMITED.1, "");
}

async fn stored_email(app: &TestApp, id: &str) -> Value {
    app.admin().get(&format!("/v1/users/{id}")).await.expect(200)["email"].clone()
}

both! {
    /// Signing in counts with them, so that nobody gets a second set of tries there. Whoever could lock an account in
    /// this way, with a session of it, could do so without one, by signing in.
    async fn the_twenty_first_is_refused_wherever_it_is_tried(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        user(app, "anna", RIGHT).await;
        let own = owner(app, "anna").await;
        wrong(app, &own, 20).await;
        for n in 0..3 {
            refused(hashes(app, prove(&own, n, RIGHT)).await);
        }
        refused(hashes(app, sign_in(&guest(app), "anna", RIGHT)).await);
        // All else goes on.
        own.get("/v1/account").await.expect(200);
        own.patch("/v1/account/name", &json!({"name": "Anna"})).await.expect(200);
        assert_eq!(stored_email(app, "anna").await, email("anna"));
        user(app, "bert", RIGHT).await;
        prove(&owner(app, "bert").await, 0, RIGHT).await.expect(200);
        // An API key is not asked, and not held back when it signs somebody in.
        sign_in(&app.admin(), "anna", RIGHT).await.expect(201);
        refused(hashes(app, prove(&own, 0, RIGHT)).await);
        app.app.clock.advance(TO_THE_END_OF_THE_HOUR);
        wrong(app, &own, 3).await;
        sign_in(&guest(app), "anna", RIGHT).await.expect(201);
    }

    async fn a_right_password_ends_the_count(app) {
        user(app, "anna", RIGHT).await;
        let own = owner(app, "anna").await;
        wrong(app, &own, 14).await;
        prove(&own, 2, RIGHT).await.expect(200);
        wrong(app, &own, 14).await;
        // Twenty since the right one, though there were more than that in this hour.
        for _ in 0..6 {
            sign_in(&guest(app), "anna", "wrong enough").await.fails(WRONG.0, WRONG.1, "");
        }
        refused(hashes(app, sign_in(&guest(app), "anna", RIGHT)).await);
        refused(hashes(app, prove(&own, 2, RIGHT)).await);
        // And the same by signing in.
        user(app, "bert", RIGHT).await;
        let own = owner(app, "bert").await;
        wrong(app, &own, 14).await;
        sign_in(&guest(app), "bert", RIGHT).await.expect(201);
        wrong(app, &own, 14).await;
    }

    /// Who knows nothing but the address uses up the sign-ins of the hour, and half of what the owner may try.
    async fn strangers_do_not_keep_the_owner_from_proving_the_password(app) {
        user(app, "anna", RIGHT).await;
        let own = owner(app, "anna").await;
        for n in 0..30 {
            let answer = sign_in(&guest(app), "anna", "wrong enough").await;
            assert_eq!(answer.status, if n < 10 { 401 } else { 429 });
        }
        prove(&own, 1, RIGHT).await.expect(200);
        wrong(app, &own, 20).await;
        refused(hashes(app, prove(&own, 1, RIGHT)).await);
    }

    /// An account that goes by one address after the other is the same account.
    async fn new_addresses_bring_no_new_tries(app) {
        user(app, "anna", RIGHT).await;
        for n in 0..2 {
            let body = json!({"email": format!("anna{n}@example.org"), "password": "wrong enough"});
            app.admin().patch("/v1/users/anna/email", &json!({"email": body["email"]})).await.expect(200);
            for _ in 0..10 {
                guest(app).post(PATHS[0], &body).await.fails(WRONG.0, WRONG.1, "");
            }
        }
        app.admin().patch("/v1/users/anna/email", &json!({"email": "anna2@example.org"})).await.expect(200);
        refused(hashes(app, sign_in(&guest(app), "anna2", RIGHT)).await);
        // Whoever has the former address now is somebody else.
        app.user("bert", json!({"email": "anna3@example.org", "password": RIGHT})).await;
        sign_in(&guest(app), "anna3", RIGHT).await.expect(201);
    }

    async fn what_proves_nothing_is_neither_hashed_nor_counted(app) {
        user(app, "anna", RIGHT).await;
        let own = owner(app, "anna").await;
        for (path, body, name) in [
            ("email", json!({"email": "anna", "password": RIGHT}), "`email`"),
            ("phone", json!({"phone": "+1", "password": RIGHT}), "`phone`"),
            ("password", json!({"password": "short", "oldPassword": RIGHT}), "`password`"),
        ] {
            for _ in 0..2 {
                let (answer, run) = hashes(app, own.patch(&format!("/v1/account/{path}"), &body)).await;
                answer.fails(400, INVALID, name);
                assert_eq!(run, 0);
            }
        }
        for old in [json!(null), json!("")] {
            let body = json!({"password": "another one", "oldPassword": old});
            let (answer, run) = hashes(app, own.patch("/v1/account/password", &body)).await;
            answer.fails(WRONG.0, WRONG.1, "");
            assert_eq!(run, 0);
        }
        wrong(app, &own, 20).await;
        refused(hashes(app, prove(&own, 0, RIGHT)).await);
    }

    async fn two_servers_count_them_together(app) {
        let twin = app.twin().await;
        user(app, "anna", RIGHT).await;
        let (here, there) = (owner(app, "anna").await, owner(&twin, "anna").await);
        for n in 0..20 {
            let caller = if n % 2 == 0 { &here } else { &there };
            prove(caller, n, "wrong enough").await.fails(WRONG.0, WRONG.1, "");
        }
        refused(hashes(app, prove(&here, 0, RIGHT)).await);
        refused(hashes(&twin, sign_in(&guest(&twin), "anna", RIGHT)).await);
        twin.finish().await;
    }
}
