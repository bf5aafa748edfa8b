//! The id of a request, by which its answer, its lines in the log and whatever stands in front of the server are found
//! together. While a request is answered, its id is known to everything that is done for it on its way, so that a line about
//! something that went wrong can name it.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::trace::Trace;

/// Characters of the longest id.
const LONGEST: usize = 64;

tokio::task_local! {
    static CURRENT: Option<Request>;
}

/// What is known of a request while it is answered.
#[derive(Debug, Clone)]
struct Request {
    id: RequestId,
    trace: Option<Trace>,
}

/// An id: 1 to 64 of `A-Z a-z 0-9 . _ -`, so that it can stand in a header and in a line of the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    bytes: [u8; LONGEST],
    length: usize,
}

impl RequestId {
    /// The id that a client sent, when it is one.
    #[must_use]
    pub fn parse(sent: &[u8]) -> Option<Self> {
        let sane = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if sent.is_empty() || sent.len() > LONGEST || !sent.iter().all(sane) {
            return None;
        }
        let mut bytes = [0; LONGEST];
        for (place, byte) in bytes.iter_mut().zip(sent) {
            *place = *byte;
        }
        Some(Self { bytes, length: sent.len() })
    }
}

impl Deref for RequestId {
    type Target = str;

    fn deref(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// Makes ids. They tell nothing of how many there were before: each is its number under a keyed hash.
#[derive(Debug, Default)]
pub struct RequestIds {
    key: RandomState,
}

/// Numbers that a thread takes at once, so that threads do not wait for each other for each of them.
const AT_ONCE: u64 = 1 << 16;

/// A number that nobody in this process had before.
fn number() -> u64 {
    thread_local! {
        static NEXT: Cell<u64> = const { Cell::new(0) };
    }
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    NEXT.with(|next| {
        let mut number = next.get();
        if number.is_multiple_of(AT_ONCE) {
            number = TAKEN.fetch_add(AT_ONCE, Ordering::Relaxed);
        }
        next.set(number + 1);
        number
    })
}

impl RequestIds {
    /// An id of 16 hexadecimal digits that this process has not made before, nor any other in all likelihood.
    #[must_use]
    pub fn next(&self) -> RequestId {
        let number = self.key.hash_one(number());
        let mut bytes = [0; LONGEST];
        for (place, shift) in bytes.iter_mut().zip((0..16).rev()) {
            *place = b"0123456789abcdef"[(number >> (shift * 4)) as usize & 0xf];
        }
        RequestId { bytes, length: 16 }
    }
}

/// The id of the request that is being answered here, when one is.
#[must_use]
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(|request| request.as_ref().map(|request| request.id)).ok().flatten()
}

/// The trace of that request, when it has one.
pub(crate) fn trace() -> Option<Trace> {
    CURRENT.try_with(|request| request.as_ref()?.trace.clone()).ok().flatten()
}

/// What is done for the request with this id and this trace.
pub fn during<F: Future>(id: RequestId, trace: Option<Trace>, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(Some(Request { id, trace }), work)
}

/// The request that is being answered here, to be taken to where it goes on.
#[derive(Debug, Clone)]
pub struct Here(Option<Request>);

impl Here {
    /// What is done for it.
    pub fn along<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.0, work)
    }

    /// The same on a thread of its own.
    pub fn by<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.0, work)
    }
}

/// The request that is being answered here, if one is.
#[must_use]
pub fn here() -> Here {
    Here(CURRENT.try_with(Option::clone).ok().flatten())
}

/// What is done for the request that is being answered here, when it goes on elsewhere.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    here().along(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn what_clients_send_is_taken_when_it_is_sane() {
        for sane in ["a", "0", "req-1.2_X", &"x".repeat(64)] {
            assert_eq!(RequestId::parse(sane.as_bytes()).as_deref(), Some(sane));
        }
        let long = "x".repeat(65);
        for wrong in ["", " ", "a b", "a\n", "a\"", "a=b", "ä", "a/b", "a@b", "{a}", "a\u{1b}", long.as_str()] {
            assert_eq!(RequestId::parse(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn ids_that_are_made_differ_and_are_sane() {
        let (ids, others) = (RequestIds::default(), RequestIds::default());
        let made: HashSet<String> =
            (0..1000).flat_map(|_| [ids.next(), others.next()]).map(|id| id.to_string()).collect();
        assert_eq!(made.len(), 2000);
        assert!(made.iter().all(|id| id.len() == 16 && RequestId::parse(id.as_bytes()).as_deref() == Some(id)));
    }

    #[tokio::test]
    async fn an_id_is_known_to_what_is_done_for_its_request_and_to_nothing_else() {
        let id = RequestId::parse(b"one").unwrap();
        let work = during(id, None, async {
            let elsewhere = tokio::spawn(carried(async { current() }));
            let here = here();
            let thread = std::thread::spawn(move || here.by(current));
            (
                current(),
                elsewhere.await.unwrap(),
                thread.join().unwrap(),
                tokio::spawn(async { current() }).await.unwrap(),
            )
        });
        assert_eq!(work.await, (Some(id), Some(id), Some(id), None));
        assert_eq!(current(), None);
    }
}
