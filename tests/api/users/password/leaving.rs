//! Clients that leave before their password is hashed.

use std::io::Write as _;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use serde_json::json;
use usher::hashing::{Busy, Cost, Memory, Options, Stored, hash};

use crate::support::{TestApp, both};
use crate::wire::{serve, socket};

/// Whether the queue of the pool has no place left. Asking takes none.
fn full(app: &TestApp) -> bool {
    let md5 = Stored { text: "d41d8cd98f00b204e9800998ecf8427e".into(), options: Options::Md5 };
    match app.app.hashing.verify(md5, Vec::new()).now_or_never() {
        Some(answer) => answer == Err(Busy),
        None => false,
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

both! {
    async fn who_leaves_makes_room_for_others_and_is_not_made(
        app, "USHER_HASH_WORKERS" = "1", "USHER_HASH_QUEUE" = "1"
    ) {
        // Minutes of work for the only worker, until nobody waits for it.
        let slow = hash(b"another", &Cost::default(), &mut Memory::default()).unwrap();
        let busy = tokio::spawn({
            let app = std::sync::Arc::clone(&app.app);
            async move { app.hashing.verify_any(vec![slow; 2000], b"wrong".to_vec()).await }
        });
        until("the first hash", || app.app.hashing.hashes_run() > 0).await;

        let address = serve(app).await;
        let body = json!({"userId": "gone", "password": "long enough"}).to_string();
        let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        let request = socket::head(app.admin_key(), "POST", "/v1/users", &more) + &body;
        let mut connection = socket::connect(address);
        connection.get_mut().write_all(request.as_bytes()).unwrap();
        until("a full queue", || full(app)).await;
        let kept = json!({"userId": "anna", "password": "long enough"});
        app.admin().post("/v1/users", &kept).await.fails(503, "general_server_error", "busy");
        drop(connection);
        until("room in the queue", || !full(app)).await;

        busy.abort();
        let _ = busy.await;
        app.admin().post("/v1/users", &kept).await.expect(201);
        app.admin().get("/v1/users/gone").await.fails(404, "user_not_found", "");
    }
}
