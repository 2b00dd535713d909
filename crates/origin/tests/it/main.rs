//! Integration tests of the origin.
