//! A few connections to one database, opened when they are needed and used again.
//!
//! The driver's own pool tries a refused connection again and again until its time is over, and hands out
//! connections that still work on what nobody waits for. Here a failure is told at once, and a connection
//! comes back only from who has read its answer to the end.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Error;
use crate::limits::{CONNECT_TIMEOUT, CONNECTIONS_MAX, DOWN_FOR, IDLE_MAX, SLOW_FAILURE};

/// Opens connections.
pub(crate) trait Connector: Send + Sync + 'static {
    type Connection: Connection + Send + 'static;

    /// Which database it is, for people.
    fn place(&self) -> &str;

    /// A connection that only reads.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Error>> + Send;
}

/// See the module.
pub(crate) struct Connections<C: Connector> {
    pub(crate) connector: C,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(C::Connection, Instant)>>,
    down: Mutex<Option<Down>>,
}

/// The database did not answer: until when nobody tries, and what the last attempt said.
struct Down {
    until: Instant,
    error: Error,
}

/// A connection for one statement.
pub(crate) struct Lease<C: Connector> {
    connections: Arc<Connections<C>>,
    /// `Some` until it is given back.
    connection: Option<C::Connection>,
    _permit: OwnedSemaphorePermit,
}

/// Used this recently, a connection is not asked whether it still works.
const FRESH: Duration = Duration::from_secs(10);

/// How long an idle connection may take to say that it still works.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

impl<C: Connector> Connections<C> {
    pub(crate) fn new(connector: C) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Arc::new(Self { connector, permits, idle: Mutex::default(), down: Mutex::default() })
    }

    /// A connection that works, or why there is none; waits for one that others use.
    pub(crate) async fn lease(self: &Arc<Self>) -> Result<Lease<C>, Error> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed");
        let connection = match self.used_before().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lease { connections: Arc::clone(self), connection: Some(connection), _permit: permit })
    }

    async fn used_before(&self) -> Option<C::Connection> {
        loop {
            let (mut connection, used_at) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let age = used_at.elapsed();
            if age < FRESH {
                return Some(connection);
            }
            if age < IDLE_MAX && matches!(timeout(PING_TIMEOUT, connection.ping()).await, Ok(Ok(()))) {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<C::Connection, Error> {
        self.still_down()?;
        let started = Instant::now();
        let connected = timeout(CONNECT_TIMEOUT, self.connector.connect()).await;
        let connected = connected.unwrap_or_else(|_elapsed| {
            let reason = format!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
            Err(Error::Unreachable { place: self.connector.place().to_owned(), reason })
        });
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        *down = match &connected {
            // A quick refusal may be followed by a quick success: the next query tries again.
            Err(error) if started.elapsed() >= SLOW_FAILURE => {
                Some(Down { until: Instant::now() + DOWN_FOR, error: error.clone() })
            }
            Ok(_) | Err(_) => None,
        };
        connected
    }

    /// The last error while the database counts as unreachable; else the caller is the one who tries.
    ///
    /// Without this, every query over a database that swallows packets would wait for the whole timeout, and
    /// hold a place among the queries that may run meanwhile.
    fn still_down(&self) -> Result<(), Error> {
        let mut down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = down.as_mut() else { return Ok(()) };
        if Instant::now() < known.until {
            return Err(known.error.clone());
        }
        known.until = Instant::now() + CONNECT_TIMEOUT;
        Ok(())
    }
}

impl<C: Connector> fmt::Debug for Connections<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("place", &self.connector.place()).finish_non_exhaustive()
    }
}

impl<C: Connector> Lease<C> {
    pub(crate) fn connection(&mut self) -> &mut C::Connection {
        self.connection.as_mut().expect("present until it is given back")
    }

    /// Gives it back; who does not (its answer was not read to the end) closes it.
    pub(crate) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            let mut idle = self.connections.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((connection, Instant::now()));
        }
    }
}
