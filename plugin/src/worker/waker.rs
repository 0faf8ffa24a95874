//! Wakes the workers of all instances, from one thread per process.
//!
//! Waking a thread is a system call, which the audio thread must not make. If each worker polled
//! instead, a hundred workers polling every few milliseconds would cost more than they generate.
//! The audio thread therefore sets a flag in its [`crate::link`], and one thread polls the flags of
//! all instances and unparks the workers with pending work. It starts with the first instance and
//! ends with the last.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::link::Link;

/// Polling interval while a song plays or after a recent request.
const ACTIVE_INTERVAL: Duration = Duration::from_millis(2);

/// Polling interval while idle.
const IDLE_INTERVAL: Duration = Duration::from_millis(15);

/// Time after a request during which the active interval applies.
const ACTIVE_TIME: Duration = Duration::from_secs(1);

/// Shared by the host's main thread and the waker thread. The audio thread never uses it.
static WAKER: Mutex<Waker> = Mutex::new(Waker { links: Vec::new(), thread: None });

struct Waker {
    links: Vec<Arc<Link>>,
    thread: Option<WakerThread>,
}

/// The polling thread.
struct WakerThread {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

fn waker() -> MutexGuard<'static, Waker> {
    WAKER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registration of an instance. Dropping it unregisters the instance.
#[derive(Debug)]
pub(crate) struct WakerRegistration(Arc<Link>);

impl WakerRegistration {
    /// Registers a link: its worker is woken after its audio thread sends a notification.
    ///
    /// # Errors
    /// Returns the system's error if it provides no thread.
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
        // The thread needs the lock to end.
        drop(waker);
        if let Some(WakerThread { stop, thread }) = last {
            stop.store(true, Ordering::Release);
            thread.thread().unpark();
            // The thread cannot panic.
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
