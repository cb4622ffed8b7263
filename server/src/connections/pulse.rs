//! What a connection is doing: its requests, and when it last moved a byte.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// What a connection is doing. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Pulse(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    requests: usize,
    /// When the last request ended, or the connection began.
    idle_since: Instant,
    moved_at: Instant,
}

/// A request that is under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Open(Pulse);

impl Pulse {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State { requests: 0, idle_since: now, moved_at: now })))
    }

    /// Notes that a request begins.
    pub(super) fn begin(&self) -> Open {
        self.with(|state| state.requests += 1);
        Open(self.clone())
    }

    /// How long there has been no request; `None`: there is one.
    pub(super) fn idle_for(&self) -> Option<Duration> {
        self.with(|state| (state.requests == 0).then(|| state.idle_since.elapsed()))
    }

    /// How long no byte has moved.
    pub(super) fn still_for(&self) -> Duration {
        self.with(|state| state.moved_at.elapsed())
    }

    fn moved(&self) {
        self.with(|state| state.moved_at = Instant::now());
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.with(|state| {
            state.requests -= 1;
            state.idle_since = Instant::now();
        });
    }
}

impl Open {
    /// The request is under way until its answer is sent.
    pub(super) fn until_the_end_of(self, body: Body) -> Answer {
        Answer { body, _open: self }
    }
}

/// The body of an answer, with the request that it answers.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    _open: Open,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    // Without it answers would lose their length.
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that notes when it moves bytes.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    pulse: Pulse,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, pulse: Pulse) -> Self {
        Self { stream, pulse }
    }

    fn noted<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(polled, Poll::Ready(Ok(_))) {
            self.pulse.moved();
        }
        polled
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, into);
        self.noted(polled)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.noted(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.noted(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_from_the_end_of_its_last_answer() {
        let pulse = Pulse::new();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(pulse.idle_for(), Some(Duration::from_secs(3)));
        let (one, other) = (pulse.begin(), pulse.begin());
        drop(one);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(pulse.idle_for(), None);
        let answer = other.until_the_end_of(Body::from("whole"));
        assert_eq!(answer.size_hint().exact(), Some(5));
        assert_eq!(answer.collect().await.unwrap().to_bytes(), "whole");
        assert_eq!(pulse.idle_for(), Some(Duration::ZERO));
        assert_eq!(pulse.still_for(), Duration::from_secs(8));
    }
}
