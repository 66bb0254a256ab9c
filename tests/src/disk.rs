//! A small disk of its own, for tests of what is done when it is full: a file system in memory that is mounted for as long
//! as the test lasts.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system. Dropped, it is gone.
pub struct SmallDisk {
    at: tempfile::TempDir,
}

impl SmallDisk {
    /// One of so many bytes; none where this user may not mount anything.
    pub fn mount(bytes: u64) -> Option<Self> {
        let at = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "fieldseal"])
            .arg(at.path())
            .output();
        let mounted = mounted.is_ok_and(|it| it.status.success());
        mounted.then_some(Self { at })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.at.path()
    }

    /// Somebody else takes all that is left of it.
    pub fn fill(&self) -> PathBuf {
        let file = self.at.path().join("of-somebody-else");
        let mut open = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&file)
            .expect("a file");
        for block in [64 * 1024, 4 * 1024, 1] {
            while open.write_all(&vec![7; block]).is_ok() {}
        }
        file
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a database that is still open does not keep it.
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.at.path())
            .status();
    }
}
