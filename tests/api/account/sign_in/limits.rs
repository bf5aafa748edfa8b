//! Ten sign-ins an hour for an address, wherever they come from. Past that nothing is hashed.

use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::json;
use usher::access::Scope;

use super::{INVALID, PATHS, WRONG, email, guest, hashes, headers, sign_in, user};
use crate::support::{Answer, TestApp, both};

const RIGHT: &str = "long enough";
const LIMITED: (u16, &str) = (429, "general_rate_limit_exceeded");

/// 2026-01-02T04:00:00Z in seconds: the hour in which tests begin ends 3,354.322 seconds after [`crate::support::NOW`].
const HOUR_ENDS: &str = "1767326400";
const TO_ITS_END: Duration = Duration::from_millis(3_354_322);

/// The headers `X-RateLimit-Limit`, `-Remaining` and `-Reset`, and `Retry-After`.
fn rate(answer: &Answer) -> [&str; 4] {
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"].map(|name| answer.header(name))
}

/// Fails to sign in until the limit is reached.
async fn use_up(app: &TestApp, id: &str) {
    for _ in 0..10 {
        sign_in(&guest(app), id, "wrong enough").await.fails(WRONG.0, WRONG.1, "");
    }
    sign_in(&guest(app), id, "wrong enough").await.fails(LIMITED.0, LIMITED.1, "");
}

both! {
    /// By both paths and in any case, and just so for an address that nobody has.
    async fn the_eleventh_sign_in_of_an_hour_is_refused(app) {
        user(app, "anna", RIGHT).await;
        let mut told = Vec::new();
        for id in ["anna", "nobody"] {
            let spelled = [email(id), email(id).to_uppercase(), format!("{id}@Example.Org")];
            for n in 0..14 {
                let body = json!({"email": spelled[n % 3], "password": "wrong enough"});
                let (answer, run) = hashes(app, guest(app).post(PATHS[n % 2], &body)).await;
                let left = 9_usize.saturating_sub(n).to_string();
                let (expected, run_expected, retry) = if n < 10 { (WRONG, 1, "") } else { (LIMITED, 0, "3355") };
                assert_eq!((rate(&answer), run), (["10", &left, HOUR_ENDS, retry], run_expected), "{id} {n}");
                told.push((n, answer.text.clone(), headers(&answer)));
                answer.fails(expected.0, expected.1, "");
            }
            // The right password is of no use any more, and is not looked at.
            for path in PATHS {
                let body = json!({"email": email(id), "password": RIGHT});
                let (answer, run) = hashes(app, guest(app).post(path, &body)).await;
                assert_eq!(run, 0);
                answer.fails(LIMITED.0, LIMITED.1, "X-RateLimit-Reset");
            }
        }
        let (anna, nobody) = told.split_at(14);
        assert_eq!(anna, nobody, "what is told of an account and of none");
    }

    async fn others_are_not_counted_with(app) {
        user(app, "anna", RIGHT).await;
        use_up(app, "anna").await;
        for id in ["bert", "anna-lee", "ann"] {
            user(app, id, RIGHT).await;
            assert_eq!(rate(&sign_in(&guest(app), id, RIGHT).await), ["10", "9", HOUR_ENDS, ""]);
        }
        // The same address, and even the same id, in another project.
        app.new_project("other").await;
        let key = app.new_key("other", &Scope::ALL).await;
        let body = json!({"userId": "anna", "email": email("anna"), "password": RIGHT});
        app.caller("other", &key).post("/v1/users", &body).await.expect(201);
        let theirs = guest(app).header("x-appwrite-project", "other");
        for left in (0..10).rev() {
            let answer = sign_in(&theirs, "anna", "wrong enough").await;
            assert_eq!(rate(&answer), ["10", &left.to_string(), HOUR_ENDS, ""]);
            answer.fails(WRONG.0, WRONG.1, "");
        }
        sign_in(&theirs, "anna", RIGHT).await.fails(LIMITED.0, LIMITED.1, "");
    }

    async fn the_count_ends_with_the_hour(app) {
        user(app, "anna", RIGHT).await;
        use_up(app, "anna").await;
        app.app.clock.advance(TO_ITS_END - Duration::from_millis(1));
        let answer = sign_in(&guest(app), "anna", RIGHT).await;
        assert_eq!(rate(&answer), ["10", "0", HOUR_ENDS, "1"]);
        answer.fails(LIMITED.0, LIMITED.1, "");
        app.app.clock.advance(Duration::from_millis(1));
        let answer = sign_in(&guest(app), "anna", "wrong enough").await;
        assert_eq!(rate(&answer), ["10", "9", "1767330000", ""]);
        answer.fails(WRONG.0, WRONG.1, "");
        sign_in(&guest(app), "anna", RIGHT).await.expect(201);
    }

    async fn who_gets_in_begins_anew(app) {
        user(app, "anna", RIGHT).await;
        for _ in 0..3 {
            for _ in 0..9 {
                sign_in(&guest(app), "anna", "wrong enough").await.fails(WRONG.0, WRONG.1, "");
            }
            let answer = sign_in(&guest(app), "anna", RIGHT).await;
            assert_eq!(rate(&answer), ["10", "0", HOUR_ENDS, ""]);
            answer.expect(201);
        }
        assert_eq!(rate(&sign_in(&guest(app), "anna", RIGHT).await), ["10", "9", HOUR_ENDS, ""]);
        // Whoever owns another account gets no more tries at this one.
        user(app, "bert", RIGHT).await;
        for n in 0..10 {
            sign_in(&guest(app), "anna", "wrong enough").await.fails(WRONG.0, WRONG.1, "");
            let answer = sign_in(&guest(app), "bert", RIGHT).await;
            assert_eq!(answer.status, 201, "{n}: {}", answer.text);
        }
        sign_in(&guest(app), "anna", RIGHT).await.fails(LIMITED.0, LIMITED.1, "");
    }

    async fn the_blocked_and_the_mistaken_are_counted_too(app) {
        user(app, "anna", RIGHT).await;
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        for left in (0..5).rev() {
            let answer = sign_in(&guest(app), "anna", RIGHT).await;
            assert_eq!(rate(&answer), ["10", &(2 * left + 1).to_string(), HOUR_ENDS, ""]);
            answer.fails(403, "user_blocked", "");
            let answer = guest(app).post(PATHS[0], &json!({"email": email("anna"), "password": ""})).await;
            assert_eq!(rate(&answer), ["10", &(2 * left).to_string(), HOUR_ENDS, ""]);
            answer.fails(400, INVALID, "`password`");
        }
        sign_in(&guest(app), "anna", RIGHT).await.fails(LIMITED.0, LIMITED.1, "");
        // What names no address is counted together.
        for n in 0..12 {
            let answer = guest(app).post(PATHS[n % 2], &json!({"password": RIGHT})).await;
            assert_eq!(answer.status, if n < 10 { 400 } else { 429 }, "{n}: {}", answer.text);
        }
    }

    async fn it_matters_not_where_they_come_from(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        user(app, "anna", RIGHT).await;
        for n in 0..10 {
            let from = guest(app).header("x-forwarded-for", &format!("198.51.100.{n}"));
            sign_in(&from, "anna", "wrong enough").await.fails(WRONG.0, WRONG.1, "");
        }
        for n in 10..30 {
            let from = guest(app).header("x-forwarded-for", &format!("198.51.100.{n}"));
            let (answer, run) = hashes(app, sign_in(&from, "anna", RIGHT)).await;
            answer.fails(LIMITED.0, LIMITED.1, "");
            assert_eq!(run, 0);
        }
    }

    async fn nothing_is_counted_for_keys_or_where_it_is_switched_off(app) {
        user(app, "anna", RIGHT).await;
        for n in 0..15 {
            let answer = sign_in(&app.admin(), "anna", if n == 14 { RIGHT } else { "wrong enough" }).await;
            assert_eq!(rate(&answer), ["10", "9", HOUR_ENDS, ""]);
            assert_eq!(answer.status, if n == 14 { 201 } else { 401 });
        }
        // A key that gets in takes nobody's count away either.
        use_up(app, "anna").await;
        sign_in(&app.admin(), "anna", RIGHT).await.expect(201);
        sign_in(&guest(app), "anna", RIGHT).await.fails(LIMITED.0, LIMITED.1, "");
    }

    async fn switched_off_the_headers_stay(app, "USHER_RATE_LIMITS" = "false") {
        user(app, "anna", RIGHT).await;
        for n in 0..25 {
            let (password, status) = [("wrong enough", 401), ("", 400), (RIGHT, 201)][n % 3];
            let answer = sign_in(&guest(app), "anna", password).await;
            assert_eq!((rate(&answer), answer.status), (["10", "9", HOUR_ENDS, ""], status));
        }
    }

    async fn of_many_at_once_ten_are_let_through(app) {
        user(app, "anna", RIGHT).await;
        let from = guest(app);
        let (answers, run) =
            hashes(app, join_all((0..40).map(|_| sign_in(&from, "anna", "wrong enough")))).await;
        assert_eq!((answers.iter().filter(|answer| answer.status == 401).count(), run), (10, 10));
        assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status)), "{answers:?}");
    }

    /// The counts are in the database.
    async fn two_servers_share_their_counts(app) {
        let twin = app.twin().await;
        for id in ["anna", "nobody"] {
            if id == "anna" {
                user(app, id, RIGHT).await;
            }
            for n in 0..10 {
                let answer = sign_in(&guest(if n % 2 == 0 { app } else { &twin }), id, "wrong enough").await;
                assert_eq!(rate(&answer), ["10", &(9 - n).to_string(), HOUR_ENDS, ""]);
                answer.fails(WRONG.0, WRONG.1, "");
            }
            for server in [app, &twin] {
                sign_in(&guest(server), id, RIGHT).await.fails(LIMITED.0, LIMITED.1, "");
            }
        }
        user(app, "bert", RIGHT).await;
        let (here, there) = (guest(app), guest(&twin));
        let here = join_all((0..15).map(|_| sign_in(&here, "bert", "wrong enough")));
        let there = join_all((0..15).map(|_| sign_in(&there, "bert", "wrong enough")));
        let (mut answers, more) = join(here, there).await;
        answers.extend(more);
        assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 10, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 20);
        twin.finish().await;
    }
}
