//! Passwords on the command line: never among the arguments, which others on the machine can read.

use std::io::Read;

/// All of standard input, without the end of its line: what `--password-stdin` means wherever it stands.
pub fn from_stdin() -> Result<String, std::io::Error> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks whoever sits at the terminal, and shows nothing of what they type.
pub fn ask(username: &str) -> Result<String, std::io::Error> {
    rpassword::prompt_password(format!("Password of {username}: "))
}
