//! LEB128 numbers read from untrusted bytes: shortest form only, as Automerge writes them.

/// A cursor over untrusted bytes. Every read is checked and none allocates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// The next `count` bytes. The count comes from the bytes themselves, so it may be anything.
    pub(super) fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(count).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N as u64)?.try_into().ok()
    }

    pub(super) fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            // The tenth byte holds the one bit that is left of 64.
            if shift == 63 && byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return (shift == 0 || byte != 0).then_some(value);
            }
        }
        None
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let mut value = 0_i64;
        let mut previous = 0_u8;
        for shift in (0..).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte != 0 && byte != 0x7f {
                return None;
            }
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let overlong = shift > 0
                    && ((byte == 0 && previous & 0x40 == 0)
                        || (byte == 0x7f && previous & 0x40 != 0));
                if overlong {
                    return None;
                }
                if shift < 57 && byte & 0x40 != 0 {
                    value |= -1 << (shift + 7);
                }
                return Some(value);
            }
            previous = byte;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_written() {
        use crate::guard::crafting::{signed, unsigned};
        for shift in 0..64 {
            for offset in [-1_i128, 0, 1] {
                let value = (1_i128 << shift) + offset;
                if let Ok(value) = u64::try_from(value) {
                    assert_eq!(Reader::new(&unsigned(value)).unsigned(), Some(value));
                }
                for value in [value, -value] {
                    if let Ok(value) = i64::try_from(value) {
                        assert_eq!(Reader::new(&signed(value)).signed(), Some(value), "{value}");
                    }
                }
            }
        }
        for extreme in [i64::MIN, i64::MAX] {
            assert_eq!(Reader::new(&signed(extreme)).signed(), Some(extreme));
        }
        assert_eq!(Reader::new(&unsigned(u64::MAX)).unsigned(), Some(u64::MAX));
    }

    #[test]
    fn longer_spellings_and_numbers_beyond_64_bits_are_refused() {
        assert_eq!(Reader::new(&[0x80, 0x00]).unsigned(), None);
        assert_eq!(
            Reader::new(&[0xff, 0x00]).signed(),
            Some(127),
            "needed for the sign"
        );
        assert_eq!(Reader::new(&[0x81, 0x00]).signed(), None);
        assert_eq!(Reader::new(&[0xff, 0x7f]).signed(), None);
        assert_eq!(Reader::new(&[0xff; 12]).unsigned(), None);
        assert_eq!(Reader::new(&[0xff; 12]).signed(), None);
        let mut too_big = vec![0xff; 9];
        too_big.push(0x02);
        assert_eq!(Reader::new(&too_big).unsigned(), None);
    }

    #[test]
    fn an_end_in_the_middle_is_refused() {
        assert_eq!(Reader::new(&[0x80]).unsigned(), None);
        assert_eq!(Reader::new(&[0x80]).signed(), None);
        assert_eq!(Reader::new(&[]).unsigned(), None);
        assert_eq!(Reader::new(&[1, 2]).take(u64::MAX), None);
    }
}
