//! Prints the catalogue of rules: `cargo run -p sync-core --example rules_page > docs/rules.md`.

use sync_core::rules::{Rulebooks, catalogue::rules_page};

fn main() {
    print!("{}", rules_page(&Rulebooks::builtin()));
}
