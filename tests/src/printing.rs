//! A browser that prints: headless Chromium makes a PDF of a page, and poppler says what is in it. Where they are missing a
//! test says so and goes on, unless CI asked for them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names under which distributions have Chromium.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// Points an inch in which a page is looked at: a code of 31 mm then has six points a square.
const LOOKED_AT_DPI: &str = "200";

/// A browser and what reads its PDF.
pub struct Printer {
    browser: &'static str,
    folder: PathBuf,
}

/// What was printed.
pub struct Printed {
    /// Its text, page by page.
    pub pages: Vec<String>,
    /// What the codes on it say, by an independent decoder.
    pub codes: Vec<String>,
}

fn is_here(program: &str, version: &str) -> bool {
    let mut asked = Command::new(program);
    let asked = asked.arg(version).stdout(Stdio::null());
    asked.stderr(Stdio::null()).status().is_ok()
}

impl Printer {
    /// One that writes into this folder; none where the programs are not installed, which is said, and is a failure where
    /// `FIELDSEAL_REQUIRE_CHROMIUM` is set.
    pub fn find(folder: &Path) -> Option<Self> {
        let browser = BROWSERS.into_iter().find(|it| is_here(it, "--version"));
        let reader = is_here("pdftotext", "-v") && is_here("pdftoppm", "-v");
        if let (Some(browser), true) = (browser, reader) {
            let folder = folder.to_owned();
            return Some(Self { browser, folder });
        }
        let missing = "Chromium or poppler-utils is not installed here: nothing is printed";
        assert!(
            std::env::var_os("FIELDSEAL_REQUIRE_CHROMIUM").is_none(),
            "{missing}"
        );
        eprintln!("{missing}");
        None
    }

    fn runs(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let mut command = Command::new(program);
        let output = command.args(arguments).current_dir(&self.folder).output();
        let output = output.expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program}: {said}");
        output.stdout
    }

    fn browses(&self, arguments: &[&str]) {
        let profile = format!("--user-data-dir={}", self.folder.join("profile").display());
        // A container has neither the namespaces of a sandbox nor a screen.
        let mut all = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
            &profile,
        ];
        all.extend(arguments);
        self.runs(self.browser, &all);
    }

    /// Prints a page on A4, and reads back what is on the paper.
    pub fn prints(&self, html: &str) -> Printed {
        std::fs::write(self.folder.join("page.html"), html).expect("the folder");
        let page = format!("file://{}", self.folder.join("page.html").display());
        self.browses(&["--no-pdf-header-footer", "--print-to-pdf=page.pdf", &page]);
        let text = self.runs("pdftotext", &["-layout", "page.pdf", "-"]);
        let text = String::from_utf8(text).expect("text");
        let pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
        let pages: Vec<String> = pages
            .into_iter()
            .filter(|it| !it.trim().is_empty())
            .collect();
        self.runs(
            "pdftoppm",
            &["-r", LOOKED_AT_DPI, "-gray", "-png", "page.pdf", "paper"],
        );
        let mut codes = Vec::new();
        for file in std::fs::read_dir(&self.folder).expect("the folder") {
            let file = file.expect("a file").path();
            let name = file.file_name().and_then(|it| it.to_str());
            if name.is_some_and(|it| it.starts_with("paper") && it.ends_with(".png")) {
                codes.extend(read_codes(&file));
                std::fs::remove_file(&file).expect("it goes");
            }
        }
        Printed { pages, codes }
    }

    /// What a screen of this width shows of a page.
    pub fn shows(&self, html: &str, width_px: u32, picture: &str) -> image::DynamicImage {
        std::fs::write(self.folder.join("page.html"), html).expect("the folder");
        let page = format!("file://{}", self.folder.join("page.html").display());
        let shot = format!("--screenshot={picture}");
        self.browses(&[&format!("--window-size={width_px},2400"), &shot, &page]);
        image::open(self.folder.join(picture)).expect("a picture")
    }
}

fn read_codes(file: &Path) -> Vec<String> {
    let page = image::open(file).expect("a picture").to_luma8();
    let (width, height) = (page.width() as usize, page.height() as usize);
    let mut page = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        page.get_pixel(x as u32, y as u32).0[0]
    });
    let found = page.detect_grids().into_iter();
    found.filter_map(|it| Some(it.decode().ok()?.1)).collect()
}
