//! Looks for bytes that break the decoder of server-sent events; what must hold stands in `properties`, where the tests of
//! the crate find it, too. In `crates/llm`, with a nightly compiler and `cargo install cargo-fuzz`:
//!
//! ```sh
//! cargo +nightly fuzz run sse -- -max_len=6000 -max_total_time=600
//! ```
//!
//! Files in `fuzz/corpus/sse` are what it begins with and goes on with the next time; answers of providers, each after a
//! byte, are a good start. With `--sanitizer none` it is faster, and misses nothing: there is no unsafe code.
#![no_main]

#[path = "../properties/sse.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|data: &[u8]| property::check(data));
