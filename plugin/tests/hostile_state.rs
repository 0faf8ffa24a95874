//! A hostile project takes memory in proportion to its length, and loads. The only test of this
//! binary, because it measures the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use deep_pocket::DeepPocket;
use deep_pocket::params::DeepPocketParams;
use nice_plug::prelude::*;

/// Bytes in use, and their maximum since the last reset.
static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Measuring;

// SAFETY: every call is forwarded unchanged to the system's allocator.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller upholds the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from the system's allocator, through `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Measuring = Measuring;

/// Loads a record and returns the peak of additional memory.
fn load(record: &str) -> (DeepPocketParams, usize) {
    let params = DeepPocketParams::default();
    let mut state = PluginState {
        version: "0.1.0".into(),
        params: BTreeMap::new(),
        fields: BTreeMap::from([("deep-pocket".into(), record.into())]),
    };
    let before = USED.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    DeepPocket::filter_state(&mut state);
    params.deserialize_fields(&state.fields);
    (params, MOST.load(Ordering::Relaxed).saturating_sub(before))
}

/// A list that repeats an item up to about a megabyte.
fn list(item: &str) -> String {
    format!("[{}]", vec![item; (1 << 20) / (item.len() + 1)].join(","))
}

#[test]
fn hostile_projects_take_memory_in_proportion_to_their_length() {
    let bar = r#"{"bar":0,"meter":[4,4],"pitches":[1,2,3,4,5,6,7,8,9],"steps":[]}"#;
    let notes = |bars: &str| format!(r#"{{"notes":[{{"take":{{}},"bars":{bars}}}]}}"#);
    let records = [
        format!(r#"{{"history":{{"takes":{}}}}}"#, list(r#"{"take":{}}"#)),
        format!(r#"{{"notes":{}}}"#, list(r#"{"take":{},"bars":[]}"#)),
        notes(&list(bar)),
        notes(&format!("[{}]", bar.replace("[]", &list("[]")))),
        notes(&format!("[{}]", bar.replace("[]", &format!("[{}]", list("[1,2,3]"))))),
        format!(r#"{{"primer":{{"Play":{}}}}}"#, list("[]")),
        format!(r#"{{"primer":{{"Play":{}}}}}"#, list("[[8,127,-120]]")),
        format!(r#"{{"pins":{}}}"#, list(r#"{"step":9,"struck":1,"silent":2}"#)),
        format!(r#"{{"window":{}}}"#, list("1")),
        format!(r#"{{"history":{}}}"#, "[".repeat(1 << 20)),
        format!(r#"{{"choir":{}{}}}"#, "[".repeat(1 << 19), "]".repeat(1 << 19)),
        format!(r#"{{"{}":1}}"#, "key".repeat(1 << 18)),
        format!(r#"{{"tempo":{}}}"#, "9".repeat(1 << 20)),
        format!(r#"{{"tempo":99,"choir":{}}}"#, list("0").repeat(20)),
    ];
    for record in records {
        let (params, most) = load(&record);
        let start = &record[..record.len().min(40)];
        assert!(most < 24 * record.len(), "{most} bytes for {} of {start}", record.len());
        let (window, tempo) = (params.state.window(), params.state.tempo().get().tempo());
        assert_eq!((window, tempo), (deep_pocket::project::saved_state::WINDOW, None), "{start}");
    }
}
