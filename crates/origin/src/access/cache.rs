//! A bounded memory of decisions.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a decision is found by: a digest of all that went into it.
pub(super) type Key = [u8; 32];

/// Remembers at most `limit` values, in two generations: what was asked for since the last turn is
/// young, the rest is old and goes with the next turn. Every step is O(1), the turn itself aside,
/// and strangers who present new tokens all the time push out one another before those who come
/// back.
#[derive(Debug)]
pub(super) struct Cache<V> {
    half: usize,
    generations: Mutex<Generations<V>>,
}

#[derive(Debug)]
struct Generations<V> {
    young: HashMap<Key, V>,
    old: HashMap<Key, V>,
}

impl<V: Clone> Cache<V> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            half: (limit / 2).max(1),
            generations: Mutex::new(Generations {
                young: HashMap::new(),
                old: HashMap::new(),
            }),
        }
    }

    /// The value of `key` if it is there and `good`.
    pub(super) fn get(&self, key: &Key, good: impl Fn(&V) -> bool) -> Option<V> {
        let mut generations = self.lock();
        if let Some(value) = generations.young.get(key) {
            return good(value).then(|| value.clone());
        }
        let value = generations.old.remove(key).filter(|value| good(value))?;
        self.put(&mut generations, *key, value.clone());
        Some(value)
    }

    /// The value of `key` if it is there and `good`, else what `make` makes, remembered.
    pub(super) fn get_or_insert(
        &self,
        key: Key,
        good: impl Fn(&V) -> bool,
        make: impl FnOnce() -> V,
    ) -> V {
        let mut generations = self.lock();
        let present = generations.young.get(&key).cloned();
        let present = present.or_else(|| generations.old.remove(&key));
        let value = present.filter(|value| good(value)).unwrap_or_else(make);
        self.put(&mut generations, key, value.clone());
        value
    }

    pub(super) fn insert(&self, key: Key, value: V) {
        self.put(&mut self.lock(), key, value);
    }

    fn put(&self, generations: &mut Generations<V>, key: Key, value: V) {
        if generations.young.len() >= self.half && !generations.young.contains_key(&key) {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key, value);
    }

    fn lock(&self) -> MutexGuard<'_, Generations<V>> {
        // A panic under this lock leaves whole entries only.
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Key {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        key
    }

    #[test]
    fn it_never_holds_more_than_its_limit_and_keeps_what_is_used() {
        let cache = Cache::new(10);
        cache.insert(key(0), 0);
        for number in 1..1000 {
            cache.insert(key(number), number);
            assert_eq!(cache.get(&key(0), |_| true), Some(0), "after {number}");
            let generations = cache.lock();
            assert!(generations.young.len() + generations.old.len() <= 10);
        }
        assert_eq!(cache.get(&key(1), |_| true), None);
    }

    #[test]
    fn what_is_no_longer_good_is_made_again() {
        let cache = Cache::new(10);
        assert_eq!(cache.get_or_insert(key(1), |_| true, || 1), 1);
        assert_eq!(cache.get_or_insert(key(1), |_| true, || 2), 1);
        assert_eq!(cache.get_or_insert(key(1), |_| false, || 3), 3);
        assert_eq!(cache.get(&key(1), |value| *value != 3), None);
        assert_eq!(cache.get(&key(1), |_| true), Some(3));
    }
}
