//! Where a JSON value ends: counts its brackets and passes over its strings, byte by byte. Whether it is JSON at all is for
//! others to say.

/// How far into a value the bytes so far lead.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Brackets {
    open: usize,
    in_string: bool,
    escaped: bool,
}

impl Brackets {
    /// Takes the next byte. A byte of a character beyond ASCII is no bracket and no quote.
    pub(crate) const fn take(&mut self, byte: u8) {
        if self.escaped {
            self.escaped = false;
        } else if self.in_string {
            match byte {
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.open += 1,
                b'}' | b']' => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether a bracket is yet to be closed.
    pub(crate) const fn is_open(&self) -> bool {
        self.open > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_outside_of_strings_count() {
        for (text, is_open) in [
            ("", false),
            ("{", true),
            ("[{}]", false),
            ("[{]", true),
            (r#"{"a": "}"#, true),
            (r#"{"a": "\"}"#, true),
            (r#"{"a": "\\"}"#, false),
            ("}}{", true),
        ] {
            let mut brackets = Brackets::default();
            text.bytes().for_each(|byte| brackets.take(byte));
            assert_eq!(brackets.is_open(), is_open, "{text}");
        }
    }
}
