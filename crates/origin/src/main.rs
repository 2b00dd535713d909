//! The origin binary.
fn main() {}
