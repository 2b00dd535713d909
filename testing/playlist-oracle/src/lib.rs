//! Independent playlist parsers, held against what we write.
