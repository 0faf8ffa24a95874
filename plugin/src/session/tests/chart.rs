//! Undo of chart edits.

use super::*;

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
