//! Readers that a writer may wait for.
//!
//! Each registered reader holds the position it reads next. The lowest of them is a watermark like
//! the head, and a writer that wants to overwrite nothing unread waits for it as readers wait for
//! the head. Streams without registered readers pay nothing: plain appends never look here.

use crate::sync::Mutex;
use crate::watermark::Watermark;

/// Far above every position, and still a value the watermark's word can hold.
const OPEN: u64 = u64::MAX >> 2;

/// A registered reader's place.
#[derive(Debug)]
pub(crate) struct Place(usize);

/// The positions of the registered readers, and writers that wait for them.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Mutex<Places>,
    /// Writers that wait for the lowest place to rise. Only its list is used; the lowest place
    /// itself can fall, when a reader registers, so a writer looks at it anew each time.
    waiters: Watermark,
}

#[derive(Debug, Default)]
struct Places {
    /// `None` is a free place.
    positions: Vec<Option<u64>>,
}

impl Places {
    fn lowest(&self) -> u64 {
        self.positions
            .iter()
            .flatten()
            .copied()
            .min()
            .unwrap_or(OPEN)
    }
}

impl Gate {
    pub(crate) fn new(max_waiters: usize, batch: usize) -> Self {
        Self {
            places: Mutex::new(Places::default()),
            waiters: Watermark::new(0, max_waiters, batch),
        }
    }

    /// Registers a reader at `position`. O(1) amortised.
    pub(crate) fn register(&self, position: u64) -> Place {
        let mut places = self.places.lock();
        let free = places.positions.iter().position(Option::is_none);
        match free {
            Some(index) => {
                places.positions[index] = Some(position);
                Place(index)
            }
            None => {
                places.positions.push(Some(position));
                Place(places.positions.len() - 1)
            }
        }
    }

    /// A reader has read everything below `position`. O(registered readers).
    pub(crate) fn pass(&self, place: &Place, position: u64) {
        self.change(place, Some(position));
    }

    pub(crate) fn leave(&self, place: &Place) {
        self.change(place, None);
    }

    fn change(&self, place: &Place, position: Option<u64>) {
        let (before, after) = {
            let mut places = self.places.lock();
            let before = places.lowest();
            places.positions[place.0] = position;
            (before, places.lowest())
        };
        if after > before {
            self.waiters.wake_where(|target| target <= after);
        }
    }

    /// The lowest position a registered reader still needs.
    pub(crate) fn lowest(&self) -> u64 {
        self.places.lock().lowest()
    }

    /// Readers registered.
    pub(crate) fn readers(&self) -> usize {
        self.places.lock().positions.iter().flatten().count()
    }

    /// No writer waits any more.
    pub(crate) fn close(&self) {
        self.waiters.wake_where(|_| true);
    }

    /// Bytes were given up by hand: writers that wait for room look again.
    pub(crate) fn room_made(&self) {
        self.waiters.wake_where(|_| true);
    }

    pub(crate) fn waiters(&self) -> &Watermark {
        &self.waiters
    }
}
