//! An oracle that never says no is worth nothing: each rule is shown to fire.

mod media;
mod multivariant;
