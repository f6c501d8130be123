//! What is learned of models at run time. Most of it is what they refuse: understood from the refusal's words, changed in
//! the request, and remembered where the words say that it holds for every value. Knows the words of many servers and no
//! wire's body.

use crate::{Error, ErrorKind, endpoint::Call};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Models of which something is remembered; more than any provider has.
const REMEMBERED_MODELS: usize = 1000;

/// What was learned of a provider's models, by their ids, so that each refuses a thing only once.
#[derive(Debug, Default)]
pub(crate) struct Lessons {
    models: Mutex<HashMap<String, Lesson>>,
}

/// What was learned of one model.
#[derive(Clone, Debug, Default)]
struct Lesson {
    /// Fields that it knows nothing of, in the order in which it refused them.
    refused: Vec<&'static str>,
    /// The most tokens it writes.
    max_tokens: Option<u32>,
    /// It thinks, as its provider's list says.
    thinks: bool,
}

impl Lessons {
    /// Leaves out of a call what its model is known to refuse.
    pub(crate) fn adapt(&self, mut call: Call) -> Call {
        let models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let Lesson { refused, max_tokens, .. } = models.get(&call.model).cloned().unwrap_or_default();
        drop(models);
        for (index, field) in refused.iter().enumerate() {
            call.wire.leave_out(&mut call.body, field, &refused[..index]);
        }
        call.refused = refused;
        if let Some(limit) = max_tokens {
            call.wire.lower_max_tokens(&mut call.body, limit);
        }
        call
    }

    /// The most tokens that a model writes, where that was learned.
    pub(crate) fn max_tokens(&self, model: &str) -> Option<u32> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner).get(model)?.max_tokens
    }

    /// Whether a provider's list says of a model that it thinks.
    pub(crate) fn thinks(&self, model: &str) -> bool {
        self.models.lock().unwrap_or_else(PoisonError::into_inner).get(model).is_some_and(|lesson| lesson.thinks)
    }

    /// Takes from a provider's list what requests need to know of a model.
    pub(crate) fn learn(&self, model: &str, max_tokens: Option<u32>, thinks: bool) {
        self.remember(model, |lesson| {
            lesson.thinks = thinks;
            // What a refusal has said is the truth.
            lesson.max_tokens = lesson.max_tokens.or(max_tokens);
        });
    }

    /// Changes a call that was refused for one of its fields. False where it was refused for something else.
    pub(crate) fn repair(&self, call: &mut Call, error: &Error) -> bool {
        // A limit of tokens that does not fit beside the conversation makes the conversation too long for some servers.
        if !matches!(error.kind(), ErrorKind::BadRequest | ErrorKind::ContextLength) {
            return false;
        }
        self.lower_max_tokens(call, error) || self.leave_out(call, error)
    }

    /// Asks for as many tokens as the model says it writes at most, once, where its wire insists on a number.
    fn lower_max_tokens(&self, call: &mut Call, error: &Error) -> bool {
        let Some(sent) = call.wire.required_max_tokens(&call.body).filter(|_| !call.is_limit_lowered) else {
            return false;
        };
        let Some(limit) = most_tokens(error.detail(), sent).filter(|_| is_named("max_tokens", error)) else {
            return false;
        };
        call.wire.lower_max_tokens(&mut call.body, limit);
        call.is_limit_lowered = true;
        // What is left beside a long conversation says nothing about the next one.
        if error.kind() == ErrorKind::BadRequest {
            self.remember(&call.model, |lesson| lesson.max_tokens = Some(limit));
        }
        true
    }

    fn leave_out(&self, call: &mut Call, error: &Error) -> bool {
        let Some(field) = call.wire.refused_field(&call.body, |field| is_named(field, error)) else { return false };
        call.wire.leave_out(&mut call.body, field, &call.refused);
        call.refused.push(field);
        let is_for_good = is_unknown(field, error);
        tracing::debug!(llm.model = call.model, field, is_for_good, "the model refuses a setting");
        if is_for_good {
            self.remember(&call.model, |lesson| {
                if !lesson.refused.contains(&field) {
                    lesson.refused.push(field);
                }
            });
        }
        true
    }

    fn remember(&self, model: &str, learn: impl FnOnce(&mut Lesson)) {
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if models.len() < REMEMBERED_MODELS || models.contains_key(model) {
            learn(models.entry(model.to_owned()).or_default());
        }
    }
}

/// Whether a refusal is about this field: it says so in a field of its own, else names it in its sentences.
fn is_named(field: &str, error: &Error) -> bool {
    match &error.parameter {
        // Too common a word for a sentence to mean it.
        None if field == "stream" => error.detail().contains("must be verified to stream"),
        Some(parameter) => names(parameter, field),
        None => names(error.detail(), field),
    }
}

/// Whether a text has a field's name among its words, however it spells it: `top_p` and `topP` are the same, and so are
/// all names of the limit of tokens.
fn names(text: &str, field: &str) -> bool {
    let letters = |word: &str| match word.replace('_', "").to_ascii_lowercase() {
        limit if limit == "maxcompletiontokens" || limit == "maxoutputtokens" => "maxtokens".to_owned(),
        word => word,
    };
    let field = letters(field);
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| letters(word) == field)
        // Google's ways to say it: "Penalty is not enabled for this model."
        || match field.as_str() {
            "thinkingconfig" => text.to_lowercase().contains("thinking"),
            "frequencypenalty" | "presencepenalty" => text.to_lowercase().contains("penalty is"),
            _ => false,
        }
}

/// Whether the model refuses a field whatever its value: by the refusal's code, else by the sentence that names it.
fn is_unknown(field: &str, error: &Error) -> bool {
    /// As OpenAI has them.
    const CODES: [&str; 2] = ["unsupported_parameter", "unknown_parameter"];
    /// Every value but the one that is taken without asking; and what an account may not ask for.
    const OF_ALL_VALUES: [&str; 2] = ["only the default", "must be verified"];
    /// Other values may be taken.
    const OF_VALUES: [&str; 13] = [
        "unsupported value",
        "unsupported_value",
        "invalid value",
        "too large",
        "too high",
        "too small",
        "at most",
        "at least",
        "less than",
        "greater than",
        "minimum",
        "maximum",
        "range",
    ];
    const OF_FIELDS: [&str; 13] = [
        "unsupported",
        "not supported",
        "not support",
        "unknown",
        "unrecognized",
        "unexpected",
        "not enabled",
        "not allowed",
        "not permitted",
        "not available",
        "deprecated",
        "cannot find field",
        "extra_forbidden",
    ];
    let detail = error.detail().to_lowercase();
    let says = |text: &str, phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    if error.kind() == ErrorKind::ContextLength {
        return false;
    }
    if CODES.iter().any(|code| detail.starts_with(code)) || says(&detail, &OF_ALL_VALUES) {
        return true;
    }
    // A dot inside of a name ends no sentence.
    let mut sentences = detail.split(". ");
    !says(&detail, &OF_VALUES) && sentences.any(|sentence| names(sentence, field) && says(sentence, &OF_FIELDS))
}

/// The most tokens that a model writes, as a refusal of more of them says: `max_tokens: 32000 > 8192, which is the maximum
/// …`; or what is left of it beside the conversation: `188240 + 21333 > 200000`.
fn most_tokens(detail: &str, sent: u32) -> Option<u32> {
    let (before, after) = detail.split_once(" > ")?;
    let limit = leading_number(after)?;
    let read = before.rsplit_once(" + ").and_then(|(read, _)| {
        let digits = read.len() - read.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        leading_number(&read[read.len() - digits..])
    });
    let limit = read.map_or(Some(limit), |read| limit.checked_sub(read))?;
    (1..sent).contains(&limit).then_some(limit)
}

/// The number with which a text begins.
fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(detail: &str) -> Error {
        Error::new(ErrorKind::BadRequest, detail)
    }

    #[test]
    fn a_field_is_named_by_a_whole_word_in_either_spelling() {
        assert!(names("'temperature': Extra inputs", "temperature"));
        assert!(names("generation_config.top_p: is wrong", "topP"));
        assert!(names("Model x does not support parameter presencePenalty.", "presence_penalty"));
        assert!(names("reasoning.summary", "reasoning"));
        assert!(!names("the temperatures of the day", "temperature"));
        assert!(!names("the max_tokens_to_sample", "max_tokens"));
        let elsewhere = Error { parameter: Some("messages[0].content".into()), ..refusal("the temperature in Bern") };
        assert!(!is_named("temperature", &elsewhere), "it says itself what it is about");
    }

    #[test]
    fn what_is_refused_for_good_is_told_from_a_value_and_from_a_mention() {
        for (field, detail) in [
            ("max_tokens", "unsupported_parameter 'max_tokens': Use 'max_completion_tokens' instead."),
            ("temperature", "unsupported_value 'temperature': does not support 0.5. Only the default (1) value is."),
            ("stream_options", "Unrecognized request argument supplied: stream_options"),
            ("stream_options", "[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"stream_options\"]}]"),
            ("presencePenalty", "INVALID_ARGUMENT: Penalty is not enabled for this model"),
            ("thinkingConfig", "INVALID_ARGUMENT: Unable to submit request because thinking is not supported by it"),
            ("temperature", "invalid_request_error: `temperature` is deprecated for this model."),
            ("reasoning", "unsupported_value 'reasoning.summary': Your organization must be verified to"),
        ] {
            assert!(names(detail, field) && is_unknown(field, &refusal(detail)), "{detail}");
        }
        for (field, detail) in [
            ("temperature", "decimal_above_max_value 'temperature': Expected a value <= 1, but got 1.5 instead."),
            ("temperature", "temperature: must be in the supported range from 0 to 2"),
            ("temperature", "unsupported_value 'temperature': Unsupported value: 0.3 is not supported"),
            ("temperature", "This image is of an unsupported type. Besides, the temperature was 0.5"),
            ("max_tokens", "max_tokens is too large: 50. This model supports at most 40 completion tokens."),
            ("response_format", "Invalid schema for response_format 'x': 'required' is required"),
        ] {
            assert!(names(detail, field) && !is_unknown(field, &refusal(detail)), "{detail}");
        }
    }

    #[test]
    fn a_refusal_says_how_many_tokens_may_be_asked_for() {
        let too_many = "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for claude-3-5";
        assert_eq!(most_tokens(too_many, 32_000), Some(8192));
        assert_eq!(most_tokens(too_many, 8192), None, "that is no less");
        let beside = "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease one";
        assert_eq!(most_tokens(beside, 21_333), Some(11_760));
        for detail in ["max_tokens: 5 > ", "max_tokens > x", "300000 + 9 > 200000", "max_tokens: 9 > 99999999999999"] {
            assert_eq!(most_tokens(detail, 32_000), None, "{detail}");
        }
    }
}
