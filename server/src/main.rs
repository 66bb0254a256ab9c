//! The `fieldseal` command. Everything is in the library.

#[global_allocator]
static ALLOCATOR: fieldseal_server::Allocator = fieldseal_server::Allocator;

fn main() -> std::process::ExitCode {
    fieldseal_server::cli::run()
}
