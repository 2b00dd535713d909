//! Raw deflate with state that is used again.

use std::sync::{Mutex, PoisonError};

use flate2::{Compress, Compression, FlushCompress, Status};

/// How many idle compressors are kept, for all streams together. One is some 270 KB, so it is not
/// made anew for each playlist; and as there are seldom more threads than this, a bound on what is
/// kept bounds the memory. A thread-local one would live as long as each thread of a runtime.
const KEPT: usize = 16;

static IDLE: Mutex<Vec<Deflater>> = Mutex::new(Vec::new());

/// How much care a block deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// Made once and sent many times: level 6.
    Kept,
    /// Made for one version: level 1, twice as fast and some bytes longer.
    Fleeting,
}

/// What follows a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Another block: it ends on a byte.
    More,
    /// Nothing.
    End,
}

/// Two compressors, borrowed from those that are kept.
#[derive(Debug)]
pub(crate) struct Deflater {
    kept: Compress,
    fleeting: Compress,
}

impl Deflater {
    /// Lends one to `work`. The lock is held for a move, not for the work.
    pub(crate) fn with<R>(work: impl FnOnce(&mut Self) -> R) -> R {
        let idle = || IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut deflater = taken.unwrap_or_else(|| Self {
            kept: Compress::new(Compression::new(6), false),
            fleeting: Compress::new(Compression::new(1), false),
        });
        let result = work(&mut deflater);
        let mut idle = idle();
        if idle.len() < KEPT {
            idle.push(deflater);
        }
        result
    }

    /// Appends the deflated `text` to `out`. The block may refer to `history`, which must stand
    /// right before it wherever it is used; it refers to nothing else.
    pub(crate) fn deflate(
        &mut self,
        history: &[u8],
        text: &[u8],
        care: Care,
        after: After,
        out: &mut Vec<u8>,
    ) {
        let compress = match care {
            Care::Kept => &mut self.kept,
            Care::Fleeting => &mut self.fleeting,
        };
        compress.reset();
        if !history.is_empty() {
            compress
                .set_dictionary(history)
                .expect("a raw stream takes a dictionary at its start");
        }
        let flush = match after {
            After::More => FlushCompress::Sync,
            After::End => FlushCompress::Finish,
        };
        out.reserve(text.len() / 4 + 64);
        let mut read = 0;
        loop {
            let before = compress.total_in();
            let status = compress
                .compress_vec(&text[read..], out, flush)
                .expect("deflating into memory cannot fail");
            read += usize::try_from(compress.total_in() - before).expect("a part of the text");
            let done = match after {
                // Room that was left over says that the flush is complete.
                After::More => read == text.len() && out.len() < out.capacity(),
                After::End => status == Status::StreamEnd,
            };
            if done {
                return;
            }
            out.reserve(text.len() / 4 + 64);
        }
    }
}
