//! One process at a time below a root.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

/// The name of the file that is locked. No stream's name starts with a dot.
const NAME: &str = ".lock";

/// The root, for as long as this is there.
///
/// The lock is the operating system's and goes with the process, however that ends: a file that is
/// left over locks nothing. It says which process it was, for people.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a root that is there.
    ///
    /// A file system that knows no locks is taken at its operator's word.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::ResourceBusy`] when another process has it, or what opening the file says.
    pub(super) fn take(root: &Path) -> io::Result<Self> {
        let path = root.join(NAME);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path)?;
        match file.try_lock() {
            Ok(()) => {
                // A full disk is no reason not to read what is there.
                let _ = sign(&mut file);
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.take(32).read_to_string(&mut holder);
                let holder = match holder.trim() {
                    "" => "another process".to_owned(),
                    id => format!("another process ({id})"),
                };
                let message = format!("{holder} records into {}", root.display());
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
            }
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self { _file: file })
    }
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
