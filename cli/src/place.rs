//! Where state lies: flags and environment first, then `watchfire.yaml`, then the default folder.

use std::path::PathBuf;

use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use watchfire_config::Settings;
use watchfire_store::{Store, StoreTarget};

use crate::arguments::Storage;

/// The data folder when nobody says otherwise.
const DATA_DEFAULT: &str = "./watchfire-data";

/// The store that a command works on.
pub(crate) fn store_target(flags: &Storage, settings: Option<&Settings>) -> anyhow::Result<StoreTarget> {
    let storage = settings.map(|settings| &settings.storage);
    let folder = flags
        .data
        .clone()
        .or_else(|| storage.and_then(|storage| storage.data.clone()))
        .unwrap_or_else(|| PathBuf::from(DATA_DEFAULT));
    let url = flags.database_url.clone().or_else(|| {
        storage.and_then(|storage| storage.database_url.as_ref()).map(|url| url.expose_secret().to_owned())
    });
    match url {
        Some(url) if is_postgres(&url) => Ok(StoreTarget::Postgres { url, folder }),
        // The address is not repeated: it may hold a password.
        Some(_) => bail!("`--database-url` is no address of a PostgreSQL database; write `postgres://USER@HOST/NAME`"),
        None => Ok(StoreTarget::Sqlite { folder }),
    }
}

fn is_postgres(url: &str) -> bool {
    reqwest::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "postgres" | "postgresql"))
}

/// The store beside a running server, for reading.
pub(crate) async fn open_read_only(flags: &Storage, settings: Option<&Settings>) -> anyhow::Result<Store> {
    let target = store_target(flags, settings)?;
    Store::open_read_only(&target).await.with_context(|| format!("the store, {target}, cannot be read"))
}
