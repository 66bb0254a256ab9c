//! The last scene: a visit is taken out with everything that proves it, and checked without the server; then somebody changes
//! one bit of it.

use std::io::{self, Cursor, Read, Write};
use std::path::Path;

use fieldseal_server::clock::rfc3339;
use fieldseal_server::services::bundles::checking::{Trusted, check};
use sync_core::proof::bundle::{Fault, Report};

use super::Shown;
use crate::world::{ADMIN, World};

/// What was found.
pub struct Proved {
    /// Of the bundle as the server gave it.
    pub whole: Report,
    /// Of the one in which one bit is another.
    pub tampered: Report,
    /// The file that has it.
    pub place: String,
}

/// Takes out the visit of a picture, checks it, flips one bit of a ruling, and checks it again. Both stay in the folder of the
/// data.
///
/// # Errors
/// Where nothing can be written.
pub fn prove<W: Write>(world: &World, out: &mut W, shown: &Shown) -> io::Result<Proved> {
    let path = shown.path.split("/evidence/").next().unwrap_or_default();
    let folder = world.server.folder();
    let (whole, tampered) = (folder.join("bundle.zip"), folder.join("tampered.zip"));
    writeln!(
        out,
        "\n━━ 卷宗自证：离开服务器也能核验\n   A dossier that proves itself, without the server\n\
         取出证据包 the bundle: GET {path}/bundle"
    )?;
    let mut bytes = Vec::new();
    let token = world.token(ADMIN);
    let asked = ureq::get(world.server.url(&format!("{path}/bundle")))
        .header("authorization", format!("Bearer {token}"))
        .call();
    let mut answer = asked.map_err(io::Error::other)?;
    answer.body_mut().as_reader().read_to_end(&mut bytes)?;
    std::fs::write(&whole, &bytes)?;
    let whole_report = checked(out, &whole)?;
    let place = flip(&mut bytes)?;
    std::fs::write(&tampered, &bytes)?;
    writeln!(out, "有人改动了其中一位 somebody changes one bit: {place}")?;
    let tampered = checked(out, &tampered)?;
    Ok(Proved {
        whole: whole_report,
        tampered,
        place,
    })
}

fn checked<W: Write>(out: &mut W, file: &Path) -> io::Result<Report> {
    let report = check(file, &Trusted::default()).map_err(io::Error::other)?;
    writeln!(out, "  fieldseal verify {}", file.display())?;
    let counted: Vec<String> = report
        .checked
        .iter()
        .map(|(what, count)| format!("{what} {count}"))
        .collect();
    writeln!(out, "  核对 checked: {}", counted.join(", "))?;
    if let Some(at) = report.checkpoint_at_ms {
        let at = rfc3339(at);
        writeln!(out, "  检查点 stands under a checkpoint of {at}")?;
    }
    for Fault { check, place, why } in &report.faults {
        writeln!(out, "  ✗ {check}: {place} {why}")?;
    }
    let verdict = match report.faults.is_empty() {
        true => "  ✓ 全部成立 OK: everything holds",
        false => "  ✗ 证据包不成立 the bundle does not hold",
    };
    writeln!(out, "{verdict}")?;
    Ok(report)
}

/// Changes one bit of the first ruling.
fn flip(bytes: &mut [u8]) -> io::Result<String> {
    let found = {
        let mut archive = zip::ZipArchive::new(Cursor::new(&*bytes))?;
        let names = archive.file_names();
        let names = names.map(|name| name.map(std::borrow::Cow::into_owned));
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        let mut rulings = names
            .into_iter()
            .filter(|name| name.starts_with("rulings/") && name.ends_with(".signed"));
        let name = rulings.next().ok_or(io::ErrorKind::NotFound)?;
        let entry = archive.by_name(&name)?;
        let start = entry.data_start().ok_or(io::ErrorKind::NotFound)?;
        (name, start + entry.size() / 2)
    };
    let (name, at) = found;
    let at = usize::try_from(at).map_err(io::Error::other)?;
    bytes[at] ^= 1;
    Ok(name)
}
