//! The `fieldseal` command. Everything is in the library.

fn main() -> std::process::ExitCode {
    fieldseal_server::cli::run()
}
