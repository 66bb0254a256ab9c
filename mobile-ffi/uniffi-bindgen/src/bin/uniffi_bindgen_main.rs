//! `uniffi_bindgen_main`: generates Kotlin and Python from the built library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
