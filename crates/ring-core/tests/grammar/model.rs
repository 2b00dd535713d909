//! What a cache should do, said as plainly as possible.

use std::collections::BTreeMap;

use bytes::Bytes;
use ring_core::{AppendError, CursorError, GapPolicy, GetError, PutError, PutOutcome, Seq};

/// A cursor's place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModelCursor {
    pub(crate) position: u64,
    pub(crate) epoch: u64,
}

/// What one stream should be.
#[derive(Debug, Clone)]
pub(crate) struct ModelStream {
    pub(crate) slots: u64,
    pub(crate) max_bytes: u64,
    pub(crate) first: u64,
    pub(crate) gaps: GapPolicy,
    pub(crate) held: BTreeMap<u64, Bytes>,
    /// Positions below are evicted.
    tail: u64,
    /// Missing positions below are not waited for.
    skipped_to: u64,
    /// Positions below are published.
    pub(crate) head: u64,
    /// Positions below are taken.
    pub(crate) claim: u64,
    epoch: (u64, u64),
    pub(crate) ended: bool,
    pub(crate) gone: bool,
    pub(crate) cursor: ModelCursor,
}

impl ModelStream {
    pub(crate) fn new(slots: u64, max_bytes: u64, first: u64, gaps: GapPolicy) -> Self {
        Self {
            slots,
            max_bytes,
            first,
            gaps,
            held: BTreeMap::new(),
            tail: first,
            skipped_to: first,
            head: first,
            claim: first,
            epoch: (0, first),
            ended: false,
            gone: false,
            cursor: ModelCursor {
                position: first,
                epoch: 0,
            },
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.held.values().map(|payload| payload.len() as u64).sum()
    }

    pub(crate) fn oldest(&self) -> u64 {
        self.tail.max(self.claim.saturating_sub(self.slots))
    }

    fn closed(&self) -> Result<(), AppendError> {
        match (self.gone, self.ended) {
            (true, _) => Err(AppendError::Gone),
            (false, true) => Err(AppendError::Ended),
            (false, false) => Ok(()),
        }
    }

    /// Claims all positions below `end`; what leaves the window goes.
    fn claim_to(&mut self, end: u64) {
        self.claim = self.claim.max(end);
        let oldest = self.oldest();
        self.held.retain(|seq, _| *seq >= oldest);
    }

    fn publish(&mut self) {
        while self.head < self.claim
            && (self.held.contains_key(&self.head)
                || self.head < self.skipped_to.max(self.oldest()))
        {
            self.head += 1;
        }
    }

    fn evict_oldest(&mut self) -> bool {
        while self.oldest() < self.claim {
            let oldest = self.oldest();
            self.tail = oldest + 1;
            if self.held.remove(&oldest).is_some() {
                return true;
            }
        }
        false
    }

    pub(crate) fn get(&self, seq: u64) -> Result<Bytes, GetError> {
        if self.gone {
            return Err(GetError::Gone);
        }
        if let Some(payload) = self.held.get(&seq).filter(|_| seq < self.head) {
            return Ok(payload.clone());
        }
        let next = Seq::new(self.head);
        Err(if seq < self.oldest() {
            GetError::Evicted {
                oldest: Seq::new(self.oldest()),
            }
        } else if seq >= self.claim && self.ended {
            GetError::Ended {
                next: Seq::new(self.claim),
            }
        } else if seq >= self.head {
            GetError::NotYet { next }
        } else {
            GetError::Missing { next }
        })
    }

    pub(crate) fn range(&self, first: u64, count: usize) -> Result<Vec<Bytes>, GetError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        self.get(first)?;
        self.get(first + count as u64 - 1)?;
        (first..first + count as u64)
            .map(|seq| self.get(seq))
            .collect()
    }

    pub(crate) fn skip_to(&mut self, seq: u64) -> Result<(), AppendError> {
        if seq > self.claim {
            self.closed()?;
        }
        if self.gone && seq > 0 {
            return Err(AppendError::Gone);
        }
        self.claim_to(seq);
        self.skipped_to = self.skipped_to.max(seq);
        self.publish();
        Ok(())
    }

    /// Payloads and bytes that go.
    pub(crate) fn release_before(&mut self, seq: u64) -> (u64, u64) {
        let (payloads, bytes) = (self.held.len() as u64, self.bytes());
        self.tail = self.tail.max(seq.min(self.head));
        let oldest = self.oldest();
        self.held.retain(|held, _| *held >= oldest);
        (payloads - self.held.len() as u64, bytes - self.bytes())
    }

    pub(crate) fn reset(&mut self) -> Result<u64, AppendError> {
        self.closed()?;
        self.tail = self.tail.max(self.claim);
        self.held.clear();
        self.epoch = (self.epoch.0 + 1, self.claim);
        self.publish();
        Ok(self.epoch.0)
    }

    /// What the stream's cursor should say.
    pub(crate) fn next(&mut self) -> Result<Option<(Seq, Bytes)>, CursorError> {
        let cursor = &mut self.cursor;
        if cursor.epoch != self.epoch.0 {
            let epoch = self.epoch.0;
            let position = cursor.position.max(self.epoch.1);
            self.cursor = ModelCursor { position, epoch };
            return Err(discontinuity(epoch, position));
        }
        let from = cursor.position;
        let interruption = |resume: u64| (resume - from, Seq::new(resume));
        match self.get(from) {
            Ok(payload) => {
                self.cursor.position += 1;
                Ok(Some((Seq::new(from), payload)))
            }
            Err(GetError::Evicted { oldest }) => {
                self.cursor.position = oldest.value();
                let (skipped, resume) = interruption(oldest.value());
                Err(CursorError::Lagged { skipped, resume })
            }
            Err(GetError::Missing { .. }) => {
                let present = self.held.range(from..self.head).next().map(|(seq, _)| *seq);
                self.cursor.position = present.unwrap_or(self.head);
                let (skipped, resume) = interruption(self.cursor.position);
                Err(CursorError::Skipped { skipped, resume })
            }
            Err(GetError::Ended { next }) => Err(CursorError::Ended { next }),
            Err(GetError::Gone) => Err(CursorError::Gone),
            Err(_) => Ok(None),
        }
    }
}

/// The variant cannot be matched against from here without an `Epoch`, which only a ring makes.
fn discontinuity(epoch: u64, position: u64) -> CursorError {
    let cache = ring_core::ChunkCache::<u8>::new(ring_core::CacheConfig::default());
    let writer = cache
        .expect("the default shape")
        .open(0)
        .expect("an empty cache");
    let mut made = writer.reader().epoch();
    for _ in 0..epoch {
        made = writer.reset().expect("a live stream");
    }
    CursorError::Discontinuity {
        epoch: made,
        resume: Seq::new(position),
    }
}

/// What a cache should be.
pub(crate) struct Model {
    pub(crate) streams: Vec<ModelStream>,
    pub(crate) max_total: u64,
}

impl Model {
    pub(crate) fn total(&self) -> u64 {
        self.streams.iter().map(ModelStream::bytes).sum()
    }

    /// Refuses what cannot fit, and makes room in the cache.
    fn admit(&mut self, stream: usize, len: u64) -> Result<(), AppendError> {
        let limit = self.streams[stream].max_bytes;
        if len > limit {
            return Err(AppendError::TooLarge { len, limit });
        }
        let mut made = Ok(());
        while self.total() + len > self.max_total && made.is_ok() {
            self.streams[stream].closed()?;
            let others = self.total() - self.streams[stream].bytes();
            if others + len > self.max_total || !self.streams[stream].evict_oldest() {
                made = Err(AppendError::NoRoom {
                    limit: self.max_total,
                });
            }
        }
        self.streams[stream].publish();
        made
    }

    fn store(&mut self, stream: usize, seq: u64, payload: Bytes) {
        self.streams[stream].held.insert(seq, payload);
        self.evict_excess(stream);
    }

    fn evict_excess(&mut self, stream: usize) {
        while self.streams[stream].bytes() > self.streams[stream].max_bytes
            || self.total() > self.max_total
        {
            if !self.streams[stream].evict_oldest() {
                break;
            }
        }
    }

    pub(crate) fn append(&mut self, stream: usize, payload: Bytes) -> Result<Seq, AppendError> {
        self.admit(stream, payload.len() as u64)?;
        let own = &mut self.streams[stream];
        own.closed()?;
        let seq = own.claim;
        own.claim_to(seq + 1);
        self.store(stream, seq, payload);
        self.streams[stream].publish();
        Ok(Seq::new(seq))
    }

    pub(crate) fn put(
        &mut self,
        stream: usize,
        seq: u64,
        payload: Bytes,
    ) -> Result<PutOutcome, PutError> {
        self.admit(stream, payload.len() as u64)
            .map_err(PutError::Append)?;
        let own = &mut self.streams[stream];
        let beyond = seq >= own.head + own.slots;
        if own.gaps == GapPolicy::Hold && beyond && !own.ended {
            let limit = Seq::new(own.head + own.slots - 1);
            return Err(PutError::TooFarAhead {
                missing: Seq::new(own.head),
                limit,
            });
        }
        if seq >= own.claim || own.gone {
            own.closed().map_err(PutError::Append)?;
        }
        own.claim_to(seq + 1);
        let outcome = if seq < own.oldest() {
            None
        } else {
            match own.held.get(&seq) {
                Some(held) if *held == payload => Some(PutOutcome::AlreadyPresent),
                Some(_) => Some(PutOutcome::Conflict),
                None => {
                    self.store(stream, seq, payload);
                    Some(PutOutcome::Inserted)
                }
            }
        };
        let own = &mut self.streams[stream];
        if let GapPolicy::SkipBeyond(reach) = own.gaps {
            own.skipped_to = own.skipped_to.max((seq + 1).saturating_sub(reach));
        }
        own.publish();
        let oldest = Seq::new(own.oldest().min(own.head));
        outcome.ok_or(PutError::TooLate { oldest })
    }
}
