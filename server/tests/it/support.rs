//! The application under test and those who use it.

mod app;
mod client;
mod events;
mod program;
mod proxy;
mod raw;
mod socket;

pub(crate) use app::{PATIENCE, Setup, TestApp, on_both};
pub(crate) use client::{Answer, Client, PASSWORD, account};
pub(crate) use events::{Event, Events, text};
pub(crate) use program::Program;
pub(crate) use proxy::Proxy;
pub(crate) use raw::Raw;
pub(crate) use socket::Socket;
