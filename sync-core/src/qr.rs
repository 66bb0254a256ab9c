//! QR codes (二维码) as squares and as SVG: what phones show each other, and what a printed form bears. Reading one back is a
//! camera's business.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel};

use crate::limits::QR_CHARS_MAX;

/// How much of a code may be lost before it cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// 7 %: for a screen, which has no creases.
    Low,
    /// 15 %: for paper.
    Medium,
}

/// More than a code holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is more than a QR code holds")]
pub struct TooMuch;

/// A QR code, square by square.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    width: usize,
    dark: Vec<bool>,
}

impl QrCode {
    /// The light squares that must surround a code on every side (ISO/IEC 18004).
    pub const QUIET: usize = 4;

    /// The smallest code that holds the text.
    ///
    /// # Errors
    /// Where no code does.
    pub fn of(text: &str, correction: Correction) -> Result<Self, TooMuch> {
        if text.len() > QR_CHARS_MAX {
            return Err(TooMuch);
        }
        let level = match correction {
            Correction::Low => EcLevel::L,
            Correction::Medium => EcLevel::M,
        };
        let made = qrcode::QrCode::with_error_correction_level(text, level);
        let made = made.map_err(|_| TooMuch)?;
        Ok(Self {
            width: made.width(),
            dark: made
                .to_colors()
                .iter()
                .map(|it| *it == Color::Dark)
                .collect(),
        })
    }

    /// Squares a side, without the quiet zone.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether a square is dark; those around the code are light.
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        column < self.width && self.dark.get(row * self.width + column) == Some(&true)
    }

    /// A drawing of its own, with the quiet zone: one unit a square, black on white, no script and nothing to load.
    pub fn to_svg(&self) -> String {
        let side = self.width + 2 * Self::QUIET;
        let mut path = String::new();
        for row in 0..self.width {
            let mut column = 0;
            while column < self.width {
                let run = (column..self.width).take_while(|it| self.is_dark(*it, row));
                let run = run.count();
                if run > 0 {
                    let (x, y) = (column + Self::QUIET, row + Self::QUIET);
                    // Writing to a string cannot fail.
                    let _ = write!(path, "M{x} {y}h{run}v1h-{run}z");
                }
                column += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
        )
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What an independent decoder reads in a code that is painted with squares of three points.
    pub(crate) fn read_back(code: &QrCode) -> Vec<String> {
        const POINTS: usize = 3;
        let side = (code.width() + 2 * QrCode::QUIET) * POINTS;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
            let square = |point: usize| (point / POINTS).checked_sub(QrCode::QUIET);
            match (square(x), square(y)) {
                (Some(column), Some(row)) if code.is_dark(column, row) => 0,
                _ => 255,
            }
        });
        let found = image.detect_grids();
        found.iter().map(|it| it.decode().unwrap().1).collect()
    }

    #[test]
    fn an_independent_decoder_reads_back_what_was_written() {
        let address = format!("https://fieldseal.example.cn/v/{}", "5c".repeat(32));
        let shown = "FSQ1:".to_owned() + &"7WE QE$:0 A".repeat(100);
        for (text, correction) in [
            ("1", Correction::Low),
            ("抽样单 S-1 & <b>", Correction::Medium),
            (&address, Correction::Medium),
            (&shown, Correction::Low),
        ] {
            let code = QrCode::of(text, correction).unwrap();
            assert_eq!(read_back(&code), [text]);
        }
    }

    #[test]
    fn a_code_is_as_large_as_its_text_needs_and_no_larger_than_one_can_be() {
        let small = QrCode::of("FSQ1:", Correction::Low).unwrap();
        assert_eq!(small.width(), 21);
        let digits = "7".repeat(1_100);
        assert!(QrCode::of(&digits, Correction::Low).unwrap().width() > 21);
        let whole = "A".repeat(QR_CHARS_MAX);
        assert_eq!(QrCode::of(&whole, Correction::Low).unwrap().width(), 177);
        assert_eq!(QrCode::of(&whole, Correction::Medium), Err(TooMuch));
        assert_eq!(
            QrCode::of(&format!("{whole}A"), Correction::Low),
            Err(TooMuch)
        );
    }

    #[test]
    fn the_drawing_has_every_dark_square_and_the_quiet_around_it() {
        let code = QrCode::of("抽样单 JC-0001", Correction::Medium).unwrap();
        let svg = code.to_svg();
        let dark = (0..code.width()).flat_map(|y| (0..code.width()).map(move |x| (x, y)));
        let dark = dark.filter(|(x, y)| code.is_dark(*x, *y)).count();
        let runs = svg
            .split_once("#000")
            .unwrap()
            .1
            .split('h')
            .skip(1)
            .step_by(2);
        let drawn: usize = runs
            .map(|it| it.split('v').next().unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(drawn, dark);
        assert!(code.is_dark(0, 0), "a corner of the finder");
        assert!(
            !code.is_dark(code.width(), 0),
            "beside the code it is light"
        );
        let side = code.width() + 2 * QrCode::QUIET;
        assert!(svg.contains(&format!("viewBox=\"0 0 {side} {side}\"")));
    }
}
