//! JSON that comes without the framing of events: one document, one after another (a line each, as Ollama writes them), or
//! a list that grows (as Gemini writes it where nobody asked for events). Bytes in, documents out as soon as each is
//! complete, in time linear in the bytes whatever their chunking.
//!
//! It finds where documents begin and end and leaves what is in them to others.

use crate::{
    brackets::Brackets,
    sse::{LINE_MAX_BYTES, TooLong},
};

/// What comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A document, of a list its items one by one.
    Document(String),
    /// Bytes that belong to no document, with everything that follows them.
    Foreign(Vec<u8>),
}

/// Finds the documents in one body.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    buffer: Vec<u8>,
    /// Where the unfinished document begins.
    start: usize,
    /// Up to here nothing ended.
    searched: usize,
    /// Of the document; none is open between two of them.
    brackets: Brackets,
    in_list: bool,
}

impl Documents {
    /// Takes the next bytes of the body.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        // As in the decoder of events: every byte moves a constant number of times.
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece that is there.
    pub(crate) fn next_piece(&mut self) -> Option<Result<Piece, TooLong>> {
        while let Some(byte) = self.buffer.get(self.searched).copied() {
            if self.brackets.is_open() {
                self.searched += 1;
                self.brackets.take(byte);
                if !self.brackets.is_open() {
                    let document = String::from_utf8_lossy(&self.buffer[self.start..self.searched]).into_owned();
                    self.start = self.searched;
                    return Some(Ok(Piece::Document(document)));
                }
                continue;
            }
            match byte {
                b'[' if !self.in_list => self.in_list = true,
                b']' if self.in_list => self.in_list = false,
                b'{' => {
                    self.start = self.searched;
                    self.brackets.take(byte);
                }
                b',' => {}
                byte if byte.is_ascii_whitespace() => {}
                _ => {
                    self.start = self.searched;
                    return Some(Ok(Piece::Foreign(self.buffer.split_off(self.searched))));
                }
            }
            self.searched += 1;
            // What lies between documents is read.
            self.start = if self.brackets.is_open() { self.start } else { self.searched };
        }
        (self.searched - self.start > LINE_MAX_BYTES).then_some(Err(TooLong))
    }

    /// Whether the body ended inside of a document.
    pub(crate) const fn is_cut(&self) -> bool {
        self.brackets.is_open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Piece>, bool) {
        let (mut documents, mut pieces) = (Documents::default(), Vec::new());
        for chunk in chunks {
            documents.push(chunk);
            pieces.extend(std::iter::from_fn(|| documents.next_piece()).map(Result::unwrap));
        }
        (pieces, documents.is_cut())
    }

    /// The documents of a body, the same for the whole and for every size of chunk.
    fn documents(body: &str) -> Vec<String> {
        let whole = pieces([body.as_bytes()]);
        for size in [1, 2, 3, 7] {
            assert_eq!(pieces(body.as_bytes().chunks(size)), whole, "in chunks of {size}");
        }
        let document = |piece| match piece {
            Piece::Document(document) => document,
            Piece::Foreign(bytes) => panic!("foreign: {bytes:?}"),
        };
        whole.0.into_iter().map(document).collect()
    }

    #[test]
    fn documents_come_one_by_one_however_they_are_put_together() {
        assert_eq!(documents(" \n{\"a\": [1, {}]}\r\n"), ["{\"a\": [1, {}]}"]);
        assert_eq!(documents("{\"a\":1}\n{\"a\":2}\n"), ["{\"a\":1}", "{\"a\":2}"]);
        assert_eq!(documents("[{\"a\":1}\n,\n{\"a\":\"ü}\\\"]\"}]"), ["{\"a\":1}", "{\"a\":\"ü}\\\"]\"}"]);
        assert_eq!(documents("[]"), Vec::<String>::new());
    }

    #[test]
    fn a_body_that_ends_in_a_document_is_cut() {
        assert!(pieces([&b"[{\"a\":1},{\"a\""[..]]).1);
        assert!(!pieces([&b"[{\"a\":1},"[..]]).1, "a list whose last item is whole");
    }

    #[test]
    fn what_is_no_document_is_handed_back() {
        let (pieces, _) = pieces([&b"{\"a\":1}\ndata: {\"b\":2}\n"[..]]);
        assert_eq!(pieces[1], Piece::Foreign(b"data: {\"b\":2}\n".to_vec()));
    }

    #[test]
    fn a_document_without_an_end_is_too_long_in_the_end() {
        let mut documents = Documents::default();
        documents.push(b"{\"a\":\"");
        let more = vec![b'x'; 65_536];
        let mut pieces = std::iter::repeat_with(|| {
            documents.push(&more);
            documents.next_piece()
        });
        assert_eq!(pieces.find_map(|piece| piece), Some(Err(TooLong)));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",\\ax \n".to_vec()), 0..60)) {
            let mut documents = Documents::default();
            for byte in bytes {
                documents.push(&[byte]);
                while documents.next_piece().is_some() {}
            }
        }
    }
}
