//! One row of `records_all` on its way into columns.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use watchfire_model::Timestamp;

use super::attributes::{Attributes, Without};
use super::embedded::EmbeddedNames;
use super::json::JsonText;
use super::origin::Origin;
use super::proto::Malformed;
use super::record::RecordKind;
use crate::limits::RECORD_BYTES_MAX;
use crate::table::Shredding;

/// A row whose texts are borrowed from the body or from [`Scratch`]; otherwise as [`super::Record`].
#[derive(Debug, Clone)]
pub(super) struct Row<'r> {
    pub start_timestamp: Timestamp,
    pub end_timestamp: Timestamp,
    pub duration: Option<f64>,
    pub trace_id: &'r str,
    pub span_id: &'r str,
    pub parent_span_id: Option<&'r str>,
    pub span_name: &'r str,
    pub message: &'r str,
    pub kind: RecordKind,
    pub level: u16,
    pub tags: Vec<Cow<'r, str>>,
    pub attributes: &'r str,
    /// Where in `attributes` the values of shredded attributes stand, in the order of their columns.
    pub shredded: &'r [Option<Range<usize>>],
    pub is_exception: bool,
    pub exception: Exception<'r>,
    pub otel_status_code: Option<&'static str>,
    pub otel_status_message: Option<&'r str>,
    pub otel_events: Option<&'r str>,
    pub otel_links: Option<&'r str>,
    pub http_response_status_code: Option<i64>,
    pub url_full: Option<Cow<'r, str>>,
    pub http_route: Option<Cow<'r, str>>,
    pub http_method: Option<Cow<'r, str>>,
    pub url_path: Option<Cow<'r, str>>,
    pub url_query: Option<Cow<'r, str>>,
    pub log_body: Option<&'r str>,
    pub created_at: Timestamp,
    pub origin: &'r Arc<Origin>,
}

/// What an exception says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Exception<'r> {
    pub kind: Option<Cow<'r, str>>,
    pub message: Option<Cow<'r, str>>,
    pub stacktrace: Option<Cow<'r, str>>,
}

impl<'r> Row<'r> {
    /// What attributes, arrival and origin alone say; time, ids, names, kind and level are the caller's.
    pub fn of(
        attributes: &'r Attributes<'_>,
        written: &'r WrittenAttributes,
        origin: &'r Arc<Origin>,
        arrived_at: Timestamp,
    ) -> Result<Self, Malformed> {
        Ok(Self {
            start_timestamp: arrived_at,
            end_timestamp: arrived_at,
            duration: None,
            trace_id: "",
            span_id: "",
            parent_span_id: None,
            span_name: "",
            message: "",
            kind: RecordKind::Span,
            level: 0,
            tags: attributes.tags()?,
            attributes: written.json.as_str(),
            shredded: &written.shredded,
            is_exception: false,
            exception: Exception::default(),
            otel_status_code: None,
            otel_status_message: None,
            otel_events: None,
            otel_links: None,
            http_response_status_code: attributes.number(&["http.response.status_code", "http.status_code"]),
            url_full: attributes.column(&["url.full", "http.url"]),
            http_route: attributes.column(&["http.route"]),
            http_method: attributes.column(&["http.request.method", "http.method"]),
            url_path: attributes.column(&["url.path"]),
            url_query: attributes.column(&["url.query"]),
            log_body: None,
            created_at: arrived_at,
            origin,
        })
    }
}

/// Memory that each row of a request uses again.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The schemas that were read.
    pub names: EmbeddedNames,
    /// The attributes of the row.
    pub attributes: WrittenAttributes,
    /// The attributes of a row that belongs to it.
    pub event_attributes: WrittenAttributes,
    pub events: JsonText,
    pub links: JsonText,
    pub body: JsonText,
}

impl Scratch {
    pub fn new(shredding: &Shredding) -> Self {
        Self {
            names: EmbeddedNames::default(),
            attributes: WrittenAttributes::new(shredding),
            event_attributes: WrittenAttributes::new(shredding),
            events: JsonText::new(RECORD_BYTES_MAX),
            links: JsonText::new(RECORD_BYTES_MAX),
            body: JsonText::new(RECORD_BYTES_MAX),
        }
    }
}

/// The column `attributes`, and where in it the shredded ones stand.
#[derive(Debug)]
pub(super) struct WrittenAttributes {
    pub json: JsonText,
    shredding: Shredding,
    shredded: Vec<Option<Range<usize>>>,
}

impl WrittenAttributes {
    fn new(shredding: &Shredding) -> Self {
        let shredded = vec![None; shredding.keys().len()];
        Self { json: JsonText::new(RECORD_BYTES_MAX), shredding: shredding.clone(), shredded }
    }

    /// Writes the attributes of a row, in place of those of the row before.
    pub fn write(&mut self, attributes: &Attributes<'_>, names: &mut EmbeddedNames) -> Result<(), Malformed> {
        let Self { json, shredding, shredded } = self;
        shredded.fill(None);
        let written = |name: &str, range| {
            if let Some(place) = shredding.place_of(name) {
                shredded[place] = Some(range);
            }
        };
        attributes.write(Without::Columns, names, json.restart(RECORD_BYTES_MAX), written)
    }
}
