//! Bars of a whole song for a clip.

use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::link::mailbox::WorkerCommand;
use groove::Meter;

use crate::rig::{Deadline, Rig, known_bar};

const FOUR: Meter = Meter::FOUR_FOUR;

#[test]
fn the_worker_plays_the_bars_of_a_song_for_the_playing_take_only() {
    let mut rig = Rig::new(HostMode::Realtime, known_bar);
    rig.block(0.0, 480);
    let deadline = Deadline::start();
    let take = deadline.wait_for(|| rig.link.phrases().playing, "no phrase is shown").take;
    let other = take.with(|take| take.seed = 2);
    for of in [other, take] {
        let command = WorkerCommand::PlaySong(Box::new(of), FOUR, -1, 100);
        rig.link.mailbox().send(command);
    }
    rig.link.worker_notify().wake();
    let song = deadline.wait_for(|| rig.link.mailbox().song(), "the song is not played");
    for bar in -1..99 {
        assert_eq!(song.bar(&take, FOUR, bar), Some(known_bar(&take, FOUR, bar)));
    }
    assert_eq!(song.bar(&take, FOUR, -2).or(song.bar(&take, FOUR, 99)), None);
    assert_eq!(song.bar(&other, FOUR, 5), None);
    assert_eq!(song.bar(&take, Meter::new(3, 4), 5), None);
}
