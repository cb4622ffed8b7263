//! Spans that have only begun.
//!
//! On the wire they have a fresh id, the real span as their parent, and the real parent as an
//! attribute. The row has the real span's ids, so that the real span, when it comes, is beside it.

use super::ids::{SpanId, span_id, written_span_id};
use super::proto::Span;

/// The value of `logfire.span_type` that marks them.
pub(super) const SPAN_TYPE: &str = "pending_span";
const REAL_PARENT: &str = "logfire.pending_parent_id";

/// The real span's id and that of its parent.
pub(super) fn real_ids(span: &Span<'_>) -> (Option<SpanId>, Option<SpanId>) {
    let real = span_id(span.parent_span_id).or_else(|| span_id(span.span_id));
    let parent = span.attributes.text(REAL_PARENT).and_then(|text| written_span_id(&text));
    (real, parent)
}
