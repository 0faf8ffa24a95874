//! Commands of the window that the worker runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use groove::generate::humanise::humanise;
use groove::model::encode::Kind;
use groove::pattern::midi::Clip;
use groove::take::chart::Heard;
use groove::take::pins::Pins;
use groove::take::{Take, TakeControls};
use groove::{DrumSet, Meter, Step};

use crate::link::mailbox::{PlayedSong, WorkerCommand};
use crate::project::folders::Folders;
use crate::project::models::{self, ModelFile};
use crate::project::store::ProjectStore;
use crate::worker::WorkerLoop;
use crate::worker::player::ModelPlayer;

impl<F: Fn(u64, &ProjectStore) -> Result<ModelPlayer, String>> WorkerLoop<'_, F> {
    /// Runs the next command.
    pub(super) fn run_command(&mut self) {
        let Some(command) = self.end.link.mailbox().next_command() else { return };
        let done = catch_unwind(AssertUnwindSafe(|| match command {
            WorkerCommand::ChooseModel(file) => Some(self.choose_model(file)),
            WorkerCommand::ImportModel(file) => {
                Some(import_model(&file).and_then(|file| self.choose_model(Some(file))))
            }
            WorkerCommand::Humanise(clip, take, amount, notes) => Some(
                self.humanise(&clip, &take, amount)
                    .map(|done| format!("{done} {notes}").trim_end().into()),
            ),
            WorkerCommand::PlayAhead(take, meter, bar, count) => {
                self.play_ahead(take, meter, bar, count);
                None
            }
            WorkerCommand::PlaySong(take, meter, first, count) => {
                self.play_song(take, meter, first, count);
                None
            }
        }));
        let failed = || Some(Err("The file could not be used: an internal error occurred.".into()));
        if let Some(report) = done.unwrap_or_else(|_| failed()) {
            self.end.link.mailbox().report(report);
        }
    }

    /// Returns `true` if a take plays, whatever is requested on stage.
    fn is_playing(&self, take: &Take) -> bool {
        let playing = self.end.link.takes_in_use().playing;
        self.take(playing).is_some_and(|known| Take { stage: take.stage, ..*known } == *take)
    }

    /// Generates one bar ahead of the song and queues the rest again, so that urgent bars go first.
    /// Stops when another take plays.
    fn play_ahead(&mut self, take: Box<Take>, meter: Meter, bar: i64, count: u16) {
        let plays = self.is_playing(&take);
        if count == 0 || !plays {
            return;
        }
        if let Some(played) = self.bar(&take, meter, bar) {
            self.store.save_bar(&take, bar, &played);
            self.end.link.mailbox().send(WorkerCommand::PlayAhead(take, meter, bar + 1, count - 1));
        }
    }

    /// Generates the next bar of a song and queues the rest again, so that urgent bars go first.
    /// Stops when another take plays.
    fn play_song(&mut self, take: Box<Take>, meter: Meter, first: i64, count: u16) {
        let plays = self.is_playing(&take);
        let is_begun = |song: &PlayedSong| {
            (song.take, song.meter, song.first) == (*take, meter, first)
                && song.bars.len() < usize::from(count)
        };
        let song = self.song.take().filter(is_begun);
        let new = || PlayedSong { take: *take, meter, first, bars: Vec::new() };
        let mut song = song.unwrap_or_else(new);
        let next = first.saturating_add(i64::try_from(song.bars.len()).unwrap_or(i64::MAX));
        let Some(played) = self.bar(&take, meter, next).filter(|_| plays) else { return };
        song.bars.push(played);
        if song.bars.len() < usize::from(count) {
            self.song = Some(song);
            self.end.link.mailbox().send(WorkerCommand::PlaySong(take, meter, first, count));
        } else {
            self.end.link.mailbox().set_song(Arc::new(song));
        }
    }

    /// Adds something heard. At the end of a run it becomes part of the chart.
    pub(super) fn hear(&mut self, heard: Heard) {
        self.listened.hear(heard);
        if !matches!(heard, Heard::End { .. }) {
            return;
        }
        let listened = std::mem::take(&mut self.listened);
        let mut told = String::new();
        self.store.change(|extras| (extras.chart, told) = listened.chart(&extras.chart));
        if self.end.link.listening().take_lost() {
            told += " Some notes came too fast and were not heard: listen again.";
        }
        self.end.link.mailbox().report(Ok(told));
    }

    /// Plays with a model from now on.
    fn choose_model(&mut self, file: Option<PathBuf>) -> Result<String, String> {
        let model = match &file {
            Some(path) => models::read(path)?,
            None => models::built_in()?,
        };
        let name = model.metadata().name.clone();
        let identity = if file.is_some() { model.identity() } else { 0 };
        if let Some(path) = file {
            self.store.know_model(ModelFile { identity, name: name.clone(), path });
        }
        // It may have been missing before.
        self.players.retain(|slot| slot.identity != identity);
        self.load_player(identity);
        self.store.change(|extras| extras.model = identity);
        Ok(format!("{name} is loaded."))
    }

    /// Humanises a clip with the model of a take by an amount from 0 to 1, and pins the result.
    fn humanise(&mut self, clip: &Clip, take: &Take, amount: f32) -> Result<String, String> {
        let folders = Folders::for_user();
        let folder = folders.as_ref().map(|folders| folders.models.as_path());
        let model = models::find(take.model, &self.store.models(), folder)?;
        let TakeControls { style, blend, tempo, seed, .. } = take.controls;
        let kind = Kind { style, blend, tempo, meter: clip.meter, fill: false };
        let kit = &model.metadata().classes;
        let steps: Vec<Step> = clip.steps.iter().map(|step| kit.step(step)).collect();
        let played = humanise(&model, &kind, &steps, Some(seed), amount)
            .map_err(|fault| fault.to_string())?;
        let pins = Pins::all(&played);
        self.store.change(|extras| extras.pins = pins);
        let done = if amount > 0.0 {
            let percent = 100.0 * amount;
            format!("The file's hits are pinned, humanised by {percent:.0} %.")
        } else {
            "The file's hits are pinned as they are.".into()
        };
        let told = pins.told(DrumSet::ALL, &played).map(|told| format!(" {told}"));
        Ok(done + &told.unwrap_or_default())
    }
}

/// Copies a model file into the user's folder and returns its path.
fn import_model(file: &Path) -> Result<PathBuf, String> {
    let folders = Folders::for_user()
        .ok_or("The model cannot be stored: the system reports no user folder.")?;
    models::import(file, &folders.models)
}
