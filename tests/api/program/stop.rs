//! Stopping: what runs is finished, what is new is refused.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::json;

use super::{Place, Server, get, places};
use crate::wire::socket;

/// Somebody who starts it by mistake need not wait until it gives up by itself.
#[test]
fn a_server_that_waits_for_its_database_stops_when_it_is_told_to() {
    let place = Place::sqlite();
    for name in ["TERM", "INT"] {
        let variables = [("DATABASE_URL", "postgres://u:p@127.0.0.1:1/db"), ("USHER_STARTUP_WAIT", "3600")];
        let mut server = Server::spawn(place.command(&[], &variables));
        server.says("cannot be reached yet");
        server.signal(name);
        let (status, stdout, stderr) = server.ended();
        assert_eq!((status.code(), stdout.as_str()), (Some(0), ""), "{stderr}");
        assert!(stderr.trim_end().ends_with("stopped before the database was open"), "{stderr}");
    }
}

places! {
    async fn a_request_that_runs_when_the_server_is_told_to_stop_is_finished(place) {
        for name in ["TERM", "INT"] {
            let mut server = place.start_demo(&[]);
            let body = json!({"userId": name, "password": "long enough"}).to_string();
            let more =
                format!("Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n", body.len());
            let mut connection = socket::connect(server.address);
            let head = socket::head("first-key", "POST", "/v1/users", &more);
            connection.get_mut().write_all(head.as_bytes()).unwrap();
            // The server asks for the body when the handler does: now the request runs.
            assert_eq!(socket::read(&mut connection).status, 100);
            let mut idle = socket::connect(server.address);
            server.signal(name);
            server.says("stopping");
            connection.get_mut().write_all(body.as_bytes()).unwrap();
            let answer = socket::read(&mut connection);
            assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
            let address = server.address;
            let (status, _, stderr) = server.ended();
            assert_eq!(status.code(), Some(0), "{stderr}");
            assert!(stderr.trim_end().ends_with("stopped"), "{stderr}");
            assert!(TcpStream::connect(address).is_err(), "somebody still listens");
            // A connection on which nothing was asked does not hold the server up.
            let mut rest = Vec::new();
            let _ = std::io::Read::read_to_end(&mut idle, &mut rest);
            assert!(rest.is_empty());
        }
        // What was answered is stored.
        let server = place.start_demo(&[]);
        for id in ["TERM", "INT"] {
            assert_eq!(get(server.address, "demo", "first-key", &format!("/v1/users/{id}")).status, 200, "{id}");
        }
    }
}
