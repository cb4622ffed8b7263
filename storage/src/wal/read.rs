//! Reading one segment: frame by frame, past what is damaged.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::body::decode;
use super::frame::{HEAD_BYTES, Head};
use super::header::{Header, HeaderError};
use crate::part::Part;

/// Bytes that are no frame, or no parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadFrame;

/// How much is read at once.
const READ_BYTES: usize = 256 << 10;

/// What a segment has.
#[derive(Debug, PartialEq)]
pub(super) struct Segment {
    /// What its header says.
    pub header: Header,
    /// How many of its bytes count: up to the end of the last whole frame.
    pub good_bytes: u64,
    /// The number of its last frame; `None` when it has none.
    pub last_sequence: Option<u64>,
    /// Bytes behind the last frame that were being written when their writer died.
    pub torn_bytes: u64,
    /// Places at which bytes that had been durable are not what they were, with how many of them.
    pub damaged: Vec<(u64, u64)>,
}

/// Why a segment has nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum SegmentError {
    /// The header.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The header of a segment; reads no further.
pub(super) fn read_header(path: &Path) -> Result<(Header, usize), SegmentError> {
    // Headers are some kilobytes, with thousands of shredded attributes some hundred.
    let mut bytes = Vec::new();
    File::open(path)?.take(4 << 20).read_to_end(&mut bytes)?;
    Ok(Header::parse(&bytes)?)
}

/// Reads the frames of a segment up to `end` (what the next segment says of it), and gives `each` those after `after`.
///
/// `read_bytes` hears how many bytes were passed since it was last called.
pub(super) fn read_segment(
    path: &Path,
    end: Option<u64>,
    after: u64,
    each: &mut dyn FnMut(u64, Vec<Part>),
    read_bytes: &mut dyn FnMut(u64),
) -> Result<Segment, SegmentError> {
    let (header, header_bytes) = read_header(path)?;
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    // A length that is bounded from outside was durable to its last byte.
    let end_bytes = end.map_or(length, |end| end.min(length));
    let mut reader = BufReader::with_capacity(READ_BYTES, file);
    reader.seek(SeekFrom::Start(header_bytes as u64))?;
    let mut at = header_bytes as u64;
    read_bytes(at);
    let mut segment = Segment { header, good_bytes: at, last_sequence: None, torn_bytes: 0, damaged: Vec::new() };
    let mut survivors: Option<Survivors> = None;
    while at < end_bytes {
        let before = segment.last_sequence.unwrap_or(0);
        match next_frame(&mut reader, end_bytes - at, segment.header.salt, before)? {
            Some((head, body)) => {
                let taken = (HEAD_BYTES + body.len()) as u64;
                match decoded(head, body, after, &segment.header) {
                    Ok(Some(parts)) => each(head.sequence, parts),
                    Ok(None) => {}
                    Err(BadFrame) => segment.damaged.push((at, taken)),
                }
                at += taken;
                segment.last_sequence = Some(head.sequence);
                segment.good_bytes = at;
                read_bytes(taken);
            }
            None => {
                let known = match survivors.take() {
                    Some(known) => known,
                    None => Survivors::find(&mut reader, at, end_bytes, segment.header.salt)?,
                };
                match survivors.insert(known).after_damage(at, before, end.is_some()) {
                    // This place was durable before a later frame was written: the disk has lost what stood here.
                    Some(place) => {
                        segment.damaged.push((at, place - at));
                        read_bytes(place - at);
                        at = place;
                        reader.seek(SeekFrom::Start(at))?;
                    }
                    None => {
                        match end {
                            Some(_) => segment.damaged.push((at, end_bytes - at)),
                            None => segment.torn_bytes = end_bytes - at,
                        }
                        read_bytes(end_bytes - at);
                        break;
                    }
                }
            }
        }
    }
    // What the next segment knows to have been durable, and the file does not have.
    if let Some(end) = end.filter(|end| *end > length) {
        segment.damaged.push((length, end - length));
    }
    read_bytes(length.saturating_sub(end_bytes));
    Ok(segment)
}

fn decoded(head: Head, body: Vec<u8>, after: u64, header: &Header) -> Result<Option<Vec<Part>>, BadFrame> {
    if head.sequence <= after {
        return Ok(None);
    }
    decode(body, &header.tables).map(Some)
}

/// The frame at the reader's place; `None` when there is none that is whole.
fn next_frame(reader: &mut impl Read, rest: u64, salt: u32, before: u64) -> io::Result<Option<(Head, Vec<u8>)>> {
    let mut head = [0; HEAD_BYTES];
    if rest < HEAD_BYTES as u64 {
        return Ok(None);
    }
    reader.read_exact(&mut head)?;
    let Some(head) = Head::parse(&head, salt).filter(|head| head.sequence > before) else { return Ok(None) };
    if rest - (HEAD_BYTES as u64) < u64::from(head.length) {
        return Ok(None);
    }
    let mut body = vec![0; head.length as usize];
    reader.read_exact(&mut body)?;
    Ok((crc32fast::hash(&body) == head.body_checksum).then_some((head, body)))
}

/// The whole frames behind a damaged place, wherever they begin. Only damage and crashes lead here, and once for a segment.
struct Survivors(Vec<(u64, Head)>);

impl Survivors {
    fn find(reader: &mut (impl Read + Seek), at: u64, end: u64, salt: u32) -> io::Result<Self> {
        reader.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        reader.take(end - at).read_to_end(&mut bytes)?;
        let whole = |start: usize| {
            // Four zeros end each head: a look at them spares most of the checksums.
            bytes[start + HEAD_BYTES - 4..start + HEAD_BYTES].iter().all(|byte| *byte == 0).then_some(())?;
            let head = Head::parse(&bytes[start..], salt)?;
            let body = bytes.get(start + HEAD_BYTES..)?.get(..head.length as usize)?;
            (crc32fast::hash(body) == head.body_checksum).then_some(head)
        };
        let (mut start, mut found) = (1, Vec::new());
        while start + HEAD_BYTES <= bytes.len() {
            match whole(start) {
                Some(head) => {
                    found.push((at + start as u64, head));
                    start += HEAD_BYTES + head.length as usize;
                }
                None => start += 1,
            }
        }
        Ok(Self(found))
    }

    /// The first one behind `at`, when it is certain that what stood at `at` was durable: `is_bounded`, since a later segment says
    /// so, or a frame of any later group does. The other frames of the same group do not know it.
    fn after_damage(&self, at: u64, before: u64, is_bounded: bool) -> Option<u64> {
        let behind = || self.0.iter().filter(|(place, head)| *place > at && head.sequence > before);
        let was_durable = is_bounded || behind().any(|(_, head)| head.synced_to > at);
        behind().map(|(place, _)| *place).next().filter(|_| was_durable)
    }
}
