//! Halves of characters in JSON: servers that cut a text between two UTF-16 units send an emoji as `\ud83c` and, one event
//! later, `\udf0a`. Neither is JSON that a parser takes. Knows escapes and no wire.

/// A half that ended a text, as it was written; its other half may begin the next text.
pub(crate) type Half = String;

/// What becomes of a document with halves of characters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mended {
    pub(crate) json: String,
    /// The half with which a text in it ends.
    pub(crate) half: Option<Half>,
    /// The half from before has found its other one.
    pub(crate) is_joined: bool,
}

/// Makes a document readable: what is left of a character is joined with the half from before, kept for the next document
/// where a text ends with it, else replaced. Nothing where there is nothing to mend.
pub(crate) fn mend(json: &str, before: Option<&Half>) -> Option<Mended> {
    if !(json.contains("\\ud") || json.contains("\\uD")) {
        return None;
    }
    let mut mended = Mended { json: String::with_capacity(json.len()), half: None, is_joined: false };
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(at);
        mended.json.push_str(plain);
        rest = mended.take(escape, before);
    }
    mended.json.push_str(rest);
    (mended.json != json).then_some(mended)
}

impl Mended {
    /// Takes the escape that the text begins with; gives what follows it.
    fn take<'a>(&mut self, text: &'a str, before: Option<&Half>) -> &'a str {
        let Some(unit) = unit(text) else {
            // Some other escape: its second character may be a backslash.
            let end = text.char_indices().nth(2).map_or(text.len(), |(end, _)| end);
            self.json.push_str(&text[..end]);
            return &text[end..];
        };
        let (escape, rest) = text.split_at(6);
        match unit {
            0xD800..=0xDBFF if matches!(self::unit(rest), Some(0xDC00..=0xDFFF)) => {
                self.json.push_str(&text[..12]);
                return &text[12..];
            }
            0xD800..=0xDBFF if rest.starts_with('"') => self.half = Some(escape.to_owned()),
            0xDC00..=0xDFFF if before.is_some() && self.json.ends_with('"') => {
                self.is_joined = true;
                self.json.push_str(before.map_or("", String::as_str));
                self.json.push_str(escape);
            }
            0xD800..=0xDFFF => self.json.push(char::REPLACEMENT_CHARACTER),
            _ => self.json.push_str(escape),
        }
        rest
    }
}

/// The UTF-16 unit that a text begins with as an escape.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_characters_are_left_alone() {
        for json in ["", "{}", r#""\ud83c\udf0a""#, r#""\\ud83c""#, r#""\u00e4\"\n""#, r#""\uD7FF \ue000""#] {
            assert_eq!(mend(json, None), None, "{json}");
        }
    }

    #[test]
    fn a_half_waits_for_its_other_half() {
        let first = mend(r#"{"a":"x\ud83c","b":1}"#, None).unwrap();
        assert_eq!((first.json.as_str(), first.half.as_deref()), (r#"{"a":"x","b":1}"#, Some(r"\ud83c")));
        let second = mend(r#"{"a":"\udf0ay"}"#, first.half.as_ref()).unwrap();
        assert_eq!((second.json.as_str(), second.is_joined), (r#"{"a":"\ud83c\udf0ay"}"#, true));
    }

    #[test]
    fn a_half_that_has_no_other_is_replaced() {
        for (json, expected) in [
            (r#""a\ud83cb""#, "\"a\u{FFFD}b\""),
            (r#""\udf0a""#, "\"\u{FFFD}\""),
            (r#""\ud83c\ud83c\udf0a""#, "\"\u{FFFD}\\ud83c\\udf0a\""),
            (r#""\ud83c\u00e4""#, "\"\u{FFFD}\\u00e4\""),
        ] {
            assert_eq!(mend(json, None).unwrap().json, expected, "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_is_mended_is_read(pieces in prop::collection::vec(prop::sample::select(vec![
            r"\ud83c", r"\udf0a", r"\uD8", r"\\", r"\n", "ü", "x", "\\u", r"\uDBFF", r"\udc00",
        ]), 0..12)) {
            let json = format!("\"{}\"", pieces.concat());
            let half = r"\ud83c".to_owned();
            if let Some(mended) = mend(&json, Some(&half)) {
                // Only what was broken in another way stays broken.
                let is_broken = pieces.iter().any(|piece| matches!(*piece, r"\uD8" | "\\u"));
                let text = serde_json::from_str::<String>(&mended.json);
                prop_assert!(is_broken || text.is_ok(), "{}", mended.json);
            }
        }
    }
}
