//! The reader of event streams: however a stream is cut, the events are the same, and none is larger than allowed. An
//! input is a number that says where to cut, and a stream.
#![no_main]

use std::collections::VecDeque;

use libfuzzer_sys::fuzz_target;
use mcp_core::client::{EventTooLarge, SseDecoder, SseEvent};

/// Small, so that inputs reach it.
const LIMIT: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let Some((cut, stream)) = data.split_first_chunk::<2>() else { return };
    let whole = decode(&[stream]);
    let at = usize::from(u16::from_le_bytes(*cut)) % (stream.len() + 1);
    let (head, tail) = stream.split_at(at);
    let pieces = decode(&[head, tail]);
    let bytes: Vec<_> = stream.chunks(1).collect();
    // What is too large is found out as soon as it is there: sooner in small pieces, but never not at all.
    for other in [pieces, decode(&bytes)] {
        match (&whole, &other) {
            (Ok(whole), Ok(other)) => assert_eq!(whole, other),
            (Err(_), Err(_)) => {}
            _ => assert!(stream.len() > LIMIT, "{whole:?} and {other:?}"),
        }
    }
});

type Decoded = (VecDeque<SseEvent>, Option<String>, Option<std::time::Duration>);

fn decode(pieces: &[&[u8]]) -> Result<Decoded, EventTooLarge> {
    let mut decoder = SseDecoder::new(LIMIT);
    let mut events = VecDeque::new();
    for piece in pieces {
        decoder.feed(piece, &mut events)?;
    }
    assert!(events.iter().all(|event| event.data.len() <= LIMIT));
    Ok((events, decoder.last_id().map(str::to_owned), decoder.retry()))
}
