//! How fast rows are made durable, read back and flushed: `cargo run --release --example append_speed -- FOLDER [ROWS]`.
//!
//! Rows are of the shape of a span of about 300 bytes on the wire, a resource shared by those of a request.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt16Array};
use async_trait::async_trait;
use futures::future::join_all;
use object_store::local::LocalFileSystem;
use watchfire_ingest::table::{Shredding, Table, instant_type};
use watchfire_model::{ProjectName, Timestamp};
use watchfire_storage::{FileChange, FileList, FileListError, ListedFiles, Rows, Storage, StorageOptions};

/// Nothing is ever listed: each run begins anew.
struct NoList;

#[async_trait]
impl FileList for NoList {
    async fn load(&self) -> Result<ListedFiles, FileListError> {
        Ok(ListedFiles::default())
    }

    async fn commit(&self, _change: &FileChange) -> Result<(), FileListError> {
        Ok(())
    }
}

fn request(first: u64, count: u64) -> RecordBatch {
    let text = |of: &dyn Fn(u64) -> String| {
        Arc::new(StringArray::from_iter_values((first..first + count).map(of))) as ArrayRef
    };
    let same = |value: &str| Arc::new(StringArray::from(vec![value; count as usize])) as ArrayRef;
    let instants = |offset: i64| {
        let values = (first..first + count).map(|row| 1_700_000_000_000_000 + row as i64 + offset);
        Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_data_type(instant_type())) as ArrayRef
    };
    let columns = [
        ("start_timestamp", instants(0)),
        ("end_timestamp", instants(900)),
        ("duration", Arc::new(Float64Array::from(vec![0.0009; count as usize])) as ArrayRef),
        ("trace_id", text(&|row| format!("{:032x}", (row / 8).wrapping_mul(0x9E37_79B9_7F4A_7C15)))),
        ("span_id", text(&|row| format!("{:016x}", row.wrapping_mul(0x9E37_79B9_7F4A_7C15)))),
        ("parent_span_id", text(&|row| format!("{:016x}", row / 8))),
        ("span_name", text(&|row| format!("GET /api/items/{}", row % 20))),
        ("message", text(&|row| format!("GET /api/items/{}", row % 20))),
        ("kind", same("span")),
        ("level", Arc::new(UInt16Array::from(vec![9; count as usize])) as ArrayRef),
        (
            "attributes",
            text(&|row| format!(r#"{{"http.route":"/api/items/{}","user.id":{row},"retries":0}}"#, row % 20)),
        ),
        (
            "otel_resource_attributes",
            same(r#"{"service.name":"checkout","service.version":"1.4.2","host.name":"web-7"}"#),
        ),
        ("service_name", same("checkout")),
        ("service_version", same("1.4.2")),
        ("otel_scope_name", same("opentelemetry.instrumentation.asgi")),
        ("created_at", instants(1_000)),
    ];
    RecordBatch::try_from_iter(columns).expect("all columns have one value per row")
}

async fn open(folder: &Path, shredding: &Shredding) -> Storage {
    let files = folder.join("files");
    std::fs::create_dir_all(&files).expect("the folder can be made");
    let objects = Arc::new(LocalFileSystem::new_with_prefix(files).expect("the folder is there"));
    let options = StorageOptions { hot_bytes: 8 << 30, shredding: shredding.clone(), ..StorageOptions::default() };
    Storage::open(folder, objects, Arc::new(NoList), options, |_| {}).await.expect("it can be opened")
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("usage: append_speed FOLDER [ROWS]"));
    let rows_max: u64 = arguments.next().map_or(1_000_000, |rows| rows.parse().expect("a number of rows"));
    // What requests bring already; reading attributes is ingest's work.
    let shredding = Shredding::new([]);
    for (per_request, senders) in [(1, 1), (1, 64), (100, 16), (1_000, 8), (8_000, 4)] {
        let folder = folder.join(format!("{per_request}-{senders}"));
        let storage = open(&folder, &shredding).await;
        let rows = rows_max.min(per_request * senders * 2_000);
        let requests = rows / per_request;
        let template = request(0, per_request);
        let next = AtomicU64::new(0);
        let send = || async {
            while next.fetch_add(1, Ordering::Relaxed) < requests {
                let rows =
                    Rows { project: ProjectName::new("default"), table: Table::Records, batch: template.clone() };
                storage.append(vec![rows]).await.expect("the disk takes it");
            }
        };
        let started = Instant::now();
        join_all((0..senders).map(|_| send())).await;
        let took = started.elapsed();
        let status = storage.status();
        println!(
            "{per_request} rows per request, {senders} senders: {:.0} rows/s, {} fsyncs for {requests} requests, {} bytes/row in the \
             log, {} in memory",
            rows as f64 / took.as_secs_f64(),
            status.wal_syncs,
            status.wal_bytes / rows,
            status.hot_bytes / rows,
        );
        storage.shutdown().await;
        drop(storage);
        let started = Instant::now();
        let storage = open(&folder, &shredding).await;
        let took = started.elapsed();
        println!(
            "    read back: {:.0} MB/s, {:.0} rows/s",
            status.wal_bytes as f64 / 1e6 / took.as_secs_f64(),
            rows as f64 / took.as_secs_f64()
        );
        let started = Instant::now();
        let flushed = storage.flush(Timestamp::from_seconds(1_700_000_000)).await.expect("the disk takes it");
        let took = started.elapsed();
        println!(
            "    flushed: {:.0} rows/s, {} bytes/row in files",
            flushed.rows as f64 / took.as_secs_f64(),
            flushed.size_bytes / flushed.rows.max(1)
        );
    }
}
