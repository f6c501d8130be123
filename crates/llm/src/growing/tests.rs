//! What comes out of growing answers, however they are written and cut.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const NAMES: &[&str] = &["response", "sentiment"];

/// What comes out of an answer that comes in these pieces.
fn read<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, Option<Value>) {
    let mut growing = GrowingField::new(NAMES);
    let mut out = String::new();
    for piece in pieces {
        out.push_str(&growing.push(piece));
    }
    let (rest, fields) = growing.finish();
    (out + &rest, fields)
}

fn text(answer: &str) -> String {
    read([answer]).0
}

#[test]
fn a_text_is_whole_when_only_other_fields_are_to_come() {
    let is_whole = |answer: &str| {
        let mut growing = GrowingField::new(NAMES);
        growing.push(answer);
        growing.is_whole()
    };
    for unfinished in
        ["", "Hi", "{", "{\"response\": \"Hi", "{\"sentiment\": {\"score\": 1}", "{\"response\": \"Hi \"you"]
    {
        assert!(!is_whole(unfinished), "{unfinished}");
    }
    for whole in [
        "{\"response\": \"Hi\"",
        "{\"response\": \"Hi\", \"senti",
        "{\"response\": \"Hi\", \"sentiment\": {",
        "{\"response\": \"\"}",
    ] {
        assert!(is_whole(whole), "{whole}");
    }
}

#[test]
fn the_text_grows_out_of_the_object() {
    let mut growing = GrowingField::new(NAMES);
    let pieces = [
        "{\"resp",
        "onse\" : \"He",
        "l",
        "lo \\",
        "n\\u00",
        "e9\\ud83d",
        "\\ude00",
        "\", \"sentiment\": {\"score\": 1}}",
    ];
    let seen: Vec<String> = pieces.iter().map(|piece| growing.push(piece)).collect();
    assert_eq!(seen, ["", "He", "l", "lo ", "\n", "é", "😀", ""]);
    assert_eq!(growing.finish(), (String::new(), Some(json!({"response": "", "sentiment": {"score": 1}}))));
}

#[test]
fn what_surrounds_the_object_is_no_part_of_it() {
    let object = r#"{"response": "Hi.", "sentiment": {"response": "no"}}"#;
    for answer in [
        object.to_owned(),
        format!("\u{FEFF}\n {object}\n"),
        format!("```json\n{object}\n```"),
        format!("```\n{object}\n```\nI hope this helps!"),
        format!("Sure! Here is the object:\n{object} Anything else {{with braces}}?"),
        format!("Sure:\n\n```json\n{object}\n```"),
        format!("[{object}]"),
        format!("{object}{object}"),
    ] {
        assert_eq!(text(&answer), "Hi.", "{answer}");
    }
}

#[test]
fn the_order_of_the_fields_and_what_else_there_is_make_no_difference() {
    for answer in [
        r#"{"sentiment": {"score": 0.5, "a": [1, "}", {"response": "no"}]}, "response": "Hi."}"#,
        r#"{"thoughts": "The \"response\": is", "response": "Hi."}"#,
        r#"{"response": null, "response": "Hi."}"#,
        r#"{"response": "Hi.", "response": "Ho."}"#,
        r#"{"\u0072esponse": 1, "re\u0073ponse" : "Hi."}"#,
        r#"{"response": "Hi.""#,
        r#"{"response": "Hi.", "#,
        r#"{"response": "Hi.", "senti"#,
        r#"{"response": "Hi.",}"#,
        r#"{"response": "Hi."} {"response": "#,
    ] {
        assert_eq!(text(answer), "Hi.", "{answer}");
    }
}

#[test]
fn what_is_no_json_is_text() {
    for answer in [
        "",
        " ",
        "Hi.",
        "{",
        "{}",
        "{name} is here",
        "fn main() { let a = \"b\"; }",
        "```rust\nfn main() {}\n```",
        r#"{"name": "Ada"}"#,
        r#"{"name": "Ada"} is an object."#,
        r#"{"response": 7}"#,
        r#"{"response""#,
        r#"{"sentiment": {"score""#,
        "A long talk about JSON, in which an object such as {\"name\": \"Ada\"} stands, beside {\"b\": []}, and much else besides.",
    ] {
        assert_eq!(text(answer), answer);
    }
    let long = "word ".repeat(100);
    assert_eq!(text(&format!("{long}{{\"response\": \"Hi.\"}}")), format!("{long}Hi."));
}

#[test]
fn what_is_written_wrongly_is_still_read() {
    let cases = [
        (r#"{"response": "He said "hi" to me.", "sentiment": {}}"#, r#"He said "hi" to me."#),
        (r#"{"response": "He said "hi", "ho" and left."}"#, r#"He said "hi", "ho" and left."#),
        ("{\"response\": \"one\ntwo\"}", "one\ntwo"),
        (r#"{"response": "\(x\) \u12x \q"}"#, r"\(x\) \u12x \q"),
        (r#"{"response": "a\ud83db\ude00c\ud83d\ud83d\ude00\ud83d"}"#, "a\u{FFFD}b\u{FFFD}c\u{FFFD}😀\u{FFFD}"),
        (r#"{"response": "a\u0000b"}"#, "a\u{FFFD}b"),
        (r#"{"response": "cut \u00"#, "cut "),
    ];
    for (answer, expected) in cases {
        assert_eq!(text(answer), expected, "{answer}");
    }
    let (_, fields) = read([r#"{"response": "He said "hi".", "sentiment": {"score": 1}}"#]);
    assert_eq!(fields.unwrap()["sentiment"]["score"], 1, "its other fields are read too");
}

#[test]
fn a_hostile_answer_costs_no_more_than_its_length() {
    for piece in ["\"", "\",", "\", \"", "\",\"a\"", "`", "```a ", "{", "{\"", "{\"a\" ", "\\", "\\ud83d", "\" "] {
        let many = piece.repeat((1 << 20) / piece.len());
        assert!(!text(&many).is_empty());
        text(&format!("{{\"response\": \"{many}"));
        text(&format!("{{\"a\": {many}"));
    }
}

/// A string as JSON, each character in one of the ways it may be written.
fn written(text: &str, ways: &[u8]) -> String {
    let mut json = String::from("\"");
    for (character, way) in text.chars().zip(ways.iter().cycle()) {
        let plain = serde_json::to_string(&character.to_string()).unwrap();
        if way % 3 == 0 {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let digits = format!("{unit:04x}");
                json.push_str("\\u");
                json.push_str(&if way % 2 == 0 { digits } else { digits.to_uppercase() });
            }
        } else {
            json.push_str(&plain[1..plain.len() - 1]);
        }
    }
    json + "\""
}

#[test]
fn a_nul_is_replaced_wherever_it_comes() {
    for answer in ["\0", "{\"\":\0", "{\"response\": \"a\0", "{\"response\": \"a\\u0000b\"}", "{\"response\": \"a\"}\0"]
    {
        let text = text(answer);
        assert!(!text.contains('\0'), "{answer:?} gives {text:?}");
    }
    assert_eq!(text("{\"response\": \"a\0b\\u0000\"}"), "a\u{FFFD}b\u{FFFD}");
}

/// A text cut at these places.
fn cut<'a>(text: &'a str, places: &[usize]) -> Vec<&'a str> {
    let mut places: Vec<usize> =
        places.iter().map(|place| text.floor_char_boundary(place % (text.len() + 1))).collect();
    places.sort_unstable();
    let ends = places.iter().copied().chain([text.len()]);
    let mut start = 0;
    ends.map(|end| &text[std::mem::replace(&mut start, end)..end]).collect()
}

proptest! {
    #[test]
    fn every_writing_and_every_cut_give_the_same_text(
        said in r#"[a-z"\\{}:, \n\tü😀\u{0}]{0,40}"#,
        ways in prop::collection::vec(any::<u8>(), 1..8),
        space in "[ \n\t]{0,3}",
        is_last in any::<bool>(),
        around in prop::sample::select(vec![("", ""), ("```json\n", "\n```"), ("Sure! Here you go:\n", "\nBye {}.")]),
        places in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let response = format!("\"response\"{space}:{space}{}", written(&said, &ways));
        let other = format!("{space}\"sentiment\":{space}{{\"score\":{space}0.5}}{space}");
        let fields = if is_last { format!("{other},{space}{response}") } else { format!("{response}{space},{other}") };
        let answer = format!("{}{{{fields}{space}}}{}", around.0, around.1);
        let (seen, found) = read(cut(&answer, &places));
        let expected = said.replace('\0', "\u{FFFD}");
        prop_assert_eq!(&seen, &expected);
        prop_assert_eq!(&found.unwrap()["sentiment"]["score"], 0.5);
        // Whatever has come of it is a beginning of the whole.
        let mut growing = GrowingField::new(NAMES);
        let mut so_far = String::new();
        for piece in cut(&answer, &places) {
            so_far += &growing.push(piece);
            prop_assert!(expected.starts_with(&so_far));
        }
    }

    #[test]
    fn the_pieces_make_no_difference_whatever_comes(
        answer in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "\"", "\"", ":", ",", "\\", "response", "sentiment", "\"response\":\"", "\\ud83d", "\\ude00",
            "\\u00", "```", "json", " ", "\n", "a word", "é", "😀", "\0",
        ]), 0..30),
        places in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let answer = answer.concat();
        let whole = read([answer.as_str()]);
        prop_assert_eq!(&read(cut(&answer, &places)), &whole);
        prop_assert_eq!(&read(answer.split_inclusive(|_: char| true)), &whole);
        prop_assert!(!whole.0.contains('\0'));
    }

    #[test]
    fn without_an_object_everything_is_text(answer in "[^{\0]{0,300}") {
        prop_assert_eq!(text(&answer), answer);
    }
}
