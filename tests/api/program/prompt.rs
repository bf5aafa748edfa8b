//! `usher password verify` at a terminal: it asks, shows nothing of what is typed, and leaves the terminal as it was.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::process::text;
use super::{Place, Server, places};
use crate::wire::socket::send;

/// How long a process may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with somebody in front of it.
struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: String,
    /// The end that the program has.
    program: File,
}

impl Terminal {
    fn new() -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let program = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let keyboard = File::from(keyboard);
        let mut lines = keyboard.try_clone().unwrap();
        let (to, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(read @ 1..) = lines.read(&mut bytes) {
                if to.send(bytes[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keyboard, screen, shown: String::new(), program: program.into() }
    }

    /// Starts `usher password verify demo anna` with everything but stdout at this terminal.
    fn asks(&self, place: &Place) -> Child {
        let mut command = place.command(&["password", "verify", "demo", "anna"], &[]);
        let end = || self.program.try_clone().unwrap();
        command.stdin(end()).stderr(end()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Waits until this is on the screen.
    #[track_caller]
    fn shows(&mut self, part: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.shown.contains(part) {
            match self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(more) => self.shown.push_str(&text(&more)),
                Err(_) => panic!("{:?} does not show {part:?}", self.shown),
            }
        }
    }

    fn is_typed(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.program).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// All that was on the screen.
    fn all(self) -> String {
        let Self { screen, mut shown, program, keyboard } = self;
        // With the last end the lines end too.
        drop((program, keyboard));
        screen.iter().for_each(|more| shown.push_str(&text(&more)));
        shown
    }
}

/// A server with the user `anna`.
fn start(place: &Place) -> Server {
    let server = place.start_demo(&[]);
    let body = br#"{"userId":"anna","password":"correct horse"}"#;
    let json = "Content-Type: application/json\r\n";
    assert_eq!(send(server.address, "first-key", "POST", "/v1/users", json, body).status, 201);
    server
}

const PROMPT: &str = "Password of user anna: ";

places! {
    async fn a_typed_password_is_asked_for_and_not_shown(place) {
        let _server = start(place);
        for (typed, code) in [("correct horse\n", 0), ("wrong horse\n", 1), ("corret\u{7f}ct horse\n", 0)] {
            let mut terminal = Terminal::new();
            assert!(terminal.echoes());
            let child = terminal.asks(place);
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
            let child = terminal.asks(place);
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
            let child = terminal.asks(place);
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
        let output = terminal.asks(place).wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        terminal.shows("has no user anna");
        assert_eq!(terminal.all(), "usher: project demo has no user anna\r\n");
    }
}
