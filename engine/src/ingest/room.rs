//! The memory of requests under way: wire bytes and what they unpack to.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most bytes that all requests under way may hold as they came and once they are unpacked. What a decoder makes of
/// them has a limit of its own (`watchfire_ingest::limits`) for each, and few are decoded at once.
const ROOM_BYTES: usize = 256 << 20;
/// Room is counted in pieces of this size: a semaphore has fewer permits than a machine has bytes.
const PIECE_BYTES: usize = 4 << 10;

/// Memory that is shared by all requests under way. Nobody waits for it.
#[derive(Debug, Clone)]
pub struct Room {
    pieces: Arc<Semaphore>,
    size_bytes: usize,
}

/// What one request holds of the room; given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    room: Room,
    used_bytes: usize,
    pieces: Option<OwnedSemaphorePermit>,
}

/// The requests under way hold all the memory that there is for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("requests under way hold all of the {size_bytes} bytes that there are for them")]
pub struct NoRoom {
    /// The size of the room.
    pub size_bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(ROOM_BYTES)
    }
}

impl Room {
    fn of(size_bytes: usize) -> Self {
        Self { pieces: Arc::new(Semaphore::new(size_bytes / PIECE_BYTES)), size_bytes }
    }

    /// Begins a request, which holds nothing yet.
    pub fn enter(&self) -> Held {
        Held { room: self.clone(), used_bytes: 0, pieces: None }
    }
}

impl Held {
    /// Takes so many bytes more, or none.
    pub fn take(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let used = self.used_bytes.saturating_add(bytes);
        let has = self.pieces.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = used.div_ceil(PIECE_BYTES).saturating_sub(has);
        if wanted > 0 {
            let no_room = NoRoom { size_bytes: self.room.size_bytes };
            let wanted = u32::try_from(wanted).map_err(|_| no_room)?;
            let more = Arc::clone(&self.room.pieces).try_acquire_many_owned(wanted).map_err(|_| no_room)?;
            match &mut self.pieces {
                Some(pieces) => pieces.merge(more),
                None => self.pieces = Some(more),
            }
        }
        self.used_bytes = used;
        Ok(())
    }

    /// Gives so many bytes back.
    pub fn give_back(&mut self, bytes: usize) {
        self.used_bytes = self.used_bytes.saturating_sub(bytes);
        if let Some(pieces) = &mut self.pieces {
            let spare = pieces.num_permits().saturating_sub(self.used_bytes.div_ceil(PIECE_BYTES));
            drop(pieces.split(spare));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back_and_nobody_gets_more_than_there_is() {
        let room = Room::of(10 * PIECE_BYTES);
        let (mut one, mut other) = (room.enter(), room.enter());
        one.take(6 * PIECE_BYTES).unwrap();
        assert_eq!(other.take(5 * PIECE_BYTES), Err(NoRoom { size_bytes: 10 * PIECE_BYTES }));
        other.take(4 * PIECE_BYTES).unwrap();
        one.give_back(2 * PIECE_BYTES);
        other.take(2 * PIECE_BYTES).unwrap();
        assert!(one.take(1).is_err());
        drop(other);
        one.take(6 * PIECE_BYTES).unwrap();
        drop(one);
        room.enter().take(10 * PIECE_BYTES).unwrap();
    }

    #[test]
    fn small_pieces_do_not_add_up_to_more_than_they_are() {
        let room = Room::of(2 * PIECE_BYTES);
        let mut held = room.enter();
        for _ in 0..2 * PIECE_BYTES {
            held.take(1).unwrap();
        }
        assert!(held.take(1).is_err());
    }
}
