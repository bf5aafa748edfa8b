//! Clients who keep the server waiting longer than `USHER_CLIENT_TIMEOUT`.

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, read_one, stays};
use crate::support::both;
use crate::wire::serve;
use crate::wire::socket::{connect, head, read};

fn too_slow() -> Value {
    let message = "The request body did not arrive in time.";
    json!({ "message": message, "code": 408, "type": "general_argument_invalid", "version": "2.6.2" })
}

both! {
    async fn a_head_that_does_not_come_ends_the_connection(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let address = serve(app).await;
        let begun = ["", "GET", "GET /v1/users HTTP/1.1\r\nHost: usher\r\nX-Slow: "];
        let mut connections = begun.map(|begun| {
            let mut connection = connect(address);
            connection.get_mut().write_all(begun.as_bytes()).unwrap();
            connection
        });
        for connection in &mut connections {
            let mut heard = Vec::new();
            match connection.read_to_end(&mut heard) {
                Ok(_) => assert_eq!(heard, b""),
                Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
    }

    async fn a_head_that_drips_ends_the_connection(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let mut connection = connect(serve(app).await);
        connection.get_mut().write_all(b"GET /v1/users HTTP/1.1\r\nX-Slow: ").unwrap();
        connection.get_mut().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let end = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < end, "the connection stays");
            if connection.get_mut().write_all(b"x").is_err() {
                break;
            }
            match connection.read(&mut [0; 1]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => break,
                Ok(_) => panic!("there is nothing to answer"),
            }
        }
    }

    async fn a_connection_without_requests_is_closed(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let mut connection = connect(serve(app).await);
        connection.get_mut().write_all(stays(app.admin_key(), "/v1/users").as_bytes()).unwrap();
        // Reads until the server closes.
        let answer = read(&mut connection);
        assert_eq!((answer.status, answer.json()), (200, json!({ "total": 0, "users": [] })));
    }

    async fn a_body_that_does_not_come_is_408_and_holds_no_place(
        app, "USHER_CLIENT_TIMEOUT" = "1", "USHER_REQUESTS" = "1"
    ) {
        let (address, key) = (serve(app).await, app.admin_key());
        let more = "Content-Type: application/json\r\nContent-Length: 30\r\n";
        let mut slow: Vec<_> = (0..5)
            .map(|_| {
                let mut slow = connect(address);
                slow.get_mut().write_all(head(key, "POST", "/v1/users", more).as_bytes()).unwrap();
                slow.get_mut().write_all(br#"{"userId":"#).unwrap();
                slow
            })
            .collect();
        app.admin().get("/v1/users").await.expect(200);
        for slow in &mut slow {
            let answer = read(slow);
            assert_eq!((answer.status, answer.json()), (408, too_slow()));
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 0);
    }

    async fn a_body_that_drips_is_408(app, "USHER_CLIENT_TIMEOUT" = "1") {
        let mut slow = connect(serve(app).await);
        let more = "Content-Type: application/json\r\nContent-Length: 100000\r\n";
        slow.get_mut().write_all(head(app.admin_key(), "POST", "/v1/users", more).as_bytes()).unwrap();
        slow.get_mut().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let (end, mut heard) = (Instant::now() + PATIENCE, vec![0; 1]);
        loop {
            assert!(Instant::now() < end, "the server waits for the body");
            slow.get_mut().write_all(b" ").unwrap();
            match slow.read(&mut heard) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => break assert_eq!((other.unwrap(), &heard[..]), (1, &b"H"[..])),
            }
        }
        slow.get_mut().set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(read_one(&mut slow), (408, too_slow()));
    }

    async fn an_answer_that_nobody_takes_is_given_up(app, "USHER_CLIENT_TIMEOUT" = "1") {
        const USERS: usize = 300;
        let prefs = json!({ "prefs": { "text": "x".repeat(65_000) } });
        for number in 0..USERS {
            app.user(&format!("user{number}"), json!({})).await;
            app.admin().patch(&format!("/v1/users/user{number}/prefs"), &prefs).await.expect(200);
        }
        let (address, all) = (serve(app).await, app.app.admission.answers_left());
        let mut slow = connect(address);
        let path = "/v1/users?queries[]=limit(300)";
        slow.get_mut().write_all(head(app.admin_key(), "GET", path, "").as_bytes()).unwrap();
        let end = Instant::now() + PATIENCE;
        for begun in [true, false] {
            // First the answer takes its room, then gives it back, though the client has read none of it.
            while (app.app.admission.answers_left() < all) != begun {
                assert!(Instant::now() < end, "begun: {begun}");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let mut heard = Vec::new();
        let _ = slow.read_to_end(&mut heard);
        assert!(heard.starts_with(b"HTTP/1.1 200") && heard.len() < USERS * 65_000, "{} bytes", heard.len());
        assert_eq!(app.admin().get(path).await.expect(200)["total"], USERS, "others are served");
    }
}
