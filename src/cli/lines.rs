//! Log lines on their way to stderr. A thread writes them, all that have come in a moment at once, so that a request
//! does not cost a system call for its line. A line that somebody has to see, a warning or an error, is written before
//! the program goes on, and everything before it.

use std::io::{Write, stderr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long lines are collected.
const MOMENT: Duration = Duration::from_millis(20);

/// Bytes that are collected. Whoever brings more writes them, so that a reader who is slow slows the program down and
/// no line is lost.
const MOST: usize = 64 * 1024;

/// Where lines are collected.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Arc<Collected>);

#[derive(Debug, Default)]
struct Collected {
    bytes: Mutex<Vec<u8>>,
    some: Condvar,
}

impl Collected {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what there is, in the order in which it came. There is nobody to tell when stderr is gone.
    fn write(bytes: &mut Vec<u8>) {
        let _ = stderr().write_all(bytes);
        bytes.clear();
    }
}

impl Lines {
    /// Begins to collect.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let lines = Self::default();
        let collected = Arc::clone(&lines.0);
        std::thread::Builder::new().name("log".into()).spawn(move || {
            loop {
                let empty = collected.some.wait_while(collected.lock(), |bytes| bytes.is_empty());
                drop(empty.unwrap_or_else(PoisonError::into_inner));
                std::thread::sleep(MOMENT);
                Collected::write(&mut collected.lock());
            }
        })?;
        Ok(lines)
    }
}

/// The program ends: what was collected is written.
impl Drop for Lines {
    fn drop(&mut self) {
        Collected::write(&mut self.0.lock());
    }
}

/// One line.
pub(super) struct Line<'a> {
    lines: &'a Collected,
    urgent: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: &self.0, urgent: true }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Line<'a> {
        Line { lines: &self.0, urgent: *about.level() <= Level::WARN }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut bytes = self.lines.lock();
        let first = bytes.is_empty();
        bytes.extend_from_slice(line);
        if self.urgent || bytes.len() > MOST {
            Collected::write(&mut bytes);
        } else if first {
            self.lines.some.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_collected_until_there_are_many_or_one_is_urgent() {
        let lines = Lines::default();
        let write = |line: &[u8], urgent| Line { lines: &lines.0, urgent }.write_all(line).unwrap();
        write(b"\n", false);
        write(b"\n", false);
        assert_eq!(lines.0.lock().as_slice(), b"\n\n");
        write(b"\n", true);
        assert_eq!(lines.0.lock().as_slice(), b"");
        write(b"\n", false);
        write(&[b'\n'; MOST], false);
        assert_eq!(lines.0.lock().as_slice(), b"");
    }
}
