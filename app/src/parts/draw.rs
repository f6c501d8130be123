//! Makes elements one by one, for what is in no page that the server sends and has many parts: a view of it would be code
//! that every first load carries. What fails here fails only for names that no document takes, and these are Lia's own.

use leptos::{
    prelude::document,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement, HtmlInputElement},
};

pub(super) fn by_id(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

pub(super) fn html_by_id(id: &str) -> Option<HtmlElement> {
    by_id(id)?.dyn_into().ok()
}

pub(super) fn input_by_id(id: &str) -> Option<HtmlInputElement> {
    by_id(id)?.dyn_into().ok()
}

/// The attribute of the nearest element around an event's target that has it.
pub(super) fn attribute_at(event: &leptos::web_sys::Event, name: &str) -> Option<String> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest(&format!("[{name}]")).ok()??.get_attribute(name)
}

pub(super) fn made(tag: &str, class: &str) -> Option<Element> {
    let element = document().create_element(tag).ok()?;
    element.set_class_name(class);
    Some(element)
}

pub(super) fn text(tag: &str, class: &str, content: &str) -> Option<Element> {
    let element = made(tag, class)?;
    element.set_text_content(Some(content));
    Some(element)
}

/// An icon, as `icon::Icon` makes it.
pub(super) fn drawn(path: &str) -> Option<Element> {
    sign("icon", "0 0 20 20", path)
}

/// A small drawing of one path, which a word beside it explains.
pub(super) fn sign(class: &str, view_box: &str, path: &str) -> Option<Element> {
    const SVG: Option<&str> = Some("http://www.w3.org/2000/svg");
    let sign = document().create_element_ns(SVG, "svg").ok()?;
    for (name, value) in [("class", class), ("viewBox", view_box), ("aria-hidden", "true")] {
        set(&sign, name, value);
    }
    let line = document().create_element_ns(SVG, "path").ok()?;
    set(&line, "d", path);
    append(&sign, Some(line));
    Some(sign)
}

pub(super) fn append(parent: &Element, child: Option<Element>) {
    if let Some(child) = child {
        let _ = parent.append_child(&child);
    }
}

pub(super) fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Gives an element an attribute without a value, or takes it away.
pub(super) fn mark(element: &Element, name: &str, is_marked: bool) {
    let _ = element.toggle_attribute_with_force(name, is_marked);
}
