//! Wakes the workers of all instances, from one thread in the process.
//!
//! Waking a thread is a system call, which the audio thread must not make, so a worker would have
//! to look for itself whether there is something to do; a hundred workers that look every few
//! milliseconds cost more than they play. Instead the audio thread sets a flag in its
//! [`crate::link`], and one thread looks at the flags of all instances and wakes those workers
//! that have something to do. It starts with the first instance and ends with the last.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::link::Link;

/// How often the flags are looked at while a song plays or something has just been asked for.
const ACTIVE_INTERVAL: Duration = Duration::from_millis(2);

/// How often they are looked at while nothing happens.
const IDLE_INTERVAL: Duration = Duration::from_millis(15);

/// How long after a flag was set the instances count as active.
const ACTIVE_TIME: Duration = Duration::from_secs(1);

/// What the window, the host's main thread and the thread that looks share. The audio thread never
/// comes here.
static WAKER: Mutex<Waker> = Mutex::new(Waker { links: Vec::new(), thread: None });

struct Waker {
    links: Vec<Arc<Link>>,
    thread: Option<WakerThread>,
}

/// The thread that looks.
struct WakerThread {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

fn waker() -> MutexGuard<'static, Waker> {
    WAKER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An instance whose worker is woken. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct WakerRegistration(Arc<Link>);

impl WakerRegistration {
    /// From now on the worker of this link is woken when its audio thread rings.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn new(link: Arc<Link>) -> std::io::Result<Self> {
        let mut waker = waker();
        if waker.thread.is_none() {
            let stop = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&stop);
            let thread = thread::Builder::new().name("deep-pocket".into());
            waker.thread =
                Some(WakerThread { stop, thread: thread.spawn(move || poll_links(&seen))? });
        }
        waker.links.push(Arc::clone(&link));
        Ok(WakerRegistration(link))
    }
}

impl Drop for WakerRegistration {
    fn drop(&mut self) {
        let mut waker = waker();
        waker.links.retain(|link| !Arc::ptr_eq(link, &self.0));
        let last = if waker.links.is_empty() { waker.thread.take() } else { None };
        // The thread needs the lock in order to end.
        drop(waker);
        if let Some(WakerThread { stop, thread }) = last {
            stop.store(true, Ordering::Release);
            thread.thread().unpark();
            // It does nothing that could panic, and there is nobody to tell.
            let _ = thread.join();
        }
    }
}

fn poll_links(stop: &AtomicBool) {
    let mut active_until = Instant::now();
    while !stop.load(Ordering::Acquire) {
        let mut follows = false;
        let mut delivered = false;
        for link in &waker().links {
            follows |= link.is_following();
            delivered |= link.worker_notify().deliver();
        }
        let now = Instant::now();
        if delivered {
            active_until = now + ACTIVE_TIME;
        }
        thread::park_timeout(if follows || now < active_until {
            ACTIVE_INTERVAL
        } else {
            IDLE_INTERVAL
        });
    }
}
