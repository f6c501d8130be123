//! What the page asks of the browser itself: storage, cookies, the clipboard, the line to a run
//! and the one on which it hears what happens elsewhere. Compiled for the
//! browser only. The server has the same functions without effect, because the views that name them in handlers and
//! effects are compiled there too; it runs neither.

#[cfg(not(target_arch = "wasm32"))]
mod absent;
#[cfg(target_arch = "wasm32")]
mod keep;
#[cfg(target_arch = "wasm32")]
mod line;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod socket;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use absent::*;
#[cfg(target_arch = "wasm32")]
pub(crate) use keep::Keep;
#[cfg(target_arch = "wasm32")]
pub(crate) use line::{close_line, open_line};
#[cfg(target_arch = "wasm32")]
pub(crate) use page::*;
#[cfg(target_arch = "wasm32")]
pub(crate) use socket::{close_socket, open_socket, say};

use types::{RunEvent, StreamId};

/// What a kept text becomes, if there is one; and if there is to be one.
pub(crate) type TextChange = Box<dyn FnOnce(Option<&str>) -> Option<String>>;

/// What happens on the line to a run.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only a browser has a line on which it happens"))]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// The server has answered.
    Open,
    /// An event has come.
    Event(StreamId, RunEvent),
    /// The line broke; the browser is mending it by itself.
    Broken,
    /// The line is closed and stays closed: the server refused it or has nothing more to say.
    Closed,
}

/// What comes of the line on which the page hears what happens elsewhere.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only a browser has a line on which it comes"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A message of the server.
    Message(String),
    /// The line is closed.
    Closed {
        /// Because the sign-in has ended.
        is_signed_out: bool,
    },
}
