//! Counter of parameter changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counter of parameter changes, incremented after a parameter has its new value.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChangeCounter(Arc<AtomicU32>);

impl ChangeCounter {
    /// Returns the number of changes; wraps. Values read after this call are at least as new.
    pub(super) fn get(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    /// Counts a change.
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// Returns a callback that counts the changes of one parameter.
    pub(super) fn counter<T>(&self) -> Arc<dyn Fn(T) + Send + Sync> {
        let count = self.clone();
        Arc::new(move |_| count.count())
    }
}
