//! The sentiment of a text, and the running sentiment of a conversation. Pure: no I/O, no clock, no state but the weights.
//!
//! [`Model::read`] gives a [`Reading`]: score, label, emotion, confidence, and the words that drove it. It joins rules
//! (negation, strengthening and weakening words, contrast, capitals, emoji, punctuation) over a lexicon of valences and emotions with a small
//! linear model over words and letters. Both live in one file of weights of less than a megabyte, which the server carries,
//! and so does the part of the page that reads drafts (feature `embedded`, `analyse`).
//!
//! - On the wire an emotion is one of the 28 labels of `GoEmotions` in lower case ([`Emotion::as_str`]), `neutral` being
//!   one of them; a label is `Positive`, `Neutral` or `Negative`, cut at ±0.1.
//! - Any string will do, and time grows with its length up to [`READ_BYTES`]: of a longer text the first and the last
//!   halves of that are read. English is understood; what is not understood is read as unsure.
//! - The weights are made by `./dev train` from the training part of `GoEmotions` (Demszky et al., 2020; Apache-2.0),
//!   VADER's lexicon (Hutto & Gilbert, 2014; MIT), `lexicon.txt` and `emotions.txt`, the same bytes each time. `./dev eval`
//!   measures them.

mod cumulative;
mod emotion;
mod evidence;
mod features;
mod reading;
mod roles;
mod rules;
mod tokens;
mod weights;

pub use cumulative::{Cumulative, SUMMARY_LIMIT};
pub use emotion::{Basic, Emotion, Group, Label};
pub use reading::{Driver, READ_BYTES, Reading};
pub use weights::{BadWeights, Model};

#[cfg(feature = "tools")]
pub mod training;

/// The weights that [`analyse`] reads with: what the server hands to browsers.
#[cfg(feature = "embedded")]
pub const WEIGHTS: &[u8] = include_bytes!("../weights.bin");

/// Reads a text with the weights that are part of the program. The first call prepares them, which takes a few
/// milliseconds.
#[cfg(feature = "embedded")]
pub fn analyse(text: &str) -> Reading {
    embedded().read(text)
}

/// The weights that are part of the program. A test holds that they can be read; weights that could not be would read
/// every text as unsure.
#[cfg(feature = "embedded")]
pub fn embedded() -> &'static Model {
    static MODEL: std::sync::LazyLock<Model> =
        std::sync::LazyLock::new(|| Model::from_bytes(WEIGHTS).unwrap_or_default());
    &MODEL
}
