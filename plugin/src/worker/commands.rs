//! Commands of the window that the worker runs.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use groove::files::write_atomic;
use groove::generate::humanise::humanise;
use groove::learn::own_style::unlearn;
use groove::model::Model;
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
            WorkerCommand::Learn(number, source) => {
                self.learning.start(number, source, Arc::clone(&self.store));
                None
            }
            WorkerCommand::KeepStyle => Some(self.keep_style()),
            WorkerCommand::Unlearn(style) => Some(self.unlearn(style)),
            WorkerCommand::ExportModel(path) => Some(self.export_model(&path)),
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

    /// Stores the learned style in the user's folder and plays with its model. On failure it can be
    /// kept again.
    fn keep_style(&mut self) -> Result<String, String> {
        let link = Arc::clone(&self.end.link);
        let style = link.learning().learned().ok_or("There is no learned style to keep.")?;
        let folders = Folders::for_user()
            .ok_or("The style cannot be kept: the system reports no user folder.")?;
        let path = models::store(&style.file, &style.name, &folders.models).map_err(|why| {
            format!("{why} The style is still here: make room, and keep it again.")
        })?;
        link.learning().cancel();
        let shown = path.display().to_string();
        self.choose_model(Some(path))?;
        Ok(format!(
            "The style {} is kept, and in the list of styles now. Its file: {shown}.",
            style.name
        ))
    }

    /// Removes an own style from the model of the current take. The model without it is written
    /// before the one with it is removed.
    fn unlearn(&mut self, style: u8) -> Result<String, String> {
        let folders = Folders::for_user();
        let folder = folders.as_ref().map(|folders| folders.models.as_path());
        let identity = self.store.extras().model;
        let (path, bytes) = models::find_file(identity, &self.store.models(), folder)?;
        let failed = |fault: &dyn std::fmt::Display| format!("Nothing was unlearned: {fault}.");
        let before = Model::read_metadata(&bytes).map_err(|fault| failed(&fault))?;
        let rest = unlearn(&bytes, style).map_err(|fault| failed(&fault))?;
        let about = Model::read_metadata(&rest).map_err(|fault| failed(&fault))?;
        let next = match models::plays_as_built_in(&about) {
            true => None,
            false => {
                let folder = path.parent().unwrap_or(Path::new("."));
                Some(models::store(&rest, &about.name, folder)?)
            }
        };
        self.choose_model(next)?;
        let name = before.style_name(style);
        let shown = path.display();
        if folder.is_none_or(|folder| path.parent() != Some(folder)) {
            return Ok(format!(
                "The style {name} is unlearned. Its file is not one of yours: {shown}."
            ));
        }
        fs::remove_file(&path).map_err(|fault| format!("{shown} cannot be removed: {fault}."))?;
        Ok(format!("The style {name} is unlearned, and {shown} is removed."))
    }

    /// Writes the model of the current take to a file.
    fn export_model(&self, path: &Path) -> Result<String, String> {
        let folders = Folders::for_user();
        let folder = folders.as_ref().map(|folders| folders.models.as_path());
        let identity = self.store.extras().model;
        let bytes = models::bytes_of(identity, &self.store.models(), folder)?;
        if path.exists() {
            return Err(format!("{} exists. Choose another name.", path.display()));
        }
        write_atomic(path, &bytes)
            .map_err(|fault| format!("{} cannot be written: {fault}.", path.display()))?;
        Ok(format!("The model is saved as {}.", path.display()))
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
