//! The memory of requests under way: wire bytes and what they unpack to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use watchfire_model::ProjectName;

/// Most bytes that all requests under way may hold as they came and once they are unpacked. What a decoder makes of
/// them has a limit of its own (`watchfire_ingest::limits`) for each, and few are decoded at once.
const ROOM_BYTES: usize = 256 << 20;
/// Room is counted in pieces of this size, so that it is seldom counted.
const PIECE_BYTES: usize = 4 << 10;

/// Memory that is shared by all requests under way. Nobody waits for it.
///
/// The requests of one project hold half of it, so that its slow senders do not keep others out. A single request may
/// hold more: else the largest would never be taken.
#[derive(Debug, Clone)]
pub struct Room {
    used: Arc<Mutex<Used>>,
    size_bytes: usize,
}

/// How many pieces are taken.
#[derive(Debug, Default)]
struct Used {
    pieces: usize,
    by_project: HashMap<ProjectName, usize>,
}

/// What one request holds of the room; given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    room: Room,
    project: ProjectName,
    used_bytes: usize,
    pieces: usize,
}

/// The requests under way hold all the memory that there is for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("requests under way hold all of the {size_bytes} bytes that there are for {whose}")]
pub struct NoRoom {
    /// The size of the room, or of the part of it.
    pub size_bytes: usize,
    /// Who shares it.
    pub whose: Sharing,
}

/// Who shares a part of the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// The requests of all projects.
    All,
    /// Those of one.
    Project,
}

impl std::fmt::Display for Sharing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::All => "them",
            Self::Project => "those of one project",
        })
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new(ROOM_BYTES)
    }
}

impl Room {
    /// A room of so many bytes.
    pub fn new(size_bytes: usize) -> Self {
        Self { used: Arc::default(), size_bytes }
    }

    /// Begins a request of a project, which holds nothing yet.
    pub fn enter(&self, project: &ProjectName) -> Held {
        Held { room: self.clone(), project: project.clone(), used_bytes: 0, pieces: 0 }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Takes so many bytes more, or none.
    pub fn take(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let used_bytes = self.used_bytes.saturating_add(bytes);
        let wanted = used_bytes.div_ceil(PIECE_BYTES).saturating_sub(self.pieces);
        if wanted > 0 {
            self.take_pieces(wanted)?;
        }
        self.used_bytes = used_bytes;
        Ok(())
    }

    fn take_pieces(&mut self, wanted: usize) -> Result<(), NoRoom> {
        let (all, share) = (self.room.size_bytes / PIECE_BYTES, self.room.size_bytes / PIECE_BYTES / 2);
        let mut used = self.room.used();
        if wanted > all.saturating_sub(used.pieces) {
            return Err(NoRoom { size_bytes: self.room.size_bytes, whose: Sharing::All });
        }
        let of_project = used.by_project.get(&self.project).copied().unwrap_or_default();
        let is_alone = of_project == self.pieces;
        if !is_alone && of_project + wanted > share {
            return Err(NoRoom { size_bytes: self.room.size_bytes / 2, whose: Sharing::Project });
        }
        used.pieces += wanted;
        used.by_project.insert(self.project.clone(), of_project + wanted);
        self.pieces += wanted;
        Ok(())
    }

    /// Gives so many bytes back.
    pub fn give_back(&mut self, bytes: usize) {
        self.used_bytes = self.used_bytes.saturating_sub(bytes);
        let spare = self.pieces.saturating_sub(self.used_bytes.div_ceil(PIECE_BYTES));
        if spare == 0 {
            return;
        }
        self.pieces -= spare;
        let mut used = self.room.used();
        used.pieces = used.pieces.saturating_sub(spare);
        let of_project = used.by_project.get(&self.project).copied().unwrap_or_default().saturating_sub(spare);
        if of_project == 0 {
            used.by_project.remove(&self.project);
        } else {
            used.by_project.insert(self.project.clone(), of_project);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str) -> ProjectName {
        ProjectName::new(name)
    }

    #[test]
    fn what_is_held_is_given_back_and_nobody_gets_more_than_there_is() {
        let room = Room::new(10 * PIECE_BYTES);
        let (mut one, mut other) = (room.enter(&project("shop")), room.enter(&project("mail")));
        one.take(6 * PIECE_BYTES).unwrap();
        assert_eq!(other.take(5 * PIECE_BYTES), Err(NoRoom { size_bytes: 10 * PIECE_BYTES, whose: Sharing::All }));
        other.take(4 * PIECE_BYTES).unwrap();
        one.give_back(2 * PIECE_BYTES);
        other.take(2 * PIECE_BYTES).unwrap();
        assert!(one.take(1).is_err());
        drop(other);
        one.take(6 * PIECE_BYTES).unwrap();
        drop(one);
        room.enter(&project("mail")).take(10 * PIECE_BYTES).unwrap();
        let used = room.used();
        assert_eq!((used.pieces, used.by_project.len()), (0, 0));
    }

    #[test]
    fn the_requests_of_one_project_leave_half_of_it_to_others_and_one_alone_may_take_more() {
        let room = Room::new(10 * PIECE_BYTES);
        let (mut first, mut second) = (room.enter(&project("shop")), room.enter(&project("shop")));
        first.take(4 * PIECE_BYTES).unwrap();
        second.take(PIECE_BYTES).unwrap();
        assert_eq!(second.take(1), Err(NoRoom { size_bytes: 5 * PIECE_BYTES, whose: Sharing::Project }));
        assert!(first.take(1).is_err());
        room.enter(&project("mail")).take(5 * PIECE_BYTES).unwrap();
        drop(second);
        first.take(6 * PIECE_BYTES).unwrap();
    }

    #[test]
    fn small_pieces_do_not_add_up_to_more_than_they_are() {
        let room = Room::new(2 * PIECE_BYTES);
        let mut held = room.enter(&project("shop"));
        for _ in 0..2 * PIECE_BYTES {
            held.take(1).unwrap();
        }
        assert!(held.take(1).is_err());
    }
}
