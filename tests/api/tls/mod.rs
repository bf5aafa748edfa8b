//! The server's own TLS: real handshakes, and clients who do not mean to have one.

pub mod made;
mod program;
mod trouble;

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use serde_json::json;
use tokio_rustls::rustls::{ProtocolVersion, version};
use usher::metrics::exposition;

use self::made::{EXPIRES, Made, NAME, Tls, shake_hands, shared};
use crate::support::{PROJECT, both};
use crate::wire::serve;
use crate::wire::socket::{Raw, connect, head, read};

/// Sends a request and reads the answer, whose end is that of the connection.
fn exchange(mut connection: Tls, request: &str) -> Raw {
    connection.get_mut().write_all(request.as_bytes()).unwrap();
    // A connection that is cut off without a word of TLS is an error here.
    read(&mut connection)
}

fn ask(made: &Made, address: SocketAddr, request: &str) -> Raw {
    exchange(made.connect(address).unwrap(), request)
}

fn cookies(answer: &Raw) -> Vec<&str> {
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    cookies.map(|(_, value)| value.as_str()).collect()
}

both! {
    async fn requests_are_answered_by_tls_1_2_and_1_3(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1]
    ) {
        let (address, key, (made, _)) = (serve(app).await, app.admin_key(), shared());
        let stored = app.user("anna", json!({ "name": "Åsa" })).await;
        for (version, number) in [
            (&version::TLS12, ProtocolVersion::TLSv1_2),
            (&version::TLS13, ProtocolVersion::TLSv1_3),
        ] {
            let client = made.client(&[version], &["h2", "http/1.1"]);
            let connection = shake_hands(&client, connect(address)).unwrap();
            assert_eq!(connection.get_ref().conn.protocol_version(), Some(number));
            assert_eq!(connection.get_ref().conn.alpn_protocol(), Some(&b"http/1.1"[..]));
            let answer = exchange(connection, &head(key, "GET", "/v1/users/anna", ""));
            assert_eq!((answer.status, answer.json()), (200, stored.clone()));
            assert_eq!(answer.header("strict-transport-security"), "max-age=10886400");
            let body = json!({ "userId": format!("{number:?}"), "name": "x".repeat(128) }).to_string();
            let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
            let answer = ask(made, address, &(head(key, "POST", "/v1/users", &more) + &body));
            assert_eq!((answer.status, &answer.json()["$id"]), (201, &json!(format!("{number:?}"))));
        }
        assert_eq!(app.admin().get("/v1/users").await.expect(200)["total"], 3);
    }

    async fn who_comes_by_tls_has_secure_cookies_unless_a_trusted_proxy_knows_better(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1], "USHER_TRUSTED_PROXIES" = "127.0.0.1"
    ) {
        let (address, (made, _)) = (serve(app).await, shared());
        app.user("anna", json!({ "email": "anna@example.org", "password": "correct horse" })).await;
        let body = json!({ "email": "anna@example.org", "password": "correct horse" }).to_string();
        for (forwarded, secure) in [
            ("", true),
            ("X-Forwarded-Proto: https\r\n", true),
            ("X-Forwarded-Proto: http\r\n", false),
        ] {
            let request = format!(
                "POST /v1/account/sessions/email HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\nX-Appwrite-Project: {PROJECT}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n{forwarded}\r\n{body}", body.len()
            );
            let answer = ask(made, address, &request);
            assert_eq!(answer.status, 201);
            let cookies = cookies(&answer);
            assert_eq!(cookies.len(), 2);
            for cookie in cookies {
                assert_eq!(cookie.contains("; secure; httponly"), secure, "{forwarded}{cookie}");
            }
            assert_eq!(answer.header("strict-transport-security").is_empty(), !secure);
        }
    }

    async fn a_connection_stays_for_further_requests(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1]
    ) {
        let (address, (made, _)) = (serve(app).await, shared());
        let mut connection = made.connect(address).unwrap();
        let request = format!("GET /v1/health/version HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
        connection.get_mut().write_all(request.repeat(3).as_bytes()).unwrap();
        connection.get_mut().write_all(head(app.admin_key(), "GET", "/v1/users", "").as_bytes()).unwrap();
        let mut heard = String::new();
        connection.read_to_string(&mut heard).unwrap();
        assert_eq!(heard.matches("HTTP/1.1 200 OK").count(), 4, "{heard}");
        assert!(heard.ends_with(r#"{"total":0,"users":[]}"#), "{heard}");
    }

    async fn many_clients_begin_at_once(app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1]) {
        let (address, key) = (serve(app).await, app.admin_key().to_owned());
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let key = key.clone();
                std::thread::spawn(move || {
                    // All handshakes first, so that the connections are there together.
                    let all: Vec<_> = (0..25).map(|_| shared().0.connect(address).unwrap()).collect();
                    all.into_iter().map(|c| exchange(c, &head(&key, "GET", "/v1/users", "")).status).collect()
                })
            })
            .collect();
        let statuses: Vec<Vec<u16>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(statuses.concat(), [200; 200]);
    }

    async fn when_the_certificate_expires_is_a_metric(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1]
    ) {
        let text = exposition(&app.app).await;
        assert!(text.contains(&format!("\nusher_tls_expires_seconds {EXPIRES}\n")), "{text}");
    }

    async fn without_a_certificate_the_metric_has_no_value(app) {
        let text = exposition(&app.app).await;
        assert!(text.contains("# TYPE usher_tls_expires_seconds gauge\n#"), "{text}");
    }
}
