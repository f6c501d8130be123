//! The page's own services: theme, cookies, storage, clipboard, sizes. What the browser refuses (storage in a private
//! window, the clipboard without permission) is left out, never a failure of the page.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
};
use uuid::Uuid;
use web_sys::{
    Element, EventTarget, FormData, HtmlDocument, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlSelectElement,
    HtmlTextAreaElement, PointerEvent, ResizeObserver, Response, ScrollIntoViewOptions, ScrollLogicalPosition, Storage,
    UrlSearchParams,
    js_sys::{Date, Math, Reflect},
};

fn root() -> Option<HtmlElement> {
    document().document_element()?.dyn_into().ok()
}

/// The theme the server wrote into the page.
pub(crate) fn page_theme() -> String {
    root().and_then(|root| root.dataset().get("theme")).unwrap_or_default()
}

/// The path of the page's address.
pub(crate) fn path() -> String {
    location().pathname().unwrap_or_default()
}

/// What the query of the page's address says of a name.
pub(crate) fn query_value(name: &str) -> Option<String> {
    UrlSearchParams::new_with_str(&location().search().ok()?).ok()?.get(name)
}

/// What a form would send of a name.
pub(crate) fn form_value(form: &HtmlFormElement, name: &str) -> Option<String> {
    FormData::new_with_form(form).ok()?.get(name).as_string()
}

/// Puts a text into a field of a form, unless it stands there already: whoever is writing in it is not to be disturbed.
pub(crate) fn set_field(id: &str, text: &str) {
    let Some(field) = document().get_element_by_id(id) else { return };
    if let Some(input) = field.dyn_ref::<HtmlInputElement>().filter(|input| input.value() != text) {
        input.set_value(text);
    } else if let Some(select) = field.dyn_ref::<HtmlSelectElement>() {
        select.set_value(text);
    }
}

/// How far across the element that listens a pointer is, from 0 to 1.
pub(crate) fn share_across(event: &PointerEvent) -> f64 {
    let listener = event.current_target().and_then(|target| target.dyn_into::<Element>().ok());
    listener.map_or(0.0, |listener| {
        let frame = listener.get_bounding_client_rect();
        (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0)
    })
}

/// Gives the page another address, as a step in its history or in the place of the last one.
pub(crate) fn set_path(path: &str, replace: bool) {
    if let Ok(history) = window().history() {
        let _ = if replace {
            history.replace_state_with_url(&JsValue::NULL, "", Some(path))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(path))
        };
    }
}

/// Colours the page.
pub(crate) fn set_page_theme(name: &str) {
    if let Some(root) = root() {
        let _ = root.dataset().set("theme", name);
    }
}

/// Keeps a choice for a year, for the server to see.
pub(crate) fn set_cookie(name: &str, value: &str) {
    let secure = if location().protocol().is_ok_and(|protocol| protocol == "https:") { "; Secure" } else { "" };
    if let Some(document) = document().dyn_ref::<HtmlDocument>() {
        let _ = document.set_cookie(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax{secure}"));
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What was stored under this key.
pub(crate) fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Stores a text in this browser, or removes the key where the text is empty.
pub(crate) fn store(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = if value.is_empty() { storage.remove_item(key) } else { storage.set_item(key, value) };
    }
}

/// The keys that begin so.
pub(crate) fn stored_keys(prefix: &str) -> Vec<String> {
    let Some(storage) = storage() else { return Vec::new() };
    let keys = (0..storage.length().unwrap_or(0)).filter_map(|index| storage.key(index).ok().flatten());
    keys.filter(|key| key.starts_with(prefix)).collect()
}

/// Removes everything stored under keys that begin so.
pub(crate) fn forget(prefix: &str) {
    for key in stored_keys(prefix) {
        store(&key, "");
    }
}

/// A random UUID (v4). `randomUUID` itself exists only on secure origins, and Lia is at home on plain ones too.
pub(crate) fn random_id() -> Uuid {
    let mut bytes = [0; 16];
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// The time in milliseconds since 1970.
pub(crate) fn now_ms() -> f64 {
    Date::now()
}

/// A number from 0 to 1, another one each time.
pub(crate) fn chance() -> f64 {
    Math::random()
}

/// Hour and minute of a time in milliseconds since 1970, here where the browser is.
pub(crate) fn time_of_day(ms: f64) -> String {
    let date = Date::new(&JsValue::from(ms));
    format!("{}:{:02}", date.get_hours(), date.get_minutes())
}

/// Whether a finger is what points here: then a field that takes the focus brings a keyboard over the page.
pub(crate) fn is_touch() -> bool {
    window().match_media("(pointer: coarse)").ok().flatten().is_some_and(|query| query.matches())
}

/// Scrolls no further than it takes to see an element.
pub(crate) fn scroll_to(element: &Element) {
    scroll(element, ScrollLogicalPosition::Nearest);
}

/// Scrolls to an element so that it stands in the middle, where nothing that sticks to an edge lies over it.
pub(crate) fn scroll_to_middle(element: &Element) {
    scroll(element, ScrollLogicalPosition::Center);
}

fn scroll(element: &Element, block: ScrollLogicalPosition) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(block);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

/// Whether the browser believes that there is a network.
pub(crate) fn is_online() -> bool {
    window().navigator().on_line()
}

/// Whether nobody sees the page.
pub(crate) fn is_hidden() -> bool {
    document().hidden()
}

/// Calls `then` whenever this happens to a part of the page that stays as long as the page.
pub(crate) fn on_event(target: &EventTarget, name: &str, then: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(then);
    // It fails only for what is no function.
    let _ = target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref());
    callback.forget();
}

/// Whether the person has asked for as little data as possible.
pub(crate) fn saves_data() -> bool {
    let navigator = JsValue::from(window().navigator());
    let asked = Reflect::get(&navigator, &JsValue::from("connection"))
        .and_then(|connection| Reflect::get(&connection, &JsValue::from("saveData")));
    asked.is_ok_and(|asked| asked.is_truthy())
}

/// Puts a text on the clipboard; `false` where the browser does not allow it.
pub(crate) async fn copy(text: &str) -> bool {
    if window().is_secure_context() {
        return window().navigator().clipboard().write_text(text).await.is_ok();
    }
    copy_by_selection(text).unwrap_or(false)
}

/// The clipboard's interface exists only on secure origins; selecting and copying works on the others.
fn copy_by_selection(text: &str) -> Option<bool> {
    let document = document();
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("visually-hidden");
    let focused = document.active_element();
    let body = document.body()?;
    body.append_child(&area).ok()?;
    area.select();
    let copied = document.dyn_ref::<HtmlDocument>()?.exec_command("copy").unwrap_or(false);
    area.remove();
    if let Some(focused) = focused.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = focused.focus();
    }
    Some(copied)
}

/// Makes a text area as high as its text, where the style sheet's `field-sizing` cannot.
pub(crate) fn fit_height(area: &HtmlTextAreaElement) {
    if web_sys::css::supports_with_value("field-sizing", "content").unwrap_or(false) {
        return;
    }
    let style = HtmlElement::style(area);
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", area.scroll_height()));
}

/// Calls `then` whenever the element has another size, for as long as the page lives.
pub(crate) fn on_resize(element: &Element, then: impl Fn() + 'static) {
    let callback = Closure::<dyn Fn()>::new(then);
    if let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) {
        observer.observe(element);
        // The observer goes with its element; the callback has to outlive this function.
        callback.forget();
    }
}

/// The text of one of Lia's pages; none where it could not be had.
pub(crate) async fn fetched(path: &str) -> Option<String> {
    let response: Response = window().fetch_with_str(path).await.ok()?.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    response.text().ok()?.await.ok()?.as_string()
}

/// Whether Lia answers at all.
pub(crate) async fn answers() -> bool {
    is_online() && window().fetch_with_str("/robots.txt").await.is_ok()
}

/// What this tab remembers of having loaded the page again by itself.
const RELOADED: &str = "lia.reloaded";

/// Whether the page was loaded again because a part of it was missing, and nothing has come since.
pub(crate) fn was_reloaded() -> bool {
    window().session_storage().ok().flatten().is_none_or(|tab| tab.get_item(RELOADED).is_ok_and(|mark| mark.is_some()))
}

/// Remembers that the page is loaded again, or forgets it.
pub(crate) fn remember_reload(is_reloaded: bool) {
    if let Ok(Some(tab)) = window().session_storage() {
        let _ = if is_reloaded { tab.set_item(RELOADED, "1") } else { tab.remove_item(RELOADED) };
    }
}

/// Loads the page again.
pub(crate) fn reload() {
    let _ = location().reload();
}
