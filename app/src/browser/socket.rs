//! The line on which the page hears what happens elsewhere: one `WebSocket`, as long as the page wants one.

use super::Said;
use leptos::{
    prelude::location,
    wasm_bindgen::{JsCast, closure::Closure},
};
use std::{cell::RefCell, rc::Rc};
use types::ErrorCode;
use web_sys::{CloseEvent, MessageEvent, WebSocket};

/// The code of the end of a socket that is not to be opened again as it is.
const POLICY: u16 = 1008;

thread_local! {
    // The page has one, and nothing outside this module needs to hold it.
    static SOCKET: RefCell<Option<Open>> = const { RefCell::new(None) };
}

struct Open {
    socket: WebSocket,
    // Listeners live as long as the socket.
    _said: Closure<dyn Fn(MessageEvent)>,
    _closed: Closure<dyn Fn(CloseEvent)>,
}

impl Drop for Open {
    fn drop(&mut self) {
        // A socket says that it was closed after it was.
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

/// Opens the socket in the place of an earlier one and tells `hear` what comes of it.
pub(crate) fn open_socket(path: &str, hear: impl Fn(Said) + 'static) {
    close_socket();
    // `https` becomes `wss`. Not every browser takes an address without its beginning.
    let url = location().origin().unwrap_or_default().replacen("http", "ws", 1) + path;
    let Ok(socket) = WebSocket::new(&url) else {
        hear(Said::Closed { is_signed_out: false });
        return;
    };
    let hear = Rc::new(hear);
    let said = {
        let hear = hear.clone();
        Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(text) = event.data().as_string() {
                hear(Said::Message(text));
            }
        })
    };
    let closed = Closure::<dyn Fn(CloseEvent)>::new(move |event: CloseEvent| {
        let is_signed_out = event.code() == POLICY && event.reason() == ErrorCode::NotSignedIn.as_str();
        hear(Said::Closed { is_signed_out });
    });
    socket.set_onmessage(Some(said.as_ref().unchecked_ref()));
    socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
    SOCKET.with_borrow_mut(|open| *open = Some(Open { socket, _said: said, _closed: closed }));
}

/// Says something to the server. What does not reach it is missed by nobody: the socket is opened anew.
pub(crate) fn say(text: &str) {
    SOCKET.with_borrow(|open| {
        if let Some(open) = open {
            let _ = open.socket.send_with_str(text);
        }
    });
}

/// Closes the socket, if one is open.
pub(crate) fn close_socket() {
    let open = SOCKET.with_borrow_mut(Option::take);
    drop(open);
}
