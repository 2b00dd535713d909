//! One grammar of operations, for the property test and the fuzz target alike.
//!
//! A program is a string of bytes: a shape, then operations. The same program runs on a cache of two streams and on
//! a model made of `VecDeque`s, and after each operation the two must agree in every
//! observable respect.

use std::collections::VecDeque;

use bytes::Bytes;
use ring_core::{
    AppendError, CacheConfig, ChunkCache, EndOutcome, GetError, Reader, RemoveOutcome, RingConfig,
    Seq, Writer,
};

/// Streams in a program.
const STREAMS: usize = 2;

/// Reads a program off a string of bytes; an exhausted one gives zeros.
struct Program<'a>(&'a [u8]);

impl Program<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    fn below(&mut self, bound: u64) -> u64 {
        u64::from(self.byte()) % bound
    }

    fn is_over(&self) -> bool {
        self.0.is_empty()
    }
}

/// One operation on one of the streams.
#[derive(Debug, Clone, Copy)]
enum Operation {
    Append { len: usize },
    Get { seq: u64 },
    Range { first: u64, count: usize },
    End,
    Remove,
    Open,
}

impl Operation {
    /// Positions are drawn around the live window, where the borders are.
    fn decode(program: &mut Program<'_>, next: u64) -> Self {
        let near = |program: &mut Program<'_>| (next + 4).saturating_sub(program.below(24));
        match program.below(16) {
            0..=7 => Self::Append {
                len: program.below(20) as usize,
            },
            8..=10 => Self::Get { seq: near(program) },
            11 | 12 => Self::Range {
                first: near(program),
                count: program.below(6) as usize,
            },
            13 => Self::End,
            14 => Self::Remove,
            _ => Self::Open,
        }
    }
}

/// What one stream should be.
#[derive(Debug)]
struct ModelStream {
    slots: usize,
    max_bytes: u64,
    first: u64,
    held: VecDeque<(u64, Bytes)>,
    next: u64,
    ended: bool,
    gone: bool,
}

impl ModelStream {
    fn bytes(&self) -> u64 {
        self.held
            .iter()
            .map(|(_, payload)| payload.len() as u64)
            .sum()
    }

    fn oldest(&self) -> u64 {
        self.held.front().map_or(self.next, |(seq, _)| *seq)
    }

    fn get(&self, seq: u64) -> Result<Bytes, GetError> {
        if self.gone {
            return Err(GetError::Gone);
        }
        let next = Seq::new(self.next);
        if seq >= self.next {
            return Err(if self.ended {
                GetError::Ended { next }
            } else {
                GetError::NotYet { next }
            });
        }
        let found = self.held.iter().find(|(held, _)| *held == seq);
        found
            .map(|(_, payload)| payload.clone())
            .ok_or_else(|| GetError::Evicted {
                oldest: Seq::new(self.oldest()),
            })
    }

    fn range(&self, first: u64, count: usize) -> Result<Vec<Bytes>, GetError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        self.get(first)?;
        self.get(first + count as u64 - 1)?;
        (first..first + count as u64)
            .map(|seq| self.get(seq))
            .collect()
    }
}

/// A cache, its model, and the handles of each stream's present generation.
struct Run {
    cache: ChunkCache<usize>,
    max_total: u64,
    ring: RingConfig,
    model: Vec<ModelStream>,
    handles: Vec<(Writer, Reader)>,
    /// Fills payloads, so that no two are alike.
    counter: u8,
}

/// Runs a program; panics where cache and model disagree.
pub(crate) fn run(program: &[u8]) {
    let mut program = Program(program);
    let mut run = Run::new(&mut program);
    while !program.is_over() {
        let stream = program.below(STREAMS as u64) as usize;
        let operation = Operation::decode(&mut program, run.model[stream].next);
        run.step(stream, operation);
        run.check(stream);
    }
}

impl Run {
    fn new(program: &mut Program<'_>) -> Self {
        let slots = 1 + program.below(9) as usize;
        let max_bytes = 1 + program.below(60);
        let max_total = 1 + program.below(100);
        let first = program.below(3);
        let ring = RingConfig::default()
            .slots(slots)
            .max_bytes(max_bytes)
            .first(Seq::new(first));
        let config = CacheConfig::default()
            .max_streams(STREAMS)
            .max_bytes(max_total)
            .ring(ring.clone());
        let cache = ChunkCache::new(config).expect("a possible shape");
        let handles = (0..STREAMS)
            .map(|stream| {
                let writer = cache.open(stream).expect("room for each");
                let reader = writer.reader();
                (writer, reader)
            })
            .collect();
        let fresh = || ModelStream {
            slots: slots.next_power_of_two(),
            max_bytes,
            first,
            held: VecDeque::new(),
            next: first,
            ended: false,
            gone: false,
        };
        let model = (0..STREAMS).map(|_| fresh()).collect();
        Self {
            cache,
            max_total,
            ring,
            model,
            handles,
            counter: 0,
        }
    }

    fn total(&self) -> u64 {
        self.model.iter().map(ModelStream::bytes).sum()
    }

    fn step(&mut self, stream: usize, operation: Operation) {
        match operation {
            Operation::Append { len } => self.append(stream, len),
            Operation::Get { seq } => {
                let expected = self.model[stream].get(seq);
                assert_eq!(
                    self.handles[stream].1.get(Seq::new(seq)),
                    expected,
                    "get {seq}"
                );
            }
            Operation::Range { first, count } => {
                let expected = self.model[stream].range(first, count);
                let found = self.handles[stream].1.range(Seq::new(first), count);
                assert_eq!(found, expected, "range {first} {count}");
            }
            Operation::End => {
                let model = &mut self.model[stream];
                let next = Seq::new(model.next);
                let expected = match (model.gone, model.ended) {
                    (true, _) => EndOutcome::Unknown,
                    (false, true) => EndOutcome::AlreadyEnded { next },
                    (false, false) => EndOutcome::Ended { next },
                };
                model.ended = true;
                assert_eq!(self.cache.end(&stream), expected);
            }
            Operation::Remove => {
                let model = &mut self.model[stream];
                let expected = if model.gone {
                    RemoveOutcome::Unknown
                } else {
                    let payloads = model.held.len() as u64;
                    RemoveOutcome::Removed {
                        payloads,
                        bytes: model.bytes(),
                    }
                };
                model.held.clear();
                (model.gone, model.ended) = (true, true);
                assert_eq!(self.cache.remove(&stream), expected);
            }
            Operation::Open => self.open(stream),
        }
    }

    fn open(&mut self, stream: usize) {
        let opened = self.cache.open_with(stream, self.ring.clone());
        let model = &mut self.model[stream];
        assert_eq!(
            opened.is_ok(),
            model.ended,
            "a live stream is not opened again"
        );
        let Ok(writer) = opened else { return };
        let old = self.handles[stream].1.clone();
        self.handles[stream] = (writer.clone(), writer.reader());
        model.held.clear();
        (model.next, model.ended, model.gone) = (model.first, false, false);
        assert_eq!(
            old.get(Seq::new(model.first)),
            Err(GetError::Gone),
            "an old generation"
        );
        assert!(old.generation() < writer.generation());
    }

    fn append(&mut self, stream: usize, len: usize) {
        self.counter = self.counter.wrapping_add(1);
        let payload = Bytes::from(vec![self.counter; len]);
        let expected = self.expect_append(stream, payload.clone());
        assert_eq!(
            self.handles[stream].0.append(payload),
            expected,
            "append of {len}"
        );
    }

    fn expect_append(&mut self, stream: usize, payload: Bytes) -> Result<Seq, AppendError> {
        let (len, limit) = (payload.len() as u64, self.model[stream].max_bytes);
        if len > limit {
            return Err(AppendError::TooLarge { len, limit });
        }
        while self.total() + len > self.max_total {
            let model = &self.model[stream];
            if model.gone {
                return Err(AppendError::Gone);
            }
            if model.ended {
                return Err(AppendError::Ended);
            }
            let others = self.total() - model.bytes();
            if others + len > self.max_total || model.held.is_empty() {
                return Err(AppendError::NoRoom {
                    limit: self.max_total,
                });
            }
            self.model[stream].held.pop_front();
        }
        let model = &mut self.model[stream];
        if model.gone {
            return Err(AppendError::Gone);
        }
        if model.ended {
            return Err(AppendError::Ended);
        }
        let seq = model.next;
        model.held.push_back((seq, payload));
        model.next += 1;
        while model.held.len() > model.slots || model.bytes() > model.max_bytes {
            model.held.pop_front();
        }
        Ok(Seq::new(seq))
    }

    fn check(&self, stream: usize) {
        let (model, reader) = (&self.model[stream], &self.handles[stream].1);
        assert_eq!(self.cache.bytes(), self.total());
        assert_eq!(reader.bytes(), model.bytes());
        assert_eq!(
            (reader.is_ended(), reader.is_gone()),
            (model.ended, model.gone)
        );
        if model.gone {
            assert_eq!(reader.last(), None);
            assert_eq!(self.cache.last(&stream), None);
            return;
        }
        assert_eq!(reader.next(), Seq::new(model.next));
        assert_eq!(reader.oldest(), Seq::new(model.oldest()));
        let last = (model.next > model.first).then(|| Seq::new(model.next - 1));
        assert_eq!(reader.last(), last);
        assert_eq!(self.cache.last(&stream), last);
        for (seq, payload) in &model.held {
            assert_eq!(
                reader.get(Seq::new(*seq)).as_ref(),
                Ok(payload),
                "held {seq}"
            );
        }
    }
}
