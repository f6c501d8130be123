use super::*;
use crate::chat::ending::{Remedy, ending};
use types::{ErrorCode, MessageBody, RunError, RunPosition, Siblings, Usage};
use uuid::Uuid;

fn chat() -> (Owner, Chat) {
    let owner = Owner::new();
    owner.set();
    (owner, Chat::new())
}

fn id(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128(number))
}

fn run() -> RunId {
    RunId(Uuid::from_u128(9))
}

fn message(number: i64, role: MessageRole, status: MessageStatus, body: MessageBody) -> MessageView {
    MessageView {
        id: MessageId(number),
        role,
        status,
        body,
        thought: None,
        model_info: None,
        sentiment: None,
        siblings: None,
    }
}

fn finished(number: i64, html: &str) -> MessageView {
    message(number, MessageRole::Assistant, MessageStatus::Complete, MessageBody::Html(html.into()))
}

fn growing(number: i64, content: &str, last: i64) -> MessageView {
    let run = RunPosition { id: run(), last_event_id: StreamId(last) };
    let body = MessageBody::Growing { content: content.into(), thought: String::new(), run };
    message(number, MessageRole::Assistant, MessageStatus::Streaming, body)
}

fn view(messages: Vec<MessageView>, has_more: bool) -> ConversationView {
    ConversationView {
        id: id(1),
        title: "Talk".into(),
        model: None,
        usage: types::UsageTotal::default(),
        sentiment: None,
        total_messages: 9,
        has_more,
        messages,
    }
}

fn info(input_tokens: i64, output_tokens: i64, cost_micros: i64) -> ModelInfo {
    ModelInfo {
        provider: "p".into(),
        model: "m".into(),
        finish_reason: Some(FinishReason::Stop),
        usage: Some(Usage { input_tokens, output_tokens, estimated: false, cost_micros: Some(cost_micros) }),
        error: None,
        seams: Vec::new(),
    }
}

fn started() -> StartedRun {
    StartedRun {
        conversation_id: id(1),
        message_id: MessageId(11),
        user_message_id: MessageId(10),
        run_id: run(),
        title: Some("hello".into()),
        queued: false,
    }
}

fn chunk(content: &str) -> RunEvent {
    RunEvent::Chunk { content: content.into() }
}

fn ids(chat: Chat) -> Vec<Option<i64>> {
    chat.rows.with_untracked(|rows| rows.iter().map(|row| row.id.get_untracked().map(|id| id.0)).collect())
}

fn last_row(chat: Chat) -> Row {
    chat.rows.with_untracked(|rows| rows.last().unwrap().clone())
}

fn text_of(row: &Row) -> String {
    let mut html: String = row.closed.get_untracked().iter().map(|block| block.html.to_string()).collect();
    html.push_str(&row.open.get_untracked());
    html
}

#[test]
fn who_reads_is_chosen_for_one_place_and_for_no_other() {
    let (_owner, chat) = chat();
    let method = || chat.unseen.with_value(|unseen| unseen.method);
    chat.leave_for(Place::Conversation(id(1)));
    chat.unseen.update_value(|unseen| unseen.method = Some(SentimentMethod::NlpApi));
    chat.show(view(Vec::new(), false));
    assert_eq!(method(), Some(SentimentMethod::NlpApi), "chosen while the conversation was on its way");
    chat.leave_for(Place::Conversation(id(2)));
    assert_eq!(method(), None);
    chat.leave_for(Place::Conversation(id(1)));
    assert_eq!(method(), None, "nor is it there again after coming back");
}

#[test]
fn a_message_is_shown_at_once_and_keeps_its_row_when_the_server_has_named_it() {
    let (_owner, chat) = chat();
    chat.begin("hello");
    let keys: Vec<_> = chat.rows.get_untracked().iter().map(|row| row.key).collect();
    assert_eq!(ids(chat), [None, None]);
    assert!(!chat.started(&started()));
    assert_eq!(ids(chat), [Some(10), Some(11)]);
    assert_eq!(keys, chat.rows.get_untracked().iter().map(|row| row.key).collect::<Vec<_>>());
    assert_eq!(chat.place.get_untracked(), Place::Conversation(id(1)));
    assert_eq!(chat.title.get_untracked(), "hello");
    assert_eq!(chat.writing.get_untracked().unwrap().run, Some(run()));
}

#[test]
fn an_answer_that_is_queued_says_so_until_there_is_something_of_it() {
    let (_owner, chat) = chat();
    let is_queued = || chat.writing.get_untracked().unwrap().is_queued;
    chat.begin("hello");
    chat.started(&StartedRun { queued: true, ..started() });
    assert!(is_queued());
    chat.hear(StreamId(1), &RunEvent::Start(started()));
    chat.hear(StreamId(2), &RunEvent::Sentiment(SentimentUpdate::default()));
    assert!(is_queued(), "neither says that it is being written");
    chat.hear(StreamId(3), &RunEvent::Thought { content: "Hm".into() });
    assert!(!is_queued());
}

#[test]
fn keys_of_messages_on_their_way_are_never_taken_twice() {
    let (_owner, chat) = chat();
    for number in [1, 2, 3] {
        chat.begin("hello");
        chat.started(&StartedRun {
            message_id: MessageId(number * 2),
            user_message_id: MessageId(number),
            ..started()
        });
        chat.hear(StreamId(1), &RunEvent::Done { finish_reason: FinishReason::Stop, usage: None });
    }
    let mut keys: Vec<_> = chat.rows.get_untracked().iter().map(|row| row.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 6);
}

#[test]
fn a_refused_message_goes_back_into_the_composer() {
    let (_owner, chat) = chat();
    chat.show(view(vec![finished(1, "<p>a</p>")], false));
    chat.begin("hello");
    chat.draft.set("typed meanwhile".into());
    chat.refused("hello".into(), ApiError::new(ErrorCode::RateLimited, "Wait a minute."));
    assert_eq!(ids(chat), [Some(1)]);
    assert_eq!(chat.writing.get_untracked(), None);
    assert_eq!(chat.draft.get_untracked(), "hello\n\ntyped meanwhile");
    assert_eq!(chat.notice.get_untracked().unwrap().message, "Wait a minute.");
}

#[test]
fn a_reload_in_the_middle_goes_on_where_the_text_ends() {
    let (_owner, chat) = chat();
    chat.show(view(vec![growing(4, "So far", 6)], false));
    assert_eq!(chat.last_event(), StreamId(6));
    assert!(text_of(&last_row(chat)).contains("So far"));
    assert_eq!(chat.hear(StreamId(6), &chunk("So far")), None);
    assert_eq!(chat.hear(StreamId(11), &chunk(" good")), None);
    chat.publish();
    assert!(text_of(&last_row(chat)).contains("So far good"));
    assert_eq!(chat.last_event(), StreamId(11));
}

#[test]
fn the_end_frees_the_composer_and_the_finished_html_takes_the_place() {
    let (_owner, chat) = chat();
    chat.show(view(vec![growing(4, "Text", 4)], false));
    let done = RunEvent::Done { finish_reason: FinishReason::Stopped, usage: None };
    assert_eq!(chat.hear(StreamId(5), &done), Some(MessageId(4)));
    assert_eq!(chat.writing.get_untracked(), None);
    let row = last_row(chat);
    assert_eq!(row.outcome.get_untracked().status, MessageStatus::Stopped);
    assert!(row.html.get_untracked().is_none());
    assert!(chat.settle(finished(4, "<p>Text</p>")));
    assert_eq!(row.html.get_untracked().as_deref(), Some("<p>Text</p>"));
}

#[test]
fn an_unfinished_message_is_followed_on() {
    let (_owner, chat) = chat();
    chat.show(view(vec![growing(4, "Text", 4)], false));
    assert!(!chat.settle(growing(4, "Text", 4)));
    assert!(chat.writing.get_untracked().is_some());
    assert!(chat.settle(finished(4, "<p>Text</p>")));
    assert_eq!(chat.writing.get_untracked(), None);
}

#[test]
fn a_failure_says_what_happened_and_offers_to_ask_again() {
    let (_owner, chat) = chat();
    chat.begin("hello");
    chat.started(&started());
    let error = RunError {
        code: ErrorCode::ProviderTimeout,
        message: "OpenAI did not answer.".into(),
        retryable: true,
        retry_after_ms: None,
    };
    assert_eq!(chat.hear(StreamId(1), &RunEvent::Error(error)), Some(MessageId(11)));
    let row = last_row(chat);
    let note = ending(&row.outcome.get_untracked(), true, false).unwrap();
    assert_eq!((note.text.as_str(), note.remedy, note.failure), ("OpenAI did not answer.", Remedy::Again, true));
    assert_eq!(chat.question_of(row.key), Some(MessageId(10)));
}

#[test]
fn stop_pressed_before_the_run_has_a_name_is_remembered() {
    let (_owner, chat) = chat();
    chat.begin("hello");
    chat.writing.update(|writing| writing.as_mut().unwrap().stopping = true);
    assert!(chat.started(&started()));
}

#[test]
fn older_messages_come_above_and_none_twice() {
    let (_owner, chat) = chat();
    chat.show(view(vec![finished(5, ""), finished(6, "")], true));
    assert_eq!(chat.shown(), 2);
    chat.prepend(view(vec![finished(3, ""), finished(4, ""), finished(5, "")], false));
    assert_eq!(ids(chat), [3, 4, 5, 6].map(Some));
    assert!(!chat.has_earlier.get_untracked());
}

#[test]
fn what_was_asked_for_another_place_is_known_by_its_visit() {
    let (_owner, chat) = chat();
    let visit = chat.visit();
    assert!(chat.is_visit(visit));
    chat.leave_for(Place::New);
    assert!(!chat.is_visit(visit));
    assert!(!chat.loading.get_untracked());
    chat.leave_for(Place::Conversation(id(2)));
    assert!(chat.loading.get_untracked());
}

#[test]
fn an_answer_adds_to_what_the_conversation_used_once() {
    let (_owner, chat) = chat();
    let used = types::UsageTotal { input_tokens: 100, output_tokens: 20, cost_micros: Some(50), estimated: false };
    chat.show(ConversationView { usage: used, ..view(vec![finished(2, "<p>a</p>"), growing(4, "Text", 4)], false) });
    let info = info(10, 5, 7);
    for _ in 0..2 {
        assert!(chat.settle(MessageView { model_info: Some(info.clone()), ..finished(4, "<p>Text</p>") }));
        let total = chat.usage.get_untracked();
        assert_eq!((total.input_tokens, total.output_tokens, total.cost_micros), (110, 25, Some(57)));
    }
}

#[test]
fn an_answer_that_was_gone_on_with_adds_what_is_new() {
    let (_owner, chat) = chat();
    let used = types::UsageTotal { input_tokens: 100, output_tokens: 20, cost_micros: Some(50), estimated: false };
    let answer = MessageView { model_info: Some(info(60, 12, 30)), ..growing(4, "Text", 4) };
    chat.show(ConversationView { usage: used, ..view(vec![answer], false) });
    chat.hear(StreamId(5), &RunEvent::Done { finish_reason: FinishReason::Stop, usage: None });
    assert!(chat.settle(MessageView { model_info: Some(info(130, 17, 64)), ..finished(4, "<p>Text</p>") }));
    let total = chat.usage.get_untracked();
    assert_eq!((total.input_tokens, total.output_tokens, total.cost_micros), (170, 25, Some(84)));
}

#[test]
fn each_place_has_its_model() {
    let (_owner, chat) = chat();
    let model = |name: &str| ModelRef { provider: "p".into(), model: name.into() };
    chat.unseen.update_value(|unseen| unseen.usual_model = Some(model("usual")));
    chat.leave_for(Place::New);
    assert_eq!(chat.model.get_untracked(), Some(model("usual")));
    chat.show(ConversationView { model: Some(model("its own")), ..view(Vec::new(), false) });
    assert_eq!(chat.model.get_untracked(), Some(model("its own")));
    chat.show(view(Vec::new(), false));
    assert_eq!(chat.model.get_untracked(), Some(model("usual")));
}

#[test]
fn the_first_question_is_known_while_nothing_is_before_it() {
    let (_owner, chat) = chat();
    chat.show(view(vec![finished(1, ""), finished(2, ""), finished(3, ""), finished(4, "")], false));
    assert!(chat.is_first(2));
    assert!(!chat.is_first(4));
    chat.has_earlier.set(true);
    assert!(!chat.is_first(2));
}

#[test]
fn another_branch_keeps_what_has_not_changed() {
    let (_owner, chat) = chat();
    let siblings = Siblings { index: 2, count: 2, previous_id: Some(MessageId(2)), next_id: None };
    chat.show(view(vec![finished(1, "<p>1</p>"), finished(2, "<p>2</p>")], false));
    let before = chat.rows.get_untracked();
    let other = MessageView { siblings: Some(siblings), ..growing(3, "Th", 9) };
    chat.refresh(view(vec![finished(1, "<p>1</p>"), other], false), false);
    let rows = chat.rows.get_untracked();
    assert_eq!(rows.iter().map(|row| row.key).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(rows[0].html.get_untracked().as_deref(), Some("<p>1</p>"));
    assert_eq!(rows[1].siblings.get_untracked(), Some(siblings));
    assert_eq!(chat.writing.get_untracked().map(|writing| writing.key), Some(3));
    assert!(!chat.writing.get_untracked().is_some_and(|writing| writing.is_elsewhere));

    // An answer that is gone on with is another text under the same number: the page must draw it anew.
    chat.show(view(vec![finished(1, "<p>1</p>"), finished(2, "<p>2</p>")], false));
    chat.refresh(view(vec![finished(1, "<p>1</p>"), growing(2, "2", 5)], false), true);
    assert!(chat.writing.get_untracked().is_some_and(|writing| writing.is_elsewhere), "asked for on another page");
    let rows = chat.rows.get_untracked();
    assert!(rows[1].key < 0 && rows[0].key == before[0].key);
    assert_eq!(chat.written_message(), Some(MessageId(2)));
    assert_eq!(chat.id_of(rows[1].key), Some(MessageId(2)));
}

#[test]
fn older_messages_stay_when_another_branch_is_shown_below_them() {
    let (_owner, chat) = chat();
    chat.show(view(vec![finished(4, "4"), finished(5, "5"), finished(6, "6")], true));
    chat.prepend(view(vec![finished(2, "2"), finished(3, "3")], true));
    // The newest page of the other branch, in which the older ones are not.
    chat.refresh(view(vec![finished(5, "5"), finished(7, "7")], true), false);
    assert_eq!(ids(chat), [2, 3, 4, 5, 7].map(Some));
    assert!(chat.has_earlier.get_untracked());
    // A short branch, which begins before what was on the page.
    chat.refresh(view(vec![finished(1, "1"), finished(2, "2"), finished(8, "8")], false), false);
    assert_eq!(ids(chat), [1, 2, 8].map(Some));
    assert!(!chat.has_earlier.get_untracked());
}
