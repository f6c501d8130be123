//! What Lia's own pages read of what is said over the WebSocket: as little as they use, and no times.

use crate::{ConversationEntry, ConversationId, RunId};
use serde::Deserialize;

/// Something that a page hears: a [`crate::ServerMessage`], or the [`crate::UserEvent`] in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The server listens.
    Ready,
    /// It has answered, which says that the line is whole.
    Pong,
    /// An answer is being written.
    RunStarted(ConversationId, RunId),
    /// An answer has ended.
    RunFinished(ConversationId, RunId),
    /// There is one more conversation.
    Created(ConversationEntry),
    /// A conversation has another name.
    Renamed(ConversationEntry),
    /// A conversation is gone.
    Deleted(ConversationId),
    /// All conversations are gone.
    Cleared,
    /// Something may not have been told.
    Resync,
}

/// A message. What is not of its kind is absent.
#[derive(Deserialize)]
struct Said {
    #[serde(rename = "type")]
    kind: String,
    event: Option<Happened>,
}

/// An event. What is not of its kind is absent.
#[derive(Deserialize)]
struct Happened {
    #[serde(rename = "type")]
    kind: String,
    conversation_id: Option<ConversationId>,
    run_id: Option<RunId>,
    title: Option<String>,
    conversation: Option<ConversationEntry>,
}

impl News {
    /// What a message of the server says; nothing where it is of no use to a page. Each kind is looked for by its name: a
    /// derived reader of an enum that is tagged inside is several times as large.
    pub fn read(text: &str) -> Option<Self> {
        let said: Said = serde_json::from_str(text).ok()?;
        let Some(event) = said.event else {
            return match said.kind.as_str() {
                "ready" => Some(Self::Ready),
                "pong" => Some(Self::Pong),
                _ => None,
            };
        };
        let id = event.conversation_id;
        Some(match event.kind.as_str() {
            "run_started" => Self::RunStarted(id?, event.run_id?),
            "run_finished" => Self::RunFinished(id?, event.run_id?),
            "conversation_created" => Self::Created(event.conversation?),
            "conversation_renamed" => Self::Renamed(ConversationEntry { id: id?, title: event.title? }),
            "conversation_deleted" => Self::Deleted(id?),
            "conversations_cleared" => Self::Cleared,
            "resync" => Self::Resync,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Channel, ConversationSummary, MessageId, MessageStatus, RunEvent, ServerMessage, StartedRun, StreamId,
        UserEvent,
    };
    use uuid::Uuid;

    const RUN: RunId = RunId(Uuid::from_u128(4));
    const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(1));

    fn read(message: &ServerMessage) -> Option<News> {
        News::read(&serde_json::to_string(message).unwrap())
    }

    #[test]
    fn a_page_reads_every_event_as_it_is_told() {
        let at = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (conversation_id, title) = (CONVERSATION, "A\nquiet week".to_owned());
        let conversation = ConversationSummary {
            id: CONVERSATION,
            title: title.clone(),
            message_count: 2,
            created_at: at,
            updated_at: at,
        };
        let started = StartedRun {
            conversation_id,
            message_id: MessageId(3),
            user_message_id: MessageId(2),
            run_id: RUN,
            title: None,
            queued: false,
        };
        let finished = UserEvent::RunFinished {
            conversation_id,
            message_id: MessageId(3),
            run_id: RUN,
            status: MessageStatus::Complete,
        };
        let entry = ConversationEntry { id: CONVERSATION, title: title.clone() };
        for (event, news) in [
            (UserEvent::RunStarted(started), News::RunStarted(CONVERSATION, RUN)),
            (finished, News::RunFinished(CONVERSATION, RUN)),
            (UserEvent::ConversationCreated { conversation }, News::Created(entry.clone())),
            (UserEvent::ConversationRenamed { conversation_id, title }, News::Renamed(entry)),
            (UserEvent::ConversationDeleted { conversation_id }, News::Deleted(CONVERSATION)),
            (UserEvent::ConversationsCleared, News::Cleared),
            (UserEvent::Resync, News::Resync),
        ] {
            assert_eq!(read(&ServerMessage::Event { event }), Some(news));
        }
    }

    #[test]
    fn what_else_is_said_is_a_sign_of_life_or_nothing() {
        assert_eq!(read(&ServerMessage::Ready { heartbeat_ms: 20_000 }), Some(News::Ready));
        assert_eq!(read(&ServerMessage::Pong), Some(News::Pong));
        assert_eq!(read(&ServerMessage::Subscribed(Channel::Events)), None);
        let event = RunEvent::Chunk { content: "c".into() };
        assert_eq!(read(&ServerMessage::RunEvent { run_id: RUN, id: StreamId(7), event }), None);
        assert_eq!(News::read(r#"{"type":"event","event":{"type":"from_tomorrow"}}"#), None);
        assert_eq!(News::read("<html>"), None);
    }
}
