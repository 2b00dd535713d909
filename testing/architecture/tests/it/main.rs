//! The architecture, checked.
//!
//! * `arrows`: the rules of `docs/architecture.md`, on this workspace as it is.
//! * `checker`: each rule on a made-up workspace that breaks it, so that none is vacuous.
//! * `cargo`: asks Cargo.

mod arrows;
mod cargo;
mod checker;
