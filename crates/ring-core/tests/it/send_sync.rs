use ring_core::{
    AddError, AppendError, CacheConfig, CacheStats, ChunkCache, ConfigError, Cursor, CursorError,
    Delivery, Digest, EndOutcome, Epoch, Evicted, Gap, Generation, GetError, OpenError, PutError,
    PutOutcome, Reader, RemoveOutcome, RingConfig, SendError, Seq, Start, StreamEvent, StreamStats,
    WaitError, Writer,
};

/// Everything public crosses threads, borrowed or owned, and may be moved while it is in use.
const fn free<T: Send + Sync + Unpin>() {}
/// A handle or a value that also outlives any borrow.
const fn owned<T: Send + Sync + Unpin + 'static>() {}
/// An error that can be boxed and sent.
const fn error<T: std::error::Error + Send + Sync + Copy + 'static>() {}

const _: () = {
    owned::<ChunkCache>();
    owned::<ChunkCache<String, Vec<u8>>>();
    owned::<Writer>();
    owned::<Writer<String>>();
    owned::<Reader>();
    owned::<Reader<String>>();
    owned::<Cursor>();
    owned::<Cursor<String>>();
    owned::<Delivery<String>>();
    owned::<Evicted<String>>();
    owned::<StreamEvent<String>>();
    owned::<StreamStats>();
    owned::<CacheStats>();
    owned::<Start>();
    owned::<Gap>();
    owned::<Epoch>();
    owned::<PutOutcome>();
    owned::<Seq>();
    owned::<Generation>();
    owned::<Digest>();
    owned::<RingConfig>();
    owned::<CacheConfig>();
    owned::<EndOutcome>();
    owned::<RemoveOutcome>();
    error::<GetError>();
    error::<WaitError>();
    error::<AppendError>();
    error::<PutError>();
    error::<SendError>();
    error::<CursorError>();
    error::<OpenError>();
    error::<AddError>();
    error::<ring_core::TooManyWaiters>();
    error::<ConfigError>();
    free::<&Reader>();
};

#[cfg(feature = "async")]
const _: () = {
    owned::<ring_core::Milestones>();
    free::<ring_core::Reach<'static>>();
    free::<ring_core::Wait<'static>>();
    free::<ring_core::WaitAtLeast<'static>>();
    free::<ring_core::NextDelivery<'static>>();
    free::<ring_core::SendPayload<'static>>();
};

/// Handles are one pointer.
#[test]
fn handles_are_one_word() {
    assert_eq!(size_of::<Writer>(), size_of::<usize>());
    assert_eq!(size_of::<Reader>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Reader>>(), size_of::<usize>());
}
