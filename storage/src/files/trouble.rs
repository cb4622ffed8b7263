//! Errors of disks and object stores, with what and how to mend it.

use std::error::Error as StdError;
use std::io;

use crate::error::Error;

/// An error at what was tried (`"writing records/…/x.parquet"`).
pub(super) fn at<E: StdError + 'static>(what: impl Into<String>) -> impl FnOnce(E) -> Error {
    let what = what.into();
    move |error| Error::Io { what, reason: reason(&error) }
}

/// An error that this program found itself.
pub(super) fn found(what: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Io { what: what.into(), reason: reason.into() }
}

/// What the system said, and what to do about it where that is known.
fn reason(error: &(dyn StdError + 'static)) -> String {
    let said = error.to_string();
    match kind(error) {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => format!(
            "the disk is full ({said}); make room there, or shorten `telemetry.retention`: it goes on by itself then"
        ),
        Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            format!("it is not allowed ({said}); give the user of this process the right to write there")
        }
        _ => said,
    }
}

/// The kind of the input/output error at the bottom.
fn kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let mut found = None;
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            found = Some(error.kind());
            // An error wrapped into an input/output error is not its source.
            if let Some(inner) = error.get_ref() {
                return kind(inner).or(found);
            }
        }
        at = error.source();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_what_helps_however_deep_it_is() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let wrapped = object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(full) };
        let wrapped = parquet::errors::ParquetError::External(Box::new(io::Error::other(wrapped)));
        let told = at("writing records/x.parquet")(wrapped).to_string();
        assert!(told.starts_with("writing records/x.parquet: the disk is full"), "{told}");
        assert!(told.contains("make room"), "{told}");
    }

    #[test]
    fn any_other_error_is_told_as_the_system_says_it() {
        let told = at("reading x")(io::Error::other("the moon is full")).to_string();
        assert_eq!(told, "reading x: the moon is full");
    }
}
