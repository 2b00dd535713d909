//! One switch between `std` and loom for everything that synchronises.
//!
//! Production code says `crate::sync::…` and never `std::sync::…`; a build with `--cfg ring_loom`
//! then runs the same code under the model checker. Poisoning is taken away here once: no code of
//! ours panics while it changes what a lock guards, so a guard is as good after a panic as before.

#[cfg(ring_loom)]
use loom::sync as imp;
#[cfg(not(ring_loom))]
use std::sync as imp;

use std::sync::PoisonError;

pub(crate) use imp::Arc;
pub(crate) use imp::atomic::{AtomicU64, Ordering};

pub(crate) use imp::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};

/// A mutual-exclusion lock without poisoning.
#[derive(Debug)]
pub(crate) struct Mutex<T>(imp::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A shared/exclusive lock without poisoning.
#[derive(Debug)]
pub(crate) struct RwLock<T>(imp::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::RwLock::new(value))
    }

    #[inline]
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
