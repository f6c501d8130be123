//! The line to the answer being written: one `EventSource`, which exists only while an answer streams.

use super::Line;
use leptos::wasm_bindgen::{JsCast, JsValue, closure::Closure};
use std::{cell::RefCell, rc::Rc};
use types::{RunEvent, StreamId};
use web_sys::{Event, EventSource, MessageEvent};

/// The events that carry data. `error` is also the name of the browser's own event for a broken line, which has none.
const NAMES: [&str; 7] = ["start", "thought", "chunk", "snapshot", "sentiment", "done", "error"];

thread_local! {
    // The page follows one answer at a time, and nothing outside this module needs to hold the connection.
    static LINE: RefCell<Option<Open>> = const { RefCell::new(None) };
}

struct Open {
    source: EventSource,
    // Listeners live as long as the connection.
    _heard: Closure<dyn Fn(Event)>,
    _opened: Closure<dyn Fn()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.close();
    }
}

/// Opens the line in the place of an earlier one and tells `hear` what happens on it.
pub(crate) fn open_line(url: &str, hear: impl Fn(Line) + 'static) {
    close_line();
    let Ok(source) = EventSource::new(url) else {
        hear(Line::Closed);
        return;
    };
    let hear = Rc::new(hear);
    let heard = {
        let (source, hear) = (source.clone(), hear.clone());
        Closure::<dyn Fn(Event)>::new(move |event: Event| {
            if let Some(line) = read(&source, &event) {
                hear(line);
            }
        })
    };
    for name in NAMES {
        // Adding a listener fails only for arguments that are no function.
        let _ = source.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
    }
    let opened = Closure::<dyn Fn()>::new(move || hear(Line::Open));
    source.set_onopen(Some(opened.as_ref().unchecked_ref()));
    LINE.with_borrow_mut(|line| *line = Some(Open { source, _heard: heard, _opened: opened }));
}

/// Closes the line, if one is open.
pub(crate) fn close_line() {
    let line = LINE.with_borrow_mut(Option::take);
    drop(line);
}

fn read(source: &EventSource, event: &Event) -> Option<Line> {
    // A listener may still be called once for an event that was on its way when the line was closed for good.
    if !LINE.with_borrow(|line| line.as_ref().is_some_and(|line| JsValue::from(&line.source) == JsValue::from(source)))
    {
        return None;
    }
    if let Some(data) = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string()) {
        let id: StreamId = event.unchecked_ref::<MessageEvent>().last_event_id().parse().ok()?;
        return RunEvent::parse(&event.type_(), &data).map(|event| Line::Event(id, event));
    }
    Some(if source.ready_state() == EventSource::CLOSED { Line::Closed } else { Line::Broken })
}
