//! How large a row, and what it is made of, may be.

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
/// Most tags of one record that are kept; the rest is left out.
pub const TAGS_MAX: usize = 100;
/// How deep lists and objects of one attribute may nest; deeper ones become NULL, deeper JSON text stays text.
pub const JSON_DEPTH_MAX: usize = 64;
/// Most bytes of memory that one OTLP request may take when it is decoded, and its records again.
pub const DECODED_BYTES_MAX: usize = 256 << 20;
