//! How far a copy is: shown to those who watch, and to nobody else.

use std::process::Stdio;

use super::everything::fill;
use super::{empty, url};
use crate::program::{Place, Terminal};
use crate::support::both;

/// What a terminal shows after what it was sent for the last line.
fn last_line(sent: &str) -> String {
    let line = sent.rsplit(['\r', '\n']).next().unwrap();
    line.replace("\u{1b}[2K", "").replace("\u{1b}[1A", "")
}

both! {
    async fn a_bar_is_drawn_at_a_terminal_and_nowhere_else(app) {
        fill(app).await;
        let from = url(&app.app.config.database);
        for (watched, other) in empty().await.into_iter().zip(empty().await) {
            let copy = |place: &Place| {
                place.command(&["copy", "--from", &from, "--to", &url(&place.database())], &[("TERM", "xterm")])
            };
            // Who watches what is told, and keeps what is printed.
            let terminal = Terminal::new();
            let output = copy(&watched).stderr(terminal.end()).stdout(Stdio::piped()).spawn().unwrap();
            let output = output.wait_with_output().unwrap();
            let (printed, screen) = (String::from_utf8(output.stdout).unwrap(), terminal.all());
            assert_eq!(output.status.code(), Some(0), "{screen:?}");
            let rows = printed.lines().last().unwrap().strip_prefix("copied and compared ").unwrap();
            let (rows, _) = rows.split_once(' ').unwrap();
            for half in ["copying", "comparing"] {
                let drawn: Vec<&str> = screen.split(['\r', '\n']).filter(|line| line.contains(half)).collect();
                let whole = format!(" {rows} of {rows} rows, ");
                // Behind it may be the beginning of the other half, drawn before it had its name.
                let last = drawn.iter().rfind(|line| !line.contains(" 0 of "));
                assert!(last.is_some_and(|line| line.contains(&whole)), "{half}: {screen:?}");
                assert!(drawn.iter().all(|line| line.contains(&format!(" of {rows} rows, "))), "{screen:?}");
            }
            assert!(screen.find("comparing") > screen.rfind("copying"), "{screen:?}");
            assert_eq!(last_line(&screen).trim(), "", "it is wiped away in the end: {screen:?}");
            // And who keeps what is told, and watches what is printed.
            let terminal = Terminal::new();
            let output = copy(&other).stdout(terminal.end()).stderr(Stdio::piped()).spawn().unwrap();
            let output = output.wait_with_output().unwrap();
            assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
            let shown = terminal.all().replace("\r\n", "\n");
            let lines = |printed: &str| printed.lines().filter(|line| line.contains('\t')).collect::<Vec<_>>().join("\n");
            assert_eq!(lines(&shown), lines(&printed));
            for text in [&shown, &printed] {
                assert!(!text.contains(['\r', '\u{1b}']) && !text.contains(" rows, "), "{text:?}");
                assert_eq!(text.lines().count(), lines(text).lines().count() + 1, "{text:?}");
            }
            watched.remove().await;
            other.remove().await;
        }
    }

    async fn nothing_is_drawn_of_a_copy_that_does_not_begin(app) {
        let from = url(&app.app.config.database);
        for place in empty().await {
            place.prints(&["project", "create", "shop"]);
            let terminal = Terminal::new();
            let to = url(&place.database());
            let copy = || place.command(&["copy", "--from", &from, "--to", &to], &[("TERM", "xterm")]);
            let output = copy().stderr(terminal.end()).stdout(Stdio::piped()).spawn().unwrap();
            let output = output.wait_with_output().unwrap();
            let screen = terminal.all();
            assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
            assert!(screen.contains("usher: nothing was copied; --to (") && !screen.contains("copying"), "{screen:?}");
            place.remove().await;
        }
    }
}
