//! Undo of chart edits.

use super::*;
use groove::take::StageAct;
use groove::take::stage::SongStep;

#[test]
fn edits_of_the_chart_and_takes_are_undone_in_their_order() {
    let mut bench = Bench::new();
    let sections = |bench: &Bench| {
        let chart = bench.session.chart();
        chart.sections().iter().map(|it| (it.start, it.intensity)).collect::<Vec<_>>()
    };
    let seed = |bench: &Bench| bench.session.take().controls.seed;
    let section = |intensity| Section { intensity, ..Section::new(4, SectionKind::Verse) };
    assert!(!bench.session.overview().can_undo);
    bench.session.add_section(section(0.5));
    bench.wait();
    assert!(bench.session.overview().can_undo);
    // A drag is one edit.
    for step in 0..20u8 {
        bench.session.add_section(section(f32::from(step) / 20.0));
        bench.look(true);
    }
    bench.wait();
    let first = seed(&bench);
    bench.session.set_seed(77, &mut at_once);
    bench.wait();
    bench.session.add_section(Section::new(9, SectionKind::Solo));
    bench.wait();
    let states = |bench: &Bench| (sections(bench), seed(bench));
    let mut wanted = vec![states(&bench)];
    for _ in 0..4 {
        assert!(bench.session.undo(&mut at_once));
        bench.wait();
        wanted.push(states(&bench));
    }
    assert!(!bench.session.undo(&mut at_once));
    let dragged = vec![(4, 0.95)];
    let solo = SectionKind::Solo.usual_intensity();
    let all = [
        (vec![(4, 0.95), (9, solo)], 77),
        (dragged.clone(), 77),
        (dragged, first),
        (vec![(4, 0.5)], first),
        (vec![], first),
    ];
    assert_eq!(wanted, all);
    for state in all.iter().rev().skip(1) {
        assert!(bench.session.redo(&mut at_once));
        bench.wait();
        assert_eq!(states(&bench), *state);
    }
    assert!(!bench.session.redo(&mut at_once));
    // A project that is loaded is no edit.
    bench.params.state.set(SavedState::default());
    bench.wait();
    assert!(sections(&bench).is_empty());
    bench.session.undo(&mut at_once);
    assert!(sections(&bench).is_empty());
}

#[test]
fn a_performance_is_kept_with_one_undo() {
    let mut bench = Bench::new();
    bench.session.add_section(Section::new(0, SectionKind::Verse));
    bench.wait();
    let before = bench.session.chart();
    assert!(!bench.session.has_performance());
    let step = |bar, step| SongStep { bar, step };
    let acts = [
        StageAct::Rest { from: step(2, 8), pick_up: step(2, 8), to: step(3, 0), over: None },
        StageAct::End { at: step(7, 0) },
    ];
    let performance = bench.session.link.performance();
    performance.add(false, StageAct::End { at: step(1, 0) });
    performance.add(true, acts[0]);
    performance.add(false, acts[1]);
    assert!(bench.session.has_performance());
    bench.session.keep_performance(Meter::FOUR_FOUR);
    assert!(!bench.session.has_performance());
    let told = bench.session.take_report();
    assert_eq!(told, Some(Ok("The song has what you did on stage now: 2 changes.".into())));
    let kept = bench.session.chart();
    assert_eq!(kept, before.performed(&acts, Meter::FOUR_FOUR).0);
    assert_eq!(kept.stops().len(), 2, "another run of the song begins another performance");
    bench.wait();
    assert!(bench.session.undo(&mut at_once));
    assert_eq!(bench.session.chart(), before);
    assert!(bench.session.redo(&mut at_once));
    assert_eq!(bench.session.chart(), kept);
    // Acts without room are said.
    bench.session.link.performance().add(true, StageAct::End { at: step(-2, 0) });
    bench.session.keep_performance(Meter::FOUR_FOUR);
    let told = bench.session.take_report().unwrap().unwrap();
    assert!(told.starts_with("Nothing of what") && told.contains("before the song"), "{told}");
}
