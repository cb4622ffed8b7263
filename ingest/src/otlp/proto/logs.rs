//! `LogRecord`.

use super::value::{Text, Value, any_value};
use super::{Fields, Malformed};
use crate::otlp::attributes::Attributes;

/// `LogRecord`.
#[derive(Debug, Default)]
pub(in crate::otlp) struct LogRecord<'a> {
    pub time_unix_nano: u64,
    pub observed_time_unix_nano: u64,
    pub severity_number: i32,
    pub severity_text: Text<'a>,
    pub body: Option<Value<'a>>,
    pub attributes: Attributes<'a>,
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub event_name: Text<'a>,
}

impl<'a> LogRecord<'a> {
    /// Reads a log record, in place of the one before.
    pub fn read(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        *self = Self { attributes: std::mem::take(&mut self.attributes).cleared(), ..Self::default() };
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => self.time_unix_nano = field.fixed64()?,
                2 => self.severity_number = field.int32()?,
                3 => self.severity_text = field.text()?,
                5 => self.body = any_value(field.bytes()?)?,
                6 => self.attributes.add(field.bytes()?)?,
                9 => self.trace_id = field.bytes()?,
                10 => self.span_id = field.bytes()?,
                11 => self.observed_time_unix_nano = field.fixed64()?,
                12 => self.event_name = field.text()?,
                _ => {}
            }
        }
        self.attributes.keep_each_once();
        Ok(())
    }
}
