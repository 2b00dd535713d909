//! Payloads that are copied in, into memory that earlier ones have left.

use bytes::{Bytes, BytesMut};

use super::Ring;
use crate::error::AppendError;
use crate::seq::Seq;

impl<M> Ring<M> {
    /// As `append`, with a copy of `payload` in the memory of the payload that makes room for it,
    /// if nobody holds that any more; then nothing is allocated.
    pub(crate) fn append_copy(&self, payload: &[u8], metadata: M) -> Result<Seq, AppendError> {
        self.admit(payload.len() as u64)?;
        self.copies
            .store(true, std::sync::atomic::Ordering::Relaxed);
        let seq = self.claim_next()?;
        let copy = self.copy_into_used_memory(seq, payload);
        let content = self.content(copy, metadata);
        self.store_claimed(seq, content)
    }

    /// A copy of `payload`, in memory that `seq`'s slot or an eviction left, if it is free.
    fn copy_into_used_memory(&self, seq: u64, payload: &[u8]) -> Bytes {
        let recycled = if self.sink.is_none() {
            self.take_used(seq)
        } else {
            None
        };
        let fitting = recycled
            .and_then(|used| used.try_into_mut().ok())
            .filter(|used| used.capacity() >= payload.len());
        let mut copy = fitting.unwrap_or_else(|| {
            let mut fresh = BytesMut::with_capacity(payload.len());
            // Splitting makes the buffer a counted one from the start. As a plain vector it would
            // be promoted by each first clone, with an allocation each time round.
            drop(fresh.split_to(0));
            fresh
        });
        copy.clear();
        copy.extend_from_slice(payload);
        copy.freeze()
    }

    /// Takes the payload that `seq` is about to displace, or else the spare one.
    fn take_used(&self, seq: u64) -> Option<Bytes> {
        let earlier = self
            .slots
            .get(seq)
            .and_then(|slot| slot.clear(|held| held < seq));
        match earlier {
            Some(displaced) => {
                self.account(0, displaced.content.len());
                self.drop_mirrors(&displaced);
                Some(displaced.content.payload)
            }
            None => self.spare.lock().take(),
        }
    }

    /// Keeps the memory of an evicted payload for the next copy.
    pub(super) fn keep_spare(&self, payload: Bytes) {
        // Bound to a name, so that it is dropped after the lock.
        let former = self.spare.lock().replace(payload);
        drop(former);
    }
}
