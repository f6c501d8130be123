//! The program `lia`: configuration, the way in and out of HTTP, and the life of the process.
//!
//! Responsible for everything between a socket and a function of `backend` or a page of `app`. Holds no policy: what
//! may be done and how is `backend`'s, what it looks like is `app`'s, what crosses the wire is `types`'.

// A Leptos page is one type, as deep as its elements are nested.
#![recursion_limit = "512"]

pub mod commands;
pub mod config;
pub mod edge;
pub mod error;
pub mod extract;
pub mod openapi;
pub mod router;
pub mod routes;
pub mod serve;
pub mod site;
pub mod socket;
pub mod state;
pub mod telemetry;
