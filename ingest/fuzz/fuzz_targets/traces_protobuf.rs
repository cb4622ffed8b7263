#![no_main]

use watchfire_ingest::{Encoding, Signal};

libfuzzer_sys::fuzz_target!(|body: &[u8]| watchfire_ingest_fuzz::check(Signal::Traces, Encoding::Protobuf, body));
