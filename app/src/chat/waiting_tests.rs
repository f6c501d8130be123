use super::*;

const NOW: f64 = 1_800_000_000_000.0;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn conversation(number: u128) -> ConversationId {
    ConversationId(id(number))
}

fn waiting(number: u128, place: Option<u128>) -> Waiting {
    let request = NewRun {
        message: format!("question {number}"),
        provider: None,
        model: None,
        settings: None,
        sentiment_method: None,
        conversation_id: place.map(conversation),
        client_message_id: Some(id(number)),
    };
    Waiting::new(request, NOW)
}

fn queue(entries: &[(u128, Option<u128>)]) -> Queue {
    Queue(entries.iter().map(|&(number, place)| waiting(number, place)).collect())
}

fn claimed(queue: &mut Queue, now: f64, resting: &[Option<ConversationId>]) -> Option<u128> {
    queue.claim(now, resting)?.client_message_id.map(|id| id.as_u128())
}

#[test]
fn they_go_in_order_and_each_is_sent_by_one_tab() {
    let mut queue = queue(&[(1, Some(7)), (2, Some(7)), (3, Some(8))]);
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(1));
    // Another tab: the second waits for the first, the third for nobody.
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(3));
    assert_eq!(claimed(&mut queue, NOW, &[]), None);
    queue.sent(id(1), conversation(7));
    assert_eq!(claimed(&mut queue, NOW, &[Some(conversation(7))]), None, "an answer is being written there");
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(2));
}

#[test]
fn what_waits_in_conversations_that_were_all_deleted_goes_with_them() {
    let mut queue = queue(&[(1, Some(7)), (2, None), (3, Some(8))]);
    queue.forget_conversations();
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(2));
    queue.sent(id(2), conversation(9));
    assert!(queue.is_empty());
}

#[test]
fn a_tab_that_died_while_sending_holds_a_question_for_half_a_minute() {
    let mut queue = queue(&[(1, None)]);
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(1));
    assert_eq!(queue.take(id(1), NOW), None, "it is on its way");
    assert_eq!(claimed(&mut queue, NOW + 29_999.0, &[]), None);
    assert_eq!(claimed(&mut queue, NOW + 30_000.0, &[]), Some(1));
    assert_eq!(claimed(&mut queue, NOW - 3_600_000.0, &[]), Some(1), "the clock was set back");
    queue.release(id(1));
    assert_eq!(queue.take(id(1), NOW), Some(waiting(1, None)));
    assert!(queue.is_empty());
}

#[test]
fn what_was_written_after_the_beginning_of_a_conversation_goes_on_with_it() {
    let mut queue = queue(&[(1, None), (2, None), (3, Some(8))]);
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(1));
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(3));
    queue.sent(id(1), conversation(7));
    assert_eq!(
        queue.0,
        [waiting(2, Some(7)), {
            let mut third = waiting(3, Some(8));
            third.claimed_until = NOW + CLAIM_MS;
            third
        }]
    );
    queue.sent(id(1), conversation(9));
    assert_eq!(queue.at(Some(conversation(7))).count(), 1, "what is not there changes nothing");
}

#[test]
fn a_refused_question_stays_says_why_and_lets_the_others_pass() {
    let mut queue = queue(&[(1, Some(7)), (2, Some(7))]);
    let error = ApiError::new(ErrorCode::PayloadTooLarge, "That is too long.");
    queue.refuse(id(1), &error);
    assert_eq!(queue.0[0].refusal.as_deref(), Some("Not sent: That is too long."));
    assert!(queue.holds_back(Some(conversation(7))));
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(2));
    queue.sent(id(2), conversation(7));
    assert!(!queue.is_live() && !queue.is_empty() && !queue.holds_back(Some(conversation(7))));
    queue.retry(id(1), id(11));
    assert_eq!(claimed(&mut queue, NOW, &[]), Some(11));
}

#[test]
fn a_question_whose_conversation_is_gone_is_shown_where_new_ones_begin() {
    let mut queue = queue(&[(1, Some(7)), (2, None)]);
    queue.refuse(id(1), &ApiError::new(ErrorCode::ConversationNotFound, ""));
    assert_eq!(queue.at(None).count(), 2);
    queue.sent(id(2), conversation(9));
    assert_eq!(queue.at(None).count(), 1, "it does not slip into another conversation");
}

#[test]
fn a_page_reads_what_another_has_written() {
    let queue = queue(&[(1, Some(7)), (2, None)]);
    assert_eq!(Queue::read(queue.written().as_deref()), queue);
    assert_eq!(Queue::default().written(), None);
    assert_eq!(Queue::read(Some("nonsense")), Queue::default());
    assert_eq!(Queue::read(None), Queue::default());
}

#[test]
fn there_is_room_for_so_many_and_no_more() {
    let mut full = Queue::default();
    assert!((0..50).all(|number| full.add(waiting(number, None))));
    assert!(!full.add(waiting(50, None)));
    let mut long = waiting(1, None);
    long.request.message = "x".repeat(ROOM);
    assert!(!full.add(long.clone()));
    assert!(Queue::default().add(long));
}

#[test]
fn a_tab_notices_what_another_has_sent() {
    let (before, after) = (queue(&[(1, Some(7)), (2, Some(8))]), queue(&[(2, Some(8)), (3, Some(7))]));
    assert!(before.has_more_at(Some(conversation(7)), &after));
    assert!(!before.has_more_at(Some(conversation(8)), &after));
}

#[test]
fn only_what_stays_refused_is_refused() {
    let verdict_of = |code| verdict(&ApiError::new(code, ""));
    for code in [ErrorCode::Unknown, ErrorCode::DatabaseUnavailable, ErrorCode::ShuttingDown, ErrorCode::RateLimited] {
        assert_eq!(verdict_of(code), Verdict::Later, "{code}");
    }
    assert_eq!(verdict_of(ErrorCode::RunInProgress), Verdict::AfterAnswer);
    assert_eq!(verdict_of(ErrorCode::NotSignedIn), Verdict::SignedOut);
    for code in [ErrorCode::ConversationNotFound, ErrorCode::ValidationFailed, ErrorCode::IdempotencyConflict] {
        assert_eq!(verdict_of(code), Verdict::Refused, "{code}");
    }
}
