//! Guessing the secret of a token.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{exchange, sessions, stored, token};
use crate::account::credentials::client;
use crate::account::sessions::rate;
use crate::support::{Answer, TestApp, both};

/// Somebody at an address of their own guesses wrongly.
async fn guess(app: &TestApp, user: &str, n: usize) -> Answer {
    let caller = client(app).header("x-forwarded-for", &format!("198.51.100.{n}"));
    exchange(&caller, ["token", "magic-url", "phone"][n % 3], user, "wrong").await
}

both! {
    async fn ten_wrong_secrets_end_all_tokens_of_the_user(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (one, two) = (token(app, "anna", &json!({})).await, token(app, "anna", &json!({"length": 128})).await);
        let berts = token(app, "bert", &json!({})).await;
        // Each from somewhere else, so that no limit of requests is reached.
        for n in 1..=9 {
            guess(app, "anna", n).await.fails(401, "user_invalid_token", "");
        }
        let tries: Vec<i64> = stored(app, "anna").await.iter().map(|token| token.attempts).collect();
        assert_eq!(tries, [9, 9]);
        // One that is made meanwhile has seen none of them.
        let three = token(app, "anna", &json!({})).await;
        exchange(&client(app), "token", "anna", &one).await.expect(201);
        guess(app, "anna", 10).await.fails(401, "user_invalid_token", "");
        exchange(&client(app), "token", "anna", &two).await.fails(401, "user_invalid_token", "");
        let left = stored(app, "anna").await;
        assert_eq!((left.len(), left[0].attempts), (1, 2));
        exchange(&client(app), "token", "anna", &three).await.expect(201);
        exchange(&client(app), "token", "bert", &berts).await.expect(201);
        assert_eq!((sessions(app, "anna").await, sessions(app, "bert").await), (2, 1));
    }

    async fn servers_that_guess_end_them_too(app) {
        app.user("anna", json!({})).await;
        let secret = token(app, "anna", &json!({})).await;
        for n in 1..=10 {
            let answer = exchange(&app.admin(), "token", "anna", "wrong").await;
            assert_eq!(rate(&answer), ("10", "9"), "keys are not counted");
            answer.fails(401, "user_invalid_token", "");
            assert_eq!(stored(app, "anna").await.len(), usize::from(n < 10));
        }
        exchange(&app.admin(), "token", "anna", &secret).await.fails(401, "user_invalid_token", "");
    }

    async fn guesses_at_the_same_time_all_count(app, "USHER_RATE_LIMITS" = "false") {
        app.user("anna", json!({})).await;
        for (guesses, left) in [(9, 1), (10, 0), (30, 0)] {
            let secret = token(app, "anna", &json!({})).await;
            let answers = join_all((0..guesses).map(|n| guess(app, "anna", n))).await;
            assert!(answers.iter().all(|answer| answer.status == 401), "{answers:?}");
            assert_eq!(stored(app, "anna").await.len(), left, "{guesses}");
            let answer = exchange(&client(app), "token", "anna", &secret).await;
            assert_eq!(answer.status, if left == 1 { 201 } else { 401 }, "{guesses}: {}", answer.text);
        }
    }

    async fn ten_requests_an_hour_for_one_user_from_one_address(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let secret = token(app, "anna", &json!({})).await;
        let from = |ip: &str| client(app).header("x-forwarded-for", ip);
        let here = from("198.51.100.7");
        // Whatever the path, the form or the answer; but nobody has guessed anything of a user who is not there.
        for left in (2..10).rev() {
            let answer = match left % 2 {
                0 => exchange(&here, "phone", "anna", "wrong").await,
                _ => here.put("/v1/account/sessions/magic-url", &json!({"userId": "anna"})).await,
            };
            assert_eq!(rate(&answer), ("10", left.to_string().as_str()));
            assert_eq!(answer.status, if left % 2 == 0 { 401 } else { 400 });
        }
        // Right, and the count begins anew.
        let answer = exchange(&here, "token", "anna", &secret).await;
        assert_eq!((answer.status, rate(&answer)), (201, ("10", "1")));
        let secret = token(app, "anna", &json!({"expire": 7200})).await;
        for left in (1..10).rev() {
            let answer = exchange(&here, "token", "anna", "").await;
            assert_eq!((answer.status, rate(&answer)), (400, ("10", left.to_string().as_str())));
        }
        let answer = exchange(&here, "token", "anna", "wrong").await;
        assert_eq!((answer.status, rate(&answer)), (401, ("10", "0")));
        for path in ["token", "magic-url", "phone"] {
            for secret in [secret.as_str(), "wrong"] {
                let answer = exchange(&here, path, "anna", secret).await;
                assert_eq!((rate(&answer), answer.header("retry-after")), (("10", "0"), "3355"));
                answer.fails(429, "general_rate_limit_exceeded", "");
            }
        }
        // What was refused was not looked at.
        assert_eq!(stored(app, "anna").await[0].attempts, 1);
        for (caller, user, left) in [(&here, "bert", "9"), (&here, "ghost", "9"), (&from("198.51.100.8"), "anna", "9")] {
            let answer = exchange(caller, "token", user, "wrong").await;
            assert_eq!((answer.status, rate(&answer)), (401, ("10", left)), "{user}");
        }
        app.app.clock.advance(Duration::from_millis(3_354_322));
        exchange(&here, "token", "anna", &secret).await.expect(201);
    }
}
