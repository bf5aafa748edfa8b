//! Sign-ins while all hashing threads are at work.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use serde_json::json;
use tokio::task::JoinHandle;
use usher::hashing::{Busy, Cost, Memory, Options, Stored, hash};

use super::{OLD, PATHS, email, guest, hashes, import, session_ids, sign_in, until, user};
use crate::support::{Answer, TestApp, both};
use crate::users::crud::{events, stored};
use crate::users::import::MD5;

const RIGHT: &str = "long enough";

/// Minutes of work for the only worker, until it is aborted.
async fn block(app: &TestApp) -> JoinHandle<Result<bool, Busy>> {
    let (slow, before) = (hash(b"another", &Cost::default(), &mut Memory::default()).unwrap(), run(app));
    let work = tokio::spawn({
        let app = Arc::clone(&app.app);
        async move { app.hashing.verify_any(vec![slow; 2000], b"wrong".to_vec()).await }
    });
    until("the first hash", async || run(app) > before).await;
    work
}

/// MD5 of nothing.
fn nothing() -> Stored {
    Stored { text: "d41d8cd98f00b204e9800998ecf8427e".into(), options: Options::Md5 }
}

fn run(app: &TestApp) -> u64 {
    app.app.hashing.hashes_run()
}

/// Whether the queue has no place left. Asking takes none.
fn full(app: &TestApp) -> bool {
    app.app.hashing.verify(nothing(), Vec::new()).now_or_never() == Some(Err(Busy))
}

/// Goes on with a request until it waits for the worker.
async fn enqueue<F: Future<Output = Answer> + Unpin>(app: &TestApp, request: F) -> F {
    let waits = Box::pin(until("a full queue", async || full(app)));
    match select(request, waits).await {
        Either::Left((answer, _)) => panic!("answered: {}", answer.text),
        Either::Right(((), request)) => request,
    }
}

both! {
    /// Whether there is such an account or not, and everything else goes on.
    async fn who_finds_the_queue_full_is_to_come_again(
        app, "USHER_HASH_WORKERS" = "1", "USHER_HASH_QUEUE" = "1"
    ) {
        user(app, "anna", RIGHT).await;
        import(app, "bert", "md5", &json!({"password": MD5})).await;
        let before = stored(app, "bert").await;
        let work = block(app).await;
        let from = guest(app);
        let waiting = enqueue(app, Box::pin(sign_in(&from, "anna", RIGHT))).await;
        for (id, password) in [("anna", RIGHT), ("anna", "wrong enough"), ("bert", OLD), ("nobody", RIGHT)] {
            let answer = sign_in(&guest(app), id, password).await;
            assert_eq!(answer.header("retry-after"), "1", "{id}");
            assert!(answer.headers.get("set-cookie").is_none());
            answer.fails(503, "general_server_error", "busy");
        }
        app.admin().get("/v1/users/anna").await.expect(200);
        assert_eq!((session_ids(app, "anna").await.len(), stored(app, "bert").await), (0, before));
        work.abort();
        // Who waited is served in the end, and the others may come again.
        let session = waiting.await.expect(201);
        assert_eq!(session_ids(app, "anna").await, [session["$id"].as_str().unwrap()]);
        sign_in(&guest(app), "bert", OLD).await.expect(201);
        assert_eq!(events(app, "bert").await, ["session.create", "user.create"]);
        // Nothing was tried, so nothing was counted.
        let answer = sign_in(&guest(app), "nobody", RIGHT).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (401, "9"));
    }

    async fn who_leaves_the_queue_is_not_signed_in(app, "USHER_HASH_WORKERS" = "1", "USHER_HASH_QUEUE" = "1") {
        import(app, "anna", "md5", &json!({"password": MD5})).await;
        let before = stored(app, "anna").await;
        let work = block(app).await;
        let from = guest(app);
        for password in [OLD, "wrong enough", OLD] {
            let waiting = enqueue(app, Box::pin(sign_in(&from, "anna", password))).await;
            drop(waiting);
            assert!(!full(app), "there is room for others");
        }
        // The last to come stays.
        let waiting = enqueue(app, Box::pin(sign_in(&from, "nobody", RIGHT))).await;
        work.abort();
        assert!(work.await.unwrap_err().is_cancelled());
        let (answer, ran) = hashes(app, waiting).await;
        answer.fails(401, "user_invalid_credentials", "");
        // At most one more of those that kept the worker busy; any other would take two.
        assert!((1..=2).contains(&ran), "{ran}");
        assert_eq!((session_ids(app, "anna").await.len(), stored(app, "anna").await), (0, before));
        assert_eq!(events(app, "anna").await, ["user.create"]);
        // Their tries were counted all the same: three, and this is the fourth.
        let answer = guest(app).post(PATHS[0], &json!({"email": email("anna"), "password": OLD})).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (201, "6"));
    }
}
