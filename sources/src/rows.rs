//! The answer to a statement as a stream of batches.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use futures::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use crate::error::Error;

/// Where a reader puts what it has read.
pub(crate) type Outlet = Sender<Result<RecordBatch, Error>>;

/// The rows of a statement. At most two batches are held: the database waits for who reads them.
pub struct Rows {
    receiver: Receiver<Result<RecordBatch, Error>>,
    /// Not begun before somebody asks for rows.
    reader: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// The reader is stopped when this is dropped.
    task: JoinSet<()>,
}

impl Rows {
    /// What `reader` reads; it runs on the runtime of who first polls.
    pub(crate) fn new<F>(reader: impl FnOnce(Outlet) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = channel(1);
        Self { receiver, reader: Some(Box::pin(reader(sender))), task: JoinSet::new() }
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(reader) = self.reader.take() {
            self.task.spawn(reader);
        }
        self.receiver.poll_recv(context)
    }
}
