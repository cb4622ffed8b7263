//! Rows out of memory into files: what a flush does for each table of each project.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::Schema;
use object_store::ObjectStore;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_model::{ProjectName, Timestamp};

use super::days::{self, Day};
use super::doom;
use super::file_writer::FileWriter;
use super::footer::{Footer, Part};
use super::limits::{BATCH_BYTES, BATCH_ROWS_MAX, BATCH_ROWS_MIN, FILES_PER_FLUSH_MAX};
use super::order::{self, Key};
use super::{place, trouble};
use crate::error::Error;
use crate::file_list::DataFile;
use crate::rows::TimeRange;

/// One attempt to move rows from memory into files. Its files count together or not at all.
///
/// An attempt whose change of the list did not come about is over: another one begins anew, and what it wrote is
/// swept later. Only the very same change may be committed again.
#[derive(Debug, Clone)]
pub struct Flush {
    writer: String,
    attempt: String,
    after: u64,
    through: u64,
    at: Timestamp,
    number: Arc<AtomicU32>,
}

impl Flush {
    /// Begins an attempt: `writer` is the identity of the data folder, everything up to `after` is flushed already,
    /// everything up to `through` will be.
    pub fn begin(writer: impl Into<String>, after: u64, through: u64, now: Timestamp) -> Self {
        Self { writer: writer.into(), attempt: random_name(), after, through, at: now, number: Arc::default() }
    }

    fn next_part(&self) -> Part {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        Part { attempt: self.attempt.clone(), number, after: self.after }
    }
}

/// Writes rows of one table of one project into new files, sorted, a file for each day (but few, however many days).
///
/// `sequences` are the first and the last sequence number of the rows; all batches have the same columns. The files are
/// durable when this returns, and part of nothing before the list has them.
///
/// # Errors
/// [`Error::Io`] when the object store does not take them; then none of them is there.
pub async fn write(
    objects: &Arc<dyn ObjectStore>,
    flush: &Flush,
    project: &ProjectName,
    table: Table,
    sequences: (u64, u64),
    rows: Vec<RecordBatch>,
) -> Result<Vec<DataFile>, Error> {
    let job = Job {
        objects: Arc::clone(objects),
        flush: flush.clone(),
        project: project.clone(),
        table,
        sequences,
        rows: rows.into_iter().filter(|batch| batch.num_rows() > 0).collect(),
    };
    on_blocking_thread(move || job.run()).await
}

/// Does work that encodes much and waits for the object store now and then, where it blocks nobody.
pub(super) async fn on_blocking_thread<T, F, W>(work: W) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>>,
    W: FnOnce() -> F + Send + 'static,
{
    let runtime = Handle::current();
    match spawn_blocking(move || runtime.block_on(work())).await {
        Ok(done) => done,
        Err(_) => Err(trouble::found("writing telemetry files", "the program broke at it, or is stopping")),
    }
}

struct Job {
    objects: Arc<dyn ObjectStore>,
    flush: Flush,
    project: ProjectName,
    table: Table,
    sequences: (u64, u64),
    rows: Vec<RecordBatch>,
}

/// A row: the number of its file, its place there, and where it stands now.
type Entry = (u32, Key, u32, u32);

impl Job {
    async fn run(self) -> Result<Vec<DataFile>, Error> {
        let entries = self.entries();
        let mut files = Vec::new();
        for entries in entries.chunk_by(|one, other| one.0 == other.0) {
            match self.write_file(entries).await {
                Ok(file) => files.push(file),
                Err(trouble) => {
                    // What cannot be deleted now is an orphan, and swept.
                    let written: Vec<String> = files.into_iter().map(|file: DataFile| file.path).collect();
                    doom::delete(&self.objects, &written).await;
                    return Err(trouble);
                }
            }
        }
        Ok(files)
    }

    /// All rows in the order in which they are written.
    fn entries(&self) -> Vec<Entry> {
        let keys: Vec<Vec<Key>> = self.rows.iter().map(|batch| order::keys(batch, self.table)).collect();
        let mut days: BTreeMap<Day, usize> = BTreeMap::new();
        for (_, time) in keys.iter().flatten() {
            *days.entry(Day::of(*time)).or_default() += 1;
        }
        let files = days::shared(&days, FILES_PER_FLUSH_MAX);
        let mut entries: Vec<Entry> = Vec::with_capacity(keys.iter().map(Vec::len).sum());
        for (batch, keys) in (0..).zip(&keys) {
            entries.extend((0..).zip(keys).map(|(row, key)| (files[&Day::of(key.1)], *key, batch, row)));
        }
        entries.sort_unstable();
        entries
    }

    async fn write_file(&self, entries: &[Entry]) -> Result<DataFile, Error> {
        let first_time = entries.iter().map(|(_, (_, time), _, _)| *time).filter(|time| *time != i64::MIN).min();
        let part = self.flush.next_part();
        let id = format!("{}-{}", part.attempt, part.number);
        let day = Day::of(first_time.unwrap_or(0));
        let path = place::path(self.table, &self.project, day, self.sequences, &id);
        let schema = self.rows[0].schema();
        let mut writer = FileWriter::begin(&self.objects, path.clone(), self.table, Arc::clone(&schema))?;
        let mut ranges: Option<(TimeRange, TimeRange)> = None;
        for chunk in self.chunks(entries) {
            let batch = self.gather(chunk).map_err(trouble::at(format!("sorting rows for {path}")))?;
            let (time, arrival) = order::ranges(std::iter::once(&batch), self.table);
            ranges = Some(ranges.map_or((time, arrival), |(times, arrivals)| {
                (order::join(times, time), order::join(arrivals, arrival))
            }));
            writer.write(&batch, chunk[0].1.0).await?;
        }
        let (time, arrival) = ranges.expect("a file has rows");
        let mut file = DataFile {
            path,
            project: self.project.clone(),
            table: self.table,
            rows: writer.rows(),
            size_bytes: 0,
            time,
            arrival,
            sequences: self.sequences,
            shredded: shredded(&schema),
        };
        let footer = Footer {
            flushed_through: self.flush.after,
            flushes_through: Some(self.flush.through),
            parts: vec![part],
            written_at: self.flush.at.as_micros(),
            ..Footer::of(&file, &self.flush.writer)
        };
        file.size_bytes = writer.finish(footer).await?;
        Ok(file)
    }

    /// Runs of entries that are encoded at once: bounded in rows and bytes, pending spans apart.
    fn chunks<'a>(&self, entries: &'a [Entry]) -> impl Iterator<Item = &'a [Entry]> + use<'a> {
        let bytes: u64 = self.rows.iter().map(order::memory_bytes).sum();
        let rows: usize = self.rows.iter().map(RecordBatch::num_rows).sum();
        let rows_at_once = rows_at_once(bytes, rows as u64);
        entries.chunk_by(|one, other| one.1.0 == other.1.0).flat_map(move |same_kind| same_kind.chunks(rows_at_once))
    }

    /// The rows of these entries as one batch.
    fn gather(&self, entries: &[Entry]) -> Result<RecordBatch, arrow::error::ArrowError> {
        let mut used: Vec<&RecordBatch> = Vec::new();
        let mut places: HashMap<u32, usize> = HashMap::new();
        let mut rows = Vec::with_capacity(entries.len());
        for (_, _, batch, row) in entries {
            let place = *places.entry(*batch).or_insert_with(|| {
                used.push(&self.rows[*batch as usize]);
                used.len() - 1
            });
            rows.push((place, *row as usize));
        }
        interleave_record_batch(&used, &rows)
    }
}

/// How many rows of this average size are handled at once.
pub(super) fn rows_at_once(bytes: u64, rows: u64) -> usize {
    let row_bytes = usize::try_from(bytes / rows.max(1)).unwrap_or(usize::MAX).max(1);
    (BATCH_BYTES / row_bytes).clamp(BATCH_ROWS_MIN, BATCH_ROWS_MAX)
}

/// The attributes that have a column of their own among these.
pub(super) fn shredded(schema: &Schema) -> Vec<String> {
    schema.fields().iter().filter_map(|field| Shredding::key_of(field.name())).map(str::to_owned).collect()
}

/// Sixty-four random bits as text: the seed of the standard library's hash maps.
pub(super) fn random_name() -> String {
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("{random:016x}")
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::{ObjectStore, ObjectStoreExt};
    use parquet::file::metadata::ParquetMetaData;
    use parquet::file::statistics::Statistics;

    use super::super::testing::{at, day, flush, project, read_rows, records, span};
    use super::*;

    async fn metadata(objects: &Arc<dyn ObjectStore>, file: &DataFile) -> (Footer, Arc<ParquetMetaData>) {
        let object = objects.head(&file.path.as_str().into()).await.unwrap();
        assert_eq!(object.size, file.size_bytes);
        super::super::footer::read(objects, &object).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn rows_come_back_sorted_by_time_with_pending_spans_behind() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let rows = vec![
            records(&[span("c", day(1) + 3), span("p", day(1) + 1).pending(), span("a", day(1) + 1)]),
            records(&[span("b", day(1) + 2), span("q", day(1)).pending()]),
        ];
        let files = write(&objects, &flush(0, 9, 0), &project("p"), Table::Records, (4, 9), rows).await.unwrap();
        let [file] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!(read_rows(&objects, file).await, ["a", "b", "c", "q", "p"]);
        assert_eq!((file.rows, file.sequences), (5, (4, 9)));
        assert_eq!(file.time, TimeRange { first: at(day(1)), last: at(day(1) + 3) });
        assert_eq!(file.arrival, TimeRange { first: at(day(1) + 1_000_000), last: at(day(1) + 1_000_003) });
        assert_eq!(file.shredded, ["gen_ai.request.model", "http.route"]);
        assert!(file.path.starts_with("records/p/1970-01-02/"), "{}", file.path);
    }

    #[tokio::test]
    async fn a_footer_says_what_the_list_says() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let rows = vec![records(&[span("a", 5), span("b", 7)])];
        let files = write(&objects, &flush(3, 9, 77), &project("ä b"), Table::Records, (4, 9), rows).await.unwrap();
        let (footer, _) = metadata(&objects, &files[0]).await;
        assert_eq!(footer.file(&files[0].path, files[0].size_bytes).unwrap(), files[0]);
        assert_eq!((footer.flushed_through, footer.flushes_through, footer.written_at), (3, Some(9), 77));
        assert_eq!(footer.writer, "writer");
    }

    #[tokio::test]
    async fn row_groups_can_be_skipped_by_time_kind_and_trace() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let rows = vec![records(&[span("a", 5), span("b", 7), span("c", 6).pending()])];
        let files = write(&objects, &flush(0, 1, 0), &project("p"), Table::Records, (1, 1), rows).await.unwrap();
        let (_, metadata) = metadata(&objects, &files[0]).await;
        let range = |group: usize, column: &str| {
            let schema = metadata.file_metadata().schema_descr();
            let place = schema.columns().iter().position(|one| one.path().string() == column).unwrap();
            let chunk = metadata.row_group(group).column(place);
            let shown = match chunk.statistics().unwrap() {
                Statistics::Int64(times) => format!("{}..{}", times.min_opt().unwrap(), times.max_opt().unwrap()),
                other => {
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                    format!("{}..{}", text(other.min_bytes_opt().unwrap()), text(other.max_bytes_opt().unwrap()))
                }
            };
            (shown, chunk.bloom_filter_offset().is_some(), chunk.column_index_offset().is_some())
        };
        assert_eq!(metadata.num_row_groups(), 2);
        assert_eq!(range(0, "start_timestamp"), ("5..7".into(), false, true));
        assert_eq!(range(1, "start_timestamp"), ("6..6".into(), false, true));
        assert_eq!(range(0, "kind"), ("span..span".into(), false, true));
        assert_eq!(range(1, "kind"), ("pending_span..pending_span".into(), false, true));
        assert!(range(0, "trace_id").1 && range(1, "trace_id").1);
        let sorting = metadata.row_group(0).sorting_columns().unwrap();
        assert_eq!((sorting[0].column_idx, sorting[0].descending), (0, false));
    }

    #[tokio::test]
    async fn every_day_has_a_file_but_a_thousand_days_have_few() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let spans: Vec<_> = (0..1_000).map(|n| span("x", day(n) + n)).collect();
        let files = write(&objects, &flush(0, 1, 0), &project("p"), Table::Records, (1, 1), vec![records(&spans)])
            .await
            .unwrap();
        assert_eq!(files.len(), FILES_PER_FLUSH_MAX);
        assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 1_000);
        let one_day = files.iter().filter(|file| file.rows == 1).count();
        assert_eq!(one_day, FILES_PER_FLUSH_MAX - 1);
        let paths: std::collections::BTreeSet<_> = files.iter().map(|file| &file.path).collect();
        assert_eq!(paths.len(), files.len());
    }

    #[tokio::test]
    async fn large_flushes_have_row_groups_of_bounded_size() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let spans: Vec<_> = (0..20_000).map(|n| span("x", n)).collect();
        let rows = (0..8).map(|_| records(&spans)).collect();
        let files = write(&objects, &flush(0, 1, 0), &project("p"), Table::Records, (1, 1), rows).await.unwrap();
        let (_, metadata) = metadata(&objects, &files[0]).await;
        let rows: Vec<i64> = metadata.row_groups().iter().map(|group| group.num_rows()).collect();
        assert_eq!(rows, [131_072, 160_000 - 131_072]);
    }

    #[tokio::test]
    async fn a_row_without_a_time_is_kept_too() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let rows = vec![records(&[span("a", 5), span("none", i64::MIN)])];
        let files = write(&objects, &flush(0, 1, 0), &project("p"), Table::Records, (1, 1), rows).await.unwrap();
        assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 2);
        let mut names = Vec::new();
        for file in &files {
            names.extend(read_rows(&objects, file).await);
        }
        names.sort();
        assert_eq!(names, ["a", "none"]);
    }
}
