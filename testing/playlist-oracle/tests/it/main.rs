//! An oracle that never says no is worth nothing: each rule is shown to fire.

#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod every_rule;
mod media;
mod multivariant;
