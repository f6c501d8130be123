//! How the person feels: which methods there are.

mod state;

pub(crate) use state::State;
