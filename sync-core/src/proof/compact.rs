//! Bytes for a screen: what one phone shows another must fit a QR code, so it is written field by field, without names, and
//! as the text of RFC 9285 (base45), which codes hold at five and a half bits a character and which every decoder reads the
//! same way. What was signed as text is kept as that text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Signed, TimeTokenPayload, envelope::Payload};
use crate::model::{CoordinateSystem, Location, TimeClaim};

/// The bytes end before what they should hold, or hold what nobody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Writes.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }
    pub(super) fn number(&mut self, number: i64) {
        self.raw(&number.to_be_bytes());
    }
    /// With its length in two bytes before it.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let length = u16::try_from(bytes.len()).map_err(|_| Unreadable)?;
        self.raw(&length.to_be_bytes());
        self.raw(bytes);
        Ok(())
    }
    /// An envelope of the server's: its exact text, its key and its signature.
    pub(super) fn signed<T: Payload>(&mut self, signed: &Signed<T>) -> Result<(), Unreadable> {
        match packed(&signed.payload) {
            Some(packed) => {
                self.byte(1);
                self.bytes(&packed)?;
            }
            None => {
                self.byte(0);
                self.bytes(signed.payload.as_bytes())?;
            }
        }
        self.bytes(signed.key_id.as_bytes())?;
        let signature = STANDARD.decode(&signed.signature).map_err(|_| Unreadable)?;
        // Another spelling of the same bytes would not come out as it went in.
        if STANDARD.encode(&signature) != signed.signature {
            return Err(Unreadable);
        }
        self.bytes(&signature)
    }
    /// What a phone noted down of the time, with the token that it leans on.
    pub(super) fn time(&mut self, claim: &TimeClaim) -> Result<(), Unreadable> {
        self.number(claim.wall_ms);
        self.number(claim.token_rtt_ms);
        for number in [claim.token_at_ms, claim.elapsed_ms] {
            self.byte(u8::from(number.is_some()));
            if let Some(number) = number {
                self.number(number);
            }
        }
        let Some(token) = &claim.token else {
            self.byte(0);
            return Ok(());
        };
        let read = serde_json::from_str::<Signed<TimeTokenPayload>>(token).ok();
        let packed = read.filter(|it| serde_json::to_string(it).is_ok_and(|text| text == *token));
        let mut small = Self::default();
        match packed.map(|it| small.signed(&it)) {
            Some(Ok(())) => {
                self.byte(1);
                self.raw(&small.0);
                Ok(())
            }
            _ => {
                self.byte(2);
                self.bytes(token.as_bytes())
            }
        }
    }
    pub(super) fn place(&mut self, place: Option<&Location>) -> Result<(), Unreadable> {
        let Some(place) = place else {
            self.byte(0);
            return Ok(());
        };
        let system = match CoordinateSystem::of(&place.crs_source).ok_or(Unreadable)? {
            CoordinateSystem::Wgs84 => 1,
            CoordinateSystem::Gcj02 => 2,
            CoordinateSystem::Bd09 => 3,
        };
        self.byte(system);
        self.byte(u8::from(place.mocked));
        let degrees = |it: i64| i32::try_from(it).map_err(|_| Unreadable);
        self.raw(&degrees(place.latitude_e7)?.to_be_bytes());
        self.raw(&degrees(place.longitude_e7)?.to_be_bytes());
        self.number(place.accuracy_mm);
        Ok(())
    }
}

/// Reads what a [`Writer`] wrote; nothing is allocated that the bytes do not hold.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn raw(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Unreadable)?;
        self.0 = rest;
        Ok(taken)
    }
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.raw(N)?.try_into().map_err(|_| Unreadable)
    }
    pub(super) fn byte(&mut self) -> Result<u8, Unreadable> {
        Ok(self.array::<1>()?[0])
    }
    /// Nothing or one; any other byte is another spelling.
    pub(super) fn truth(&mut self) -> Result<bool, Unreadable> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable),
        }
    }
    pub(super) fn number(&mut self) -> Result<i64, Unreadable> {
        Ok(i64::from_be_bytes(self.array()?))
    }
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Unreadable> {
        let length = u16::from_be_bytes(self.array()?);
        self.raw(length.into())
    }
    pub(super) fn text(&mut self) -> Result<String, Unreadable> {
        let bytes = self.bytes()?.to_vec();
        String::from_utf8(bytes).map_err(|_| Unreadable)
    }
    pub(super) fn signed<T: Payload>(&mut self) -> Result<Signed<T>, Unreadable> {
        let payload = match self.truth()? {
            true => unpacked(self.bytes()?)?,
            false => self.text()?,
        };
        let key_id = self.text()?;
        let signature = STANDARD.encode(self.bytes()?);
        Ok(Signed::of_parts(payload, key_id, signature))
    }
    pub(super) fn time(&mut self) -> Result<TimeClaim, Unreadable> {
        let (wall_ms, token_rtt_ms) = (self.number()?, self.number()?);
        let mut optional = || match self.truth()? {
            true => self.number().map(Some),
            false => Ok(None),
        };
        let (token_at_ms, elapsed_ms) = (optional()?, optional()?);
        let token = match self.byte()? {
            0 => None,
            1 => {
                let signed = self.signed::<TimeTokenPayload>()?;
                Some(serde_json::to_string(&signed).map_err(|_| Unreadable)?)
            }
            2 => Some(self.text()?),
            _ => return Err(Unreadable),
        };
        Ok(TimeClaim {
            wall_ms,
            token_at_ms,
            token,
            token_rtt_ms,
            elapsed_ms,
        })
    }
    pub(super) fn place(&mut self) -> Result<Option<Location>, Unreadable> {
        let system = match self.byte()? {
            0 => return Ok(None),
            1 => CoordinateSystem::Wgs84,
            2 => CoordinateSystem::Gcj02,
            3 => CoordinateSystem::Bd09,
            _ => return Err(Unreadable),
        };
        let mocked = self.truth()?;
        let latitude_e7 = i32::from_be_bytes(self.array()?).into();
        let longitude_e7 = i32::from_be_bytes(self.array()?).into();
        Ok(Some(Location {
            latitude_e7,
            longitude_e7,
            accuracy_mm: self.number()?,
            crs_source: system.code().to_owned(),
            mocked,
        }))
    }
    /// Nothing is left over.
    pub(super) fn end(&self) -> Result<(), Unreadable> {
        match self.0 {
            [] => Ok(()),
            _ => Err(Unreadable),
        }
    }
}

/// What the server's papers say again and again. The order is part of the format: new ones go to the end.
const FRAGMENTS: [&str; 22] = [
    r#"{"serial":"#,
    r#","kind":"device","device_id":""#,
    r#"","actor":""#,
    r#"","public_key":""#,
    r#"","agreement_key":""#,
    r#"","user_id":""#,
    r#"","user_name":""#,
    r#"","certificate_no":""#,
    r#"","organisation_id":""#,
    r#"","organisation_kind":""#,
    r#"","roles":[""#,
    r#""],"regions":[""#,
    r#""],"not_before_ms":"#,
    r#","not_after_ms":"#,
    r#"{"device_id":""#,
    r#"","at_ms":"#,
    r#","nonce":""#,
    "authority",
    "inspection_body",
    "enforcement",
    "sampler",
    r#"","#,
];
/// Codes below the first printable character, none of which stands in a text of JSON.
const UUID_CODE: u8 = 1;
const HEX_CODE: u8 = 2;
const BASE64_CODE: u8 = 3;
const FIRST_FRAGMENT: u8 = 4;
const PRINTABLE: u8 = 0x20;

/// A text of JSON without what everybody knows: identifiers, keys and names of fields as a byte or as their bytes. None where
/// it would not come out as the very text that was signed.
fn packed(text: &str) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let within = text[..text.len() - rest.len()].ends_with('"');
        let quoted = within.then(|| packed_value(rest)).flatten();
        let fragment = FRAGMENTS.iter().position(|it| rest.starts_with(it));
        let taken = match (quoted, fragment) {
            (Some((bytes, length)), _) => {
                packed.extend(bytes);
                length
            }
            (None, Some(number)) => {
                packed.push(FIRST_FRAGMENT + u8::try_from(number).ok()?);
                FRAGMENTS[number].len()
            }
            (None, None) => {
                packed.extend(&rest.as_bytes()[..next.len_utf8()]);
                next.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    (unpacked(&packed).as_deref() == Ok(text)).then_some(packed)
}

/// A whole quoted value that is an identifier or a key: its bytes with their code, and how long its text is.
fn packed_value(rest: &str) -> Option<(Vec<u8>, usize)> {
    let (value, _) = rest.split_once('"')?;
    let coded = |code: u8, bytes: &[u8]| [&[code], bytes].concat();
    let bytes = match value.len() {
        36 => coded(UUID_CODE, value.parse::<uuid::Uuid>().ok()?.as_bytes()),
        32 => coded(HEX_CODE, &hex::decode(value).ok()?),
        40.. => {
            let bytes = STANDARD.decode(value).ok()?;
            let length = u8::try_from(bytes.len()).ok()?;
            [&[BASE64_CODE, length], &bytes[..]].concat()
        }
        _ => return None,
    };
    Some((bytes, value.len()))
}

fn unpacked(packed: &[u8]) -> Result<String, Unreadable> {
    let mut text = Vec::new();
    let mut reader = Reader(packed);
    while !reader.0.is_empty() {
        match reader.byte()? {
            UUID_CODE => {
                let uuid = uuid::Uuid::from_bytes(reader.array()?);
                text.extend(uuid.to_string().into_bytes());
            }
            HEX_CODE => text.extend(hex::encode(reader.array::<16>()?).into_bytes()),
            BASE64_CODE => {
                let length = reader.byte()?;
                text.extend(STANDARD.encode(reader.raw(length.into())?).into_bytes());
            }
            code if (FIRST_FRAGMENT..PRINTABLE).contains(&code) => {
                let fragment = FRAGMENTS.get(usize::from(code - FIRST_FRAGMENT));
                text.extend(fragment.ok_or(Unreadable)?.as_bytes());
            }
            // No code, and no text of JSON either.
            0 => return Err(Unreadable),
            byte => text.push(byte),
        }
    }
    String::from_utf8(text).map_err(|_| Unreadable)
}

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// RFC 9285: three characters for two bytes, two for the last one.
pub(super) fn base45(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for pair in bytes.chunks(2) {
        let (mut number, digits) = match pair {
            [a, b] => (usize::from(*a) * 256 + usize::from(*b), 3),
            one => (one.iter().map(|it| usize::from(*it)).sum(), 2),
        };
        for _ in 0..digits {
            text.push(char::from(ALPHABET[number % 45]));
            number /= 45;
        }
    }
    text
}

/// The bytes of a text of RFC 9285, in its one spelling.
pub(super) fn bytes_of(text: &str) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for group in text.as_bytes().chunks(3) {
        let mut number = 0;
        for character in group.iter().rev() {
            let digit = ALPHABET.iter().position(|it| it == character);
            number = number * 45 + digit.ok_or(Unreadable)?;
        }
        match group.len() {
            3 => bytes.extend(u16::try_from(number).map_err(|_| Unreadable)?.to_be_bytes()),
            2 => bytes.push(u8::try_from(number).map_err(|_| Unreadable)?),
            _ => return Err(Unreadable),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::Random;

    #[test]
    fn the_examples_of_rfc_9285_come_out_and_in() {
        for (bytes, text) in [
            (&b"AB"[..], "BB8"),
            (b"Hello!!", "%69 VD92EX0"),
            (b"base-45", "UJCLQE7W581"),
            (b"ietf!", "QED8WEX0"),
            (b"", ""),
        ] {
            assert_eq!(base45(bytes), text);
            assert_eq!(bytes_of(text).as_deref(), Ok(bytes));
        }
        for odd in ["GGW", ":::", "A", "BB8A", "bb8", "BB\u{e9}", "ZZ"] {
            assert_eq!(bytes_of(odd), Err(Unreadable), "{odd}");
        }
    }

    #[test]
    fn any_bytes_come_back_from_their_text() {
        let mut random = Random(45);
        for _ in 0..300 {
            let length = random.below(200) as usize;
            let bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
            let text = base45(&bytes);
            assert_eq!(bytes_of(&text), Ok(bytes));
            assert!(text.bytes().all(|it| ALPHABET.contains(&it)));
        }
    }

    #[test]
    fn a_time_and_a_place_come_back_as_they_were_noted() {
        let token = Signed::sign(
            &TimeTokenPayload {
                device_id: crate::model::DeviceId(uuid::Uuid::from_u128(1)),
                at_ms: 5,
                nonce: "n".into(),
            },
            "0011223344556677".into(),
            |_| vec![9; 64],
        );
        let wire = serde_json::to_string(&token).unwrap();
        let spaced = wire.replacen("\":\"", "\": \"", 1);
        for token in [None, Some(wire), Some(spaced), Some("no token".to_owned())] {
            let claim = TimeClaim {
                wall_ms: -3,
                token_at_ms: token.is_some().then_some(5),
                token,
                token_rtt_ms: 120,
                elapsed_ms: Some(i64::MAX),
            };
            let place = Location {
                latitude_e7: -900_000_000,
                longitude_e7: 1_800_000_000,
                accuracy_mm: 4_000,
                crs_source: "gcj02".into(),
                mocked: true,
            };
            let mut writer = Writer::default();
            writer.time(&claim).unwrap();
            writer.place(Some(&place)).unwrap();
            writer.place(None).unwrap();
            let mut reader = Reader(&writer.0);
            assert_eq!(reader.time(), Ok(claim));
            assert_eq!(reader.place(), Ok(Some(place)));
            assert_eq!(reader.place(), Ok(None));
            assert_eq!(reader.end(), Ok(()));
        }
        let mut odd = Location {
            latitude_e7: i64::MAX,
            longitude_e7: 0,
            accuracy_mm: 1,
            crs_source: "wgs84".into(),
            mocked: false,
        };
        assert_eq!(Writer::default().place(Some(&odd)), Err(Unreadable));
        (odd.latitude_e7, odd.crs_source) = (0, "mars".into());
        assert_eq!(Writer::default().place(Some(&odd)), Err(Unreadable));
    }

    #[test]
    fn a_signed_text_comes_back_to_the_letter_whatever_it_says() {
        let texts = [
            r#"{"serial":12,"kind":"device","device_id":"01900000-0000-7000-8000-000000000001","actor":"0101"}"#,
            r#"{"a":"01900000-0000-7000-8000-00000000000A","b":"0101010101010101010101010101010101010101"}"#,
            "{\"name\":\"欧阳\",\"key\":\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\"}",
            "\u{1}\u{4}\u{0}",
            "\"\"\"",
            "",
        ];
        for payload in texts {
            let signed =
                Signed::<TimeTokenPayload>::of_parts(payload.into(), "k".into(), String::new());
            let mut writer = Writer::default();
            writer.signed(&signed).unwrap();
            assert_eq!(Reader(&writer.0).signed(), Ok(signed), "{payload}");
        }
        let mut random = Random(47);
        for _ in 0..500 {
            let mut text = texts[random.below(3) as usize].to_owned().into_bytes();
            for _ in 0..random.below(4) {
                let place = random.below(text.len() as u64) as usize;
                text[place] = 1 + random.below(126) as u8;
            }
            let Ok(text) = String::from_utf8(text) else {
                continue;
            };
            if let Some(packed) = packed(&text) {
                assert_eq!(unpacked(&packed), Ok(text));
            }
        }
    }

    #[test]
    fn hostile_bytes_are_unreadable_and_take_no_memory() {
        let mut random = Random(46);
        for _ in 0..2_000 {
            let length = random.below(60) as usize;
            let bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
            let mut reader = Reader(&bytes);
            let _ = (reader.time(), reader.place(), reader.text(), reader.bytes());
            let mut reader = Reader(&bytes);
            let _ = reader.signed::<TimeTokenPayload>();
            let _ = unpacked(&bytes);
        }
        assert_eq!(Reader(&[0xff, 0xff, 1]).bytes(), Err(Unreadable));
    }
}
