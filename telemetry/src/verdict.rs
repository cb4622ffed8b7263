//! The rows of a result with the verdicts on them, counted to the end and kept as asked.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use watchfire_model::{Failure, FailureCode, Keep, Observation, ObservedRow, Severity};

use crate::failure;
use crate::limits::Limits;
use crate::plan::Layout;
use crate::value::{Cells, size_of};

/// Reads a result to its end. Fails beyond `limits.max_rows` rows or `limits.result_bytes` of kept ones.
pub(crate) async fn observe(
    mut rows: SendableRecordBatchStream,
    layout: &Layout,
    keep: Keep,
    limits: &Limits,
) -> Result<Observation, Failure> {
    let mut observer = Observer::new(layout, keep, limits);
    while let Some(batch) = rows.next().await {
        observer.batch(&batch.map_err(|error| failure::of(&error))?)?;
    }
    Ok(observer.seen)
}

struct Observer<'a> {
    layout: &'a Layout,
    limits: &'a Limits,
    keep: Keep,
    seen: Observation,
    kept_bytes: usize,
    others_kept: usize,
    breaching_kept: usize,
}

/// The verdict columns of one batch.
struct Verdicts<'a> {
    when: Option<&'a BooleanArray>,
    recover_when: Option<&'a BooleanArray>,
    severity: Vec<(Severity, &'a BooleanArray)>,
}

fn is_true(verdict: &BooleanArray, row: usize) -> bool {
    verdict.is_valid(row) && verdict.value(row)
}

impl<'a> Verdicts<'a> {
    fn of(batch: &'a RecordBatch, layout: &Layout) -> Self {
        let at = |place: usize| boolean(batch.column(place));
        Self {
            when: layout.when.map(at),
            recover_when: layout.recover_when.map(at),
            severity: layout.severity.iter().map(|(level, place)| (*level, at(*place))).collect(),
        }
    }

    fn breaches(&self, row: usize) -> bool {
        self.when.is_none_or(|verdict| is_true(verdict, row))
    }

    fn recovered(&self, row: usize) -> Option<bool> {
        self.recover_when.map(|verdict| is_true(verdict, row))
    }

    fn severity(&self, row: usize) -> Option<Severity> {
        self.severity.iter().filter(|(_, verdict)| is_true(verdict, row)).map(|(level, _)| *level).max()
    }
}

fn boolean(column: &ArrayRef) -> &BooleanArray {
    column.as_boolean()
}

impl<'a> Observer<'a> {
    fn new(layout: &'a Layout, keep: Keep, limits: &'a Limits) -> Self {
        let seen = Observation {
            columns: layout.columns.clone(),
            value_column: layout.value_column,
            ..Observation::default()
        };
        Self { layout, limits, keep, seen, kept_bytes: 0, others_kept: 0, breaching_kept: 0 }
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let total = self.seen.row_count + batch.num_rows() as u64;
        if total > self.limits.max_rows {
            let limit = self.limits.max_rows;
            let message = format!(
                "the result has {total} rows or more, above the limit of {limit} (`limits.max_rows`); aggregate in the query"
            );
            return Err(Failure::new(FailureCode::TooManyRows, message));
        }
        let verdicts = Verdicts::of(batch, self.layout);
        let mut cells: Option<Vec<Cells>> = None;
        for row in 0..batch.num_rows() {
            let (breaches, recovered, severity) =
                (verdicts.breaches(row), verdicts.recovered(row), verdicts.severity(row));
            self.seen.breaching_count += u64::from(breaches);
            self.seen.unrecovered_count += u64::from(recovered == Some(false));
            if breaches {
                self.seen.severity = self.seen.severity.max(severity);
            }
            if !self.wants(breaches) {
                continue;
            }
            let cells = match &cells {
                Some(cells) => cells,
                None => cells.insert(self.cells(batch)?),
            };
            let values: Vec<_> = cells.iter().map(|column| column.value(row)).collect();
            self.kept_bytes += values.iter().map(size_of).sum::<usize>();
            if self.kept_bytes > self.limits.result_bytes {
                let (bytes, limit) = (self.kept_bytes, self.limits.result_bytes);
                let message = format!(
                    "the rows of the result take {bytes} bytes or more, above the limit of {limit}; select fewer columns or rows"
                );
                return Err(Failure::new(FailureCode::Memory, message));
            }
            self.seen.rows.push(ObservedRow { values, breaches, recovered, severity });
        }
        self.seen.row_count = total;
        Ok(())
    }

    /// Whether one more such row is kept; counts it.
    fn wants(&mut self, breaches: bool) -> bool {
        let Keep::Shown(most) = self.keep else { return true };
        let kept = if breaches { &mut self.breaching_kept } else { &mut self.others_kept };
        let wanted = *kept < most;
        *kept += usize::from(wanted);
        wanted
    }

    fn cells(&self, batch: &RecordBatch) -> Result<Vec<Cells>, Failure> {
        let fields = batch.schema_ref().fields().iter().zip(batch.columns()).take(self.layout.columns.len());
        let cells = fields.map(|(field, column)| Cells::new(field, column));
        cells.collect::<Result<_, _>>().map_err(|error| Failure::new(FailureCode::Internal, error.to_string()))
    }
}
