//! What an operator decides: one TOML file, the environment over it, flags over both.
//!
//! `settings` is the one table of all keys. The structs, the defaults, the documented file that
//! `print-config` writes, the names in the environment and the reference in `docs` all come from
//! it, so that none of them can say something else.
//!
//! ```text
//!   file ──► document ┐
//!   LLHLS_… ──────────┼─► layers ──► settings (each value) ──► check (all together) ──► Config
//!   --set … ──────────┘                    every mistake with its place, none hides another
//! ```

mod apply;
mod check;
mod document;
mod error;
mod layers;
mod memory;
mod nearest;
mod print;
mod raw;
mod settings;
mod values;

pub use error::{ConfigErrors, Mistake, Source};
pub use layers::{Layers, PREFIX};
pub use memory::WorstCase;
pub use print::{default_file, reference};
pub use settings::{
    Access, Config, Ingest, Log, Memory, Operations, Page, Recording, Server, Streams,
};
pub use values::{
    Flushing, HookUrl, JwtKey, LogFormat, Millis, PartAddressing, PublishKeys, Size, TokenKeys,
    TokenPlace, Watch,
};

#[cfg(test)]
mod tests;
