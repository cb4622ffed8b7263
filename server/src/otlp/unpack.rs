//! Unpacks bodies, up to a cap: what unpacks to more stops there, however small it came.

use std::io::{self, Read};

use axum::body::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use watchfire_engine::Held;

use super::chunks::Chunks;
use super::content::Compression;
use super::refusal::Refusal;

/// How much is unpacked at a time.
const PIECE_BYTES: usize = 64 << 10;

/// The body as it was before it was packed, at most `limit` bytes of it. What it takes is added to `held`, and what
/// the packed one took is given back.
pub(super) fn unpack(
    chunks: Chunks,
    compression: Compression,
    limit: usize,
    held: &mut Held,
) -> Result<Bytes, Refusal> {
    let packed = chunks.size_bytes();
    let body = match compression {
        Compression::Identity => return Ok(chunks.into_bytes()),
        Compression::Gzip => all(MultiGzDecoder::new(chunks), "gzip", limit, held),
        Compression::Deflate if is_zlib(&chunks) => all(ZlibDecoder::new(chunks), "deflate", limit, held),
        Compression::Deflate => all(DeflateDecoder::new(chunks), "deflate", limit, held),
        // Its own limit of the window is above our cap, and memory is touched only as far as it is written.
        Compression::Zstd => match zstd::stream::read::Decoder::new(chunks) {
            Ok(decoder) => all(decoder, "zstd", limit, held),
            Err(fault) => Err(broken("zstd", &fault)),
        },
    };
    held.give_back(packed);
    body
}

fn all(mut from: impl Read, word: &str, limit: usize, held: &mut Held) -> Result<Bytes, Refusal> {
    let (mut body, mut piece) = (Vec::new(), vec![0; PIECE_BYTES]);
    loop {
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok(body.into()),
            Ok(count) => count,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => continue,
            Err(fault) => return Err(broken(word, &fault)),
        };
        if body.len() + count > limit {
            return Err(Refusal::too_large(&format!("unpacks to more than {limit} bytes"), limit));
        }
        held.take(count)?;
        body.extend_from_slice(&piece[..count]);
    }
}

fn broken(word: &str, fault: &io::Error) -> Refusal {
    Refusal::Malformed(format!("the body cannot be unpacked with {word}: {fault}"))
}

/// Whether it begins as RFC 1950 says: the method deflate, and a check sum of the first two bytes.
fn is_zlib(chunks: &Chunks) -> bool {
    match chunks.starts_with::<2>().as_slice() {
        [first, second] => first & 0x0f == 8 && (u16::from(*first) * 256 + u16::from(*second)).is_multiple_of(31),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression as Level;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use watchfire_engine::Room;
    use watchfire_model::ProjectName;

    use super::*;

    fn read(mut from: impl Read) -> Bytes {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes.into()
    }

    fn gzip(bytes: &[u8]) -> Bytes {
        read(GzEncoder::new(bytes, Level::fast()))
    }

    fn zstd(bytes: &[u8]) -> Bytes {
        zstd::stream::encode_all(bytes, 1).unwrap().into()
    }

    fn unpacked(body: Bytes, compression: Compression, limit: usize) -> Result<Bytes, Refusal> {
        unpack(body.into(), compression, limit, &mut Room::default().enter(&ProjectName::new("shop")))
    }

    #[test]
    fn every_way_of_packing_gives_back_what_was_packed() {
        let body = b"spans and logs ".repeat(10_000);
        for (packed, compression) in [
            (Bytes::from(body.clone()), Compression::Identity),
            (gzip(&body), Compression::Gzip),
            (zstd(&body), Compression::Zstd),
            (read(ZlibEncoder::new(body.as_slice(), Level::fast())), Compression::Deflate),
            (read(DeflateEncoder::new(body.as_slice(), Level::fast())), Compression::Deflate),
            // Members and frames one behind the other are one body.
            ([gzip(&body[..7]), gzip(&body[7..])].concat().into(), Compression::Gzip),
            ([zstd(&body[..7]), zstd(&body[7..])].concat().into(), Compression::Zstd),
        ] {
            assert_eq!(unpacked(packed, compression, body.len()).unwrap(), body, "{compression:?}");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let zeros = vec![0; 50 << 20];
        for (bomb, compression) in [(gzip(&zeros), Compression::Gzip), (zstd(&zeros), Compression::Zstd)] {
            assert!(bomb.len() < 1 << 20);
            let refused = unpacked(bomb, compression, 1 << 20).unwrap_err();
            assert!(matches!(&refused, Refusal::TooLarge(message) if message.contains("1048576")), "{refused:?}");
        }
    }

    #[test]
    fn what_is_cut_or_was_never_packed_is_malformed() {
        let body = b"spans and logs ".repeat(100);
        for (bytes, compression) in [
            (gzip(&body).slice(..20), Compression::Gzip),
            (zstd(&body).slice(..20), Compression::Zstd),
            (Bytes::from(body.clone()), Compression::Gzip),
            (Bytes::from(body.clone()), Compression::Zstd),
            (Bytes::from(body.clone()), Compression::Deflate),
            (Bytes::new(), Compression::Gzip),
        ] {
            let refused = unpacked(bytes, compression, 1 << 20).unwrap_err();
            assert!(matches!(refused, Refusal::Malformed(_)), "{compression:?}: {refused:?}");
        }
    }

    #[test]
    fn what_is_unpacked_counts_and_what_it_came_as_does_not_any_more() {
        let (room, body) = (Room::default(), vec![0; 100 << 20]);
        let mut held = room.enter(&ProjectName::new("shop"));
        let packed = gzip(&body);
        held.take(packed.len()).unwrap();
        unpack(packed.into(), Compression::Gzip, body.len(), &mut held).unwrap();
        room.enter(&ProjectName::new("mail")).take(100 << 20).unwrap();
        assert!(room.enter(&ProjectName::new("mail")).take(200 << 20).is_err());
    }
}
