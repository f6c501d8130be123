//! The browser's entry: brings the page that the server rendered to life. Nothing else belongs here.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the page's script when the WASM has loaded.
#[wasm_bindgen]
pub fn hydrate() {
    #[cfg(target_arch = "wasm32")]
    app::hydrate();
}
