//! A text as words, emoji, emoticons and runs of punctuation, each with its place in the text. One pass, in time that
//! grows with the text; any string will do. It knows nothing of meaning.

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, with apostrophes and masked letters inside.
    Word,
    /// Begins with a digit.
    Number,
    /// One pictograph; modifiers and joiners are dropped.
    Emoji,
    /// A face made of punctuation, named by what it shows.
    Emoticon,
    /// A run of `!` and `?`, a run of full stops, a line feed, or another mark.
    Mark,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    /// The first byte in the text.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// Where its normal form lies in [`Tokens::forms`].
    form: (usize, usize),
    pub kind: Kind,
    /// Two or more letters, all of them capitals.
    pub is_upper: bool,
    /// A letter three or more times in a row, which the normal form has twice.
    pub is_stretched: bool,
}

/// The tokens of a text.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub list: Vec<Token>,
    forms: String,
}

impl Tokens {
    /// Reads a text.
    pub(crate) fn new(text: &str) -> Self {
        let mut tokens =
            Self { list: Vec::with_capacity(text.len() / 4 + 1), forms: String::with_capacity(text.len() + 16) };
        tokens.append(text, 0);
        tokens
    }

    /// Reads a further piece, which begins at byte `offset` of the whole.
    pub(crate) fn append(&mut self, text: &str, offset: usize) {
        Reader { text, offset, at: 0, is_in_tag: false, tokens: self }.read();
    }

    /// A token's normal form: lower case, plain apostrophes, no letter more than twice in a row.
    pub(crate) fn form(&self, index: usize) -> &str {
        self.list.get(index).and_then(|token| self.forms.get(token.form.0..token.form.1)).unwrap_or_default()
    }
}

struct Reader<'a> {
    text: &'a str,
    offset: usize,
    at: usize,
    /// Whether what comes next belongs to a hashtag, whose words are told apart by their capitals.
    is_in_tag: bool,
    tokens: &'a mut Tokens,
}

/// Pictographs, and the symbols that people use as such.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B50}' | '\u{2B55}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{3030}')
}

/// What only changes the emoji before it: skin tones, variation selectors, joiners.
fn is_modifier(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}' | '\u{200D}' | '\u{20E3}' | '\u{1F3FB}'..='\u{1F3FF}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2018}' | '\u{02BC}' | '`' | '\u{B4}')
}

/// The faces that people put behind a word without a space; others are code or time there.
const FACES_AFTER_WORDS: [&str; 6] = [":)", ":(", ":-)", ":-(", ";)", ";-)"];

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn read(&mut self) {
        let mut is_at_chunk = true;
        while let Some(c) = self.rest().chars().next() {
            self.is_in_tag &= c.is_alphanumeric();
            if c.is_whitespace() {
                if c == '\n' {
                    self.push_form(1, Kind::Mark, "\n");
                } else {
                    self.at += c.len_utf8();
                }
                is_at_chunk = true;
                continue;
            }
            if is_at_chunk
                && (!c.is_alphabetic() || matches!(c, 'h' | 'w' | 'x' | 'X' | 'T' | 'o' | 'O' | 'D'))
                && self.chunk()
            {
                is_at_chunk = false;
                continue;
            }
            is_at_chunk = false;
            if c.is_alphanumeric() {
                self.word();
                // And a word: "at home:("
                is_at_chunk = FACES_AFTER_WORDS.iter().any(|face| self.rest().starts_with(face));
            } else if is_modifier(c) {
                self.at += c.len_utf8();
            } else if is_emoji(c) {
                let mut form = [0; 4];
                self.push_form(c.len_utf8(), Kind::Emoji, c.encode_utf8(&mut form));
            } else {
                self.mark(c);
                // A face may follow a bracket or a full stop without a space.
                is_at_chunk = matches!(c, '.' | '!' | '?' | ',' | '"' | '*');
            }
        }
    }

    /// What is recognised as a whole: addresses, names, faces. Says whether something was.
    fn chunk(&mut self) -> bool {
        let rest = self.rest();
        if rest.starts_with("http://") || rest.starts_with("https://") || rest.starts_with("www.") {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            self.push_form(length, Kind::Word, "<url>");
            return true;
        }
        if let Some(name) = rest.strip_prefix('@') {
            let length = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            if length > 0 {
                self.push_form(length + 1, Kind::Word, "<user>");
                return true;
            }
        }
        // The training set's placeholder for a person's name.
        if rest.starts_with("[NAME]") {
            self.push_form("[NAME]".len(), Kind::Word, "<name>");
            return true;
        }
        if let Some((length, form)) = face(rest) {
            self.push_form(length, Kind::Emoticon, form);
            return true;
        }
        false
    }

    fn word(&mut self) {
        let begin = self.at;
        let form_begin = self.tokens.forms.len();
        let mut letters = 0;
        let mut capitals = 0;
        let mut is_number = false;
        let mut is_stretched = false;
        let mut was_lower = false;
        let mut last = ('\0', 0);
        let mut chars = self.text.get(begin..).unwrap_or_default().char_indices().peekable();
        let mut end = begin;
        while let Some((index, c)) = chars.next() {
            let is_inside = index > 0;
            if c.is_alphanumeric() {
                if self.is_in_tag && was_lower && c.is_uppercase() {
                    break;
                }
                was_lower = c.is_lowercase();
                is_number |= !is_inside && c.is_numeric();
                letters += usize::from(c.is_alphabetic());
                capitals += usize::from(c.is_uppercase());
                let lower = if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) };
                last = if lower == last.0 { (lower, last.1 + 1) } else { (lower, 1) };
                if last.1 <= 2 || is_number {
                    self.tokens.forms.push(lower);
                } else {
                    is_stretched = true;
                }
            } else if is_inside
                && (is_apostrophe(c) || c == '*' && !is_number)
                && chars.peek().is_some_and(|&(_, next)| next.is_alphanumeric() || c == '*' && next == '*')
            {
                self.tokens.forms.push(if c == '*' { '*' } else { '\'' });
                last = ('\0', 0);
            } else {
                break;
            }
            end = begin + index + c.len_utf8();
        }
        // Masked letters belong to a word only where it goes on: stars that end it are Markdown.
        while self.tokens.forms.len() > form_begin && self.tokens.forms.ends_with('*') {
            self.tokens.forms.pop();
            end -= 1;
        }
        self.at = end;
        if let Some(full) = self.tokens.forms.get(form_begin..).and_then(contraction) {
            self.tokens.forms.truncate(form_begin);
            self.tokens.forms.push_str(full);
        }
        let form = (form_begin, self.tokens.forms.len());
        self.tokens.list.push(Token {
            start: self.offset + begin,
            end: self.offset + end,
            form,
            kind: if is_number { Kind::Number } else { Kind::Word },
            is_upper: letters > 1 && capitals == letters,
            is_stretched,
        });
    }

    fn mark(&mut self, c: char) {
        let rest = self.rest();
        let run = |is_part: fn(char) -> bool| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let is_loud = |c: char| matches!(c, '!' | '?');
        if is_loud(c) {
            let length = run(is_loud);
            let marks = rest.get(..length).unwrap_or_default();
            let form = match (marks.contains('!'), marks.contains('?'), length) {
                (true, true, _) => "?!",
                (true, false, 1) => "!",
                (true, false, 2) => "!!",
                (true, false, _) => "!!!",
                (_, _, 1) => "?",
                (..) => "??",
            };
            self.push_form(length, Kind::Mark, form);
        } else if c == '.' || c == '\u{2026}' {
            let length = run(|c| c == '.' || c == '\u{2026}');
            let form = if length == 1 { "." } else { "..." };
            self.push_form(length, Kind::Mark, form);
        } else if rest.starts_with("&amp;") {
            // As tweets come from their archives.
            self.push_form("&amp;".len(), Kind::Mark, "&");
        } else {
            let mut form = [0; 4];
            self.push_form(c.len_utf8(), Kind::Mark, c.encode_utf8(&mut form));
            self.is_in_tag = c == '#';
        }
    }

    fn push_form(&mut self, length: usize, kind: Kind, form: &str) {
        let begin = self.tokens.forms.len();
        self.tokens.forms.push_str(form);
        let token = Token {
            start: self.offset + self.at,
            end: self.offset + self.at + length,
            form: (begin, self.tokens.forms.len()),
            kind,
            is_upper: false,
            is_stretched: false,
        };
        self.tokens.list.push(token);
        self.at += length;
    }
}

/// A contraction that was written without its apostrophe, where it is no other word.
fn contraction(form: &str) -> Option<&'static str> {
    Some(match form {
        "dont" => "don't",
        "doesnt" => "doesn't",
        "didnt" => "didn't",
        "isnt" => "isn't",
        "wasnt" => "wasn't",
        "arent" => "aren't",
        "werent" => "weren't",
        "cant" => "can't",
        "couldnt" => "couldn't",
        "wouldnt" => "wouldn't",
        "shouldnt" => "shouldn't",
        "wont" => "won't",
        "havent" => "haven't",
        "hasnt" => "hasn't",
        "hadnt" => "hadn't",
        "aint" => "ain't",
        "im" => "i'm",
        "ive" => "i've",
        "youre" => "you're",
        "theyre" => "they're",
        "thats" => "that's",
        _ => return None,
    })
}

/// The face that a text begins with: its length in bytes and its name.
fn face(text: &str) -> Option<(usize, &'static str)> {
    const WHOLE: [(&str, &str); 20] = [
        ("</3", "<heartbreak>"),
        ("<\\3", "<heartbreak>"),
        ("<3", "<heart>"),
        ("&lt;3", "<heart>"),
        ("^_^", "<smile>"),
        ("^.^", "<smile>"),
        ("^^", "<smile>"),
        ("-_-", "<annoyed>"),
        ("-.-", "<annoyed>"),
        (">_<", "<annoyed>"),
        (">.<", "<annoyed>"),
        ("T_T", "<cry>"),
        ("T.T", "<cry>"),
        (";_;", "<cry>"),
        ("o_O", "<startled>"),
        ("O_o", "<startled>"),
        ("o.O", "<startled>"),
        ("\u{AF}\\_(\u{30C4})_/\u{AF}", "<shrug>"),
        ("xD", "<laugh>"),
        ("XD", "<laugh>"),
    ];
    if let Some(&(whole, form)) = WHOLE.iter().find(|(whole, _)| text.starts_with(whole)) {
        return ends_face(text, whole.len()).then_some((whole.len(), form));
    }
    let bytes = text.as_bytes();
    let byte = |index: usize| bytes.get(index).copied().unwrap_or_default();
    // The mirrored way of writing: (: and ):
    if matches!(byte(0), b'(' | b')' | b'D') && matches!(byte(1), b':' | b';') && ends_face(text, 2) {
        return Some((2, if byte(0) == b'(' { "<smile>" } else { "<sad>" }));
    }
    let mut at = usize::from(byte(0) == b'>');
    if !matches!(byte(at), b':' | b';' | b'=') {
        return None;
    }
    let eyes = byte(at);
    at += 1;
    let is_tear = byte(at) == b'\'';
    if matches!(byte(at), b'-' | b'\'' | b'o' | b'0' | b'^' | b',') && !matches!(byte(at + 1), 0 | b' ') {
        at += 1;
    }
    let mouth = byte(at);
    let form = match mouth {
        b')' | b']' | b'}' if is_tear => "<laugh>",
        b')' | b']' | b'}' | b'3' if eyes == b';' => "<wink>",
        b')' | b']' | b'}' | b'3' => "<smile>",
        b'D' => "<laugh>",
        b'(' | b'[' | b'{' if is_tear => "<cry>",
        b'(' | b'[' | b'{' if bytes.first() == Some(&b'>') => "<angry>",
        b'(' | b'[' | b'{' => "<sad>",
        b'P' | b'p' => "<tongue>",
        b'/' | b'\\' => "<unsure>",
        b'|' => "<annoyed>",
        b'O' | b'o' | b'0' => "<startled>",
        b'*' => "<kiss>",
        b'@' => "<angry>",
        _ => return None,
    };
    at += 1;
    // :))) is one face.
    while matches!(mouth, b')' | b'(' | b'D') && byte(at) == mouth {
        at += 1;
    }
    ends_face(text, at).then_some((at, form))
}

/// Whether a face may end here: not in the middle of something else, such as a time, an address or a list of names.
fn ends_face(text: &str, at: usize) -> bool {
    text.get(at..)
        .is_some_and(|rest| rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '/' | '_')))
}
