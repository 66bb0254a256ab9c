//! `uniffi_bindgen_swift`: generates Swift, its header and its module map from the built library.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
