//! How many sessions a user may have at the same time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use serde_json::json;

use super::{guest, member, owner, session_ids, sign_in, user};
use crate::support::{TestApp, both};

const RIGHT: &str = "long enough";

/// Signs in one time after the other; the ids of the sessions in their order.
async fn one_by_one(app: &TestApp, id: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let session = sign_in(&guest(app), id, RIGHT).await.expect(201);
        ids.push(session["$id"].as_str().unwrap().to_owned());
    }
    ids
}

both! {
    async fn the_newest_stay_and_the_oldest_end(app) {
        app.set(|settings| settings.sessions_limit = 3).await;
        user(app, "anna", RIGHT).await;
        user(app, "bert", RIGHT).await;
        one_by_one(app, "bert", 3).await;
        let others = session_ids(app, "bert").await;
        let (mut callers, mut ids) = (Vec::new(), Vec::new());
        for n in 0..7 {
            let answer = sign_in(&guest(app), "anna", RIGHT).await;
            callers.push(member(app, &answer));
            ids.push(answer.expect(201)["$id"].as_str().unwrap().to_owned());
            let kept = n + 1 - (n + 1).min(3);
            assert_eq!(session_ids(app, "anna").await, ids[kept..], "after {}", n + 1);
        }
        for (n, caller) in callers.iter().enumerate() {
            let answer = caller.get("/v1/account").await;
            match n {
                4.. => assert_eq!(answer.expect(200)["$id"], "anna"),
                _ => answer.fails(401, "general_unauthorized_scope", "guests"),
            }
        }
        assert_eq!(session_ids(app, "bert").await, others);
    }

    async fn ten_is_what_a_project_begins_with(app) {
        user(app, "anna", RIGHT).await;
        let ids = one_by_one(app, "anna", 12).await;
        assert_eq!(session_ids(app, "anna").await, ids[2..]);
        // A lower limit is kept from the next sign-in on.
        app.set(|settings| settings.sessions_limit = 1).await;
        assert_eq!(session_ids(app, "anna").await.len(), 10);
        assert_eq!(one_by_one(app, "anna", 1).await, session_ids(app, "anna").await);
    }

    async fn a_failed_sign_in_ends_none(app) {
        app.set(|settings| settings.sessions_limit = 1).await;
        user(app, "anna", RIGHT).await;
        let ids = one_by_one(app, "anna", 1).await;
        sign_in(&guest(app), "anna", "wrong enough").await.fails(401, "user_invalid_credentials", "");
        app.admin().patch("/v1/users/anna/status", &json!({"status": false})).await.expect(200);
        sign_in(&guest(app), "anna", RIGHT).await.fails(403, "user_blocked", "");
        assert_eq!(session_ids(app, "anna").await, ids);
    }

    /// Whoever looks meanwhile never sees one too many.
    async fn many_at_once_are_never_more_than_the_limit(app, "USHER_RATE_LIMITS" = "false") {
        for limit in [1, 3, 10] {
            app.set(|settings| settings.sessions_limit = limit).await;
            let id = format!("u{limit}");
            user(app, &id, RIGHT).await;
            let (done, from) = (AtomicBool::new(false), guest(app));
            let everybody = async {
                let answers = join_all((0..20).map(|_| sign_in(&from, &id, RIGHT))).await;
                done.store(true, Ordering::Relaxed);
                answers
            };
            let observer = async {
                let mut seen = 0;
                while !done.load(Ordering::Relaxed) {
                    seen = session_ids(app, &id).await.len().max(seen);
                }
                seen
            };
            let (answers, seen) = join(everybody, observer).await;
            let limit = usize::from(limit);
            assert!(seen <= limit, "{seen} of {limit}");
            let got: BTreeSet<String> =
                answers.into_iter().map(|answer| answer.expect(201)["$id"].as_str().unwrap().to_owned()).collect();
            let left = session_ids(app, &id).await;
            assert_eq!((got.len(), left.len()), (20, limit));
            assert!(left.iter().all(|id| got.contains(id)), "{left:?}");
        }
    }

    async fn zero_is_no_limit(app, "USHER_RATE_LIMITS" = "false") {
        app.set(|settings| settings.sessions_limit = 0).await;
        user(app, "anna", RIGHT).await;
        let from = guest(app);
        for answer in join_all((0..25).map(|_| sign_in(&from, "anna", RIGHT))).await {
            answer.expect(201);
        }
        assert_eq!(session_ids(app, "anna").await.len(), 25);
    }

    /// A server may open as many as it wants; they count when the user signs in.
    async fn sessions_that_servers_open_have_no_limit(app) {
        app.set(|settings| settings.sessions_limit = 2).await;
        user(app, "anna", RIGHT).await;
        one_by_one(app, "anna", 2).await;
        let mut callers = Vec::new();
        for n in 0..4 {
            callers.push(owner(app, "anna").await);
            assert_eq!(session_ids(app, "anna").await.len(), 3 + n);
        }
        for caller in &callers {
            caller.get("/v1/account").await.expect(200);
        }
        let newest = one_by_one(app, "anna", 1).await;
        let left = session_ids(app, "anna").await;
        assert_eq!((left.len(), &left[1..]), (2, &newest[..]));
        callers[3].get("/v1/account").await.expect(200);
        callers[2].get("/v1/account").await.fails(401, "general_unauthorized_scope", "guests");
    }
}
