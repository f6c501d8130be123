//! Invented people and conversations, many of them, for looking at the dashboard and for measuring it.
//!
//! The same seed invents the same, up to the moment it ends at. Moods drift within a conversation, people differ in how
//! they feel and how much they write, weekends are quiet, and after the answers of one model moods fall more often.

use crate::{Backend, db, db::fill::Message, error::Error, error::Result, insights};
use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use std::collections::HashMap;
use types::{
    ConversationId, ErrorCode, FinishReason, MessageId, ModelInfo, Sentiment, SentimentLabel, SentimentMethod, Usage,
    UserId,
};
use uuid::Uuid;

/// What is to be invented.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// People; they cannot sign in.
    pub users: u32,
    /// Questions and answers together.
    pub messages: u32,
    /// The days before today over which everything is spread.
    pub days: u16,
    /// Chooses what is invented.
    pub seed: u64,
    /// Whether to fill a database that has people in it.
    pub force: bool,
}

/// Conversations in one transaction. SQLite takes 32,766 values in a statement, and a message has 19.
const BATCH: usize = 1_000;

/// Models: provider, model, how often they are chosen, and how much a mood falls with each of their answers.
const MODELS: [(&str, &str, f64, f64); 7] = [
    ("openai", "gpt-5.2", 0.34, 0.0),
    ("openai", "gpt-5.2-mini", 0.16, 0.02),
    ("anthropic", "claude-sonnet-4.5", 0.22, -0.02),
    ("gemini", "gemini-3-flash", 0.14, 0.0),
    ("openrouter", "qwen3-235b", 0.07, 0.05),
    ("ollama", "llama3.3:8b", 0.06, 0.07),
    ("openrouter", "mistral-large", 0.01, 0.0),
];
const METHODS: [(SentimentMethod, f64); 4] = [
    (SentimentMethod::Local, 0.62),
    (SentimentMethod::Structured, 0.24),
    (SentimentMethod::LlmSeparate, 0.12),
    (SentimentMethod::NlpApi, 0.02),
];
const TITLES: [&str; 6] = [
    "Planning the week",
    "A letter to the landlord",
    "Why the build is red",
    "Recipe for four",
    "Notes on chapter three",
    "What to say on Monday",
];
const ANSWER: &str = "Here is one way to look at it. Start with the part that worries you most, write down what you know \
                      about it, and decide on one small step for today.";

/// Questions of one kind, with the emotions that go with them; the first is the most frequent.
struct Mood {
    questions: [&'static str; 4],
    emotions: &'static [&'static str],
}

const POSITIVE: Mood = Mood {
    questions: [
        "That worked, thank you so much!",
        "I am really looking forward to this.",
        "Great, this is exactly what I needed.",
        "What a lovely idea, tell me more.",
    ],
    emotions: &["gratitude", "joy", "approval", "admiration", "excitement", "optimism", "amusement", "relief", "love"],
};
const NEUTRAL: Mood = Mood {
    questions: [
        "How does this compare with the other option?",
        "Please list the steps.",
        "What time does it open on Sundays?",
        "Can you put that into a table?",
    ],
    emotions: &["neutral", "curiosity", "confusion", "realization", "surprise"],
};
const NEGATIVE: Mood = Mood {
    questions: [
        "This still does not work and I am losing patience.",
        "I am worried that we will not make it in time.",
        "No, that is wrong again.",
        "I feel awful about how that went.",
    ],
    emotions: &[
        "annoyance",
        "disappointment",
        "disapproval",
        "sadness",
        "anger",
        "nervousness",
        "fear",
        "remorse",
        "grief",
    ],
};

/// How one person is.
struct Character {
    id: UserId,
    /// Where their mood returns to, -1 to 1.
    mood: f64,
    /// How much they write beside others.
    activity: f64,
    favourite: usize,
}

/// When everything happens: before this moment, within so many days.
#[derive(Clone, Copy)]
struct Span {
    end: DateTime<Utc>,
    days: u16,
}

/// A conversation that is being invented, a message at a time.
struct Draft {
    id: ConversationId,
    favourite: usize,
    method: SentimentMethod,
    home: f64,
    mood: f64,
    at: DateTime<Utc>,
    length: usize,
}

/// Fills the database, adds everything up, and says how many messages were written.
pub async fn fill(backend: &Backend, amount: Amount) -> Result<u64> {
    if !amount.force && db::fill::has_people(&backend.db).await? {
        return Err(Error::refused(
            ErrorCode::Forbidden,
            "There are people in this database. Invented ones among them could never be told from them again; \
             --force does it all the same.",
        ));
    }
    let mut random = StdRng::seed_from_u64(amount.seed);
    let span = Span { end: backend.clock.now(), days: amount.days };
    let people = invent_people(backend, &mut random, amount.users, span).await?;
    let (mut written, wanted) = (0, u64::from(amount.messages));
    while written < wanted && !people.is_empty() {
        written += write_batch(backend, &mut random, &people, span, wanted - written).await?;
    }
    db::fill::analyze(&backend.db).await?;
    insights::roll_up(backend).await?;
    Ok(written)
}

async fn invent_people(backend: &Backend, random: &mut StdRng, users: u32, span: Span) -> Result<Vec<Character>> {
    let created_at = span.end - TimeDelta::days(span.days.into());
    // A name of its own for every filling, so that a second one with --force has room.
    let family = random.random_range(0..u32::MAX);
    let names: Vec<_> = (0..users)
        .map(|number| db::fill::Person {
            email: format!("person-{family:08x}-{number}@example.invalid"),
            username: format!("person-{family:08x}-{number}"),
            created_at,
        })
        .collect();
    let mut ids = Vec::new();
    for names in names.chunks(BATCH) {
        let mut tx = backend.db.begin().await?;
        ids.extend(db::fill::insert_people(&mut tx, names).await?);
        tx.commit().await?;
    }
    ids.sort_unstable_by_key(|id| id.0);
    let character = |id| Character {
        id,
        mood: 0.12 + spread(random, 0.3),
        activity: random.random_range(0.02_f64..1.0).powi(3),
        favourite: choose(random, MODELS.map(|model| model.2)),
    };
    Ok(ids.into_iter().map(character).collect())
}

/// Invents some conversations with at most so many messages, and says how many those were.
async fn write_batch(
    backend: &Backend,
    random: &mut StdRng,
    people: &[Character],
    span: Span,
    most: u64,
) -> Result<u64> {
    let mut conversations = Vec::with_capacity(BATCH);
    let mut drafts = Vec::with_capacity(BATCH);
    let mut left = usize::try_from(most).unwrap_or(usize::MAX);
    while conversations.len() < BATCH && left > 0 {
        let Ok(person) = people.choose_weighted(random, |person| person.activity) else { break };
        let draft = begin(random, person, span, left);
        left -= draft.length;
        conversations.push(db::fill::Conversation {
            id: draft.id,
            owner: person.id,
            title: TITLES.choose(random).copied().unwrap_or_default().to_owned(),
            created_at: draft.at,
            updated_at: span.end.min(draft.at + TimeDelta::minutes(90)),
        });
        drafts.push(draft);
    }
    let mut tx = backend.db.begin().await?;
    db::fill::insert_conversations(&mut tx, &conversations).await?;
    let mut heads = HashMap::<ConversationId, MessageId>::new();
    let (mut written, mut depth) = (0, 0);
    loop {
        drafts.retain(|draft| depth < draft.length);
        if drafts.is_empty() {
            break;
        }
        let messages: Vec<_> =
            drafts.iter_mut().map(|draft| next(random, draft, heads.get(&draft.id).copied(), depth)).collect();
        written += u64::try_from(messages.len()).unwrap_or_default();
        heads.extend(db::fill::insert_messages(&mut tx, &messages).await?);
        depth += 1;
    }
    db::fill::set_heads(&mut tx, &heads).await?;
    tx.commit().await?;
    Ok(written)
}

fn begin(random: &mut StdRng, person: &Character, span: Span, most: usize) -> Draft {
    // More in the last months than in the first; the root of an even draw is that slope.
    let at = loop {
        let ago = f64::from(span.days) * (1.0 - random.random_range(0.02_f64..1.0).sqrt());
        let seconds = random.random_range(7.0..22.0) * 3_600.0 - 43_200.0;
        #[expect(clippy::cast_possible_truncation, reason = "a few years have few seconds")]
        let at = span.end - TimeDelta::seconds((ago * 86_400.0 - seconds) as i64);
        let is_weekend = at.weekday().num_days_from_monday() >= 5;
        if at < span.end - TimeDelta::hours(2) && (!is_weekend || random.random_bool(0.45)) {
            break at;
        }
    };
    let turns = 1 + (0..11).filter(|_| random.random_bool(0.36)).count();
    Draft {
        id: ConversationId(Uuid::from_u128(random.random())),
        favourite: person.favourite,
        method: METHODS[choose(random, METHODS.map(|method| method.1))].0,
        home: person.mood,
        mood: person.mood + spread(random, 0.5),
        at,
        length: (2 * turns).min(most),
    }
}

/// The next message: questions and answers in turns.
fn next(random: &mut StdRng, draft: &mut Draft, parent: Option<MessageId>, depth: usize) -> Message {
    let model = if random.random_bool(0.93) { draft.favourite } else { choose(random, MODELS.map(|model| model.2)) };
    let mut message = Message {
        conversation: draft.id,
        parent,
        depth: i32::try_from(depth).unwrap_or(i32::MAX),
        content: ANSWER,
        sentiment: None,
        model: None,
        created_at: draft.at,
    };
    if depth.is_multiple_of(2) {
        let sentiment = feel(random, draft);
        let mood = mood_of(sentiment.label);
        message.content = mood.questions.choose(random).copied().unwrap_or_default();
        message.sentiment = Some(sentiment);
        draft.at += TimeDelta::milliseconds(2_400);
    } else {
        let (provider, name, _, fall) = MODELS[model];
        let (input_tokens, output_tokens) = (random.random_range(40..900), random.random_range(30..400));
        message.model = Some(ModelInfo {
            provider: provider.to_owned(),
            model: name.to_owned(),
            finish_reason: Some(FinishReason::Stop),
            usage: Some(Usage { input_tokens, output_tokens, estimated: false, cost_micros: None }),
            error: None,
            seams: Vec::new(),
        });
        // Towards what is usual for the person, and a little up: most people are helped.
        draft.mood += (draft.home + 0.15 - draft.mood) * 0.25 + spread(random, 0.35) - fall;
        draft.at += TimeDelta::seconds(random.random_range(20..240));
    }
    message
}

fn feel(random: &mut StdRng, draft: &Draft) -> Sentiment {
    let score = ((draft.mood + spread(random, 0.15)).clamp(-1.0, 1.0) * 1_000.0).round() / 1_000.0;
    let label = SentimentLabel::of(score);
    let emotions = mood_of(label).emotions;
    // The first emotions are the most frequent.
    let place = random.random_range(0.0_f64..1.0).powi(2) * f64::from(u32::try_from(emotions.len()).unwrap_or(1));
    let emotion = emotions.get(whole(place)).copied().map(str::to_owned);
    Sentiment {
        score,
        label,
        emotion,
        confidence: (random.random_range(0.45_f64..0.98) * 1_000.0).round() / 1_000.0,
        method: draft.method,
        fallback: false,
        corrected: false,
    }
}

const fn mood_of(label: SentimentLabel) -> &'static Mood {
    match label {
        SentimentLabel::Positive => &POSITIVE,
        SentimentLabel::Neutral => &NEUTRAL,
        SentimentLabel::Negative => &NEGATIVE,
    }
}

/// About 0, most often within `width` on either side: the sum of three even draws is nearly a bell.
fn spread(random: &mut StdRng, width: f64) -> f64 {
    (0..3).map(|_| random.random_range(-1.0_f64..1.0)).sum::<f64>() * width / 1.5
}

/// The place of a weight, drawn by weight.
fn choose<const N: usize>(random: &mut StdRng, weights: [f64; N]) -> usize {
    let mut draw = random.random_range(0.0..weights.iter().sum::<f64>());
    weights
        .iter()
        .position(|weight| {
            draw -= weight;
            draw < 0.0
        })
        .unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and not negative")]
fn whole(value: f64) -> usize {
    value.max(0.0) as usize
}
