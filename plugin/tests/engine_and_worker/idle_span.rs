//! Idle blocks are skipped without effect: the output equals that of an engine that processes every
//! block in full, whatever host and user do.

use deep_pocket::audio::offline_detect::HostMode;
use groove::play::clock::Transport;
use groove::play::perform::TimeFeel;
use groove::take::Take;
use groove::{Bar, Drum, Hit, Meter};

use crate::rig::{RATE, Rig, known_bar};

/// A few snares with offsets over the whole range.
fn sparse_bar(take: &Take, meter: Meter, bar: i64) -> Bar {
    let mut played = known_bar(take, meter, bar);
    for (place, step) in (0..).zip(played.steps_mut()) {
        let chance = place * 7 + bar * 5 + i64::from(take.controls.seed);
        let offset_ticks = i8::try_from(chance.rem_euclid(240) - 120).expect("-120 to 119");
        let hit = step.hit(Drum::Snare).filter(|_| chance.rem_euclid(4) == 0);
        step.set(Drum::Snare, hit.map(|hit| Hit { offset_ticks, ..hit }));
    }
    played
}

/// Deterministic pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 40).expect("24 bits") % end
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Plays a random stretch of a song.
fn play(rig: &mut Rig, dice: &mut Dice, each_anew: bool) {
    let transport = Transport {
        playing: dice.below(8) > 0,
        tempo: Some(dice.one(&[60.0, 97.3, 120.0, 240.0])),
        meter: Some(dice.one(&[Meter::FOUR_FOUR, Meter::new(7, 8), Meter::new(3, 4)])),
        loop_range: dice.one(&[None, Some((0.0, 4.0)), Some((1.5, 2.25)), Some((3.0, 19.0))]),
        ..Transport::default()
    };
    let frames = dice.one(&[16, 64, 441, 2_048]);
    let per_block = f64::from(frames) * transport.tempo.unwrap_or(120.0) / 60.0 / RATE;
    let mut beats = dice.one(&[0.0, 0.97, 3.5, 15.9]);
    let length = dice.one(&[0.3, 2.0, 9.0]);
    let turns = dice.below(12);
    let mut played = 0.0;
    while played < length {
        if dice.below(120) < turns {
            let controls = &mut rig.controls;
            match dice.below(5) {
                0 => controls.take.seed = dice.one(&[1, 2]),
                1 => {
                    controls.performance.pace =
                        dice.one(&[TimeFeel::Plain, TimeFeel::Half, TimeFeel::Double])
                }
                2 => controls.performance.swing = dice.one(&[0.0, 0.6]),
                3 => controls.bypass = dice.one(&[false, true]),
                _ => rig.engine.key(3, 49, dice.one(&[0, 100])),
            }
        }
        if each_anew {
            rig.tell();
        }
        let at = if transport.playing { beats } else { 1.0 };
        rig.block_of(&Transport { beats: Some(at), ..transport }, frames);
        (beats, played) = (beats + per_block, played + per_block);
        if let Some((start, end)) = transport.loop_range.filter(|(_, end)| beats >= *end) {
            beats += start - end;
        }
    }
}

#[test]
fn skipped_blocks_would_have_sent_nothing() {
    let [mut calm, mut anew] = [0, 1].map(|_| Rig::new(HostMode::Offline, sparse_bar));
    let mut begun = 0;
    for leg in 0..400 {
        play(&mut calm, &mut Dice(leg), false);
        play(&mut anew, &mut Dice(leg), true);
        assert_eq!(calm.heard, anew.heard, "leg {leg}");
        begun += calm.heard.iter().filter(|(_, velocity)| *velocity > 0).count();
        calm.heard.clear();
        anew.heard.clear();
    }
    assert!(begun > 500, "{begun}");
}
