//! Making a session live longer.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join, select};
use serde_json::json;
use usher::clock::Millis;
use usher::store::sessions;

use super::{events, newest_row, rate};
use crate::account::credentials::{client, is_guest, session, text};
use crate::support::{IP, NOW, PROJECT, TestApp, both};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn stored(app: &TestApp, user: &str, id: &str) -> Option<sessions::Session> {
    let project = app.project(PROJECT).await.key;
    sessions::find(app.store().read(), project, user, id, Millis(0)).await.unwrap()
}

both! {
    async fn it_lives_again_as_long_as_a_new_one(app) {
        app.user("anna", json!({"email": "anna@example.org"})).await;
        app.set(|settings| settings.session_duration = 7200).await;
        let (id, encoded) = session(app, "anna").await;
        let (other, _) = session(app, "anna").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        let before = caller.get("/v1/account/sessions/current").await.expect(200);
        let second = stored(app, "anna", &other).await.unwrap();
        app.app.clock.advance(HOUR);
        let now = app.app.clock.now();
        let expire = now.plus(2 * HOUR);
        let answer = caller.patch("/v1/account/sessions/current", &json!({})).await;
        let mut expected = before.clone();
        (expected["$updatedAt"], expected["expire"]) = (json!(now.to_string()), json!(expire.to_string()));
        assert_eq!((answer.status, answer.text.as_str()), (200, expected.to_string().as_str()));
        assert_eq!(caller.get("/v1/account/sessions/current").await.expect(200), expected);
        let row = newest_row(app, "anna").await;
        let told = ["event", "userId", "userEmail", "userType", "ip", "time"].map(|field| text(&row[field]));
        assert_eq!(told, ["session.update", "anna", "anna@example.org", "user", IP, &now.to_string()]);
        // The other one is as it was, and is extended by its id.
        assert_eq!(stored(app, "anna", &other).await.unwrap(), second);
        let longer = caller.patch(&format!("/v1/account/sessions/{other}"), &json!({})).await.expect(200);
        assert_eq!((&longer["$id"], &longer["current"]), (&json!(other), &json!(false)));
        let longer = stored(app, "anna", &other).await.unwrap();
        assert_eq!(longer, sessions::Session { updated_at: now, expire, ..second });
        // Past the first end and up to the second.
        app.app.clock.advance(2 * HOUR - Duration::from_millis(1));
        assert_eq!(caller.get("/v1/account/sessions/current").await.expect(200)["$id"], json!(id));
        app.app.clock.advance(Duration::from_millis(1));
        is_guest(caller.get("/v1/account").await, "it has ended");
    }

    async fn one_that_has_ended_does_not_live_again(app) {
        app.user("anna", json!({})).await;
        app.set(|settings| settings.session_duration = 60).await;
        let (ended, encoded) = session(app, "anna").await;
        app.set(|settings| settings.session_duration = 7200).await;
        let (_, live) = session(app, "anna").await;
        let (first, second) = (
            client(app).header("x-appwrite-session", &encoded),
            client(app).header("x-appwrite-session", &live),
        );
        app.app.clock.advance(Duration::from_secs(60));
        let before = stored(app, "anna", &ended).await.unwrap();
        let path = format!("/v1/account/sessions/{ended}");
        // It is still stored, and gone for everybody.
        second.get(&path).await.fails(404, "user_session_not_found", "");
        second.patch(&path, &json!({})).await.fails(404, "user_session_not_found", "");
        assert_eq!(stored(app, "anna", &ended).await.unwrap(), before);
        is_guest(first.get("/v1/account").await, "it has ended");
        assert_eq!(events(app, "anna").await, ["session.create", "session.create", "user.create"]);
    }

    async fn the_duration_is_that_which_the_project_has_now(app) {
        app.user("anna", json!({})).await;
        let (_, encoded) = session(app, "anna").await;
        let caller = client(app).header("x-appwrite-session", &encoded);
        for seconds in [31_536_000, 60] {
            app.set(|settings| settings.session_duration = seconds).await;
            let answer = caller.patch("/v1/account/sessions/current", &json!({})).await.expect(200);
            let end = Millis::parse(NOW).unwrap().plus(Duration::from_secs(seconds.into()));
            assert_eq!(answer["expire"], json!(end.to_string()));
        }
    }

    async fn only_own_sessions_that_are_there(app) {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (id, encoded) = session(app, "anna").await;
        let (berts, _) = session(app, "bert").await;
        let theirs = stored(app, "bert", &berts).await;
        app.app.clock.advance(Duration::from_secs(1));
        let caller = client(app).header("x-appwrite-session", &encoded);
        for id in [berts.as_str(), "ghost", "recent"] {
            let answer = caller.patch(&format!("/v1/account/sessions/{id}"), &json!({})).await;
            answer.fails(404, "user_session_not_found", "session");
        }
        let wrong = caller.patch("/v1/account/sessions/_x", &json!({})).await;
        wrong.fails(400, "general_argument_invalid", "`sessionId`");
        assert_eq!(stored(app, "bert", &berts).await, theirs);
        assert_eq!(events(app, "bert").await, ["session.create", "user.create"]);
        assert_eq!(events(app, "anna").await, ["session.create", "user.create"]);
        // A token may name a session, and has no present one.
        let jwt = text(&caller.post("/v1/account/jwts", &json!({})).await.expect(201)["jwt"]);
        let by_token = client(app).header("x-appwrite-jwt", &jwt);
        by_token.patch("/v1/account/sessions/current", &json!({})).await.fails(404, "user_session_not_found", "");
        by_token.patch(&format!("/v1/account/sessions/{id}"), &json!({})).await.expect(200);
    }

    async fn ten_times_an_hour_by_one_user_from_one_address(app, "USHER_TRUSTED_PROXIES" = "203.0.113.0/24") {
        for user in ["anna", "bert"] {
            app.user(user, json!({})).await;
        }
        let (_, encoded) = session(app, "anna").await;
        let (_, berts) = session(app, "bert").await;
        let from = |encoded: &str, ip: &str| {
            client(app).header("x-appwrite-session", encoded).header("x-forwarded-for", ip)
        };
        let here = from(&encoded, "198.51.100.7");
        // What is wrong counts as well.
        for (n, id) in ["current", "ghost", "_x", "current", "current"].into_iter().enumerate() {
            let answer = here.patch(&format!("/v1/account/sessions/{id}"), &json!({})).await;
            assert_eq!(rate(&answer), ("10", (9 - n).to_string().as_str()), "{id}");
        }
        // Others at the same address, as behind a server that acts for all, have counts of their own.
        let bert = from(&berts, "198.51.100.7").patch("/v1/account/sessions/current", &json!({})).await;
        assert_eq!((bert.status, rate(&bert)), (200, ("10", "9")));
        for left in (0..5).rev() {
            let answer = here.patch("/v1/account/sessions/current", &json!({})).await;
            assert_eq!((answer.status, rate(&answer)), (200, ("10", left.to_string().as_str())));
        }
        let before = events(app, "anna").await;
        for id in ["current", "ghost"] {
            let answer = here.patch(&format!("/v1/account/sessions/{id}"), &json!({})).await;
            assert_eq!(rate(&answer), ("10", "0"));
            // 55 minutes, 54 seconds and a part of one.
            assert_eq!(answer.header("retry-after"), "3355");
            answer.fails(429, "general_rate_limit_exceeded", "X-RateLimit-Reset");
        }
        assert_eq!(events(app, "anna").await, before);
        let elsewhere = from(&encoded, "198.51.100.8").patch("/v1/account/sessions/current", &json!({})).await;
        assert_eq!((elsewhere.status, rate(&elsewhere)), (200, ("10", "9")));
        // A guest is none of those who are counted.
        let guest = client(app).patch("/v1/account/sessions/current", &json!({})).await;
        assert_eq!(guest.header("x-ratelimit-limit"), "");
        app.app.clock.advance(Duration::from_millis(3_354_321));
        here.patch("/v1/account/sessions/current", &json!({})).await.fails(429, "general_rate_limit_exceeded", "");
        app.app.clock.advance(Duration::from_millis(1));
        let again = here.patch("/v1/account/sessions/current", &json!({})).await;
        assert_eq!((again.status, again.header("x-ratelimit-remaining")), (200, "9"));
        assert_eq!(again.header("x-ratelimit-reset"), "1767330000");
    }

    async fn without_limits_the_headers_stand_still(app, "USHER_RATE_LIMITS" = "false") {
        app.user("anna", json!({})).await;
        let caller = client(app).header("x-appwrite-session", &session(app, "anna").await.1);
        for _ in 0..12 {
            let answer = caller.patch("/v1/account/sessions/current", &json!({})).await;
            assert_eq!((answer.status, rate(&answer)), (200, ("10", "9")));
        }
    }

    /// Whatever comes first, a session that was deleted does not come back.
    async fn one_that_is_deleted_meanwhile_stays_away(app, "USHER_RATE_LIMITS" = "false") {
        app.user("anna", json!({})).await;
        let (_, own) = session(app, "anna").await;
        let caller = client(app).header("x-appwrite-session", &own);
        for round in 0..20 {
            let (id, _) = session(app, "anna").await;
            let path = format!("/v1/account/sessions/{id}");
            let admin = app.admin();
            let by_key = format!("/v1/users/anna/sessions/{id}");
            let nothing = json!({});
            let extend = caller.patch(&path, &nothing);
            let delete = admin.delete(&by_key);
            let (extended, deleted) = match round % 2 {
                0 => join(extend, delete).await,
                _ => {
                    let (deleted, extended) = join(delete, extend).await;
                    (extended, deleted)
                }
            };
            assert_eq!(deleted.status, 204);
            match extended.status {
                200 => {}
                _ => extended.fails(404, "user_session_not_found", "session"),
            }
            assert_eq!(stored(app, "anna", &id).await, None);
        }
    }

    /// The moment between finding a session and moving its end: somebody else holds the user, and deletes the session.
    async fn one_that_is_deleted_after_it_was_found_is_gone(app, "USHER_RATE_LIMITS" = "false") {
        app.user("anna", json!({})).await;
        let (_, own) = session(app, "anna").await;
        let (id, _) = session(app, "anna").await;
        let project = app.project(PROJECT).await.key;
        let (holding, held) = tokio::sync::oneshot::channel();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let (store, gone) = (app.store().clone(), id.clone());
        let holder = tokio::spawn(async move {
            let work = store.write(move |tx| {
                Box::pin(async move {
                    usher::store::users::lock(tx, project, "anna").await?;
                    sessions::delete(tx, project, "anna", &gone, Millis(0)).await?;
                    let _ = holding.send(());
                    let _ = released.await;
                    Ok::<_, usher::store::Error>(())
                })
            });
            work.await
        });
        held.await.unwrap();
        let caller = client(app).header("x-appwrite-session", &own);
        let path = format!("/v1/account/sessions/{id}");
        let nothing = json!({});
        let extend = pin!(caller.patch(&path, &nothing));
        // It comes as far as it can while others are served: it has found the session then, and waits for the user.
        let others = pin!(async {
            for _ in 0..50 {
                app.admin().get("/v1/users/anna").await.expect(200);
            }
        });
        let Either::Right(((), extend)) = select(extend, others).await else { panic!("it did not wait for the user") };
        release.send(()).unwrap();
        holder.await.unwrap().unwrap();
        extend.await.fails(404, "user_session_not_found", "session");
        assert_eq!(stored(app, "anna", &id).await, None);
        assert_eq!(events(app, "anna").await[0], "session.create");
    }
}
