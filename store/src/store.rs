//! Opening and closing a store, and being alive on it.

use std::sync::Arc;
use std::time::Duration;

use crate::database::{Database, Param, micros};
use crate::error::Error;
use crate::folder::{self, FolderLock};
use crate::schema::{self, AppliedMigration};
use crate::target::StoreTarget;

/// A claimant that has been silent for so long is taken for dead, and its leases are free.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// A claimant without leases is forgotten after so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// An open store. Clones share its connections and its hold on the data folder.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    /// The name under which the owner of the data folder claims work; empty for a reader of a folder without one.
    claimant: String,
    /// `None` beside a running server.
    lock: Option<FolderLock>,
}

impl Store {
    /// Opens a store to work on it: takes the data folder, brings the tables up to date, and frees what
    /// the last owner of this folder had claimed.
    ///
    /// # Errors
    /// [`Error::FolderInUse`] at once when another process has the folder, [`Error::SchemaMismatch`]
    /// when a newer program wrote the store, [`Error::Access`] and [`Error::Unavailable`] from the database.
    pub async fn open(target: &StoreTarget) -> Result<Self, Error> {
        let lock = FolderLock::take(target.folder())?;
        let claimant = folder::claimant_id(target.folder())?;
        let database = Database::connect(target, false).await?;
        schema::migrate(&database).await?;
        let store = Self { shared: Arc::new(Shared { database, claimant, lock: Some(lock) }) };
        store.recover().await?;
        Ok(store)
    }

    /// Opens a store beside a running server, to read it. Everything that writes answers [`Error::ReadOnly`].
    ///
    /// # Errors
    /// [`Error::NoStore`] when there is none, [`Error::SchemaMismatch`] when its tables are older or newer.
    pub async fn open_read_only(target: &StoreTarget) -> Result<Self, Error> {
        let place = match target {
            StoreTarget::Sqlite { folder } => folder.display().to_string(),
            StoreTarget::Postgres { .. } => "the database".to_owned(),
        };
        if matches!(target, StoreTarget::Sqlite { .. }) && !target.sqlite_file().exists() {
            return Err(Error::NoStore { place });
        }
        let database = Database::connect(target, true).await?;
        match schema::check(&database).await {
            Ok(()) => {}
            Err(Error::SchemaMismatch { found: 0, .. }) => return Err(Error::NoStore { place }),
            Err(other) => return Err(other),
        }
        // A reader claims nothing, but what belongs to the folder is kept under its owner's name.
        let claimant = folder::known_claimant_id(target.folder())?.unwrap_or_default();
        Ok(Self { shared: Arc::new(Shared { database, claimant, lock: None }) })
    }

    /// Brings the tables up to date and closes again; what was applied, oldest first.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn migrate(target: &StoreTarget) -> Result<Vec<AppliedMigration>, Error> {
        let lock = FolderLock::take(target.folder())?;
        let database = Database::connect(target, false).await?;
        let applied = schema::migrate(&database).await;
        database.close().await;
        lock.release();
        applied
    }

    /// Says that this process is alive; to be called every five seconds.
    ///
    /// # Errors
    /// As every call: [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn heartbeat(&self) -> Result<(), Error> {
        let mut work = self.database().begin().await?;
        let now = work.clock().await?;
        work.execute(HEARTBEAT, &[Param::Text(self.claimant()), Param::Int(now)]).await?;
        work.commit().await
    }

    /// Asks the database for nothing, to see that it answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), Error> {
        self.database().clock().await.map(|_| ())
    }

    /// Closes the connections and gives the data folder back, also for all clones.
    pub async fn close(self) {
        self.database().close().await;
        if let Some(lock) = &self.shared.lock {
            lock.release();
        }
    }

    /// Frees what the last owner of this folder had claimed. The folder lock proves that it is dead, so
    /// nobody waits for its leases; the raised epoch fences whatever it may still have under way.
    async fn recover(&self) -> Result<(), Error> {
        self.heartbeat().await?;
        // Nobody else can work on a SQLite file whose folder is ours, so all of its leases are free.
        let everyone = i64::from(matches!(self.database(), Database::Sqlite { .. }));
        let owner = [Param::Text(self.claimant()), Param::Int(everyone)];
        let mut work = self.database().begin().await?;
        let rules = work.execute(FREE_RULES, &owner).await?;
        let deliveries = work.execute(FREE_DELIVERIES, &owner).await?;
        let now = work.clock().await?;
        work.execute(FORGET_CLAIMANTS, &[Param::Int(now - micros(FORGOTTEN_AFTER))]).await?;
        work.commit().await?;
        if rules + deliveries > 0 {
            tracing::info!(rules, deliveries, "Freed what the last process had claimed");
        }
        Ok(())
    }

    pub(crate) fn database(&self) -> &Database {
        &self.shared.database
    }

    pub(crate) fn claimant(&self) -> &str {
        &self.shared.claimant
    }
}

/// Heartbeats before this one, on the database's clock, are those of the dead.
pub(crate) fn silent_before(database_now: i64) -> i64 {
    database_now - micros(SILENCE_MAX)
}

const HEARTBEAT: &str = "
    INSERT INTO claimants (id, heartbeat_at) VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at";

const FREE_RULES: &str = "
    UPDATE rules SET claimed_by = NULL, lease_until = NULL, epoch = epoch + 1
    WHERE claimed_by IS NOT NULL AND (claimed_by = $1 OR $2 = 1)";

// Its sender died with the message under way: whether it arrived is unknown, so it counts as an attempt.
const FREE_DELIVERIES: &str = "
    UPDATE outbox SET state = 'pending', claimed_by = NULL, lease_until = NULL,
        lease_epoch = lease_epoch + 1, attempts = attempts + 1,
        last_error = 'the process ended while this was being sent'
    WHERE state = 'sending' AND (claimed_by = $1 OR $2 = 1)";

const FORGET_CLAIMANTS: &str = "
    DELETE FROM claimants WHERE heartbeat_at < $1
        AND NOT EXISTS (SELECT 1 FROM rules WHERE rules.claimed_by = claimants.id)
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.state = 'sending' AND outbox.claimed_by = claimants.id)";
