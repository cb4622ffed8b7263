//! The memory that queries of people may take: a part of what there is for all, so that rules are left the rest.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;

/// A pool inside of another one: what is taken from it is taken from both.
#[derive(Debug)]
struct Share {
    own: FairSpillPool,
    all: Arc<dyn MemoryPool>,
}

/// The same environment with half of its memory.
pub(crate) fn half_of(all: &RuntimeEnv, memory_bytes: usize) -> Arc<RuntimeEnv> {
    let share = Share { own: FairSpillPool::new(memory_bytes / 2), all: Arc::clone(&all.memory_pool) };
    Arc::new(RuntimeEnv {
        memory_pool: Arc::new(share),
        disk_manager: Arc::clone(&all.disk_manager),
        cache_manager: Arc::clone(&all.cache_manager),
        object_store_registry: Arc::clone(&all.object_store_registry),
    })
}

impl MemoryPool for Share {
    fn name(&self) -> &str {
        "share"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
        self.all.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
        self.all.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.all.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.all.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.own.try_grow(reservation, additional)?;
        self.all.try_grow(reservation, additional).inspect_err(|_| self.own.shrink(reservation, additional))
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "share of people: {}", self.own)
    }
}
