//! Who may publish and who may watch.
//!
//! ```text
//!   request ──► credentials ──► Access ──► publish keys ─────────┐
//!    (path, query, cookie,        │    └──► signed tokens, JWTs ─┼─► Verdict ──► on, 401, 403, 503
//!     Authorization)              └───────► hook, remembered ────┘
//! ```
//!
//! [`Gate`] stands in front of all routes; whoever takes media in by another way than HTTP asks
//! [`Access::may_publish`]. Whatever is presented is compared in constant time, and no error, log
//! line or `Debug` repeats it.

mod cache;
mod config;
mod credentials;
mod crypto;
mod gate;
mod hook;
mod jwt;
mod keeper;
mod pattern;
mod roots;
mod secret;
mod signed;

pub use config::AccessConfig;
#[cfg(feature = "rtmp")]
pub(crate) use credentials::key_in;
pub(crate) use credentials::{Credentials, LONGEST as LONGEST_TOKEN, PATH_PREFIX, loggable};
pub(crate) use crypto::JwtAlgorithm;
pub use crypto::VerifyingKey;
pub use gate::{Gate, GateBody, Passing};
pub(crate) use hook::ENTRY_BYTES as HOOK_ENTRY_BYTES;
pub use keeper::{Access, Verdict};
pub use pattern::StreamPattern;
pub use roots::{HookRoots, HookRootsError};
pub use secret::{KeyDigest, Secret};
pub use signed::sign;
