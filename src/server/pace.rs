//! The pace at which a client must take its answers: without one, a client that reads a byte now and then would keep
//! an answer in memory for as long as it likes. It is kept below TLS, which takes whole answers into memory of its own.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Bytes that a client must take in each period in which it keeps the server waiting.
const LEAST: usize = 32 << 10;

/// A connection whose client is too slow when it takes less than 32 KiB in `period`. Time counts while something is there
/// to be sent.
pub(super) struct Paced<C> {
    connection: C,
    period: Duration,
    /// The end of the period that runs, and what was taken in it.
    waiting: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<C> Paced<C> {
    pub(super) const fn new(connection: C, period: Duration) -> Self {
        Self { connection, period, waiting: None }
    }

    fn written(&mut self, cx: &mut Context<'_>, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        let period = self.period;
        match written {
            Poll::Ready(Ok(bytes)) => {
                if let Some((_, taken)) = &mut self.waiting {
                    *taken += bytes;
                }
            }
            Poll::Pending => {
                let (end, taken) = self.waiting.get_or_insert_with(|| (Box::pin(sleep(period)), 0));
                while end.as_mut().poll(cx).is_ready() {
                    if *taken < LEAST {
                        return Poll::Ready(Err(Error::new(
                            ErrorKind::TimedOut,
                            "the client takes its answer too slowly",
                        )));
                    }
                    *taken = 0;
                    end.as_mut().reset(Instant::now() + period);
                }
            }
            Poll::Ready(Err(_)) => {}
        }
        written
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Paced<C> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Paced<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(cx, pieces);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    /// Called when all that was there has been written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.waiting = None;
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}
