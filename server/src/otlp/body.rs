//! The bytes of a request, in time and within their cap.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::EXPECT;
use axum::http::{HeaderMap, Version};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use watchfire_engine::Held;

use super::chunks::Chunks;
use super::refusal::Refusal;

/// How long a sender may send nothing in the middle of a request. In as long it must also send as much as
/// [`least_bytes`] says: who sends slowly keeps memory from others.
const SILENT_AT_MOST: Duration = Duration::from_secs(30);
/// The least that must come in [`SILENT_AT_MOST`], unless the body ends before.
const LEAST_BYTES: usize = 64 << 10;
/// Which part of what has come must come once more in [`SILENT_AT_MOST`]: who sends the largest request at an even pace
/// within [`Pace::TELEMETRY`] sends more.
const LEAST_PART: usize = 12;
/// How long what is refused is still read, so that its sender sees why instead of a broken connection.
const DISCARDING_AT_MOST: Duration = Duration::from_secs(5);
/// How much of what is refused is still read.
const DISCARDED_BYTES_MAX: usize = 256 << 20;

/// How long a whole body may take, however steadily it comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    at_most: Duration,
}

impl Pace {
    /// Large batches over slow lines.
    pub(crate) const TELEMETRY: Self = Self { at_most: Duration::from_secs(300) };
    /// A few kilobytes for which somebody waits.
    pub(crate) const QUESTION: Self = Self { at_most: Duration::from_secs(30) };
}

/// How much must come within [`SILENT_AT_MOST`] once so much has come.
const fn least_bytes(size: usize) -> usize {
    let part = size / LEAST_PART;
    if part > LEAST_BYTES { part } else { LEAST_BYTES }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(mut body: Body, limit: usize, pace: Pace, held: &mut Held) -> Result<Chunks, Refusal> {
    let began = Instant::now();
    let deadline = began + pace.at_most;
    let mut chunks = Chunks::default();
    // Where it stood when the time began in which the next part must come.
    let (mut since, mut size_then) = (began, 0);
    loop {
        let looked_at = since + SILENT_AT_MOST;
        let frame = match timeout_at(looked_at.min(deadline), body.frame()).await {
            Ok(Some(Ok(frame))) => Some(frame),
            Ok(Some(Err(broken))) => return Err(Refusal::Malformed(format!("the body broke off: {broken}"))),
            Ok(None) => {
                chunks.seal();
                return Ok(chunks);
            }
            Err(_) => None,
        };
        let (now, size) = (Instant::now(), chunks.size_bytes());
        if frame.is_none() && now >= deadline {
            return Err(too_slow(size, "it was not complete", pace.at_most));
        }
        if now >= looked_at {
            let came = size - size_then;
            if came < least_bytes(size_then) {
                let what = format!("only {came} bytes of it came");
                return Err(too_slow(size, if came == 0 { "nothing came" } else { &what }, SILENT_AT_MOST));
            }
            (since, size_then) = (now, size);
        }
        let Some(Ok(piece)) = frame.map(hyper::body::Frame::into_data) else { continue };
        if size + piece.len() > limit {
            // What is held is given back before the rest is thrown away.
            held.give_back(size);
            drop((chunks, piece));
            throw_away(body).await;
            return Err(Refusal::too_large(&format!("has more than {limit} bytes"), limit));
        }
        held.take(piece.len())?;
        chunks.push(piece);
    }
}

fn too_slow(size: usize, what: &str, within: Duration) -> Refusal {
    Refusal::TooSlow(format!("the body broke off after {size} bytes: {what} within {} s", within.as_secs()))
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
    use watchfire_model::ProjectName;

    use super::*;

    fn body(pieces: &'static [&'static [u8]]) -> Body {
        Body::from_stream(stream::iter(pieces.iter().map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece)))))
    }

    #[tokio::test]
    async fn pieces_come_together_again_whole_or_cut() {
        let mut held = Room::default().enter(&ProjectName::new("shop"));
        let mut read =
            async |pieces: &'static [&'static [u8]]| read(body(pieces), 100, Pace::TELEMETRY, &mut held).await.unwrap();
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
        let mut held = room.enter(&ProjectName::new("shop"));
        assert_eq!(read(body(&[b"abc", b"de"]), 5, Pace::TELEMETRY, &mut held).await.unwrap().size_bytes(), 5);
        let refused = read(body(&[b"abc", b"def"]), 5, Pace::TELEMETRY, &mut room.enter(&ProjectName::new("shop")))
            .await
            .unwrap_err();
        assert!(matches!(&refused, Refusal::TooLarge(message) if message.contains("5 bytes")), "{refused:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_nothing_or_a_little_for_ever_is_cut() {
        let room = Room::default();
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let refused = read(silent, 100, Pace::TELEMETRY, &mut room.enter(&ProjectName::new("shop"))).await.unwrap_err();
        assert!(matches!(&refused, Refusal::TooSlow(message) if message.contains("30 s")), "{refused:?}");
        // Bytes a second, for how many seconds, and what it is told.
        for (pace, first, bytes, told) in [
            (Pace::TELEMETRY, 1, 1, "only 31 bytes of it came within 30 s"),
            // Who has sent much must go on as fast.
            (Pace::TELEMETRY, 90 << 20, 16 << 10, "of it came within 30 s"),
            (Pace::TELEMETRY, 1, 16 << 10, "not complete within 300 s"),
            (Pace::QUESTION, 1, 16 << 10, "within 30 s"),
        ] {
            let steady = stream::repeat(()).then(|()| tokio::time::sleep(Duration::from_millis(999)));
            let steady = steady.map(move |()| Ok::<_, Infallible>(Bytes::from(vec![0; bytes])));
            let beats = stream::iter([Ok(Bytes::from(vec![0; first]))]).chain(steady);
            let mut held = room.enter(&ProjectName::new("shop"));
            let refused = read(Body::from_stream(beats), 100 << 20, pace, &mut held).await.unwrap_err();
            assert!(matches!(&refused, Refusal::TooSlow(message) if message.contains(told)), "{told}: {refused:?}");
        }
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
