//! Bars of a whole song for a clip.

use std::time::{Duration, Instant};

use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::link::mailbox::WorkerCommand;
use groove::Meter;

use crate::rig::{Rig, known_bar};

const FOUR: Meter = Meter::FOUR_FOUR;

#[test]
fn the_worker_plays_the_bars_of_a_song_for_the_playing_take_only() {
    let mut rig = Rig::new(HostMode::Realtime, known_bar);
    rig.block(0.0, 480);
    let until = Instant::now() + Duration::from_secs(5);
    let wait = |is: &dyn Fn() -> bool, what: &str| {
        while !is() {
            assert!(Instant::now() < until, "{what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    wait(&|| rig.link.phrases().playing.is_some(), "no phrase is shown");
    let take = rig.link.phrases().playing.expect("a phrase").take;
    let other = take.with(|take| take.seed = 2);
    for of in [other, take] {
        let command = WorkerCommand::PlaySong(Box::new(of), FOUR, -1, 100);
        rig.link.mailbox().send(command);
    }
    rig.link.worker_notify().wake();
    wait(&|| rig.link.mailbox().song().is_some(), "the song is not played");
    let song = rig.link.mailbox().song().expect("a song");
    for bar in -1..99 {
        assert_eq!(song.bar(&take, FOUR, bar), Some(known_bar(&take, FOUR, bar)));
    }
    assert_eq!(song.bar(&take, FOUR, -2).or(song.bar(&take, FOUR, 99)), None);
    assert_eq!(song.bar(&other, FOUR, 5), None);
    assert_eq!(song.bar(&take, Meter::new(3, 4), 5), None);
}
