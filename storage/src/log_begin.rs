//! Where the log begins: what a repair of the list needs to know of it.

use std::path::Path;

use crate::error::Error;
use crate::open::blocking;
use crate::part::Part;
use crate::wal::replay;

/// The least sequence number in the log of `folder`, as [`crate::Storage::open`] would read it; `None` when it is empty.
/// Nothing is changed.
///
/// # Errors
/// [`Error::Io`] when it cannot be read.
pub(crate) async fn log_begins_at(folder: &Path) -> Result<Option<u64>, Error> {
    let folder = folder.join("wal");
    let ours = folder.clone();
    let least = blocking(&folder, "reading the log", move || {
        let mut least = None;
        if ours.exists() {
            let mut each = |sequence: u64, _: Vec<Part>| least = least.or(Some(sequence));
            replay(&ours, 0, false, &mut each, &mut |_, _| {})?;
        }
        Ok(least)
    });
    least.await
}
