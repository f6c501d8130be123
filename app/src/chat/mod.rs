//! The conversation on the page: what is shown, what is being written, what was typed. Everything here but `actions`,
//! `errands`, `choosing`, `tree`, `delivery`, `live`, `waking` and `drafts` is plain data and decisions, tested without a browser;
//! these ask the server and the browser, and tell the store what came.

pub(crate) mod actions;
pub(crate) mod asking;
pub(crate) mod choosing;
pub(crate) mod delivery;
pub(crate) mod drafts;
pub(crate) mod elsewhere;
pub(crate) mod ending;
pub(crate) mod errands;
pub(crate) mod feeling;
pub(crate) mod figures;
pub(crate) mod growth;
pub(crate) mod live;
pub(crate) mod models;
pub(crate) mod outbox;
pub(crate) mod picker;
pub(crate) mod place;
pub(crate) mod row;
pub(crate) mod shelf;
pub(crate) mod store;
pub(crate) mod tree;
pub(crate) mod tuning;
pub(crate) mod waiting;
pub(crate) mod waking;

pub(crate) use asking::Asking;
pub(crate) use delivery::Post;
pub(crate) use picker::Picker;
pub(crate) use place::Place;
pub(crate) use row::Row;
pub(crate) use shelf::Shelf;
pub(crate) use store::Chat;
pub(crate) use types::ConversationEntry as Entry;

/// The id of the element in which the conversation scrolls.
pub(crate) const SCROLLER: &str = "scroller";
