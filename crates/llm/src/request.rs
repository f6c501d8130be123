//! What a model is asked: the request that every wire is written from. Knows no provider.

use bytes::Bytes;

/// One question to a model, with what was said before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// The model's id, as its provider names it.
    pub model: String,
    /// How the model is to behave.
    pub system: Option<String>,
    /// The conversation, oldest first; the last one is the user's, or the beginning of an answer that the model is to go on
    /// with (see [`Provider::goes_on`](crate::Provider::goes_on)).
    pub messages: Vec<ChatMessage>,
    /// How the model is to choose its words.
    pub settings: Settings,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

impl ChatMessage {
    /// A user's message of text alone.
    pub fn user(text: impl Into<String>) -> Self {
        Self { role: Role::User, parts: vec![Part::Text(text.into())] }
    }

    /// A model's message of text alone.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self { role: Role::Assistant, parts: vec![Part::Text(text.into())] }
    }

    /// The text of the message, its parts joined by line feeds.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Image { .. } | Part::Audio { .. } => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text, Markdown as a rule.
    Text(String),
    /// A picture.
    Image {
        /// Its MIME type, such as `image/png`.
        media_type: String,
        /// The file.
        data: Bytes,
    },
    /// A recording.
    Audio {
        /// Its MIME type, such as `audio/wav`.
        media_type: String,
        /// The file.
        data: Bytes,
    },
}

/// How the model is to choose its words. What is absent is the provider's default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    /// 0 to 2: how far from the likeliest word.
    pub temperature: Option<f32>,
    /// 1 to 32000: the most tokens to write.
    pub max_tokens: Option<u32>,
    /// 0 to 1: the share of probability to choose from.
    pub top_p: Option<f32>,
    /// -2 to 2: against words by how often they were used.
    pub frequency_penalty: Option<f32>,
    /// -2 to 2: against words that were used at all.
    pub presence_penalty: Option<f32>,
}

impl ChatRequest {
    /// About how many tokens the model will read; see [`estimate_tokens`].
    pub fn estimate_input_tokens(&self) -> u64 {
        // What a picture or a recording costs differs by vendor; these are the middle of what they publish.
        const IMAGE_TOKENS: u64 = 800;
        const AUDIO_BYTES_PER_TOKEN: u64 = 500;
        // The frame of a message: its role and its separators.
        const MESSAGE_TOKENS: u64 = 4;
        let parts = self.messages.iter().flat_map(|message| &message.parts).map(|part| match part {
            Part::Text(text) => estimate_tokens(text),
            Part::Image { .. } => IMAGE_TOKENS,
            Part::Audio { data, .. } => data.len() as u64 / AUDIO_BYTES_PER_TOKEN,
        });
        parts.sum::<u64>()
            + self.messages.len() as u64 * MESSAGE_TOKENS
            + self.system.as_deref().map_or(0, |system| estimate_tokens(system) + MESSAGE_TOKENS)
    }
}

/// About how many tokens a text is: four ASCII characters make one, and every other character is one of its own. Good to
/// a fifth for English and code, too high rather than too low for the rest: it guards budgets.
pub fn estimate_tokens(text: &str) -> u64 {
    let (mut ascii, mut other) = (0_u64, 0_u64);
    for character in text.chars() {
        if character.is_ascii() {
            ascii += 1;
        } else {
            other += 1;
        }
    }
    ascii.div_ceil(4) + other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_counts_every_part() {
        assert_eq!(estimate_tokens(""), 0);
        assert_eq!(estimate_tokens("word"), 1);
        assert_eq!(estimate_tokens("こんにちは"), 5);
        let request = ChatRequest {
            system: Some("four".into()),
            messages: vec![ChatMessage::user("eight ch")],
            ..ChatRequest::default()
        };
        assert_eq!(request.estimate_input_tokens(), 1 + 4 + 2 + 4);
    }
}
