//! What can be answered instead of a payload or a position: one small type an operation.
//!
//! Every variant carries the numbers that let a caller choose what to do. None is fatal to the
//! cache, and none means a bug on either side unless it says so.

/// Building and opening.
mod opening;
/// Reading, waiting, following.
mod reading;
/// Writing.
mod writing;

pub use opening::{ConfigError, OpenError};
pub use reading::{CursorError, GetError, WaitError};
pub use writing::{AddError, AppendError, PutError, SendError};
