//! Three hundred failed sign-ins an hour for a client, whatever the accounts: nobody tries one password on all of them.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{WRONG, guest, hashes, sign_in, until, user};
use crate::support::{Answer, Caller, TestApp, both};

const RIGHT: &str = "long enough";

fn from<'a>(app: &'a TestApp, ip: &str) -> Caller<'a> {
    guest(app).header("x-forwarded-for", ip)
}

/// Fails that often, each time at another account and at none that exists.
async fn fail(app: &TestApp, names: &str, count: usize, ip: impl Fn(usize) -> String) {
    for begin in (0..count).step_by(20) {
        let these = (begin..count.min(begin + 20)).map(|n| {
            let from = from(app, &ip(n));
            async move { sign_in(&from, &format!("{names}{n}"), "wrong enough").await }
        });
        for answer in join_all(these).await {
            answer.fails(WRONG.0, WRONG.1, "");
        }
    }
    counted(app).await;
}

/// Failures are counted when they were answered already.
async fn counted(app: &TestApp) {
    until("what is written in the background", async || app.app.background.is_empty()).await;
}

/// Refused without a hash, and with a word about when to come again.
#[track_caller]
fn refused((answer, run): (Answer, u64)) {
    assert_eq!(run, 0);
    let rate = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
    assert_eq!(rate.map(|name| answer.header(name)), ["300", "0", "1767326400", "3355"]);
    answer.fails(429, "general_rate_limit_exceeded", "");
}

both! {
    async fn one_client_fails_no_more_than_that(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        user(app, "anna", RIGHT).await;
        user(app, "blocked", RIGHT).await;
        app.admin().patch("/v1/users/blocked/status", &json!({"status": false})).await.expect(200);
        let (client, other) = (from(app, "198.51.100.7"), from(app, "198.51.100.8"));
        fail(app, "u", 297, |_| "198.51.100.7".into()).await;
        // Of an account that is there it is the same, and who succeeds has not failed.
        for _ in 0..5 {
            sign_in(&client, "anna", RIGHT).await.expect(201);
        }
        sign_in(&client, "anna", "wrong enough").await.fails(WRONG.0, WRONG.1, "");
        sign_in(&client, "blocked", RIGHT).await.fails(403, "user_blocked", "");
        counted(app).await;
        // Towards the end it is the limit that is told of.
        let answer = sign_in(&client, "nobody", "wrong enough").await;
        assert_eq!((answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")), ("300", "0"));
        answer.fails(WRONG.0, WRONG.1, "");
        counted(app).await;

        for id in ["anna", "nobody", "somebody", "blocked"] {
            for password in [RIGHT, "wrong enough"] {
                refused(hashes(app, sign_in(&client, id, password)).await);
            }
        }
        // Who is refused so has used nothing of what an account may be asked, and others are not held back.
        let answer = sign_in(&other, "anna", "wrong enough").await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (401, "8"), "{}", answer.text);
        sign_in(&other, "anna", RIGHT).await.expect(201);
        let server = client.clone().header("x-appwrite-key", app.admin_key());
        sign_in(&server, "anna", RIGHT).await.expect(201);
        app.app.clock.advance(Duration::from_millis(3_354_322));
        sign_in(&client, "anna", RIGHT).await.expect(201);
    }

    /// Whoever has one address of a network of IPv6 has as many as they like.
    async fn the_addresses_of_a_network_are_one_client(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        user(app, "anna", RIGHT).await;
        fail(app, "u", 300, |n| format!("2001:db8:1:2::{n:x}")).await;
        refused(hashes(app, sign_in(&from(app, "2001:db8:1:2:ffff::1"), "anna", RIGHT)).await);
        sign_in(&from(app, "2001:db8:1:3::1"), "anna", RIGHT).await.expect(201);
    }

    async fn without_limits_there_is_no_such_count(
        app, "USHER_RATE_LIMITS" = "false", "USHER_TRUSTED_PROXIES" = "203.0.113.0/24"
    ) {
        user(app, "anna", RIGHT).await;
        fail(app, "u", 301, |_| "198.51.100.7".into()).await;
        sign_in(&from(app, "198.51.100.7"), "anna", RIGHT).await.expect(201);
    }
}
