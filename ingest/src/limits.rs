//! How large a row, and what it is made of, may be, and how old.

use std::time::Duration;

/// Most bytes of `message`; cut there, at a character's border.
pub const MESSAGE_BYTES_MAX: usize = 512;
/// Most bytes of each of the three exception texts of a record; cut there, at a character's border.
pub const EXCEPTION_TEXT_BYTES_MAX: usize = 32_000;
/// Most bytes of any other text column that comes from one attribute or name; cut there, at a character's border.
pub const TEXT_BYTES_MAX: usize = 32_000;
/// Most bytes that attributes, body, events and links of one record may have together as JSON. What is
/// beyond is cut (texts, at a character's border, with `…`) or left out (further entries).
pub const RECORD_BYTES_MAX: usize = 10_000_000;
/// Most bytes of the attributes of one resource, and of one scope, as JSON: every record repeats them.
pub const RESOURCE_BYTES_MAX: usize = 256 << 10;
/// Most events of one span that are kept, and that become rows of their own; the rest is left out.
pub const SPAN_EVENTS_MAX: usize = 1_000;
/// Most links of one span that are kept; the rest is left out.
pub const SPAN_LINKS_MAX: usize = 1_000;
/// Most attributes of one record, resource, scope or point, and most entries of one object among them, that are kept;
/// the rest is left out.
pub const ATTRIBUTES_MAX: usize = 1 << 16;
/// Most buckets of one histogram, and of each half of an exponential one, that are kept; the rest is left out.
pub const BUCKETS_MAX: usize = 1 << 14;
/// Most tags of one record that are kept; the rest is left out.
pub const TAGS_MAX: usize = 100;
/// How deep lists and objects of one attribute may nest; deeper ones become NULL, deeper JSON text stays text.
pub const JSON_DEPTH_MAX: usize = 64;
/// Most bytes of memory that the rows of one OTLP request may take.
pub const DECODED_BYTES_MAX: usize = 256 << 20;
/// How far before its arrival a row may have ended, unless somebody sets another limit; older rows are dropped.
pub const ACCEPTED_PAST: Duration = Duration::from_secs(24 * 3_600);
/// How far after its arrival a row may end, unless somebody sets another limit; later rows are dropped.
pub const ACCEPTED_FUTURE: Duration = Duration::from_secs(3_600);
/// Most services that are named when rows are dropped.
pub const NAMED_SERVICES_MAX: usize = 5;
