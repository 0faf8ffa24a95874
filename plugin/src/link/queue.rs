//! Bounded wait-free queue between two threads.
//!
//! It wraps crossbeam's `ArrayQueue` with one producer and one consumer. That queue alone could
//! make a consumer spin while its producer is preempted between claiming a slot and filling it.
//! Each side therefore also counts its finished operations, and neither enters the queue before the
//! other side's count allows it.

use crossbeam_queue::ArrayQueue;

use super::sync::{Arc, AtomicU32, Ordering};

/// The queue and the progress of both sides. The counts wrap; only their difference matters.
#[derive(Debug)]
struct SharedQueue<T> {
    queue: ArrayQueue<T>,
    /// Written by the sender after each push.
    sent: AtomicU32,
    /// Written by the receiver after each pop.
    taken: AtomicU32,
}

/// The only producer of a queue. A push takes a bounded number of steps.
#[derive(Debug)]
pub struct Sender<T>(Arc<SharedQueue<T>>);

/// The only consumer of a queue. A pop takes a bounded number of steps.
#[derive(Debug)]
pub struct Receiver<T>(Arc<SharedQueue<T>>);

/// Creates a bounded queue and returns both ends.
#[must_use]
pub fn queue<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(SharedQueue {
        queue: ArrayQueue::new(capacity.max(1)),
        sent: AtomicU32::new(0),
        taken: AtomicU32::new(0),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    /// Returns `true` if a push would succeed now.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let sent = self.0.sent.load(Ordering::Relaxed);
        let waiting = sent.wrapping_sub(self.0.taken.load(Ordering::Acquire));
        usize::try_from(waiting).is_ok_and(|waiting| waiting < self.0.queue.capacity())
    }

    /// Appends an item.
    ///
    /// # Errors
    /// Returns the item if the queue is full.
    pub fn push(&mut self, item: T) -> Result<(), T> {
        if !self.has_room() {
            return Err(item);
        }
        self.0.queue.push(item)?;
        let sent = self.0.sent.load(Ordering::Relaxed);
        self.0.sent.store(sent.wrapping_add(1), Ordering::Release);
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// Removes and returns the oldest item, if there is one.
    pub fn pop(&mut self) -> Option<T> {
        let taken = self.0.taken.load(Ordering::Relaxed);
        if self.0.sent.load(Ordering::Acquire) == taken {
            return None;
        }
        let item = self.0.queue.pop()?;
        self.0.taken.store(taken.wrapping_add(1), Ordering::Release);
        Some(item)
    }
}
