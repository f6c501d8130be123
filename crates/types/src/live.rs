//! What happens elsewhere: what a user's other tabs and devices are told, and what is said over the WebSocket.

use crate::{
    ConversationId, ConversationSummary, Envelope, MessageId, MessageStatus, RunEvent, RunId, StartedRun, StreamId,
};
use serde::{Deserialize, Serialize};

/// Something that has happened to a user's conversations: `GET /api/v1/events`, and the channel `events` of the
/// WebSocket. It is stored by the time it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UserEvent {
    /// An answer is being written. Its conversation was the last to change.
    RunStarted(StartedRun),
    /// An answer has ended, one way or another.
    RunFinished {
        /// Its conversation, which was the last to change.
        conversation_id: ConversationId,
        /// The assistant's message.
        message_id: MessageId,
        /// The run.
        run_id: RunId,
        /// How it ended.
        status: MessageStatus,
    },
    /// There is one more conversation.
    ConversationCreated {
        /// As it is listed.
        conversation: ConversationSummary,
    },
    /// A conversation has another name. It was the last to change.
    ConversationRenamed {
        /// Which.
        conversation_id: ConversationId,
        /// Its name now.
        title: String,
    },
    /// A conversation is gone, with everything in it.
    ConversationDeleted {
        /// Which it was.
        conversation_id: ConversationId,
    },
    /// All of the user's conversations were deleted.
    ConversationsCleared,
    /// Something may have happened that was not told: read the list again. The first event of all; a `run_started` for every
    /// answer that is being written follows.
    Resync,
}

impl UserEvent {
    /// The `event:` name, which is also the data's `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run_started",
            Self::RunFinished { .. } => "run_finished",
            Self::ConversationCreated { .. } => "conversation_created",
            Self::ConversationRenamed { .. } => "conversation_renamed",
            Self::ConversationDeleted { .. } => "conversation_deleted",
            Self::ConversationsCleared => "conversations_cleared",
            Self::Resync => "resync",
        }
    }

    /// The event as JSON in one line.
    pub fn data(&self) -> String {
        // A tree of strings and numbers: serialising it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a client may listen to over the WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Channel {
    /// What happens to the user's conversations.
    Events,
    /// An answer that is being written, or was.
    Run {
        /// The run.
        run_id: RunId,
        /// The last of its events that was seen; absent: from the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<StreamId>,
    },
}

/// What a client says over the WebSocket, one JSON object in each text message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Tell me of this from now on.
    Subscribe(Channel),
    /// No more of this.
    Unsubscribe(Channel),
    /// Are you there? Answered with `pong`. WebSocket's own pings are answered too.
    Ping,
}

/// What the server says over the WebSocket, one JSON object in each text message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first message.
    Ready {
        /// How often the server pings, in milliseconds. Who leaves two unanswered is taken for gone.
        heartbeat_ms: u64,
    },
    /// Everything of this is told from now on; of a run from where it was asked for, of `events` what is the case.
    Subscribed(Channel),
    /// Nothing more of this is told: the client asked for that, or the run has been told to its end.
    Unsubscribed(Channel),
    /// The answer to `ping`.
    Pong,
    /// Something has happened to the user's conversations.
    Event {
        /// What.
        event: UserEvent,
    },
    /// The next event of a run, with `event` and `data` as in `GET /api/v1/chat/runs/{id}/events`.
    RunEvent {
        /// The run.
        run_id: RunId,
        /// Where its stream stands after it; follow again with `after`.
        id: StreamId,
        /// The event.
        #[serde(flatten)]
        event: RunEvent,
    },
    /// Something the client said could not be done.
    Error {
        /// Why, as everywhere.
        #[serde(flatten)]
        envelope: Envelope,
        /// The run that was asked for, where it was about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run_id: Option<RunId>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApiError, ErrorCode};
    use serde_json::{Value, json};
    use uuid::Uuid;

    const RUN: RunId = RunId(Uuid::from_u128(4));
    const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(1));

    #[test]
    fn an_event_is_named_as_its_data_is() {
        let at = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let summary = ConversationSummary {
            id: CONVERSATION,
            title: "A\nquiet week".into(),
            message_count: 2,
            created_at: at,
            updated_at: at,
        };
        let started = StartedRun {
            conversation_id: CONVERSATION,
            message_id: MessageId(3),
            user_message_id: MessageId(2),
            run_id: RUN,
            title: None,
            queued: false,
        };
        let finished = UserEvent::RunFinished {
            conversation_id: CONVERSATION,
            message_id: MessageId(3),
            run_id: RUN,
            status: MessageStatus::Stopped,
        };
        for event in [
            UserEvent::RunStarted(started),
            finished,
            UserEvent::ConversationCreated { conversation: summary },
            UserEvent::ConversationRenamed { conversation_id: CONVERSATION, title: "t".into() },
            UserEvent::ConversationDeleted { conversation_id: CONVERSATION },
            UserEvent::ConversationsCleared,
            UserEvent::Resync,
        ] {
            let data = event.data();
            assert!(!data.contains('\n'));
            assert_eq!(serde_json::from_str::<Value>(&data).unwrap()["type"], event.name());
            assert_eq!(serde_json::from_str::<UserEvent>(&data).unwrap(), event);
        }
    }

    #[test]
    fn a_client_is_understood() {
        let run = RUN.to_string();
        for (text, message) in [
            (json!({"type": "ping"}), ClientMessage::Ping),
            (json!({"type": "subscribe", "channel": "events"}), ClientMessage::Subscribe(Channel::Events)),
            (
                json!({"type": "subscribe", "channel": "run", "run_id": run, "after": 7}),
                ClientMessage::Subscribe(Channel::Run { run_id: RUN, after: Some(StreamId(7)) }),
            ),
            (
                json!({"type": "unsubscribe", "channel": "run", "run_id": run}),
                ClientMessage::Unsubscribe(Channel::Run { run_id: RUN, after: None }),
            ),
        ] {
            assert_eq!(serde_json::from_value::<ClientMessage>(text.clone()).unwrap(), message);
            assert_eq!(serde_json::to_value(message).unwrap(), text);
        }
        for text in [json!({"type": "subscribe"}), json!({"type": "subscribe", "channel": "run"}), json!({"type": "x"})]
        {
            serde_json::from_value::<ClientMessage>(text).unwrap_err();
        }
    }

    #[test]
    fn the_server_says_things_flat() {
        let told = |message: ServerMessage| {
            let text = serde_json::to_string(&message).unwrap();
            assert_eq!(serde_json::from_str::<ServerMessage>(&text).unwrap(), message);
            serde_json::from_str::<Value>(&text).unwrap()
        };
        assert_eq!(
            told(ServerMessage::Subscribed(Channel::Events)),
            json!({"type": "subscribed", "channel": "events"})
        );
        assert_eq!(
            told(ServerMessage::Event { event: UserEvent::Resync }),
            json!({"type": "event", "event": {"type": "resync"}})
        );
        let event = RunEvent::Chunk { content: "c".into() };
        assert_eq!(
            told(ServerMessage::RunEvent { run_id: RUN, id: StreamId(7), event }),
            json!({"type": "run_event", "run_id": RUN, "id": 7, "event": "chunk", "data": {"content": "c"}})
        );
        let envelope = Envelope { error: ApiError::new(ErrorCode::RunNotFound, "m") };
        assert_eq!(
            told(ServerMessage::Error { envelope, run_id: None }),
            json!({"type": "error", "error": {"code": "run_not_found", "message": "m"}})
        );
    }
}
