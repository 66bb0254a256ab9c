//! The `fieldseal` command as a child process for tests that kill it: cargo builds a package's own binaries for its tests.

fn main() -> std::process::ExitCode {
    fieldseal_server::cli::run()
}
