//! The few things a directory sink does to a disk, so that tests can let each of them fail.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;

/// What a crash of the machine may cost. A crash of the process alone costs nothing either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing is flushed: the last seconds, as many as the system keeps to itself. What a crash
    /// left incomplete is found and listed as a gap.
    #[default]
    Lazy,
    /// Nothing that was listed: file, folder and index are flushed, in this order, before a
    /// segment counts as stored. Costs three flushes a segment.
    Flushed,
}

/// A disk, or what a test puts in its place.
pub(super) trait Files: Send + fmt::Debug {
    /// Makes `path` hold `rope`, wholly or not at all.
    fn write(&mut self, path: &Path, rope: &[Bytes]) -> io::Result<()>;
    /// Appends `text` behind the first `len` bytes of `path`, which are all that counts.
    fn append(&mut self, path: &Path, len: u64, text: &str) -> io::Result<()>;
    /// Deletes a file, which need not be there.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
    /// Makes a folder and those above it, which may be there.
    fn make_folder(&mut self, path: &Path) -> io::Result<()>;
    /// Deletes a folder and what is in it.
    fn remove_folder(&mut self, path: &Path) -> io::Result<()>;
}

/// The prefix of files that are not whole yet. No resource's name starts with a dot.
pub(super) const PARTIAL: &str = ".partial-";

#[derive(Debug)]
pub(super) struct Disk {
    pub(super) durability: Durability,
}

impl Disk {
    fn flush(&self, file: &File) -> io::Result<()> {
        match self.durability {
            Durability::Lazy => Ok(()),
            Durability::Flushed => file.sync_all(),
        }
    }

    fn flush_folder(&self, of: &Path) -> io::Result<()> {
        match (self.durability, of.parent()) {
            (Durability::Flushed, Some(folder)) => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }
}

impl Files for Disk {
    fn write(&mut self, path: &Path, rope: &[Bytes]) -> io::Result<()> {
        let partial = partial(path);
        let written = File::create(&partial).and_then(|mut file| {
            for part in rope {
                file.write_all(part)?;
            }
            self.flush(&file)
        });
        let whole = written.and_then(|()| fs::rename(&partial, path));
        if whole.is_err() {
            // A full disk has no room for half a segment either.
            let _ = fs::remove_file(&partial);
        }
        whole.and_then(|()| self.flush_folder(path))
    }

    fn append(&mut self, path: &Path, len: u64, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        // Behind `len` there is at most half a line, of an append that failed.
        if file.metadata()?.len() != len {
            file.set_len(len)?;
        }
        file.write_all(text.as_bytes())?;
        self.flush(&file)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)?;
        // The folders above it may be as new: a recording's lies three below the root.
        path.ancestors()
            .take(3)
            .try_for_each(|path| self.flush_folder(path))
    }

    fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}

fn partial(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{PARTIAL}{name}"))
}
