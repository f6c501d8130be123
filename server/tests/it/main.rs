//! Lia through her door: the real router on a real port, a real database on both engines, the emulator as provider.
//!
//! Users are values. Nothing here waits for time; what is waited for is an event.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails ends")]
#![expect(clippy::print_stderr, reason = "whoever runs the tests is told what they leave out")]

mod admin;
mod auth;
mod cache;
mod chat;
mod conversations;
mod cost;
mod database;
mod edge;
mod failures;
mod followers;
mod forms;
mod health;
mod limits;
mod live;
mod methods;
mod models;
mod openapi;
mod preferences;
mod program;
mod queue;
mod readings;
mod redis;
mod sentiment;
mod support;
mod takeover;
mod tree;
mod walk;
