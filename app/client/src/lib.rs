//! The browser half: wakes every island that `app` rendered.

// Without this the linker drops the islands.
use app as _;

#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
