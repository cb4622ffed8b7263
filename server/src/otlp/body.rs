//! The bytes of a request, in time and within their cap.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::EXPECT;
use axum::http::{HeaderMap, Version};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use watchfire_engine::Held;

use super::refusal::Refusal;

/// How long a sender may send nothing in the middle of a request.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);
/// How long a request may take to be sent, however steadily it comes.
const SENDING_AT_MOST: Duration = Duration::from_secs(300);
/// How long what is refused is still read, so that its sender sees why instead of a broken connection.
const DISCARDING_AT_MOST: Duration = Duration::from_secs(5);
/// How much of what is refused is still read.
const DISCARDED_BYTES_MAX: usize = 256 << 20;

/// The pieces in which a body came.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    pieces: VecDeque<Bytes>,
    size_bytes: usize,
}

impl Chunks {
    /// All bytes together.
    pub(crate) const fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// All of it in one piece, which costs nothing if it came in one.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        if self.pieces.len() <= 1 {
            return self.pieces.pop_front().unwrap_or_default();
        }
        let mut whole = Vec::with_capacity(self.size_bytes);
        // Each piece goes as soon as it is copied.
        while let Some(piece) = self.pieces.pop_front() {
            whole.extend_from_slice(&piece);
        }
        whole.into()
    }

    /// Cuts the first bytes off; `None`: there are fewer.
    pub(crate) fn split_off<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut first = [0; N];
        self.read_exact(&mut first).ok()?;
        Some(first)
    }

    /// The first bytes, as many as there are up to `N`, without taking them.
    pub(crate) fn starts_with<const N: usize>(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| piece.iter().copied()).take(N).collect()
    }
}

impl From<Bytes> for Chunks {
    fn from(whole: Bytes) -> Self {
        Self { size_bytes: whole.len(), pieces: VecDeque::from([whole]) }
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.pieces.front_mut() {
            let count = piece.len().min(into.len());
            into[..count].copy_from_slice(&piece[..count]);
            drop(piece.split_to(count));
            self.size_bytes -= count;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
        }
        Ok(0)
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize, held: &mut Held) -> Result<Chunks, Refusal> {
    let mut body = body;
    let deadline = Instant::now() + SENDING_AT_MOST;
    let mut chunks = Chunks::default();
    loop {
        let silent = Instant::now() + SILENT_AT_MOST;
        let frame = match timeout_at(silent.min(deadline), body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(broken))) => return Err(Refusal::Malformed(format!("the body broke off: {broken}"))),
            Ok(None) => return Ok(chunks),
            Err(_) => return Err(too_slow(chunks.size_bytes, silent < deadline)),
        };
        let Ok(piece) = frame.into_data() else { continue };
        if chunks.size_bytes + piece.len() > limit {
            // What is held is given back before the rest is thrown away.
            held.give_back(chunks.size_bytes);
            drop((chunks, piece));
            throw_away(body).await;
            return Err(Refusal::too_large(&format!("has more than {limit} bytes"), limit));
        }
        held.take(piece.len())?;
        chunks.size_bytes += piece.len();
        if !piece.is_empty() {
            chunks.pieces.push_back(piece);
        }
    }
}

fn too_slow(size: usize, was_silent: bool) -> Refusal {
    let (what, limit) =
        if was_silent { ("nothing came for", SILENT_AT_MOST) } else { ("it was not complete within", SENDING_AT_MOST) };
    Refusal::TooSlow(format!("the body broke off after {size} bytes: {what} {} s", limit.as_secs()))
}

/// Reads what is left of a refused request and throws it away: who is still sending would see a broken connection,
/// and not why. HTTP/2 can say so while the other side sends.
pub(crate) async fn discard(request: Request) {
    let waits = request.headers().contains_key(EXPECT);
    if !waits && request.version() < Version::HTTP_2 {
        throw_away(request.into_body()).await;
    }
}

async fn throw_away(mut body: Body) {
    let all = async {
        let mut size = 0;
        while let Some(Ok(frame)) = body.frame().await {
            size += frame.data_ref().map_or(0, Bytes::len);
            if size > DISCARDED_BYTES_MAX {
                break;
            }
        }
    };
    // Either way the sender gets its answer now.
    let _ = tokio::time::timeout(DISCARDING_AT_MOST, all).await;
}

/// The length that the sender says, if it does.
pub(crate) fn declared_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(axum::http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::{StreamExt, stream};
    use watchfire_engine::Room;

    use super::*;

    fn body(pieces: &'static [&'static [u8]]) -> Body {
        Body::from_stream(stream::iter(pieces.iter().map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece)))))
    }

    #[tokio::test]
    async fn pieces_come_together_again_whole_or_cut() {
        let mut held = Room::default().enter();
        let mut read = async |pieces: &'static [&'static [u8]]| read(body(pieces), 100, &mut held).await.unwrap();
        assert_eq!(read(&[b"ab", b"", b"cde"]).await.into_bytes(), "abcde");
        assert_eq!(read(&[]).await.into_bytes(), "");
        let mut cut = read(&[b"a", b"bcd", b"e"]).await;
        assert_eq!((cut.split_off::<2>(), cut.size_bytes()), (Some(*b"ab"), 3));
        assert_eq!(cut.starts_with::<2>(), b"cd");
        assert_eq!(cut.split_off::<4>(), None);
    }

    #[tokio::test]
    async fn a_body_at_its_cap_is_taken_and_one_byte_more_is_not() {
        let room = Room::default();
        let mut held = room.enter();
        assert_eq!(read(body(&[b"abc", b"de"]), 5, &mut held).await.unwrap().size_bytes(), 5);
        let refused = read(body(&[b"abc", b"def"]), 5, &mut room.enter()).await.unwrap_err();
        assert!(matches!(&refused, Refusal::TooLarge(message) if message.contains("5 bytes")), "{refused:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_nothing_or_a_little_for_ever_is_cut() {
        let room = Room::default();
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let refused = read(silent, 100, &mut room.enter()).await.unwrap_err();
        assert!(matches!(&refused, Refusal::TooSlow(message) if message.contains("30 s")), "{refused:?}");
        let beats = stream::repeat(()).then(|()| tokio::time::sleep(Duration::from_secs(20)));
        let trickle = Body::from_stream(beats.map(|()| Ok::<_, Infallible>(Bytes::from_static(b"x"))));
        let refused = read(trickle, 100, &mut room.enter()).await.unwrap_err();
        assert!(matches!(&refused, Refusal::TooSlow(message) if message.contains("300 s")), "{refused:?}");
    }

    #[tokio::test]
    async fn a_refused_body_is_read_to_its_end_unless_its_sender_waits_for_leave() {
        let (read, mut pieces) = tokio::sync::mpsc::channel(1);
        let endless = || {
            let read = read.clone();
            Body::from_stream(stream::repeat(()).map(move |()| {
                // Nobody listens any more once the first piece has been seen.
                let _ = read.try_send(());
                Ok::<_, Infallible>(Bytes::from_static(&[0; 64 << 10]))
            }))
        };
        discard(Request::builder().header(EXPECT, "100-continue").body(endless()).unwrap()).await;
        assert!(pieces.try_recv().is_err());
        discard(Request::new(endless())).await;
        assert!(pieces.try_recv().is_ok());
    }
}
