//! A terminal of a test's own, which a program can have in place of pipes.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::process::text;

/// How long a process may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// How wide a terminal is.
pub const COLUMNS: u16 = 100;

/// A terminal with somebody in front of it.
pub struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: Vec<u8>,
    /// The end that the program has.
    program: File,
}

impl Terminal {
    pub fn new() -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let program = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&keyboard, Winsize { ws_row: 24, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
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
        Self { keyboard, screen, shown: Vec::new(), program: program.into() }
    }

    /// The terminal, for a program to read from or to write to.
    pub fn end(&self) -> File {
        self.program.try_clone().unwrap()
    }

    /// Waits until this is on the screen.
    #[track_caller]
    pub fn shows(&mut self, part: &str) {
        let deadline = Instant::now() + PATIENCE;
        // What comes may end in the middle of a character.
        while !String::from_utf8_lossy(&self.shown).contains(part) {
            match self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(more) => self.shown.extend(more),
                Err(_) => panic!("{:?} does not show {part:?}", String::from_utf8_lossy(&self.shown)),
            }
        }
    }

    pub fn is_typed(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub fn echoes(&self) -> bool {
        tcgetattr(&self.program).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// All that was on the screen.
    pub fn all(self) -> String {
        let Self { screen, mut shown, program, keyboard } = self;
        // With the last end the lines end too.
        drop((program, keyboard));
        screen.iter().for_each(|more| shown.extend(more));
        text(&shown)
    }
}
