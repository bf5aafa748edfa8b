//! Clients who speak no TLS where it is spoken, or the other way round, or stop in the middle.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio_rustls::rustls::{AlertDescription, Error, InvalidMessage, version};
use usher::metrics::exposition;

use super::made::{Made, shake_hands, shared};
use super::{ask, exchange};
use crate::support::{TestApp, both};
use crate::wire::serve;
use crate::wire::socket::{connect, head};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first bytes of a client that begins TLS: a record of 512 bytes, of which there is the beginning.
const BEGUN: &[u8] = &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];

/// All that the server says to bytes, until it closes the connection.
fn hears(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut connection = connect(address);
    connection.get_mut().write_all(bytes).unwrap();
    let mut heard = Vec::new();
    // It may be closed while some of what was sent is not read.
    if let Err(error) = connection.read_to_end(&mut heard) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    heard
}

/// Waits until so many connections are counted.
async fn connections(app: &TestApp, count: usize) {
    let end = Instant::now() + PATIENCE;
    while !exposition(&app.app).await.contains(&format!("\nusher_connections {count}\n")) {
        assert!(Instant::now() < end, "there are never {count} connections");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

both! {
    async fn what_is_no_tls_is_closed_without_an_answer(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1]
    ) {
        let (address, key) = (serve(app).await, app.admin_key());
        let plain = head(key, "GET", "/v1/users", "");
        let hello = [BEGUN, &[0xff; 506]].concat();
        for bytes in [plain.as_bytes(), b"\0", b"\x16\x03\x01\xff\xff", &[0xff; 70_000], b"SSH-2.0-OpenSSH_9.9\r\n", &hello] {
            let heard = hears(address, bytes);
            // At most an alert of TLS: a record of type 21.
            assert!(heard.is_empty() || (heard[0] == 21 && heard.len() == 7), "{heard:?}");
        }
        connections(app, 0).await;
        assert_eq!(ask(shared().0, address, &plain).status, 200);
    }

    async fn a_client_that_leaves_in_the_middle_is_gone(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1]
    ) {
        let address = serve(app).await;
        for begun in [&b""[..], &BEGUN[..3], BEGUN] {
            let mut connection = connect(address);
            connection.get_mut().write_all(begun).unwrap();
            connections(app, 1).await;
            connection.get_mut().shutdown(Shutdown::Both).unwrap();
            connections(app, 0).await;
        }
    }

    async fn a_handshake_that_stalls_holds_its_own_connection_only_and_not_for_ever(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1], "USHER_CLIENT_TIMEOUT" = "1"
    ) {
        let address = serve(app).await;
        let mut stalled: Vec<_> = (0..30)
            .map(|number| {
                let mut connection = connect(address);
                connection.get_mut().write_all(if number % 2 == 0 { b"" } else { BEGUN }).unwrap();
                connection
            })
            .collect();
        // They are counted, and others are answered meanwhile.
        assert_eq!(ask(shared().0, address, &head(app.admin_key(), "GET", "/v1/users", "")).status, 200);
        for connection in &mut stalled {
            let mut heard = Vec::new();
            connection.read_to_end(&mut heard).unwrap();
            assert_eq!(heard, b"");
        }
        connections(app, 0).await;
    }

    async fn a_handshake_takes_one_of_the_connections(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1], "USHER_CONNECTIONS" = "1"
    ) {
        let (address, (made, _)) = (serve(app).await, shared());
        let stalled = connect(address);
        connections(app, 1).await;
        let request = head(app.admin_key(), "GET", "/v1/users", "");
        let answer = ask(made, address, &request);
        assert_eq!((answer.status, answer.header("connection")), (503, "close"));
        assert_eq!(ask(made, address, "GET /livez HTTP/1.1\r\nHost: usher\r\n\r\n").status, 200);
        drop(stalled);
        connections(app, 0).await;
        assert_eq!(ask(made, address, &request).status, 200);
    }

    async fn a_client_that_trusts_another_certificate_or_wants_http_2_is_refused(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1]
    ) {
        let (address, (made, _)) = (serve(app).await, shared());
        let refused = Made::valid().connect(address).map(drop).unwrap_err();
        assert!(matches!(refused, Error::InvalidCertificate(_)), "{refused:?}");
        for version in [&version::TLS12, &version::TLS13] {
            let refused = shake_hands(&made.client(&[version], &["h2"]), connect(address)).map(drop).unwrap_err();
            assert_eq!(refused, Error::AlertReceived(AlertDescription::NoApplicationProtocol));
        }
        // Who names no protocol means this one.
        let connection = shake_hands(&made.client(&[&version::TLS13], &[]), connect(address)).unwrap();
        assert_eq!(exchange(connection, &head(app.admin_key(), "GET", "/v1/users", "")).status, 200);
    }

    async fn tls_to_a_server_without_it_is_no_request(app) {
        let address = serve(app).await;
        let refused = shared().0.connect(address).map(drop).unwrap_err();
        assert!(matches!(refused, Error::InvalidMessage(InvalidMessage::InvalidContentType)), "{refused:?}");
        connections(app, 0).await;
        app.admin().get("/v1/users").await.expect(200);
    }

    async fn an_answer_that_nobody_takes_is_given_up(
        app, "USHER_TLS_CERT" = shared().1[0], "USHER_TLS_KEY" = shared().1[1], "USHER_CLIENT_TIMEOUT" = "1"
    ) {
        let prefs = json!({ "prefs": { "text": "x".repeat(65_000) } });
        for number in 0..150 {
            app.user(&format!("user{number}"), json!({})).await;
            app.admin().patch(&format!("/v1/users/user{number}/prefs"), &prefs).await.expect(200);
        }
        let (address, (made, _)) = (serve(app).await, shared());
        let mut slow = made.connect(address).unwrap();
        let request = head(app.admin_key(), "GET", "/v1/users?queries[]=limit(150)", "");
        slow.get_mut().write_all(request.as_bytes()).unwrap();
        connections(app, 1).await;
        // Nothing of it is read, and still the server is rid of it.
        connections(app, 0).await;
        drop(slow);
    }
}
