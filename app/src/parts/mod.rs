//! The pieces the pages are made of. They render what the store holds and pass on what the user does; decisions are in
//! `chat`.

pub(crate) mod account;
pub(crate) mod chart;
pub(crate) mod composer;
pub(crate) mod desk;
pub(crate) mod draft;
mod draw;
pub(crate) mod end_note;
pub(crate) mod header;
pub(crate) mod icon;
pub(crate) mod inspector;
pub(crate) mod marks;
pub(crate) mod message;
pub(crate) mod message_tools;
pub(crate) mod model_list;
pub(crate) mod model_picker;
pub(crate) mod model_settings;
pub(crate) mod problem;
mod reading;
pub(crate) mod sidebar;
pub(crate) mod thread;
pub(crate) mod title_editor;
pub(crate) mod waiting;
pub(crate) mod welcome;
