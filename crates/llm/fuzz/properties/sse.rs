//! What holds for the decoder of server-sent events, whatever bytes come: it does not panic, and how they are cut changes
//! nothing. The fuzz target looks for bytes for which it does not, and a test of the crate for a few that it knows.

use llm::sse::{Decoder, Frame, TooLong};

fn decode<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Result<Frame, TooLong>> {
    let mut decoder = Decoder::new();
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.push(chunk);
        frames.extend(std::iter::from_fn(|| decoder.next_frame()));
    }
    decoder.finish();
    frames.extend(std::iter::from_fn(|| decoder.next_frame()));
    frames
}

/// Checks it. The first byte is the size of the chunks.
pub(crate) fn check(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else { return };
    let whole = decode(std::iter::once(bytes));
    assert_eq!(decode(bytes.chunks(usize::from(*size).max(1))), whole);
}
