//! Bodies that are large: a few at a time, each in memory only until it is sent.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures::stream;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};

use crate::error::ApiError;

/// Most downloads at a time, from the reading of the stored file to the last byte that is sent: each may take
/// some hundred megabytes.
const AT_ONCE: usize = 2;
/// How long a download waits for its turn.
const WAITS_AT_MOST: Duration = Duration::from_secs(10);
/// How long a client may take no byte before its download is broken off: others wait for its turn.
const STALLS_AT_MOST: Duration = Duration::from_secs(30);
/// Bytes of one piece. Pieces are copies, so that nobody keeps the whole by keeping one.
const PIECE_BYTES: usize = 64 << 10;

/// The turns of all downloads.
pub(crate) static DOWNLOADS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Waits for a turn.
pub(crate) async fn turn(turns: &'static Semaphore) -> Result<SemaphorePermit<'static>, ApiError> {
    match tokio::time::timeout(WAITS_AT_MOST, turns.acquire()).await {
        Ok(turn) => Ok(turn.expect("nobody closes it")),
        Err(_) => Err(ApiError {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "busy",
            message: format!("{AT_ONCE} downloads are under way, and none ended within {} s", WAITS_AT_MOST.as_secs()),
            place: None,
            help: Some("try again in a moment".to_owned()),
        }),
    }
}

/// A body that keeps its turn until it is sent, or its client has gone or taken nothing for a while.
///
/// Its length must be a header of the answer: by that a client knows that a body was broken off.
pub(crate) fn body(bytes: Vec<u8>, turn: SemaphorePermit<'static>) -> Body {
    let (pieces, sent) = mpsc::channel(1);
    #[expect(clippy::disallowed_methods, reason = "it ends with its connection, which shutdown waits for")]
    drop(tokio::spawn(send(bytes, pieces, turn)));
    Body::from_stream(stream::unfold(sent, |mut sent| async move {
        let piece: Bytes = sent.recv().await?;
        Some((Ok::<_, Infallible>(piece), sent))
    }))
}

async fn send(bytes: Vec<u8>, pieces: mpsc::Sender<Bytes>, turn: SemaphorePermit<'static>) {
    for piece in bytes.chunks(PIECE_BYTES) {
        match tokio::time::timeout(STALLS_AT_MOST, pieces.send(Bytes::copy_from_slice(piece))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
    drop((bytes, turn));
}

#[cfg(test)]
mod tests {
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
}
