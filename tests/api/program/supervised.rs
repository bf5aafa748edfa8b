//! Under systemd: a socket that is opened before the server starts, and what the server says of itself.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::process::Command;
use std::time::Duration;

use super::sockets::ask;
use super::{Place, Server, get, places};

const DEMO: [(&str, &str); 2] = [("USHER_PROJECT_ID", "demo"), ("USHER_API_KEY", "first-key")];

/// The server with this file as the first of `count` that it inherits.
pub fn with_socket(place: &Place, socket: impl Into<OwnedFd>, count: &str, more: &[(&str, &str)]) -> Command {
    let program = place.command(&[], &[&DEMO[..], more].concat());
    let script = format!("LISTEN_FDS={count} LISTEN_PID=$$ exec \"$0\" 3<&0 4<&0 </dev/null");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(program.get_program()).current_dir(place.folder.path()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(socket.into());
    command
}

places! {
    async fn a_socket_that_is_handed_over_is_listened_on_in_place_of_the_own(place) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The client was there before the server.
        let early = TcpStream::connect(address).unwrap();
        let server = Server::start(with_socket(place, listener, "1", &[("USHER_LISTEN", "203.0.113.9:1")]));
        assert_eq!(server.address, address);
        assert_eq!(get(address, "demo", "first-key", "/v1/users").status, 200);
        drop(early);
        server.stop();

        let path = place.folder.path().join("activated.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let mut server = Server::spawn(with_socket(place, listener, "1", &[]));
        server.says("activated.sock");
        assert_eq!(ask(&path, "GET", "/v1/users", "", "").0, 200);
        let healthy = place.run(&["healthcheck"], &[("USHER_LISTEN", "unix:activated.sock")]);
        assert_eq!(healthy.status.code(), Some(0));
        server.stop();
        // The file belongs to whoever made it.
        assert!(path.exists());
    }

    async fn readiness_and_the_end_are_told(place) {
        let path = place.folder.path().join("notify");
        let by_file = UnixDatagram::bind(&path).unwrap();
        let name = format!("usher-test-{}", path.display());
        let by_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(name.as_bytes()).unwrap()).unwrap();
        for (told, place_of) in [(by_file, "notify".to_owned()), (by_name, format!("@{name}"))] {
            told.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let hears = || {
                let mut bytes = [0; 100];
                let length = told.recv(&mut bytes).unwrap();
                String::from_utf8(bytes[..length].to_vec()).unwrap()
            };
            let server = place.start_demo(&[("NOTIFY_SOCKET", &place_of)]);
            assert_eq!(hears(), "READY=1");
            assert_eq!(get(server.address, "demo", "first-key", "/v1/users").status, 200);
            let (_, log) = server.stop();
            assert_eq!(hears(), "STOPPING=1");
            assert!(!log.contains("NOTIFY_SOCKET"), "{log}");
            told.set_nonblocking(true).unwrap();
            assert!(told.recv(&mut [0; 1]).is_err(), "nothing else is said");
        }
    }
}

#[test]
fn what_cannot_be_listened_on_stops_the_start() {
    let place = Place::sqlite();
    let fails = |socket: OwnedFd, count: &str, part: &str| {
        let output = with_socket(&place, socket, count, &[]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("LISTEN_FDS") && said.contains(part), "{said}");
    };
    let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
    fails(listener().into(), "2", "passes 2 sockets");
    fails(UdpSocket::bind("127.0.0.1:0").unwrap().into(), "1", "no socket for streams");
    fails(UnixDatagram::unbound().unwrap().into(), "1", "no socket for streams");
    fails(std::fs::File::open("/dev/null").unwrap().into(), "1", "no socket for streams");
}

#[test]
fn sockets_that_are_for_another_process_are_left_to_it() {
    let place = Place::sqlite();
    let server = place.start_demo(&[("LISTEN_FDS", "1"), ("LISTEN_PID", "1")]);
    assert_eq!(get(server.address, "demo", "first-key", "/v1/users").status, 200);
    server.stop();
}

#[test]
fn a_supervisor_that_cannot_be_told_stops_nothing() {
    let place = Place::sqlite();
    let server = place.start_demo(&[("NOTIFY_SOCKET", "nobody")]);
    assert_eq!(get(server.address, "demo", "first-key", "/v1/users").status, 200);
    let (_, log) = server.stop();
    assert_eq!(log.matches("NOTIFY_SOCKET cannot be told").count(), 2, "{log}");
}
