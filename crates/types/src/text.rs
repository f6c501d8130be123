//! Rules about text that several requests share.

/// Refuses what no text of Lia's may be: empty or blank, over `max` characters, or holding NUL (Postgres cannot store
/// it). The error is a sentence for the person who wrote it.
pub fn check_text(text: &str, max: usize) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("Write something first.".to_owned());
    }
    if text.contains('\0') {
        return Err("It contains a character (NUL) that cannot be stored.".to_owned());
    }
    if text.chars().nth(max).is_some() {
        return Err(format!("It may have at most {max} characters."));
    }
    Ok(())
}

/// The title of a conversation nobody has named: the first 50 characters of its first message in one line, cut at a
/// word, with `...` where something was left out.
pub fn title_from(message: &str) -> String {
    beginning(message, 50)
}

/// How a message is quoted in a list: the first 120 characters in one line, cut as a title is.
pub fn quote_from(message: &str) -> String {
    beginning(message, 120)
}

fn beginning(message: &str, max: usize) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(max) else { return line };
    // A word that ends exactly at the limit stays whole.
    let head = &line[..end];
    let cut = if line[end..].starts_with(' ') { head } else { head.rsplit_once(' ').map_or(head, |(words, _)| words) };
    format!("{}...", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_message_is_its_own_title() {
        assert_eq!(title_from("  Plan a\n quiet   week "), "Plan a quiet week");
    }

    #[test]
    fn a_long_one_is_cut_at_a_word() {
        let title = title_from("I would like to understand why the moon is sometimes visible in daylight");
        assert_eq!(title, "I would like to understand why the moon is...");
        assert_eq!(title_from(&"word ".repeat(30)), format!("{}...", "word ".repeat(10).trim_end()));
    }

    #[test]
    fn one_endless_word_is_cut_between_characters() {
        assert_eq!(title_from(&"ü".repeat(80)), format!("{}...", "ü".repeat(50)));
    }

    #[test]
    fn blank_nul_and_too_long_are_refused() {
        assert!(check_text(" \n\t", 10).is_err());
        assert!(check_text("a\0b", 10).is_err());
        assert!(check_text("12345678901", 10).is_err());
        assert!(check_text("1234567890", 10).is_ok());
    }
}
