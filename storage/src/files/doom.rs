//! Files that are no part of the tables any more, and when they may go.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use watchfire_model::Timestamp;

use super::limits::{DOOM_GRACE, FOOTERS_AT_ONCE};
use super::trouble;
use crate::error::Error;

/// Since when each doomed file has been one, as this process knows: after a restart their time begins anew.
#[derive(Debug, Default)]
pub struct Doomed {
    since: HashMap<String, Timestamp>,
}

impl Doomed {
    /// Which of the doomed files may be deleted now: no snapshot of this process has them, and readers in other
    /// processes, who look at the list first, have had their time.
    pub fn due(&mut self, doomed: &[String], now: Timestamp, is_held: impl Fn(&str) -> bool) -> Vec<String> {
        let mut since = HashMap::with_capacity(doomed.len());
        for path in doomed {
            since.insert(path.clone(), self.since.get(path).copied().unwrap_or(now));
        }
        self.since = since;
        let due = self.since.iter().filter(|(path, since)| now.since(**since) >= DOOM_GRACE && !is_held(path));
        let mut due: Vec<String> = due.map(|(path, _)| path.clone()).collect();
        due.sort();
        due
    }
}

/// Deletes these files. Which of them are gone now (one that was gone before counts), and the first error.
pub async fn delete(objects: &Arc<dyn ObjectStore>, paths: &[String]) -> (Vec<String>, Option<Error>) {
    let deletes = futures::stream::iter(paths.iter().cloned().map(|path| {
        let objects = Arc::clone(objects);
        async move {
            let one = futures::stream::iter([Ok(Path::from(path.as_str()))]).boxed();
            let deleted = objects.delete_stream(one).next().await;
            (path, deleted.unwrap_or_else(|| Ok(Path::default())))
        }
    }));
    let mut ended = deletes.buffered(FOOTERS_AT_ONCE);
    let (mut gone, mut first_error) = (Vec::new(), None);
    while let Some((path, deleted)) = ended.next().await {
        match deleted {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => gone.push(path),
            Err(error) => {
                first_error.get_or_insert_with(|| trouble::at(format!("deleting {path}"))(error));
            }
        }
    }
    (gone, first_error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    #[test]
    fn a_doomed_file_goes_after_its_grace_once_nobody_reads_it() {
        let mut doomed = Doomed::default();
        let now = Timestamp::from_seconds(1_000_000);
        let (early, later) = (now.plus(DOOM_GRACE - Duration::from_micros(1)), now.plus(DOOM_GRACE));
        let paths = ["a".to_owned(), "b".to_owned()];
        let nobody = |_: &str| false;
        assert_eq!(doomed.due(&paths, now, nobody), [] as [String; 0]);
        assert_eq!(doomed.due(&paths, early, nobody), [] as [String; 0]);
        assert_eq!(doomed.due(&paths, later, |path| path == "a"), ["b"]);
        assert_eq!(doomed.due(&paths, later, nobody), ["a", "b"]);
        // One that was gone from the list and is doomed again begins anew.
        assert_eq!(doomed.due(&[], later, nobody), [] as [String; 0]);
        assert_eq!(doomed.due(&paths, later, nobody), [] as [String; 0]);
    }

    #[tokio::test]
    async fn deleting_what_is_gone_already_is_no_error() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        objects.put(&"a".into(), "x".into()).await.unwrap();
        let (gone, error) = delete(&objects, &["a".into(), "b".into()]).await;
        assert_eq!(gone, ["a", "b"]);
        assert!(error.is_none(), "{error:?}");
    }
}
