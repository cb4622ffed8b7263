//! Bodies that are large: each in memory only until it is sent, all of them within a room.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures::stream;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::time::{Instant, timeout_at};

use crate::error::ApiError;

/// Most stored results that are given out at a time, from the reading of the file to the last byte that is sent.
const AT_ONCE: usize = 2;
/// How long a download waits for its turn, and for its room.
const WAITS_AT_MOST: Duration = Duration::from_secs(10);
/// How long a client may take no byte before its download is broken off: others wait for its turn.
const STALLS_AT_MOST: Duration = Duration::from_secs(30);
/// How long a whole download may take, however steadily its client reads: it holds memory that others wait for.
const SENDING_AT_MOST: Duration = Duration::from_secs(300);
/// Bytes of one piece. Pieces are copies, so that nobody keeps the whole by keeping one.
const PIECE_BYTES: usize = 64 << 10;

/// Bodies up to this size need no room.
pub(crate) const TINY_BYTES: usize = 64 << 10;
/// Bodies up to this size have a room of their own, so that they never wait for large ones.
pub(crate) const SMALL_BYTES: usize = 1 << 20;
/// What all small bodies may take that are under way.
const SMALL_ROOM_BYTES: usize = 64 << 20;
/// What all large ones may take: answers and stored results together.
const LARGE_ROOM_BYTES: usize = 192 << 20;

/// The turns of all stored results.
pub(crate) static DOWNLOADS: Semaphore = Semaphore::const_new(AT_ONCE);
/// The room of small bodies, in pieces.
static SMALL: Semaphore = Semaphore::const_new(SMALL_ROOM_BYTES / PIECE_BYTES);
/// The room of large bodies, in pieces.
static LARGE: Semaphore = Semaphore::const_new(LARGE_ROOM_BYTES / PIECE_BYTES);

/// Waits for a turn.
pub(crate) async fn turn(turns: &'static Semaphore) -> Result<SemaphorePermit<'static>, ApiError> {
    match tokio::time::timeout(WAITS_AT_MOST, turns.acquire()).await {
        Ok(turn) => Ok(turn.expect("nobody closes it")),
        Err(_) => {
            let waited = WAITS_AT_MOST.as_secs();
            Err(busy(format!("{AT_ONCE} downloads of results are under way, and none ended within {waited} s")))
        }
    }
}

/// Memory that a body takes until it is sent; `None`: it is so small that it needs none.
#[derive(Debug)]
pub(crate) struct Room(Option<SemaphorePermit<'static>>);

impl Room {
    /// Waits for as long as a download may wait for its turn.
    pub(crate) async fn of(bytes: usize) -> Result<Self, ApiError> {
        Self::within(WAITS_AT_MOST, bytes).await
    }

    /// Waits for so long.
    pub(crate) async fn within(at_most: Duration, bytes: usize) -> Result<Self, ApiError> {
        if bytes <= TINY_BYTES {
            return Ok(Self(None));
        }
        let (room, room_bytes) =
            if bytes <= SMALL_BYTES { (&SMALL, SMALL_ROOM_BYTES) } else { (&LARGE, LARGE_ROOM_BYTES) };
        // What is larger than the room has it for itself.
        match tokio::time::timeout(at_most, room.acquire_many(pieces(bytes.min(room_bytes)))).await {
            Ok(room) => Ok(Self(Some(room.expect("nobody closes it")))),
            Err(_) => Err(busy(format!(
                "answers that are not read yet take most of the {room_bytes} bytes that there are for them, and this one \
                 has no room for its {bytes} bytes"
            ))),
        }
    }

    /// Gives back what a body of so many bytes does not need.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        if let Some(room) = &mut self.0 {
            let spare = room.num_permits().saturating_sub(usize::try_from(pieces(bytes)).unwrap_or(usize::MAX));
            drop(room.split(spare));
        }
    }
}

fn pieces(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE_BYTES)).unwrap_or(u32::MAX)
}

fn busy(message: String) -> ApiError {
    ApiError {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "busy",
        message,
        place: None,
        help: Some("try again in a moment".to_owned()),
    }
}

/// A body that keeps what it holds (its turn, its room) until it is sent, or its client has gone, has taken nothing for
/// a while, or is too slow.
///
/// Its length must be a header of the answer: by that a client knows that a body was broken off.
pub(crate) fn body(bytes: Vec<u8>, holds: impl Send + 'static) -> Body {
    let (pieces, sent) = mpsc::channel(1);
    #[expect(clippy::disallowed_methods, reason = "it ends with its connection, which shutdown waits for")]
    drop(tokio::spawn(async move {
        send(&bytes, pieces).await;
        drop((bytes, holds));
    }));
    Body::from_stream(stream::unfold(sent, |mut sent| async move {
        let piece: Bytes = sent.recv().await?;
        Some((Ok::<_, Infallible>(piece), sent))
    }))
}

async fn send(bytes: &[u8], pieces: mpsc::Sender<Bytes>) {
    let deadline = Instant::now() + SENDING_AT_MOST;
    for piece in bytes.chunks(PIECE_BYTES) {
        let until = deadline.min(Instant::now() + STALLS_AT_MOST);
        match timeout_at(until, pieces.send(Bytes::copy_from_slice(piece))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    /// Turns that nobody else takes.
    fn turns() -> &'static Semaphore {
        Box::leak(Box::new(Semaphore::new(AT_ONCE)))
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_download_waits_and_is_told_so_when_nobody_reads() {
        let turns = turns();
        let large = || vec![7; PIECE_BYTES * 8];
        let _first = body(large(), turn(turns).await.unwrap());
        let second = body(large(), turn(turns).await.unwrap());
        let refused = turn(turns).await.unwrap_err();
        assert_eq!((refused.status, refused.code), (StatusCode::SERVICE_UNAVAILABLE, "busy"));
        // One client has gone.
        drop(second);
        let third = turn(turns).await;
        assert!(third.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_loses_its_turn_and_sees_that_it_has_not_everything() {
        let turns = turns();
        let stalled = body(vec![7; PIECE_BYTES * 8], turn(turns).await.unwrap());
        tokio::time::advance(STALLS_AT_MOST / 2).await;
        assert_eq!(turns.available_permits(), AT_ONCE - 1);
        let both = turns.acquire_many(u32::try_from(AT_ONCE).unwrap()).await;
        assert!(both.is_ok());
        let got = axum::body::to_bytes(stalled, usize::MAX).await.unwrap();
        assert!(got.len() < PIECE_BYTES * 8, "the header with the length says that more is missing");
    }

    #[tokio::test]
    async fn a_body_that_is_read_is_whole() {
        let bytes: Vec<u8> = (0..PIECE_BYTES * 3 + 5).map(|place| u8::try_from(place % 251).unwrap()).collect();
        let turns = turns();
        let got = axum::body::to_bytes(body(bytes.clone(), turn(turns).await.unwrap()), usize::MAX).await.unwrap();
        assert_eq!(&got[..], &bytes[..]);
        assert_eq!(axum::body::to_bytes(body(Vec::new(), turn(turns).await.unwrap()), 1).await.unwrap().len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_steadily_but_too_slowly_loses_its_turn_too() {
        let turns = turns();
        let body = body(vec![7; PIECE_BYTES * 100], turn(turns).await.unwrap());
        let mut pieces = body.into_data_stream();
        let mut got = 0;
        while let Some(piece) = pieces.next().await {
            got += piece.unwrap().len();
            tokio::time::advance(STALLS_AT_MOST / 2).await;
        }
        assert!(got > PIECE_BYTES * 10 && got < PIECE_BYTES * 50, "{got} bytes");
        assert_eq!(turns.available_permits(), AT_ONCE);
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_have_room_in_bytes_and_small_ones_never_wait_for_them() {
        let mut all = Room::of(LARGE_ROOM_BYTES * 2).await.unwrap();
        let refused = Room::of(SMALL_BYTES + 1).await.unwrap_err();
        assert!(refused.code == "busy" && refused.message.contains(&LARGE_ROOM_BYTES.to_string()), "{refused:?}");
        assert!(Room::of(SMALL_BYTES).await.is_ok() && Room::of(TINY_BYTES).await.is_ok());
        all.shrink(SMALL_BYTES);
        let other = Room::of(LARGE_ROOM_BYTES - SMALL_BYTES).await.unwrap();
        assert!(Room::of(SMALL_BYTES + 1).await.is_err());
        drop((all, other));
        assert!(Room::of(LARGE_ROOM_BYTES).await.is_ok());
    }
}
