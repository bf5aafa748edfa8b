//! How many users sign up: in an hour from one address, and in a project.

use serde_json::json;
use usher::store::projects::SignUp;

use super::users;
use crate::account::people::{PASSWORD, email, rate, stranger};
use crate::support::{Answer, Caller, PROJECT, TestApp, both};

/// When the hour ends in which tests begin, in seconds since the epoch: 2026-01-02T04:00:00Z.
const RESET: &str = "1767326400";

const TOO_MANY: &str = "general_rate_limit_exceeded";
const FULL: &str = "user_count_exceeded";

async fn create(caller: &Caller<'_>, id: &str) -> Answer {
    caller.post("/v1/account", &json!({"userId": id, "email": email(id), "password": PASSWORD})).await
}

/// Lets an hour go by.
fn next_hour(app: &TestApp) {
    app.app.clock.advance(std::time::Duration::from_secs(60 * 60));
}

both! {
    async fn ten_sign_ups_an_hour_from_one_address(app) {
        // Whatever comes of a request, it counts.
        for n in 0..10 {
            let left = (9 - n).to_string();
            let answer = match n {
                0 | 9 => create(&stranger(app), &format!("u{n}")).await,
                3 | 4 => create(&stranger(app), "u0").await,
                5 => {
                    app.set(|settings| settings.sign_up = SignUp::Closed).await;
                    create(&stranger(app), "closed").await
                }
                _ => stranger(app).post("/v1/account", &json!({"userId": 5})).await,
            };
            let status = match n { 0 | 9 => 201, 3 | 4 => 409, 5 => 501, _ => 400 };
            assert_eq!((answer.status, rate(&answer)), (status, ["10", &left, RESET, ""]), "{n}: {}", answer.text);
            app.set(|settings| settings.sign_up = SignUp::Open).await;
        }
        let hashes = app.app.hashing.hashes_run();
        for body in [json!({"userId": "new", "email": "new@example.org", "password": PASSWORD}), json!({})] {
            let answer = stranger(app).post("/v1/account", &body).await;
            assert_eq!(rate(&answer), ["10", "0", RESET, "3355"]);
            answer.fails(429, TOO_MANY, "");
        }
        assert_eq!((users(app).await, app.app.hashing.hashes_run()), (json!(2), hashes));
        // Other requests have a count of their own, and keys have none.
        stranger(app).post("/v1/account/sessions/anonymous", &json!({})).await.expect(201);
        for n in 0..11 {
            let answer = create(&app.admin(), &format!("k{n}")).await;
            assert_eq!((answer.status, rate(&answer)), (201, ["10", "9", RESET, ""]));
        }
        app.app.clock.advance(std::time::Duration::from_secs(3354));
        let answer = create(&stranger(app), "new").await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, "1"));
        app.app.clock.advance(std::time::Duration::from_secs(1));
        let answer = create(&stranger(app), "new").await;
        assert_eq!((answer.status, rate(&answer)), (201, ["10", "9", "1767330000", ""]), "{}", answer.text);
    }

    async fn each_address_has_a_count_of_its_own(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        for (n, ip) in ["198.51.100.1", "198.51.100.2", "2001:db8::1"].into_iter().enumerate() {
            let caller = stranger(app).header("x-forwarded-for", ip);
            for m in 0..10 {
                assert_eq!(create(&caller, &format!("u{n}-{m}")).await.status, 201, "{ip}");
            }
            create(&caller, "new").await.fails(429, TOO_MANY, "");
        }
        // What somebody writes into the header beside the proxy changes nothing.
        let caller = stranger(app).header("x-forwarded-for", "192.0.2.1, 198.51.100.1");
        create(&caller, "new").await.fails(429, TOO_MANY, "");
    }

    async fn who_sends_twenty_at_once_gets_ten_through(app) {
        let caller = stranger(app);
        let answers = futures_util::future::join_all((0..20).map(|n| {
            let caller = caller.clone();
            async move { create(&caller, &format!("u{n}")).await }
        }));
        let mut statuses: Vec<u16> = answers.await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [[201; 10], [429; 10]].concat());
        assert_eq!(users(app).await, json!(10));
    }

    async fn limits_can_be_switched_off(app, "USHER_RATE_LIMITS" = "false") {
        for n in 0..25 {
            let answer = create(&stranger(app), &format!("u{n}")).await;
            assert_eq!((answer.status, rate(&answer)), (201, ["10", "9", RESET, ""]), "{}", answer.text);
        }
    }

    async fn fifty_anonymous_sessions_an_hour_from_one_address(app) {
        for n in (0..50).rev() {
            let answer = stranger(app).post("/v1/account/sessions/anonymous", &json!({})).await;
            assert_eq!((answer.status, rate(&answer)), (201, ["50", &n.to_string(), RESET, ""]), "{}", answer.text);
        }
        let answer = stranger(app).post("/v1/account/sessions/anonymous", &json!({})).await;
        assert_eq!(rate(&answer), ["50", "0", RESET, "3355"]);
        answer.fails(429, TOO_MANY, "");
        assert_eq!(users(app).await, json!(50));
        app.admin().post("/v1/account/sessions/anonymous", &json!({})).await.expect(201);
        next_hour(app);
        stranger(app).post("/v1/account/sessions/anonymous", &json!({})).await.expect(201);
    }

    async fn a_project_has_as_many_users_as_it_may_have_and_not_one_more(app) {
        app.user("first", json!({})).await;
        app.set(|settings| settings.users_limit = 4).await;
        for _ in 0..3 {
            let strangers = (0..10).map(|n| {
                let caller = stranger(app);
                async move {
                    match n % 2 {
                        0 => create(&caller, &format!("u{n}")).await,
                        _ => caller.post("/v1/account/sessions/anonymous", &json!({})).await,
                    }
                }
            });
            let answers = futures_util::future::join_all(strangers).await;
            assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
            for answer in answers.into_iter().filter(|answer| answer.status != 201) {
                answer.fails(400, FULL, "");
            }
            assert_eq!(users(app).await, json!(4));
            for id in app.admin().get("/v1/users").await.ids("users").into_iter().filter(|id| *id != "first") {
                app.admin().delete(&format!("/v1/users/{id}")).await.expect(204);
            }
            next_hour(app);
        }
    }

    async fn a_full_project_takes_users_of_keys_alone(app) {
        app.set(|settings| settings.users_limit = 1).await;
        create(&stranger(app), "u1").await.expect(201);
        create(&stranger(app), "u2").await.fails(400, FULL, "");
        stranger(app).post("/v1/account/sessions/anonymous", &json!({})).await.fails(400, FULL, "");
        // Who has an account already hears nothing else.
        create(&stranger(app), "u1").await.fails(400, FULL, "");
        create(&app.admin(), "u2").await.expect(201);
        app.admin().post("/v1/account/sessions/anonymous", &json!({})).await.expect(201);
        app.user("u3", json!({})).await;
        assert_eq!(users(app).await, json!(4));
        create(&stranger(app), "u4").await.fails(400, FULL, "");
        // Another project has a number of its own, and 0 is no limit.
        app.new_project("other").await;
        create(&app.guest().header("x-appwrite-project", "other"), "u1").await.expect(201);
        app.set(|settings| settings.users_limit = 0).await;
        create(&stranger(app), "u4").await.expect(201);
        assert_eq!(app.project(PROJECT).await.settings.users_limit, 0);
    }
}
