//! Tests of status, notices and faults.

use super::*;

#[test]
fn a_published_status_is_read_back() {
    let (audio, worker, link) = link();
    let status = Status {
        following: true,
        tempo: 97.5,
        meter: Meter::new(7, 8),
        position: -3.25,
        bar_start: -3.5,
        bar: -1,
        source: -2,
        launch: 2.5,
        held: DrumSet::from_bits(0x101),
        playing: 3,
        pending: 4,
        late: 5,
        refused: 6,
    };
    audio.publish(&status);
    audio.set_takes_in_use(TakesInUse { playing: 3, ready: 4, asked: 0 });
    assert_eq!(link.status(), status);
    assert_eq!(worker.link.status(), status);
}

#[test]
fn a_fault_shows_a_notice_until_cleared() {
    let (audio, worker, link) = link();
    assert!(link.notices().is_empty());
    audio.raise(Fault::Engine);
    worker.link.set_model(ModelState::Missing("There is no model.".into()));
    assert_eq!(link.notices().len(), 2);
    link.clear(Fault::Engine);
    assert_eq!(link.notices(), ["There is no model."]);
}
