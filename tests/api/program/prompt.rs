//! `usher password verify` at a terminal: it asks, shows nothing of what is typed, and leaves the terminal as it was.

use std::process::{Child, Stdio};

use super::process::text;
use super::terminal::Terminal;
use super::{Place, Server, places};
use crate::wire::socket::send;

/// A server with the user `anna`.
fn start(place: &Place) -> Server {
    let server = place.start_demo(&[]);
    let body = br#"{"userId":"anna","password":"correct horse"}"#;
    let json = "Content-Type: application/json\r\n";
    assert_eq!(send(server.address, "first-key", "POST", "/v1/users", json, body).status, 201);
    server
}

/// Starts `usher password verify demo anna` with everything but stdout at this terminal.
fn asks(terminal: &Terminal, place: &Place) -> Child {
    let mut command = place.command(&["password", "verify", "demo", "anna"], &[]);
    command.stdin(terminal.end()).stderr(terminal.end()).stdout(Stdio::piped()).spawn().unwrap()
}

const PROMPT: &str = "Password of user anna: ";

places! {
    async fn a_typed_password_is_asked_for_and_not_shown(place) {
        let _server = start(place);
        for (typed, code) in [("correct horse\n", 0), ("wrong horse\n", 1), ("corret\u{7f}ct horse\n", 0)] {
            let mut terminal = Terminal::new();
            assert!(terminal.echoes());
            let child = asks(&terminal, place);
            terminal.shows(PROMPT);
            assert!(!terminal.echoes());
            terminal.is_typed(typed);
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{typed:?}");
            assert!(text(&output.stdout).starts_with(["match yes\n", "match no\n"][code as usize]), "{output:?}");
            assert!(terminal.echoes());
            assert_eq!(terminal.all(), format!("{PROMPT}\r\n"));
        }
    }

    async fn whoever_types_nothing_is_told(place) {
        let _server = start(place);
        // Ctrl-D ends the input.
        for typed in ["\n", "\u{4}"] {
            let mut terminal = Terminal::new();
            let child = asks(&terminal, place);
            terminal.shows(PROMPT);
            terminal.is_typed(typed);
            let output = child.wait_with_output().unwrap();
            assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
            assert!(terminal.echoes());
            terminal.shows("no password");
            let all = terminal.all();
            assert!(all.starts_with(&format!("{PROMPT}\r\nusher: ")), "{all:?}");
        }
    }

    async fn a_terminal_shows_again_what_is_typed_after_an_interruption(place) {
        let _server = start(place);
        for signal in ["INT", "TERM"] {
            let mut terminal = Terminal::new();
            let child = asks(&terminal, place);
            terminal.shows(PROMPT);
            assert!(!terminal.echoes());
            let sent = std::process::Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status();
            assert!(sent.unwrap().success());
            let output = child.wait_with_output().unwrap();
            assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
            assert!(terminal.echoes());
            terminal.shows("interrupted");
            assert_eq!(terminal.all(), format!("{PROMPT}\r\nusher: interrupted\r\n"));
        }
    }

    async fn nobody_is_asked_about_somebody_who_is_not_there(place) {
        place.prints(&["project", "create", "demo"]);
        let mut terminal = Terminal::new();
        let output = asks(&terminal, place).wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        terminal.shows("has no user anna");
        assert_eq!(terminal.all(), "usher: project demo has no user anna\r\n");
    }
}
