//! What the requests of all signals are: senders, their scopes, and the items of each scope.
//!
//! `ExportTraceServiceRequest`, `ExportLogsServiceRequest` and `ExportMetricsServiceRequest` have the same fields with the
//! same numbers down to the single span, log record or metric.

use super::value::Text;
use super::{Field, Fields, Malformed};
use crate::otlp::attributes::Attributes;

/// `Request.resource_*`.
const RESOURCES: u32 = 1;
/// `Resource*.resource`, `Scope*.scope`.
const SENDER: u32 = 1;
/// `Resource*.scope_*`, `Scope*.{spans, log_records, metrics}`.
const CONTENTS: u32 = 2;

/// A resource or an instrumentation scope: who sends.
#[derive(Debug, Default)]
pub(in crate::otlp) struct Sender<'a> {
    /// Of scopes only.
    pub name: Text<'a>,
    /// Of scopes only.
    pub version: Text<'a>,
    /// What it says of itself.
    pub attributes: Attributes<'a>,
}

impl<'a> Sender<'a> {
    /// Reads a `Resource`.
    pub fn resource(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut sender = Self::default();
        for field in Fields::of(message) {
            let field = field?;
            if field.number == 1 {
                sender.attributes.add(field.bytes()?)?;
            }
        }
        sender.attributes.keep_each_once();
        Ok(sender)
    }

    /// Reads an `InstrumentationScope`.
    pub fn scope(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut sender = Self::default();
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => sender.name = field.text()?,
                2 => sender.version = field.text()?,
                3 => sender.attributes.add(field.bytes()?)?,
                _ => {}
            }
        }
        sender.attributes.keep_each_once();
        Ok(sender)
    }
}

/// Calls `each` with the resource, the scope and the items of every scope of a request that has items.
///
/// Resource and scope are messages that are not read yet, empty where there is none.
pub(in crate::otlp) fn items<'a, E: From<Malformed>>(
    request: &'a [u8],
    mut each: impl FnMut(&'a [u8], &'a [u8], &mut dyn Iterator<Item = Result<&'a [u8], Malformed>>) -> Result<(), E>,
) -> Result<(), E> {
    for of_resource in messages(request, RESOURCES) {
        let of_resource = of_resource?;
        let resource = last(of_resource, SENDER)?;
        for of_scope in messages(of_resource, CONTENTS) {
            let of_scope = of_scope?;
            let mut items = messages(of_scope, CONTENTS).peekable();
            if items.peek().is_some() {
                each(resource, last(of_scope, SENDER)?, &mut items)?;
            }
        }
    }
    Ok(())
}

/// The messages in the fields of a number.
fn messages(message: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    let is_one =
        move |field: &Result<Field<'_>, Malformed>| field.as_ref().map_or(true, |field| field.number == number);
    Fields::of(message).filter(is_one).map(|field| field?.bytes())
}

fn last(message: &[u8], number: u32) -> Result<&[u8], Malformed> {
    messages(message, number).try_fold(&[][..], |_, found| found)
}
