//! 统一社会信用代码 (GB 32100-2015): its alphabet, its shape and its check digit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::NotAnId;

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A unified social credit code (统一社会信用代码) whose check digit has been verified (GB 32100-2015).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uscc(String);

impl Uscc {
    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The region of registration, digits 3 to 8 (登记管理机关行政区划码).
    pub fn region_code(&self) -> &str {
        &self.0[2..8]
    }
    /// The check character for 17 leading characters, none where one of them is outside the alphabet.
    pub fn check_character(leading: &str) -> Option<char> {
        if leading.len() != 17 {
            return None;
        }
        let mut weight = 1;
        let mut sum = 0;
        for byte in leading.bytes() {
            let value = ALPHABET.iter().position(|a| *a == byte)?;
            sum += value * weight;
            weight = weight * 3 % 31;
        }
        Some(char::from(ALPHABET[(31 - sum % 31) % 31]))
    }
}

impl FromStr for Uscc {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let refuse = || NotAnId {
            kind: "Uscc",
            text: text.into(),
        };
        let shape = text.len() == 18
            && text.is_ascii()
            && text.as_bytes()[2..8].iter().all(u8::is_ascii_digit);
        if !shape || Self::check_character(&text[..17]) != text.chars().last() {
            return Err(refuse());
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Uscc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl From<Uscc> for String {
    fn from(code: Uscc) -> String {
        code.0
    }
}
impl TryFrom<String> for Uscc {
    type Error = NotAnId;
    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_character_decides() {
        for good in [
            "91350100M000100Y43",
            "913708110000001820",
            "9137081100000006XU",
            "913708110000A1B24D",
            "921405020000B2F60D",
            "123708000000E1P5X8",
        ] {
            assert!(good.parse::<Uscc>().is_ok(), "{good}");
        }
        for bad in [
            "91350100M000100Y4Z",
            "91350100M000100Y4",
            "91350100m000100y43",
            "9135O100M000100Y43",
            "",
            "统一社会信用代码",
        ] {
            assert!(bad.parse::<Uscc>().is_err(), "{bad}");
        }
    }
}
