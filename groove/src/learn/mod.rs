//! Learning: from drum MIDI files to a new style of a model, and the parts of which the trainer
//! makes whole trainings. The networks as Candle differentiates them are in [`network`].

pub mod bar_f1;
pub mod data;
pub mod initial;
pub mod lead_ins;
pub mod network;
pub mod optimise;
pub mod own_style;
pub mod prediction;
pub mod training;

/// Runs `act` on one core. All its parallel work is done by one thread, which ends with it and calls
/// `prepare` first.
///
/// # Errors
/// If the system provides no thread.
pub fn on_one_core<R: Send>(
    prepare: impl Fn() + Sync,
    act: impl FnOnce() -> R + Send,
) -> Result<R, rayon::ThreadPoolBuildError> {
    let run = |thread: rayon::ThreadBuilder| {
        prepare();
        thread.run();
    };
    rayon::ThreadPoolBuilder::new().num_threads(1).build_scoped(run, |pool| pool.install(act))
}
