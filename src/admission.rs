//! How much the server takes on at a time. What does not fit waits a moment and is then refused with 503, so that memory
//! stays bounded whoever calls, and however many.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::error::{Error, Kind, Result};
use crate::json::VALUES_MAX;
use crate::metrics::{Counter, Gauge};

/// How long a request, or a large answer, waits for its place.
const WAIT: Duration = Duration::from_secs(5);

/// Bytes of large request bodies that are being received.
const BODIES: usize = 32 << 20;

/// Bytes that the values of request bodies take while their requests are answered.
const VALUES: usize = 64 << 20;

/// Bytes that a value takes at about the most, with its place in a list or an object.
const VALUE: usize = 256;

/// Bytes of large answers that clients have yet to take.
const ANSWERS: usize = 64 << 20;

/// Bytes of a body or an answer that are not counted: each connection may have one.
pub const SMALL: usize = 64 << 10;

/// The places that there are.
#[derive(Debug)]
pub struct Admission {
    wait: Duration,
    most: usize,
    requests: Semaphore,
    waiting: Gauge,
    refused: Counter,
    bodies: Arc<Semaphore>,
    values: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

/// How the places for requests are taken.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// How many there are.
    pub most: usize,
    /// Those that are taken.
    pub taken: usize,
    /// Requests that wait for one.
    pub waiting: u64,
    /// Requests that have found none.
    pub refused: u64,
}

impl Admission {
    /// Places for this many requests at a time.
    #[must_use]
    pub fn new(requests: usize) -> Self {
        Self {
            wait: WAIT,
            most: requests,
            requests: Semaphore::new(requests),
            waiting: Gauge::default(),
            refused: Counter::default(),
            bodies: Arc::new(Semaphore::new(BODIES)),
            values: Arc::new(Semaphore::new(VALUES)),
            answers: Arc::new(Semaphore::new(ANSWERS)),
        }
    }

    /// Bytes that are left of the room for large answers.
    #[must_use]
    pub fn answers_left(&self) -> usize {
        self.answers.available_permits()
    }

    /// A place for a request, until it is dropped.
    ///
    /// # Errors
    /// 503 when none is free within 5 seconds.
    pub async fn request(&self) -> Result<SemaphorePermit<'_>> {
        match self.requests.try_acquire() {
            Ok(place) => Ok(place),
            Err(_) => {
                let _waiting = self.waiting.hold();
                let found = timeout(self.wait, self.requests.acquire()).await.ok().and_then(Result::ok);
                if found.is_none() {
                    self.refused.add(1);
                }
                found.ok_or_else(full)
            }
        }
    }

    /// How the places are taken.
    #[must_use]
    pub fn places(&self) -> Places {
        Places {
            most: self.most,
            taken: self.most.saturating_sub(self.requests.available_permits()),
            waiting: self.waiting.get(),
            refused: self.refused.get(),
        }
    }

    /// Bytes that are taken of the rooms for large bodies, for what they become, and for large answers.
    #[must_use]
    pub fn rooms(&self) -> [(&'static str, usize); 3] {
        let taken = |room: &Semaphore, size: usize| size.saturating_sub(room.available_permits());
        [
            ("bodies", taken(&self.bodies, BODIES)),
            ("values", taken(&self.values, VALUES)),
            ("answers", taken(&self.answers, ANSWERS)),
        ]
    }

    /// Room for the body of a request, none of which has come yet.
    #[must_use]
    pub fn body(&self) -> Held {
        Held { bytes: Vec::new(), room: Arc::clone(&self.bodies), taken: None }
    }

    /// Room for what a body becomes when it is read, until it is dropped.
    ///
    /// # Errors
    /// 503 when there is none within 5 seconds.
    pub async fn values(&self, body: &[u8]) -> Result<OwnedSemaphorePermit> {
        let values = 1 + body.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{' | b'&')).count();
        // No body that is understood has more.
        self.take(&self.values, values.min(VALUES_MAX) * VALUE).await
    }

    /// An answer, or a piece of one, that counts until the client has taken it.
    ///
    /// # Errors
    /// 503 when there is no room for it within 5 seconds.
    pub async fn answer(&self, bytes: Bytes) -> Result<Bytes> {
        if bytes.len() <= SMALL {
            return Ok(bytes);
        }
        // One that is larger than all of the room has it for itself.
        let room = self.take(&self.answers, bytes.len().min(ANSWERS)).await?;
        Ok(Bytes::from_owner(Counted { bytes, _room: room }))
    }

    /// Takes so many bytes of a room, when they are free within 5 seconds.
    async fn take(&self, room: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit> {
        let wanted = u32::try_from(bytes).unwrap_or(u32::MAX);
        let taken = timeout(self.wait, Arc::clone(room).acquire_many_owned(wanted)).await;
        taken.ok().and_then(Result::ok).ok_or_else(full)
    }
}

#[track_caller]
fn full() -> Error {
    Kind::Overloaded.into()
}

/// An answer that takes its room until it is dropped.
struct Counted {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body while it is received. What is more than [`SMALL`] of it takes its room until all of it is dropped.
#[derive(Debug)]
pub struct Held {
    bytes: Vec<u8>,
    room: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Appends bytes.
    ///
    /// # Errors
    /// 503 when there is no room for them.
    pub fn extend(&mut self, bytes: &[u8]) -> Result<()> {
        let (size, counted) =
            (self.bytes.len() + bytes.len(), self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if size > SMALL {
            let wanted = u32::try_from(size - counted).map_err(|_| full())?;
            let more = Arc::clone(&self.room).try_acquire_many_owned(wanted).map_err(|_| full())?;
            match &mut self.taken {
                Some(taken) => taken.merge(more),
                None => self.taken = Some(more),
            }
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One place, for which nobody waits long.
    fn impatient() -> Admission {
        Admission { wait: Duration::from_millis(1), ..Admission::new(1) }
    }

    #[test]
    fn large_bodies_share_their_room() {
        let admission = Admission::new(1);
        let (mut first, mut second, mut small) = (admission.body(), admission.body(), admission.body());
        first.extend(&vec![1; BODIES - SMALL - 3]).unwrap();
        second.extend(&vec![2; SMALL]).unwrap();
        second.extend(b"abc").unwrap();
        assert_eq!(second.extend(b"d").unwrap_err().kind(), Kind::Overloaded);
        assert_eq!(second.as_ref().len(), SMALL + 3, "what does not fit is not half taken");
        small.extend(&vec![3; SMALL]).unwrap();
        assert_eq!(small.extend(b"e").unwrap_err().kind(), Kind::Overloaded);
        drop(first);
        second.extend(b"d").unwrap();
        assert!(second.as_ref().ends_with(b"abcd"));
        drop((second, small));
        assert_eq!(admission.bodies.available_permits(), BODIES);
    }

    #[tokio::test]
    async fn a_request_waits_for_its_place_and_not_for_ever() {
        let admission = impatient();
        let first = admission.request().await.unwrap();
        assert_eq!(admission.request().await.unwrap_err().kind(), Kind::Overloaded);
        drop(first);
        let patient = Admission::new(1);
        let first = patient.request().await.unwrap();
        let (second, ()) = tokio::join!(patient.request(), async move { drop(first) });
        assert!(second.is_ok());
    }

    #[tokio::test]
    async fn what_bodies_become_is_counted_too() {
        let admission = impatient();
        let bomb = vec![b'['; 1 << 20];
        let mut held = Vec::new();
        while let Ok(room) = admission.values(&bomb).await {
            held.push(room);
        }
        assert_eq!(held.len(), VALUES / (VALUES_MAX * VALUE));
        assert!(admission.values(b"{\"name\":\"Ada\"}").await.is_ok(), "there is still room for what is usual");
    }

    #[tokio::test]
    async fn large_answers_count_until_they_are_gone() {
        let admission = impatient();
        let small = admission.answer(vec![0; SMALL].into()).await.unwrap();
        let large = admission.answer(vec![7; ANSWERS + 1].into()).await.unwrap();
        assert_eq!((small.len(), large.len(), large[ANSWERS]), (SMALL, ANSWERS + 1, 7));
        assert_eq!(admission.answer(vec![0; SMALL + 1].into()).await.unwrap_err().kind(), Kind::Overloaded);
        assert!(admission.answer(vec![0; SMALL].into()).await.is_ok(), "a small one needs no room");
        drop(large);
        assert!(admission.answer(vec![0; SMALL + 1].into()).await.is_ok());
    }
}
