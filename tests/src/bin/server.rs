//! The `fieldseal` command as a child process for tests that kill it: cargo builds a package's own binaries for its tests.

#[global_allocator]
static ALLOCATOR: fieldseal_server::Allocator = fieldseal_server::Allocator;

fn main() -> std::process::ExitCode {
    fieldseal_server::cli::run()
}
