//! Why a segment was not stored.

use std::fmt;
use std::io;

use llhls_manifest::{InitVersion, Msn};

/// Why a sink did not store a segment. The live stream goes on; the next segment is tried afresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk or the quota is full. The operator's to mend; storing resumes when there is room.
    Full,
    /// The segment does not fit the sink's own budget beside what must be kept.
    OverBudget {
        /// The budget, in bytes.
        limit: u64,
    },
    /// The recording already holds this number or a later one: a restarted publisher counts anew
    /// under an old epoch. Nothing is overwritten. The caller's fault: continue the numbers, or
    /// take a new epoch.
    NumberReused {
        /// The number that was offered.
        msn: Msn,
        /// The least number that can be stored.
        next: Msn,
    },
    /// The recording already holds another init section of this version, for the same reason.
    InitReused {
        /// The version.
        version: InitVersion,
    },
    /// Anything else that the operating system says.
    Io(io::ErrorKind),
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            kind => Self::Io(kind),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => formatter.write_str("no space is left"),
            Self::OverBudget { limit } => {
                write!(
                    formatter,
                    "the archive may hold {limit} bytes, and holds them"
                )
            }
            Self::NumberReused { msn, next } => write!(
                formatter,
                "segment {msn} was offered, but the recording goes on with {next}"
            ),
            Self::InitReused { version } => write!(
                formatter,
                "the recording holds another init section of version {version}"
            ),
            Self::Io(kind) => write!(formatter, "storing failed: {kind}"),
        }
    }
}

impl std::error::Error for StoreError {}
