//! The arrows between the crates, as rules that a test runs.
//!
//! A drawing of layers is true on the day it is drawn. Here each arrow is a [`Rule`] over the
//! dependencies the manifests declare ([`Workspace`]) and over the tree that a user of one crate
//! alone would build ([`Tree`]); a new dependency that breaks a rule fails the tests with the
//! reason for the rule.
//!
//! The crate only decides. Asking Cargo is left to its tests, so that every rule is also run on
//! made-up workspaces that break it: a check that cannot fail proves nothing.
//!
//! ```
//! use architecture::{Dependency, Kind, Package, Rule, Workspace};
//!
//! let workspace = Workspace::new(vec![
//!     Package::published("ring", "1.0.0").depends_on(Dependency::new("http", Kind::Normal)),
//! ]);
//! let rule = Rule::only_external("ring", &["bytes"], "a ring of bytes knows no protocol");
//! let violations = rule.check(&workspace);
//! assert_eq!(violations[0].to_string(), "ring -> http: a ring of bytes knows no protocol");
//! ```
#![forbid(unsafe_code)]

mod rule;
mod source;
mod tree;
mod workspace;

// The public interface is:
pub use crate::rule::{Rule, Violation};
pub use crate::source::{Mention, exports, mentions};
pub use crate::tree::Tree;
pub use crate::workspace::{Dependency, Kind, Package, Workspace};
