//! Loading a project while the song plays causes no gap.

use deep_pocket::audio::offline_detect::HostMode;
use nice_plug::params::persist::PersistentField;

use crate::recall::saved;
use crate::rig::{Rig, known_bar};

/// Position of the load in quarter notes: in the middle of a bar and of a step.
const LOADED: f64 = 6.3;

/// Plays sixteen beats of a take and runs `load` at [`LOADED`].
fn played(take: u32, frames: u32, load: impl FnOnce(&mut Rig)) -> Rig {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.controls.take.seed = take;
    rig.roll(0.0, LOADED, frames);
    load(&mut rig);
    let position = rig.now as f64 / 24_000.0;
    rig.roll(position, 16.0 - position, frames);
    rig.stop();
    rig
}

#[test]
fn reloading_the_same_project_changes_nothing() {
    for frames in [64, 480, 4_096] {
        let calm = played(1, frames, |_| {});
        let record = saved(&calm.state);
        let again = played(1, frames, |rig| rig.state.set(record));
        assert_eq!(again.heard, calm.heard, "blocks of {frames}");
        assert_eq!(again.link.status().late, 0);
    }
}

#[test]
fn another_project_starts_at_the_next_beat_and_every_note_ends() {
    for frames in [64, 480, 4_096] {
        let (one, two) = (played(1, frames, |_| {}), played(2, frames, |_| {}));
        let record = saved(&two.state);
        let mut loaded = 0;
        let changed = played(1, frames, |rig| {
            loaded = rig.now;
            rig.state.set(record);
            rig.controls.take.seed = 2;
        });
        let beat = (loaded + 3_000).div_ceil(24_000) * 24_000;
        // The known bars are ten ticks early.
        let lands = |notes: &[(u64, u8)]| notes.partition_point(|(at, _)| at + 250 < beat);
        let (one, two, changed_notes) = (one.notes(), two.notes(), changed.notes());
        let (before, after) = changed_notes.split_at(lands(&changed_notes));
        assert_eq!(before, &one[..lands(&one)], "blocks of {frames}");
        assert_eq!(after, &two[lands(&two)..], "blocks of {frames}");
        assert_eq!(changed.link.status().late, 0);
    }
}
