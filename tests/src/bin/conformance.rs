//! `conformance world` is the world in which every language plays the story of conformance: it prints what a phone must know
//! as one line of JSON and then does what it is asked for on standard input. `conformance phone FOLDER WORLD CODE` plays the
//! first half in Rust and waits to be killed.

use fieldseal_tests::conformance::{play_until_killed, serve_world};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["world"] => serve_world(),
        ["phone", folder, world, code] => {
            let world = serde_json::from_str(world).expect("the world as JSON");
            play_until_killed(folder.into(), &world, code.to_owned());
        }
        _ => panic!("conformance world | conformance phone FOLDER WORLD CODE"),
    }
}
