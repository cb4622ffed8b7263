//! Joins files into one: a merge of sorted files, a batch at a time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use futures::StreamExt;
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::ParquetRecordBatchStream;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use watchfire_ingest::table::{Shredding, Table};
use watchfire_model::Timestamp;

use super::days::Day;
use super::file_writer::FileWriter;
use super::footer::Footer;
use super::limits::BATCH_ROWS_MAX;
use super::object_reader::ObjectReader;
use super::order::{self, Key};
use super::plan::Compaction;
use super::write::{on_blocking_thread, random_name, rows_at_once};
use super::{doom, place, trouble};
use crate::conform::conform;
use crate::error::Error;
use crate::file_list::{DataFile, FileChange};

/// Writes the rows of the files into one new file, in the columns of this shredding, and gives the change of the list
/// that puts it in their place. Until that is committed, nothing has happened.
///
/// `writer` is the identity of the data folder, `flushed_through` what the list says that has these files. Of each file
/// about a row group is in memory at a time, and of files whose times do not overlap only one.
///
/// # Errors
/// [`Error::Io`] when a file cannot be read, is not what the list says, or the new one cannot be written; then there is
/// no new one.
pub async fn merge(
    objects: &Arc<dyn ObjectStore>,
    compaction: &Compaction,
    shredding: &Shredding,
    writer: &str,
    flushed_through: u64,
    now: Timestamp,
) -> Result<FileChange, Error> {
    let job = Job {
        objects: Arc::clone(objects),
        files: compaction.files.clone(),
        shredding: shredding.clone(),
        writer: writer.to_owned(),
        flushed_through,
        now,
    };
    on_blocking_thread(move || job.run()).await
}

struct Job {
    objects: Arc<dyn ObjectStore>,
    files: Vec<Arc<DataFile>>,
    shredding: Shredding,
    writer: String,
    flushed_through: u64,
    now: Timestamp,
}

impl Job {
    async fn run(self) -> Result<FileChange, Error> {
        let file = self.joined();
        let (mut cursors, mut parts) = (Vec::new(), Vec::new());
        for input in &self.files {
            let (cursor, footer) = Cursor::begin(&self.objects, input, &self.shredding).await?;
            parts.extend(footer.parts);
            cursors.push(cursor);
        }
        let footer = Footer {
            flushed_through: self.flushed_through,
            parts,
            written_at: self.now.as_micros(),
            ..Footer::of(&file, &self.writer)
        };
        let schema = file.table.stored_schema(&self.shredding);
        let mut writer = FileWriter::begin(&self.objects, file.path.clone(), file.table, schema)?;
        write_merged(&mut writer, cursors).await?;
        // Compared before the file is finished: one that lacks a row must not be seen by anybody.
        if writer.rows() != file.rows {
            let reason = format!("the files have {} rows, and {} came out", file.rows, writer.rows());
            return Err(trouble::found(format!("joining {} files into {}", self.files.len(), file.path), reason));
        }
        let size_bytes = match writer.finish(footer).await {
            Ok(size_bytes) => size_bytes,
            Err(trouble) => {
                doom::delete(&self.objects, &[file.path]).await;
                return Err(trouble);
            }
        };
        let removed = self.files.iter().map(|file| file.path.clone()).collect();
        Ok(FileChange { added: vec![DataFile { size_bytes, ..file }], removed, ..FileChange::default() })
    }

    /// What the list will say of the new file, but for its size.
    fn joined(&self) -> DataFile {
        let first = self.files.first().expect("a compaction has files");
        let mut joined = DataFile { rows: 0, shredded: Vec::new(), ..DataFile::clone(first) };
        for file in &self.files {
            joined.rows += file.rows;
            joined.time = order::join(joined.time, file.time);
            joined.arrival = order::join(joined.arrival, file.arrival);
            joined.sequences.0 = joined.sequences.0.min(file.sequences.0);
            joined.sequences.1 = joined.sequences.1.max(file.sequences.1);
        }
        if joined.table == Table::Records {
            joined.shredded = self.shredding.keys().to_vec();
        }
        let day = Day::of(joined.time.first.as_micros());
        joined.path = place::path(joined.table, &joined.project, day, joined.sequences, &random_name());
        joined
    }
}

/// Writes all rows in their order.
async fn write_merged(writer: &mut FileWriter, mut cursors: Vec<Cursor>) -> Result<(), Error> {
    // A file that is not open yet stands at the least place that it can have.
    let mut order: BinaryHeap<Reverse<(Key, usize)>> =
        (0..).zip(&cursors).map(|(place, cursor)| Reverse((cursor.least(), place))).collect();
    let mut gathered = Gathered::default();
    while let Some(Reverse((_, place))) = order.pop() {
        let cursor = &mut cursors[place];
        if !cursor.is_loaded() && !cursor.load().await? {
            continue;
        }
        // It may have turned out to begin later than it could have.
        let limit = order.peek().map(|Reverse(next)| *next);
        let taken = cursor.take_until(limit.map(|(key, other)| (key, other < place)));
        if !taken.is_empty() {
            let is_pending = cursor.keys[taken.start].0;
            if gathered.is_pending != is_pending {
                gathered.write(writer).await?;
                gathered.is_pending = is_pending;
            }
            gathered.add(place, cursor, taken);
            if gathered.rows.len() >= cursor.rows_at_once {
                gathered.write(writer).await?;
            }
        }
        order.push(Reverse((cursor.least(), place)));
        if cursor.drop_spent() {
            gathered.forget(place);
        }
    }
    gathered.write(writer).await
}

/// Rows that are written next, where they stand.
#[derive(Default)]
struct Gathered {
    is_pending: bool,
    batches: Vec<RecordBatch>,
    /// Which of `batches` is the present one of a cursor.
    current: HashMap<usize, usize>,
    rows: Vec<(usize, usize)>,
}

impl Gathered {
    fn add(&mut self, place: usize, cursor: &Cursor, rows: Range<usize>) {
        let batches = &mut self.batches;
        let number = *self.current.entry(place).or_insert_with(|| {
            batches.push(cursor.batch.clone().expect("rows were taken from it"));
            batches.len() - 1
        });
        self.rows.extend(rows.map(|row| (number, row)));
    }

    /// The present batch of a cursor is spent: the next one gets another number.
    fn forget(&mut self, place: usize) {
        self.current.remove(&place);
    }

    async fn write(&mut self, writer: &mut FileWriter) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let what = || "joining telemetry files";
        for rows in self.rows.chunks(BATCH_ROWS_MAX) {
            let batch = interleave_record_batch(&batches, rows).map_err(trouble::at(what()))?;
            writer.write(&batch, self.is_pending).await?;
        }
        *self = Self { is_pending: self.is_pending, ..Self::default() };
        Ok(())
    }
}

/// One of the files, read from its first row to its last.
struct Cursor {
    file: Arc<DataFile>,
    shredding: Shredding,
    rows_at_once: usize,
    metadata: ArrowReaderMetadata,
    reader: ObjectReader,
    stream: Option<ParquetRecordBatchStream<ObjectReader>>,
    batch: Option<RecordBatch>,
    keys: Vec<Key>,
    row: usize,
    /// No row before this place is still to come.
    least: Key,
}

impl Cursor {
    async fn begin(
        objects: &Arc<dyn ObjectStore>,
        file: &Arc<DataFile>,
        shredding: &Shredding,
    ) -> Result<(Self, Footer), Error> {
        let what = || format!("reading {}", file.path);
        let path = Path::from(file.path.as_str());
        let mut reader = ObjectReader::new(Arc::clone(objects), path, file.size_bytes);
        let metadata = reader.metadata().await.map_err(trouble::at(what()))?;
        let footer = Footer::from_metadata(&metadata).map_err(|reason| trouble::found(what(), reason))?;
        if footer.rows != file.rows {
            let reason = format!("the list says {} rows, and it has {}", file.rows, footer.rows);
            return Err(trouble::found(what(), reason));
        }
        let least = least(&metadata, file);
        let metadata =
            ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new()).map_err(trouble::at(what()))?;
        let cursor = Self {
            file: Arc::clone(file),
            shredding: shredding.clone(),
            rows_at_once: rows_at_once(footer.memory_bytes, footer.rows),
            metadata,
            reader,
            stream: None,
            batch: None,
            keys: Vec::new(),
            row: 0,
            least,
        };
        Ok((cursor, footer))
    }

    const fn least(&self) -> Key {
        self.least
    }

    const fn is_loaded(&self) -> bool {
        self.batch.is_some()
    }

    /// Reads the next batch; `false` at the end.
    async fn load(&mut self) -> Result<bool, Error> {
        let what = || format!("reading {}", self.file.path);
        if self.stream.is_none() {
            let builder =
                ParquetRecordBatchStreamBuilder::new_with_metadata(self.reader.clone(), self.metadata.clone());
            self.stream = Some(builder.with_batch_size(self.rows_at_once).build().map_err(trouble::at(what()))?);
        }
        let stream = self.stream.as_mut().expect("it was opened just now");
        let Some(batch) = stream.next().await else { return Ok(false) };
        let batch = batch.map_err(trouble::at(what()))?;
        let batch = conform(&batch, self.file.table, &self.shredding);
        self.keys = order::keys(&batch, self.file.table);
        let is_in_order = self.keys.is_sorted() && self.keys.first().is_none_or(|first| *first >= self.least);
        if !is_in_order {
            return Err(trouble::found(what(), "its rows are not in the order of their times"));
        }
        self.row = 0;
        self.least = self.keys.first().copied().unwrap_or(self.least);
        self.batch = Some(batch);
        Ok(true)
    }

    /// Takes its next rows up to the place where another file stands; `is_first`: the other goes first among equals.
    fn take_until(&mut self, limit: Option<(Key, bool)>) -> Range<usize> {
        let rest = &self.keys[self.row..];
        let Some((kind, _)) = rest.first().copied() else { return self.row..self.row };
        let may_be_taken = |key: &Key| match limit {
            None => true,
            Some((limit, is_first)) => *key < limit || (*key == limit && !is_first),
        };
        // A run never crosses from spans to pending ones: those are in other row groups.
        let same_kind = rest.partition_point(|key| key.0 == kind);
        let count = rest[..same_kind].partition_point(may_be_taken);
        let taken = self.row..self.row + count;
        self.row = taken.end;
        if let Some(key) = self.keys.get(self.row).or(self.keys.last()) {
            self.least = *key;
        }
        taken
    }

    /// Lets the batch go when all its rows were taken; whether it did.
    fn drop_spent(&mut self) -> bool {
        let is_spent = self.row >= self.keys.len();
        if is_spent {
            self.batch = None;
        }
        is_spent
    }
}

/// Where the first row of a file stands at the least. Files are opened only when the merge comes there.
fn least(metadata: &ParquetMetaData, file: &DataFile) -> Key {
    let columns = metadata.file_metadata().schema_descr().columns();
    let place = columns.iter().position(|column| column.name() == file.table.time_column());
    let nulls = |group: &RowGroupMetaData| group.column(place?).statistics()?.null_count_opt();
    let all_have_a_time = metadata.row_groups().iter().all(|group| nulls(group) == Some(0));
    // Rows without a time stand before all others.
    (false, if all_have_a_time { file.time.first.as_micros() } else { i64::MIN })
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use proptest::prelude::*;
    use tokio::runtime::Runtime;

    use super::super::testing::{Span, at, day, flush, objects_in, project, read_rows, records, shredding, span};
    use super::super::write::write;
    use super::*;

    async fn merged(objects: &Arc<dyn ObjectStore>, files: Vec<DataFile>) -> FileChange {
        let files = files.into_iter().map(Arc::new).collect();
        merge(objects, &Compaction { files }, &shredding(), "writer", 99, at(5)).await.unwrap()
    }

    async fn written(objects: &Arc<dyn ObjectStore>, sequence: u64, spans: &[Span]) -> DataFile {
        let rows = vec![records(spans)];
        let at = (sequence, sequence + 1);
        let flush = flush(sequence - 1, sequence + 1, 0);
        write(objects, &flush, &project("p"), Table::Records, at, rows).await.unwrap().remove(0)
    }

    #[tokio::test]
    async fn joined_files_have_all_rows_in_order_and_say_what_they_replace() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let one = written(&objects, 10, &[span("a", 1), span("d", 4), span("p", 2).pending()]).await;
        let two = written(&objects, 3, &[span("c", 3), span("b", 2), span("q", 1).pending()]).await;
        let change = merged(&objects, vec![one.clone(), two.clone()]).await;
        assert_eq!(change.removed, [one.path.clone(), two.path.clone()]);
        let [joined] = change.added.as_slice() else { panic!("{change:?}") };
        assert_eq!(read_rows(&objects, joined).await, ["a", "b", "c", "d", "q", "p"]);
        assert_eq!((joined.rows, joined.sequences), (6, (3, 11)));
        assert_eq!((joined.time.first, joined.time.last), (at(1), at(4)));
        assert_eq!(joined.arrival, order::join(one.arrival, two.arrival));
        assert_eq!(objects_in(&objects).await.len(), 3, "the old ones are still there");
        let again = merged(&objects, vec![joined.clone(), written(&objects, 20, &[span("e", 0)]).await]).await;
        assert_eq!(read_rows(&objects, &again.added[0]).await, ["e", "a", "b", "c", "d", "q", "p"]);
    }

    #[tokio::test]
    async fn a_file_that_is_not_what_the_list_says_is_not_joined_and_nothing_is_left() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let one = written(&objects, 1, &[span("a", 1)]).await;
        let lying = DataFile { rows: 2, ..written(&objects, 3, &[span("b", 1)]).await };
        let missing = DataFile { path: "records/p/d/none.parquet".into(), ..one.clone() };
        for (other, reason) in [(lying, "the list says 2 rows, and it has 1"), (missing, "none.parquet")] {
            let files = vec![Arc::new(one.clone()), Arc::new(other)];
            let told =
                merge(&objects, &Compaction { files }, &shredding(), "w", 9, at(5)).await.unwrap_err().to_string();
            assert!(told.contains(reason), "{told}");
        }
        assert_eq!(objects_in(&objects).await.len(), 2);
    }

    #[tokio::test]
    async fn an_attribute_that_is_shredded_since_gets_its_column() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let (one, two) = (written(&objects, 1, &[span("a", 1)]).await, written(&objects, 3, &[span("b", 1)]).await);
        let files = vec![Arc::new(one), Arc::new(two)];
        let shredding = Shredding::new(["name".to_owned()]);
        let change = merge(&objects, &Compaction { files }, &shredding, "w", 9, at(5)).await.unwrap();
        assert_eq!(change.added[0].shredded, ["name"]);
        let batches = super::super::testing::read(&objects, &change.added[0]).await;
        let column = batches[0].column_by_name(&Shredding::column_of("name")).unwrap();
        let column = arrow::array::AsArray::as_string::<i32>(column);
        assert_eq!((column.value(0), column.value(1)), (r#""a""#, r#""b""#));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_files_joined_have_the_same_rows_in_order(
            files in proptest::collection::vec(
                proptest::collection::vec((0_i64..50, any::<bool>(), 0_i64..2), 1..40), 2..8,
            ),
        ) {
            let runtime = Runtime::new().unwrap();
            let (before, after, keys) = runtime.block_on(async {
                let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
                let (mut inputs, mut number) = (Vec::new(), 0);
                for (rows, sequence) in files.iter().zip(1..) {
                    let spans: Vec<Span> = rows.iter().map(|(time, pending, without)| {
                        number += 1;
                        let time = if *without == 1 && *time == 7 { i64::MIN } else { day(3) + *time };
                        let one = span(&format!("row {number}"), time);
                        if *pending { one.pending() } else { one }
                    }).collect();
                    let rows = vec![records(&spans)];
                    let flush = flush(sequence - 1, sequence, 0);
                    let place = (sequence, sequence);
                    inputs.extend(write(&objects, &flush, &project("p"), Table::Records, place, rows).await.unwrap());
                }
                let mut before = Vec::new();
                for file in &inputs {
                    before.extend(read_rows(&objects, file).await);
                }
                let sequences = (1, files.len() as u64);
                let change = merged(&objects, inputs).await;
                assert_eq!(change.added[0].sequences, sequences);
                let after = read_rows(&objects, &change.added[0]).await;
                let batches = super::super::testing::read(&objects, &change.added[0]).await;
                let keys: Vec<Key> = batches.iter().flat_map(|batch| order::keys(batch, Table::Records)).collect();
                (before, after, keys)
            });
            prop_assert!(keys.is_sorted());
            let sorted = |mut rows: Vec<String>| { rows.sort(); rows };
            prop_assert_eq!(sorted(before), sorted(after));
        }
    }
}
