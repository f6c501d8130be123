//! Offline: a companion in the tradition of ELIZA, for a Lia without a key and without a network. It follows a script
//! (`script`), turns the person's own words back as questions, and says plainly that it is no model.
//!
//! It is a function of the conversation: the same messages give the same answer. It knows no network and no clock.

mod script;

use crate::{ChatMessage, ChatRequest, Delta, DeltaStream, Error, Finish, ModelInfo, Role, Usage, estimate_tokens};
use futures_util::stream;
use script::{RULES, Rule};

/// The companion without a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offline;

/// How far back it remembers, in messages of the person.
const MEMORY: usize = 30;

impl Offline {
    /// Its id among the providers.
    pub const ID: &'static str = "offline";
    /// Its name for people.
    pub const NAME: &'static str = "Offline";
    /// The id of the one thing it offers as a model.
    pub const MODEL: &'static str = "companion";

    pub(crate) fn models() -> Vec<ModelInfo> {
        vec![ModelInfo {
            id: Self::MODEL.into(),
            name: "Offline companion".into(),
            description: "Listens and asks back by simple rules. No language model, no network.".into(),
            context_window: None,
            capabilities: Vec::new(),
            price: None,
        }]
    }

    /// Answers word by word.
    #[expect(clippy::unused_self, reason = "a provider is asked like every other")]
    pub(crate) fn stream(self, request: &ChatRequest) -> DeltaStream {
        let said: Vec<String> =
            request.messages.iter().filter(|message| message.role == Role::User).map(ChatMessage::text).collect();
        let answer = reply(&said[said.len().saturating_sub(MEMORY)..]);
        let usage = Usage {
            input_tokens: Some(request.estimate_input_tokens()),
            output_tokens: Some(estimate_tokens(&answer)),
            cost_micros: Some(0),
            estimated: true,
        };
        let words = answer.split_inclusive(' ').map(|word| Delta::Text(word.to_owned()));
        let end = [Delta::Usage(usage), Delta::Finish(Finish::Stop)];
        let deltas: Vec<Result<Delta, Error>> = words.chain(end).map(Ok).collect();
        Box::pin(stream::iter(deltas))
    }
}

/// The answer to the last of the person's messages, in the light of the earlier ones.
fn reply(said: &[String]) -> String {
    let Some((last, earlier)) = said.split_last() else {
        return pick(script::GREETINGS, 0).to_owned();
    };
    let sentences = sentences(last);
    let best = sentences.iter().filter_map(|words| find(words)).max_by_key(|found| found.rule.rank);
    if let Some(found) = best {
        // Who comes back to a subject is not asked the same thing again.
        let times = earlier.iter().filter(|text| mentions(text, found.rule)).count();
        return fill(pick(found.rule.replies, times), &found.rest);
    }
    let memories: Vec<String> = earlier.iter().flat_map(|text| own_things(text)).collect();
    if let Some(thing) = memories.last()
        && earlier.len() % 2 == 1
    {
        return fill(pick(script::MEMORIES, earlier.len() / 2), thing);
    }
    pick(script::FALLBACKS, earlier.len()).to_owned()
}

/// A rule that fits, with the words that its pattern leaves over.
struct Found {
    rule: &'static Rule,
    rest: String,
}

/// The rule with the highest rank that fits a sentence.
fn find(words: &[String]) -> Option<Found> {
    let fitting = RULES.iter().filter_map(|rule| {
        let rest = rule.patterns.iter().find_map(|pattern| after(words, pattern))?;
        let rest = reflect(rest);
        // A reply that needs the person's words is no use without them.
        (!rest.is_empty() || !rule.needs_rest).then_some(Found { rule, rest })
    });
    // Of equal ranks the first in the script.
    fitting.rev().max_by_key(|found| found.rule.rank)
}

fn mentions(text: &str, rule: &Rule) -> bool {
    sentences(text).iter().any(|words| find(words).is_some_and(|found| std::ptr::eq(found.rule, rule)))
}

/// What a person called "my …" in a text, turned around.
fn own_things(text: &str) -> Vec<String> {
    let things = sentences(text).into_iter().filter_map(|words| {
        let thing = after(&words, "my")?;
        let thing = &thing[..thing.len().min(4)];
        (!thing.is_empty()).then(|| reflect(thing))
    });
    things.collect()
}

/// The words of each sentence, in lower case, without punctuation.
fn sentences(text: &str) -> Vec<Vec<String>> {
    /// Enough of any message to find its subject.
    const MAX_CHARS: usize = 2000;
    let text: String = text.chars().take(MAX_CHARS).collect::<String>().to_lowercase().replace('’', "'");
    text.split(['.', '!', '?', ';', ',', '\n', '(', ')'])
        .map(|sentence| {
            let trimmed = sentence.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
            trimmed.filter(|word| !word.is_empty()).map(String::from).collect::<Vec<_>>()
        })
        .filter(|words| !words.is_empty())
        .collect()
}

/// The words after the first place where a pattern's words stand.
fn after<'a>(words: &'a [String], pattern: &str) -> Option<&'a [String]> {
    let pattern: Vec<&str> = pattern.split(' ').collect();
    let at = words.windows(pattern.len()).position(|window| window.iter().zip(&pattern).all(|(a, b)| a == b))?;
    Some(&words[at + pattern.len()..])
}

/// Turns what a person says about themselves into what is said to them.
fn reflect(words: &[String]) -> String {
    const MAX_WORDS: usize = 14;
    let turned = words.iter().take(MAX_WORDS).map(|word| {
        let pair = script::REFLECTIONS.iter().find(|(from, _)| from == word);
        pair.map_or(word.as_str(), |(_, to)| to)
    });
    turned.collect::<Vec<_>>().join(" ")
}

fn fill(reply: &str, rest: &str) -> String {
    reply.replace("{}", rest)
}

fn pick(replies: &'static [&'static str], index: usize) -> &'static str {
    replies.get(index % replies.len().max(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use proptest::prelude::*;

    fn say(said: &[&str]) -> String {
        reply(&said.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn it_turns_the_persons_words_around() {
        assert!(say(&["I feel tired of my job"]).contains("tired of your job"));
        assert!(say(&["Well, I am unhappy with myself."]).contains("unhappy with yourself"));
    }

    #[test]
    fn it_says_what_it_is() {
        for question in ["Hello!", "Are you an AI?", "which model are you", "help"] {
            let answer = say(&[question]);
            assert!(answer.contains("OPENAI_API_KEY") && answer.contains("Ollama"), "{question}: {answer}");
        }
    }

    #[test]
    fn it_does_not_repeat_itself_and_remembers() {
        let first = say(&["I feel sad"]);
        assert_ne!(say(&["I feel sad", "I feel sad"]), first);
        assert!(say(&["my garden is dry", "hm"]).contains("your garden is dry"));
    }

    #[test]
    fn every_rule_can_be_reached_and_has_something_to_say() {
        for rule in RULES {
            assert!(!rule.replies.is_empty());
            for pattern in rule.patterns {
                let words: Vec<String> = format!("{pattern} something").split(' ').map(String::from).collect();
                assert!(find(&words).is_some_and(|found| found.rule.rank >= rule.rank), "{pattern}");
            }
        }
    }

    #[tokio::test]
    async fn it_streams_words_and_ends_like_every_provider() {
        let request = ChatRequest { messages: vec![ChatMessage::user("Hello")], ..ChatRequest::default() };
        let deltas: Vec<_> = Offline.stream(&request).map(Result::unwrap).collect().await;
        assert!(deltas.len() > 10);
        assert!(matches!(deltas[deltas.len() - 2], Delta::Usage(Usage { estimated: true, .. })));
        assert_eq!(deltas.last(), Some(&Delta::Finish(Finish::Stop)));
    }

    proptest! {
        #[test]
        fn it_always_has_an_answer(said in prop::collection::vec("\\PC{0,60}", 0..5)) {
            prop_assert!(!reply(&said).is_empty());
        }
    }
}
