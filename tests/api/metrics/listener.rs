//! The listener of the metrics, byte for byte.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use usher::server::serve_metrics;

use super::text::Exposition;
use crate::program::places;
use crate::support::{TestApp, both};
use crate::wire::serve;
use crate::wire::socket::{Raw, connect, exchange, get, send};

/// The type of the text, with the version of the format.
const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of a server on a listener of their own. It ends with the test.
async fn metrics(app: &TestApp) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_metrics(Arc::clone(&app.app), listener));
    address
}

fn scrape(address: SocketAddr) -> Raw {
    exchange(address, b"GET /metrics HTTP/1.1\r\nHost: usher\r\nAccept: */*\r\n\r\n")
}

#[track_caller]
fn read(answer: &Raw) -> Exposition {
    assert_eq!((answer.status, answer.header("content-type")), (200, TYPE));
    Exposition::read(std::str::from_utf8(&answer.body).unwrap())
}

both! {
    async fn it_answers_for_the_metrics_and_for_nothing_else(app) {
        let (api, address) = (serve(app).await, metrics(app).await);
        read(&scrape(address));
        read(&exchange(address, b"GET /metrics?name[]=x HTTP/1.1\r\nHost: usher\r\n\r\n"));
        read(&exchange(address, b"GET /metrics HTTP/1.0\r\n\r\n"));
        let key = app.admin_key();
        for path in ["/", "/metrics/", "//metrics", "/Metrics", "/metrics/x", "/v1/users", "/livez", "/readyz", "/v1/openapi.json"] {
            let answer = get(address, key, path, "");
            assert_eq!((answer.status, answer.body.as_slice()), (404, &b""[..]), "{path}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "needle"] {
            let answer = send(address, key, method, "/metrics", "Content-Type: application/json\r\n", b"{}");
            assert_eq!((answer.status, answer.header("allow"), answer.body.as_slice()), (405, "GET", &b""[..]), "{method}");
        }
        assert_eq!(exchange(address, b"HEAD /metrics HTTP/1.1\r\nHost: usher\r\n\r\n").status, 405);
        assert_eq!(exchange(address, b"nonsense\r\n\r\n").status, 400);
        let long = format!("GET /metrics HTTP/1.1\r\nX-Long: {}\r\n\r\n", "x".repeat(17 << 10));
        assert_eq!(exchange(address, long.as_bytes()).status, 431);
        // The listener of the API knows nothing of them.
        let answer = get(api, key, "/metrics", "");
        assert_eq!((answer.status, answer.json()["type"].as_str()), (404, Some("general_route_not_found")));
        let seen = read(&scrape(address));
        assert_eq!(seen.of("usher_requests_total").len(), 1, "what is asked here is not counted with the API's");
    }

    async fn an_answer_ends_its_connection(app) {
        let mut connection = connect(metrics(app).await);
        connection.get_mut().write_all(&b"GET /metrics HTTP/1.1\r\nHost: usher\r\n\r\n".repeat(2)).unwrap();
        let mut heard = String::new();
        connection.read_to_string(&mut heard).unwrap();
        assert_eq!(heard.matches("HTTP/1.1 200 OK").count(), 1);
        assert!(heard.contains("connection: close"), "{heard}");
    }

    async fn clients_who_are_slow_do_not_hold_it(app) {
        let address = metrics(app).await;
        let slow: Vec<_> = (0..24)
            .map(|number| {
                let mut connection = connect(address);
                let begun: &[u8] = if number % 2 == 0 { b"" } else { b"GET /metrics HTTP/1.1\r\nX-Slow: " };
                connection.get_mut().write_all(begun).unwrap();
                connection
            })
            .collect();
        // More than it takes at a time; they are cut off and the next one is heard.
        read(&scrape(address));
        drop(slow);
        read(&scrape(address));
    }

    async fn connections_are_counted_while_they_are_there(app, "USHER_CONNECTIONS" = "1") {
        let (api, address) = (serve(app).await, metrics(app).await);
        let count = || {
            let seen = read(&scrape(address));
            ["usher_connections", "usher_connections_max", "usher_connections_refused_total"].map(|name| seen.single(name))
        };
        assert_eq!(count(), [0.0, 1.0, 0.0]);
        let mut first = connect(api);
        first.get_mut().write_all(b"GET /livez HTTP/1.1\r\nHost: usher\r\n\r\n").unwrap();
        let mut status = [0; 12];
        first.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        assert_eq!(count(), [1.0, 1.0, 0.0]);
        assert_eq!(get(api, app.admin_key(), "/v1/users", "").status, 503);
        assert_eq!(count()[2], 1.0);
        let seen = read(&scrape(address));
        let labels = [("route", "/v1/users"), ("method", "GET"), ("status", "503")];
        assert_eq!(seen.value("usher_requests_total", &labels), 1.0);
    }
}

places! {
    async fn the_program_serves_them_where_it_is_told_to(place) {
        let mut server = crate::program::Server::spawn(place.command(
            &[],
            &[
                ("USHER_PROJECT_ID", "demo"),
                ("USHER_API_KEY", "first-key"),
                ("USHER_METRICS_LISTEN", "127.0.0.1:0"),
            ],
        ));
        let line = server.says("metrics are served");
        let (_, address) = line.rsplit_once("address=").unwrap();
        let address: SocketAddr = address.trim().parse().unwrap();
        let server = server.listening();
        assert_eq!(get(server.address, "first-key", "/v1/users", "").status, 200);
        let seen = read(&scrape(address));
        let labels = [("route", "/v1/users"), ("method", "GET"), ("status", "200")];
        assert_eq!(seen.value("usher_requests_total", &labels), 1.0);
        assert_eq!(seen.value("usher_users", &[("project", "demo")]), 0.0);
        server.stop();
    }
}
