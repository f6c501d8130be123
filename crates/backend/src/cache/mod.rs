//! What was read a moment ago, remembered so that it need not be read again: in this process, within bounds, and in Redis
//! for the other nodes, where there is one.
//!
//! Everything is remembered with the version that it was made from, and is used only by whoever has just read that this
//! is still the version. So the database is the truth, and whatever is forgotten, missed, out of date or of somebody else's
//! making costs a query and nothing else.

pub(crate) mod lists;
mod shelf;

pub(crate) use shelf::Shelf;

use crate::{Backend, conversations::Listed, runs::context::Branch};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use types::{ConversationId, Methods, Statement, UserId};

/// A kind of things that are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The texts that a model gets to read with a conversation's next question.
    Context,
    /// The user's own messages in a conversation, with how they read.
    UserMessages,
    /// The beginning of the list of a user's conversations.
    History,
    /// The models of each provider.
    Models,
    /// The methods by which messages are read.
    Methods,
}

impl Kind {
    /// The name of the kind: its keys, with `{id}` for what tells one from another.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Context => "conv:{id}:context",
            Self::UserMessages => "conv:{id}:usrmsg",
            Self::History => "user:{id}:history",
            Self::Models => "models:available",
            Self::Methods => "methods:sentiment",
        }
    }

    /// How long a thing of this kind is remembered.
    const fn life(self) -> Duration {
        match self {
            Self::Context => Duration::from_hours(1),
            Self::UserMessages => Duration::from_mins(2),
            Self::History => Duration::from_mins(5),
            Self::Models | Self::Methods => Duration::from_hours(24),
        }
    }

    /// Bytes that are remembered of this kind here: few, so that an idle Lia stays small. 16 MiB together. The models are
    /// in `llm`'s catalogue.
    const fn capacity(self) -> u64 {
        match self {
            Self::Context => 11 << 20,
            Self::UserMessages => 2 << 20,
            Self::History => 3 << 20,
            Self::Models => 0,
            Self::Methods => 4 << 10,
        }
    }
}

/// The version of what something was made from, with whose it is: nothing that is remembered of one person is ever used
/// for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Version {
    /// A conversation's.
    Conversation { owner: UserId, version: crate::db::conversations::Version },
    /// That of the list of somebody's conversations.
    List { owner: UserId, version: i64 },
    /// What the methods' availability depends on.
    Methods { has_model: bool, has_language: bool },
}

/// How often things of a kind were remembered that were asked for, since the program began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// What kind.
    pub kind: Kind,
    /// It was, in this process, and was still right.
    pub hits: u64,
    /// Redis had it, and it was still right.
    pub shared_hits: u64,
    /// It had to be read or made.
    pub misses: u64,
}

/// Everything that is remembered.
#[derive(Debug)]
pub(crate) struct Cache {
    pub(crate) contexts: Shelf<ConversationId, Branch>,
    pub(crate) user_messages: Shelf<ConversationId, Vec<Statement>>,
    pub(crate) histories: Shelf<UserId, Listed>,
    pub(crate) methods: Shelf<(), Methods>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            contexts: Shelf::new(Kind::Context, ToString::to_string, Branch::bytes),
            user_messages: Shelf::new(Kind::UserMessages, ToString::to_string, |statements| {
                statements.iter().map(|statement| size_of::<Statement>() + statement.quote.len()).sum()
            }),
            histories: Shelf::new(Kind::History, ToString::to_string, Listed::bytes),
            methods: Shelf::new(Kind::Methods, |()| String::new(), |_| 1_000),
        }
    }
}

impl Cache {
    /// Forgets conversations that are gone. Nobody would be shown them, but nobody should keep them either.
    pub(crate) async fn forget(&self, backend: &Backend, conversations: &[ConversationId]) {
        let keys = conversations.iter().flat_map(|id| [self.contexts.forget(id), self.user_messages.forget(id)]);
        let keys: Vec<_> = keys.collect();
        if let Some(redis) = backend.redis() {
            redis.delete(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
    }
}

impl Backend {
    /// How well what is remembered serves, kind by kind.
    pub fn cache_counts(&self) -> Vec<Counts> {
        let Cache { contexts, user_messages, histories, methods } = &self.cache;
        let lists = self.config.providers.list_counts();
        let models =
            Counts { kind: Kind::Models, hits: lists.known, shared_hits: lists.restored, misses: lists.awaited };
        vec![contexts.counts(), user_messages.counts(), histories.counts(), models, methods.counts()]
    }
}
