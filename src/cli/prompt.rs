//! A password from standard input: the first line of a file or pipe, or what is typed at a terminal that does not
//! show it.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use crate::server::stop_signal;

/// Bytes of the longest password that can sign in.
const LONGEST: usize = 256;

/// Reads a password; the end of its line, `\n` or `\r\n`, does not belong to it. At a terminal it is asked for with
/// `prompt`, on stderr.
///
/// # Errors
/// When there is none, when it is one that no request could bring, or when the wait for it was interrupted.
pub(super) async fn password(prompt: &str) -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        return check(line()?);
    }
    let stop = stop_signal()?;
    let unseen = Unseen::begin().context("the terminal cannot be kept from showing a password")?;
    let _ = write!(io::stderr(), "{prompt}");
    // Nothing but the end of the process ends a wait at the terminal, so it must not hold up this one.
    let (reply, typed) = oneshot::channel();
    std::thread::spawn(move || reply.send(line()));
    let typed = tokio::select! {
        typed = typed => Some(typed??),
        () = stop => None,
    };
    // The end of the line that was typed was not shown either.
    let _ = writeln!(io::stderr());
    drop(unseen);
    check(typed.context("interrupted")?)
}

/// The first line with its end, or as much of it as shows that it is too long.
fn line() -> anyhow::Result<Vec<u8>> {
    let mut line = Vec::new();
    let longest = LONGEST + "\r\n".len() + 1;
    io::stdin().lock().take(longest as u64).read_until(b'\n', &mut line).context("standard input cannot be read")?;
    Ok(line)
}

/// The password of a line. What a sign-in would refuse before it looks at any hash is refused here too.
fn check(mut line: Vec<u8>) -> anyhow::Result<String> {
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    if line.is_empty() {
        bail!("standard input has no password; it is read from the first line");
    }
    if line.len() > LONGEST {
        bail!("a password that can sign in has at most {LONGEST} bytes, this one has more");
    }
    match String::from_utf8(line) {
        Ok(plain) if !plain.contains('\0') => Ok(plain),
        Ok(_) => bail!("a password with U+0000 in it cannot sign in"),
        Err(_) => {
            bail!("the password is not UTF-8; requests bring passwords in UTF-8 only, so this one cannot sign in")
        }
    }
}

/// The terminal of standard input, which does not show what is typed until this is dropped.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // Further lines of what was pasted are thrown away, lest a shell takes them for commands.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[u8]) -> Result<String, String> {
        check(line.to_vec()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_end_of_the_line_is_cut_off_once_and_nothing_else() {
        for (line, password) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            ("secret\r", "secret\r"),
            ("secret\r\r\n", "secret\r"),
            (" secret \t\n", " secret \t"),
            (" \n", " "),
            ("\r", "\r"),
            ("pässwörd\n", "pässwörd"),
        ] {
            assert_eq!(read(line.as_bytes()).as_deref(), Ok(password), "{line:?}");
        }
    }

    #[test]
    fn what_cannot_sign_in_is_refused() {
        let longest = "x".repeat(LONGEST);
        for end in ["", "\n", "\r\n"] {
            assert_eq!(read(format!("{longest}{end}").as_bytes()), Ok(longest.clone()));
            assert!(read(format!("{longest}y{end}").as_bytes()).unwrap_err().contains("256 bytes"));
        }
        for nothing in ["", "\n", "\r\n"] {
            assert!(read(nothing.as_bytes()).unwrap_err().contains("no password"));
        }
        assert!(read(b"p\xe4ssword\n").unwrap_err().contains("UTF-8"));
        assert!(read(b"pass\0word\n").unwrap_err().contains("U+0000"));
    }
}
