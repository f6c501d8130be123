//! How the conversation reads, beside it: the page of readings in a panel that keeps up with the conversation. The server
//! renders what stands in it, as it does for `/c/{id}/mood`; here is what happens when it is touched.

use super::draw::{append, attribute_at, by_id, drawn, html_by_id, made, set, text};
use crate::{
    AppError,
    address::is_plain,
    browser,
    chat::{Chat, errands, place::mood_path_of},
    lazy::{self, Missing},
    parts::icon,
    server_fns::{correct_sentiment, save_preferences},
};
use leptos::{
    ev,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::{Element, Event, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent},
};
use std::{cell::RefCell, time::Duration};
use types::{
    ApiError, ConversationId, ErrorCode, FeedbackKind, MessageId, PreferencesChange, SentimentFeedback, SentimentLabel,
    SentimentMethod,
};
use wasm_split_helpers::wasm_split;

/// The id of the panel, and of what stands in it.
const PANEL: &str = "inspector";
const BODY: &str = "inspector-body";
/// The class of what a link has led to.
const POINTED: &str = "pointed";

thread_local! {
    // There is one panel on a page, and only this module fills it.
    static CONTENT: RefCell<Content> =
        const { RefCell::new(Content { conversation: None, place: String::new(), turn: 0 }) };
}

/// What the panel shows, or will when it has come.
struct Content {
    conversation: Option<ConversationId>,
    /// The id of the place to be shown in it.
    place: String,
    /// How often it was fetched: of several that are under way, the last one counts.
    turn: u32,
}

/// Opens the panel where a link would lead to the page of readings, and keeps it up with the conversation.
pub(crate) fn listen(chat: Chat) {
    Effect::new(move |_| {
        window_event_listener(ev::click, move |event| {
            if let Some(place) = wanted(chat, &event) {
                event.prevent_default();
                lazy::call(chat.notice, open(chat, place));
            }
        });
    });
    Effect::new(move |_| {
        chat.place.track();
        chat.mood.track();
        if html_by_id(PANEL).is_some_and(|panel| !panel.hidden()) {
            lazy::call(chat.notice, follow(chat));
        }
    });
}

/// The place on the page of readings of this conversation to which a click leads; empty: its beginning.
fn wanted(chat: Chat, event: &MouseEvent) -> Option<String> {
    let href = attribute_at(event, "href")?;
    let place = href.strip_prefix(&mood_path_of(chat.place.get_untracked().conversation()?))?;
    is_plain(event).then(|| place.trim_start_matches('#').to_owned())
}

/// Shows the panel, and in it the place with this id.
#[wasm_split(inspector, fallible)]
fn open(chat: Chat, place: String) -> Result<(), Missing> {
    if let Ok(Some(menu)) = document().query_selector(".menu:popover-open")
        && let Ok(menu) = menu.dyn_into::<HtmlElement>()
    {
        let _ = menu.hide_popover();
    }
    let Some(panel) = html_by_id(PANEL).or_else(|| draw(chat)) else { return Ok(()) };
    panel.set_hidden(false);
    let _ = panel.focus();
    CONTENT.with_borrow_mut(|content| content.place = place);
    fetch(chat);
    Ok(())
}

/// Brings the panel up with the conversation.
#[wasm_split(inspector, fallible)]
fn follow(chat: Chat) -> Result<(), Missing> {
    fetch(chat);
    Ok(())
}

/// Makes the panel, once: closed, it is hidden.
fn draw(chat: Chat) -> Option<HtmlElement> {
    let look = made("link", "")?;
    set(&look, "rel", "stylesheet");
    set(&look, "href", "/reports.css");
    append(&document().head()?.into(), Some(look));
    let panel = made("aside", PANEL)?;
    panel.set_id(PANEL);
    set(&panel, "aria-label", "How it reads");
    set(&panel, "tabindex", "-1");
    let head = made("div", "inspector-head")?;
    append(&head, text("h2", "", "How it reads"));
    let close = made("button", "icon-button")?;
    for (name, value) in [("type", "button"), ("aria-label", "Close"), ("data-does", "close")] {
        set(&close, name, value);
    }
    append(&close, drawn(icon::CLOSE));
    append(&head, Some(close));
    append(&panel, Some(head));
    let body = made("div", "")?;
    body.set_id(BODY);
    append(&panel, Some(body));
    let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| hear(chat, &event));
    for name in ["click", "keydown", "change"] {
        // It fails only for what is no function.
        let _ = panel.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    }
    // The panel stays as long as the page.
    listener.forget();
    append(&document().query_selector(".desktop").ok()??, Some(panel.clone()));
    panel.dyn_into().ok()
}

fn hear(chat: Chat, event: &Event) {
    match event.type_().as_str() {
        "keydown" if event.dyn_ref::<KeyboardEvent>().is_some_and(|key| key.key() == "Escape") => close(),
        "change" => {
            if let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) {
                chat.unseen.update_value(|unseen| unseen.method = SentimentMethod::from_name(&input.value()));
            }
        }
        "click" => match attribute_at(event, "data-does").as_deref() {
            Some("close") => close(),
            Some("prefer") => prefer(chat),
            Some("correct") => correct(chat, event),
            _ => {
                let message = attribute_at(event, "href").and_then(|href| href.split_once("#message-")?.1.parse().ok());
                if let Some(message) = message {
                    event.prevent_default();
                    give_way();
                    seek(chat, MessageId(message), None, 0);
                }
            }
        },
        _ => {}
    }
}

/// Hides the panel; the focus goes to what opens it.
fn close() {
    if let Some(panel) = html_by_id(PANEL) {
        panel.set_hidden(true);
    }
    focus(document().query_selector(".mood-link").ok().flatten());
}

/// Closes the panel where it lies over the conversation and not beside it: the message would be behind it, and so would
/// what there is to say where it cannot be found.
fn give_way() {
    // What is fixed has no offset parent.
    if html_by_id(PANEL).is_some_and(|panel| panel.offset_parent().is_none()) {
        close();
    }
}

fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Fetches what stands in the panel.
fn fetch(chat: Chat) {
    let Some(id) = chat.place.get_untracked().conversation() else {
        close();
        return;
    };
    let (turn, is_another) = CONTENT.with_borrow_mut(|content| {
        content.turn += 1;
        (content.turn, content.conversation.replace(id) != Some(id))
    });
    if let Some(body) = by_id(BODY).filter(|_| is_another) {
        // What is chosen or corrected in it would be another conversation's.
        body.set_text_content(None);
    }
    spawn_local(async move {
        let page = browser::fetched(&format!("{}?panel", mood_path_of(id))).await;
        let is_last = CONTENT.with_borrow(|content| content.turn == turn);
        if is_last && chat.place.get_untracked().conversation() == Some(id) {
            show(chat, page.as_deref().and_then(main_of));
        }
    });
}

/// Shows what has come, at the place where the panel stood, or at the one that is asked for.
fn show(chat: Chat, content: Option<&str>) {
    let (Some(panel), Some(body)) = (by_id(PANEL), by_id(BODY)) else { return };
    let place = CONTENT.with_borrow_mut(|content| std::mem::take(&mut content.place));
    let Some(content) = content else {
        body.set_text_content(Some("This could not be loaded. Check the connection and open it again."));
        return;
    };
    let (top, focused) = (panel.scroll_top(), document().active_element().map(|element| element.id()));
    body.set_inner_html(content);
    panel.set_scroll_top(top);
    if let Some(focused) =
        focused.filter(|id| !id.is_empty() && by_id(id).is_some_and(|now| panel.contains(Some(&now))))
    {
        focus(by_id(&focused));
    }
    choose(chat.unseen.with_value(|unseen| unseen.method));
    if let Some(statement) = by_id(&place).filter(|_| !place.is_empty()) {
        point_at(&statement);
        focus(statement.query_selector("a").ok().flatten());
    }
}

/// What stands in the `main` of a page.
fn main_of(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<main")?;
    let (_, rest) = rest.split_once('>')?;
    Some(rest.rsplit_once("</main>")?.0)
}

/// Marks the method that reads the next message, where one was chosen here.
fn choose(method: Option<SentimentMethod>) {
    let button = method.and_then(|method| by_id(&format!("method-{}", method.as_str())));
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlInputElement>().ok()) {
        button.set_checked(true);
    }
}

/// Keeps the chosen method for all conversations.
fn prefer(chat: Chat) {
    let chosen = document().query_selector("input[name=method]:checked").ok().flatten();
    let chosen = chosen.and_then(|input| input.dyn_into::<HtmlInputElement>().ok()).map(|input| input.value());
    let Some(method) = chosen.and_then(|name| SentimentMethod::from_name(&name)) else { return };
    spawn_local(async move {
        let change = PreferencesChange { sentiment_method: Some(Some(method)), ..PreferencesChange::default() };
        match save_preferences(change).await {
            Ok(()) => {
                // From here on the settings say it, also where they are changed again.
                chat.unseen.update_value(|unseen| unseen.method = unseen.method.filter(|chosen| *chosen != method));
                fetch(chat);
            }
            Err(AppError(error)) => chat.notice.set(Some(error)),
        }
    });
}

/// Says that a message was read wrongly: as a joke, or as another label.
fn correct(chat: Chat, event: &Event) {
    let Some(message) = attribute_at(event, "data-message").and_then(|message| message.parse().ok()) else { return };
    let feedback = match attribute_at(event, "data-label").as_deref() {
        Some("positive") => SentimentFeedback { kind: FeedbackKind::Wrong, label: Some(SentimentLabel::Positive) },
        Some("neutral") => SentimentFeedback { kind: FeedbackKind::Wrong, label: Some(SentimentLabel::Neutral) },
        Some("negative") => SentimentFeedback { kind: FeedbackKind::Wrong, label: Some(SentimentLabel::Negative) },
        _ => SentimentFeedback { kind: FeedbackKind::Joking, label: None },
    };
    let visit = chat.visit();
    spawn_local(async move {
        match correct_sentiment(MessageId(message), feedback).await {
            Ok(update) if chat.is_visit(visit) => chat.feel(MessageId(message), update),
            Ok(_) => {}
            Err(AppError(error)) => chat.notice.set(Some(error)),
        }
    });
}

/// Goes to a message of the conversation. Pages of older messages are fetched until it is there.
fn seek(chat: Chat, message: MessageId, asked: Option<i64>, tries: u32) {
    if let Some(element) = by_id(&format!("message-{message}")) {
        point_at(&element);
        // From its mark, Enter leads back.
        focus(element.query_selector(".reading").ok().flatten());
        return;
    }
    if !chat.has_earlier.get_untracked() || tries > 100 {
        let text = "This message is not in the conversation any more.";
        chat.notice.set(Some(ApiError::new(ErrorCode::MessageNotFound, text)));
        return;
    }
    let shown = chat.shown();
    if asked != Some(shown) {
        lazy::call(chat.notice, errands::load_earlier(chat));
    }
    set_timeout(move || seek(chat, message, Some(shown), tries + 1), Duration::from_millis(100));
}

/// Shows an element and marks it, in the place of the last one that was marked.
fn point_at(element: &Element) {
    if let Ok(Some(before)) = document().query_selector(".pointed") {
        let _ = before.class_list().remove_1(POINTED);
    }
    let _ = element.class_list().add_1(POINTED);
    browser::scroll_to_middle(element);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_shows_what_the_page_shows() {
        let page = "<html><main class=\"mood\"><p>1 &gt; 0</p></main><script></script></html>";
        assert_eq!(main_of(page), Some("<p>1 &gt; 0</p>"));
        assert_eq!(main_of("<html>Gone</html>"), None);
    }
}
