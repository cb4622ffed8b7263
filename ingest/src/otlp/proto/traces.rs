//! `Span` and what belongs to it.

use super::value::Text;
use super::{Fields, Malformed};
use crate::limits::{SPAN_EVENTS_MAX, SPAN_LINKS_MAX};
use crate::otlp::attributes::Attributes;

/// `Span`. It is filled again for each span of a request.
#[derive(Debug, Default)]
pub(in crate::otlp) struct Span<'a> {
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub parent_span_id: &'a [u8],
    pub name: Text<'a>,
    pub start_time_unix_nano: u64,
    pub end_time_unix_nano: u64,
    pub attributes: Attributes<'a>,
    /// The first [`SPAN_EVENTS_MAX`], to be read by [`Event::read`].
    pub events: Vec<&'a [u8]>,
    /// The first [`SPAN_LINKS_MAX`], to be read by [`Link::read`].
    pub links: Vec<&'a [u8]>,
    pub status_code: StatusCode,
    pub status_message: Text<'a>,
}

/// `Status.StatusCode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::otlp) enum StatusCode {
    /// Also what nobody knows.
    #[default]
    Unset,
    Ok,
    Error,
}

impl<'a> Span<'a> {
    /// Reads a span, in place of the one before.
    pub fn read(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        self.clear();
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => self.trace_id = field.bytes()?,
                2 => self.span_id = field.bytes()?,
                4 => self.parent_span_id = field.bytes()?,
                5 => self.name = field.text()?,
                7 => self.start_time_unix_nano = field.fixed64()?,
                8 => self.end_time_unix_nano = field.fixed64()?,
                9 => self.attributes.add(field.bytes()?)?,
                11 if self.events.len() < SPAN_EVENTS_MAX => self.events.push(field.bytes()?),
                13 if self.links.len() < SPAN_LINKS_MAX => self.links.push(field.bytes()?),
                15 => (self.status_code, self.status_message) = status(field.bytes()?)?,
                _ => {}
            }
        }
        self.attributes.keep_each_once();
        Ok(())
    }

    /// As new, but for the memory of its lists.
    fn clear(&mut self) {
        let Self { attributes, events, links, .. } = std::mem::take(self);
        *self = Self { attributes: attributes.cleared(), events, links, ..Self::default() };
        self.events.clear();
        self.links.clear();
    }
}

fn status(message: &[u8]) -> Result<(StatusCode, Text<'_>), Malformed> {
    let (mut code, mut text) = (StatusCode::Unset, Text::default());
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            2 => text = field.text()?,
            3 => {
                code = match field.int32()? {
                    1 => StatusCode::Ok,
                    2 => StatusCode::Error,
                    _ => StatusCode::Unset,
                }
            }
            _ => {}
        }
    }
    Ok((code, text))
}

/// `Span.Event`.
#[derive(Debug, Default)]
pub(in crate::otlp) struct Event<'a> {
    pub time_unix_nano: u64,
    pub name: Text<'a>,
    pub attributes: Attributes<'a>,
}

impl<'a> Event<'a> {
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut event = Self::default();
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => event.time_unix_nano = field.fixed64()?,
                2 => event.name = field.text()?,
                3 => event.attributes.add(field.bytes()?)?,
                _ => {}
            }
        }
        event.attributes.keep_each_once();
        Ok(event)
    }
}

/// `Span.Link`.
#[derive(Debug, Default)]
pub(in crate::otlp) struct Link<'a> {
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub attributes: Attributes<'a>,
}

impl<'a> Link<'a> {
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut link = Self::default();
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => link.trace_id = field.bytes()?,
                2 => link.span_id = field.bytes()?,
                4 => link.attributes.add(field.bytes()?)?,
                _ => {}
            }
        }
        link.attributes.keep_each_once();
        Ok(link)
    }
}
