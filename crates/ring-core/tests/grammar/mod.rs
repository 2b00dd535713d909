//! One grammar of operations, for the property test and the fuzz target alike.
//!
//! A program is a string of bytes: a shape, then operations. The same program runs on a cache of
//! two streams and on a model made of maps, and after each operation the two must agree in
//! every observable respect.

mod model;

use bytes::Bytes;
use ring_core::{
    AppendError, CacheConfig, ChunkCache, Cursor, EndOutcome, GapPolicy, GetError, PutError,
    Reader, RemoveOutcome, RingConfig, Seq, Start, Writer,
};

use model::{Model, ModelCursor, ModelStream};

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
    AppendCopy { len: usize },
    Put { seq: u64, len: usize },
    SkipTo { seq: u64 },
    Get { seq: u64 },
    Range { first: u64, count: usize },
    Next,
    Release { seq: u64 },
    Reset,
    End,
    Remove,
    Open,
}

impl Operation {
    /// Positions are drawn around the live window, where the borders are.
    fn decode(program: &mut Program<'_>, next: u64) -> Self {
        let near = |program: &mut Program<'_>| (next + 8).saturating_sub(program.below(24));
        match program.below(32) {
            0..=6 => Self::Append {
                len: program.below(20) as usize,
            },
            7..=9 => Self::AppendCopy {
                len: program.below(20) as usize,
            },
            10..=16 => Self::Put {
                seq: near(program),
                len: program.below(20) as usize,
            },
            17 => Self::SkipTo { seq: near(program) },
            18..=20 => Self::Get { seq: near(program) },
            21 | 22 => Self::Range {
                first: near(program),
                count: program.below(6) as usize,
            },
            23 => Self::End,
            24 => Self::Remove,
            25 => Self::Open,
            26 => Self::Reset,
            27 => Self::Release { seq: near(program) },
            _ => Self::Next,
        }
    }
}

/// The handles of one stream's present generation.
struct Handles {
    writer: Writer,
    reader: Reader,
    cursor: Cursor,
}

impl Handles {
    fn new(writer: Writer) -> Self {
        let reader = writer.reader();
        let cursor = reader.cursor(Start::Oldest);
        Self {
            writer,
            reader,
            cursor,
        }
    }
}

/// A cache, its model, and handles.
struct Run {
    cache: ChunkCache<usize>,
    ring: RingConfig,
    model: Model,
    handles: Vec<Handles>,
    /// Fills payloads, so that no two are alike.
    counter: u8,
}

/// Runs a program; panics where cache and model disagree.
pub(crate) fn run(program: &[u8]) {
    let mut program = Program(program);
    let mut run = Run::new(&mut program);
    while !program.is_over() {
        let stream = program.below(STREAMS as u64) as usize;
        let operation = Operation::decode(&mut program, run.model.streams[stream].head);
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
        let gaps = match program.below(6) {
            reach @ 0..=2 => GapPolicy::SkipBeyond(reach),
            _ => GapPolicy::Hold,
        };
        let ring = RingConfig::default()
            .slots(slots)
            .max_bytes(max_bytes)
            .first(Seq::new(first))
            .gaps(gaps);
        let config = CacheConfig::default()
            .max_streams(STREAMS)
            .max_bytes(max_total)
            .ring(ring.clone());
        let cache = ChunkCache::new(config).expect("a possible shape");
        let handles = (0..STREAMS)
            .map(|stream| Handles::new(cache.open(stream).expect("room for each")))
            .collect();
        let fresh = ModelStream::new(slots.next_power_of_two() as u64, max_bytes, first, gaps);
        let model = Model {
            streams: vec![fresh; STREAMS],
            max_total,
        };
        Self {
            cache,
            ring,
            model,
            handles,
            counter: 0,
        }
    }

    fn payload(&mut self, len: usize) -> Bytes {
        self.counter = self.counter.wrapping_add(1);
        Bytes::from(vec![self.counter; len])
    }

    fn step(&mut self, stream: usize, operation: Operation) {
        match operation {
            Operation::Append { len } => {
                let payload = self.payload(len);
                let expected = self.model.append(stream, payload.clone());
                assert_eq!(self.handles[stream].writer.append(payload), expected);
            }
            Operation::AppendCopy { len } => {
                let payload = self.payload(len);
                let expected = self.model.append(stream, payload.clone());
                assert_eq!(self.handles[stream].writer.append_copy(&payload), expected);
            }
            Operation::Put { seq, len } => self.put(stream, seq, len),
            Operation::SkipTo { seq } => {
                let expected = self.model.streams[stream].skip_to(seq);
                assert_eq!(self.handles[stream].writer.skip_to(Seq::new(seq)), expected);
            }
            Operation::Get { seq } => {
                let expected = self.model.streams[stream].get(seq);
                assert_eq!(
                    self.handles[stream].reader.get(Seq::new(seq)),
                    expected,
                    "get {seq}"
                );
            }
            Operation::Range { first, count } => {
                let expected = self.model.streams[stream].range(first, count);
                let found = self.handles[stream].reader.range(Seq::new(first), count);
                assert_eq!(found, expected, "range {first} {count}");
            }
            Operation::Next => {
                let expected = self.model.streams[stream].next();
                let found = self.handles[stream].cursor.try_next();
                let found = found.map(|next| next.map(|it| (it.seq, it.payload)));
                assert_eq!(found, expected, "next");
            }
            Operation::Release { seq } => {
                let expected = self.model.streams[stream].release_before(seq);
                let found = self.handles[stream].writer.release_before(Seq::new(seq));
                assert_eq!((found.payloads, found.bytes), expected, "release {seq}");
            }
            Operation::Reset => {
                let expected = self.model.streams[stream].reset();
                let found = self.handles[stream]
                    .writer
                    .reset()
                    .map(ring_core::Epoch::value);
                assert_eq!(found, expected, "reset");
            }
            Operation::End => self.end(stream),
            Operation::Remove => self.remove(stream),
            Operation::Open => self.open(stream),
        }
    }

    fn put(&mut self, stream: usize, seq: u64, len: usize) {
        // Sometimes the bytes that are there already.
        let held = self.model.streams[stream].held.get(&seq).cloned();
        let payload = match held {
            Some(held) if len.is_multiple_of(2) => held,
            _ => self.payload(len),
        };
        let expected = self.model.put(stream, seq, payload.clone());
        let found = self.handles[stream].writer.put(Seq::new(seq), payload);
        assert_eq!(found, expected, "put {seq}");
    }

    fn end(&mut self, stream: usize) {
        let model = &mut self.model.streams[stream];
        let next = Seq::new(model.claim);
        let expected = match (model.gone, model.ended) {
            (true, _) => EndOutcome::Unknown,
            (false, true) => EndOutcome::AlreadyEnded { next },
            (false, false) => EndOutcome::Ended { next },
        };
        model.ended = true;
        assert_eq!(self.cache.end(&stream), expected);
    }

    fn remove(&mut self, stream: usize) {
        let model = &mut self.model.streams[stream];
        let expected = if model.gone {
            RemoveOutcome::Unknown
        } else {
            RemoveOutcome::Removed {
                payloads: model.held.len() as u64,
                bytes: model.bytes(),
            }
        };
        model.held.clear();
        (model.gone, model.ended) = (true, true);
        assert_eq!(self.cache.remove(&stream), expected);
    }

    fn open(&mut self, stream: usize) {
        let opened = self.cache.open_with(stream, self.ring.clone());
        let model = &mut self.model.streams[stream];
        assert_eq!(
            opened.is_ok(),
            model.ended,
            "a live stream is not opened again"
        );
        let Ok(writer) = opened else { return };
        *model = ModelStream::new(model.slots, model.max_bytes, model.first, model.gaps);
        let first = Seq::new(model.first);
        let old = std::mem::replace(&mut self.handles[stream], Handles::new(writer));
        assert_eq!(
            old.reader.get(first),
            Err(GetError::Gone),
            "an old generation"
        );
        assert_eq!(old.writer.append(Bytes::new()), Err(AppendError::Gone));
        let put = old.writer.put(first, Bytes::new());
        assert_eq!(put, Err(PutError::Append(AppendError::Gone)));
        assert!(old.reader.generation() < self.handles[stream].reader.generation());
    }

    fn check(&self, stream: usize) {
        let (model, handles) = (&self.model.streams[stream], &self.handles[stream]);
        let reader = &handles.reader;
        assert_eq!(self.cache.bytes(), self.model.total());
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
        assert!(model.bytes() <= model.max_bytes && self.model.total() <= self.model.max_total);
        assert!(model.held.len() as u64 <= model.slots);
        assert_eq!(reader.next(), Seq::new(model.head));
        assert_eq!(reader.oldest(), Seq::new(model.oldest().min(model.head)));
        let last = (model.head > model.first).then(|| Seq::new(model.head - 1));
        assert_eq!(reader.last(), last);
        assert_eq!(self.cache.last(&stream), last);
        for (seq, payload) in model.held.range(..model.head) {
            assert_eq!(
                reader.get(Seq::new(*seq)).as_ref(),
                Ok(payload),
                "held {seq}"
            );
        }
        let missing: u64 = reader
            .gaps()
            .iter()
            .map(|gap| gap.end.since(gap.first))
            .sum();
        let positions = model.claim.saturating_sub(model.oldest());
        assert_eq!(missing, positions - model.held.len() as u64, "gaps");
        let ModelCursor { position, .. } = model.cursor;
        assert_eq!(handles.cursor.position(), Seq::new(position));
    }
}
