//! Exhaustive check of thread interleavings: `queue`, `notify` and `takes_in_use` are compiled here
//! with a model checker's atomics and threads. The visibility of the data passed through the queue
//! is checked, too.

use deep_pocket::link::queue::queue as real_queue;
use loom::cell::UnsafeCell;

/// Replaces the plugin's own `sync`.
mod sync {
    pub use loom::sync::Arc;
    pub use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    pub use loom::thread::{Thread, current, park};

    /// The model checker has no `OnceLock`: this one is a flag with the same orderings and a leaked
    /// value.
    #[derive(Debug)]
    pub struct OnceLock<T: 'static> {
        is_set: AtomicBool,
        value: loom::sync::Mutex<Option<&'static T>>,
    }

    impl<T> Default for OnceLock<T> {
        fn default() -> Self {
            OnceLock { is_set: AtomicBool::new(false), value: loom::sync::Mutex::new(None) }
        }
    }

    impl<T> OnceLock<T> {
        pub fn get(&self) -> Option<&T> {
            let is_set = self.is_set.load(Ordering::Acquire);
            is_set.then(|| *self.value.lock().expect("no thread panics meanwhile")).flatten()
        }

        pub fn set(&self, value: T) -> Result<(), T> {
            let value = Box::leak(Box::new(value));
            *self.value.lock().expect("no thread panics meanwhile") = Some(value);
            self.is_set.store(true, Ordering::Release);
            Ok(())
        }
    }
}

#[path = "../src/link/notify.rs"]
mod notify;
#[path = "../src/link/queue.rs"]
mod queue;
#[path = "../src/link/takes_in_use.rs"]
mod takes_in_use;

use notify::WorkerNotify;
use queue::queue;
use sync::Arc;
use takes_in_use::{SharedTakesInUse, TakesInUse};

/// Runs a model in every order with at most `switches` voluntary context switches.
fn in_every_order(switches: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(switches);
    builder.check(model);
}

#[test]
fn a_moving_take_is_never_seen_as_unused() {
    // Takes in the order of publication, as playing, ready and asked. The checked take is always
    // among them or too new to be known.
    let courses: [(u32, &[[u32; 3]]); 2] = [
        (4, &[[1, 2, 3], [2, 3, 4], [3, 0, 4], [4, 0, 0]]),
        (2, &[[1, 0, 2], [1, 2, 3], [2, 0, 3]]),
    ];
    for (take, course) in courses {
        let mut takes =
            course.iter().map(|&[playing, ready, asked]| TakesInUse { playing, ready, asked });
        let first = takes.next().expect("a course begins");
        let rest: Vec<TakesInUse> = takes.collect();
        in_every_order(4, move || {
            let shared = Arc::new(SharedTakesInUse::default());
            shared.store(first);
            let (audio, rest) = (Arc::clone(&shared), rest.clone());
            let thread =
                loom::thread::spawn(move || rest.into_iter().for_each(|it| audio.store(it)));
            assert!(shared.load().may_need(take), "{take} is wanted all the time");
            thread.join().expect("it ends");
        });
    }
}

#[test]
fn queue_transfers_items_in_order_and_frees_slots() {
    in_every_order(3, || {
        // An item names the slot of its contents; the checker detects concurrent access to a slot.
        // One item is read while others wait.
        const CAPACITY: usize = 1;
        const PLACES: usize = CAPACITY + 1;
        let places: Arc<[UnsafeCell<usize>; PLACES]> = Arc::default();
        let (mut sender, mut receiver) = queue::<usize>(CAPACITY);
        let theirs = Arc::clone(&places);
        let thread = loom::thread::spawn(move || {
            for item in 0..3 {
                while !sender.has_room() {
                    loom::thread::yield_now();
                }
                // SAFETY: the checker fails on concurrent access to the slot.
                theirs[item % PLACES].with_mut(|place| unsafe { *place = 10 + item });
                assert_eq!(sender.push(item), Ok(()), "there was room");
            }
        });
        for expected in 0..3 {
            let item = loop {
                match receiver.pop() {
                    Some(item) => break item,
                    None => loom::thread::yield_now(),
                }
            };
            // SAFETY: as above.
            let contents = places[item % PLACES].with(|place| unsafe { *place });
            assert_eq!((item, contents), (expected, 10 + expected));
        }
        thread.join().expect("the sender ends");
    });
}

#[test]
fn a_notified_worker_wakes_and_sees_the_request() {
    in_every_order(3, || {
        let signal = Arc::new(WorkerNotify::default());
        let (mut ask, mut asked) = queue::<u32>(1);
        let theirs = Arc::clone(&signal);
        // The worker ends once it has the request. If it parks forever, the checker fails.
        let worker = loom::thread::spawn(move || {
            theirs.run_until_stopped(|| {
                let request = asked.pop();
                if request == Some(7) {
                    theirs.stop();
                }
                request.is_some()
            });
        });
        let theirs = Arc::clone(&signal);
        let bell = loom::thread::spawn(move || {
            while !theirs.deliver() {
                loom::thread::yield_now();
            }
        });
        assert_eq!(ask.push(7), Ok(()));
        signal.notify();
        bell.join().expect("the ringing is passed on");
        worker.join().expect("the worker is woken");
    });
}

#[test]
fn a_worker_stops_in_any_state() {
    in_every_order(3, || {
        let signal = Arc::new(WorkerNotify::default());
        let theirs = Arc::clone(&signal);
        let worker = loom::thread::spawn(move || {
            let mut left = 1;
            theirs.run_until_stopped(|| {
                let busy = left > 0;
                left = 0;
                busy
            });
        });
        signal.wake();
        signal.stop();
        worker.thread().unpark();
        worker.join().expect("the worker ends");
    });
}

#[test]
fn a_full_queue_returns_the_item_and_recovers() {
    let (mut sender, mut receiver) = real_queue(3);
    for round in 0..10 {
        for item in 0..3 {
            assert_eq!(sender.push(round * 3 + item), Ok(()));
        }
        assert_eq!(sender.push(99), Err(99));
        for item in 0..3 {
            assert_eq!(receiver.pop(), Some(round * 3 + item));
        }
        assert_eq!(receiver.pop(), None);
    }
}

#[test]
fn a_queue_between_threads_keeps_order_and_loses_nothing() {
    let (mut sender, mut receiver) = real_queue(8);
    let thread = std::thread::spawn(move || {
        let mut next = 0u32;
        while next < 50_000 {
            match sender.push(next) {
                Ok(()) => next += 1,
                Err(_) => std::thread::yield_now(),
            }
        }
    });
    let mut expected = 0;
    while expected < 50_000 {
        match receiver.pop() {
            Some(item) => {
                assert_eq!(item, expected);
                expected += 1;
            }
            None => std::thread::yield_now(),
        }
    }
    thread.join().expect("the sender ends");
}
