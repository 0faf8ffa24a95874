//! Dropped files, models, the default drum map, and bars ahead of the song.

use std::path::PathBuf;

use groove::Bar;
use groove::play::drum_maps::{DRUM_MAPS, map_name};
use groove::take::pins::MAX_PINNED_STEPS;
use groove::take::{MAX_PRIMER_STEPS, Played, Primer};

use crate::link::mailbox::WorkerCommand;
use crate::params::controls::Controls;
use crate::params::writer::{ParamWriter, SetParam};
use crate::params::{DeepPocketParams, LaneParams, PhraseBars, PrimeMode};
use crate::project::settings::{Settings, UserMap};
use crate::session::clip_export::{Extent, needed_of_song};
use crate::session::{Session, dropped_file};

impl Session {
    /// Returns the recorded or dropped primer, even if it is not in use.
    #[must_use]
    pub fn primer(&self) -> Primer {
        self.store().extras().primer
    }

    /// Primes the drummer with the last four bars of a MIDI file, or the kit with the rhythm of one
    /// without drums. Returns a message.
    ///
    /// # Errors
    /// Returns a message if the file cannot be used.
    pub fn prime_with(&mut self, file: &[u8], set: &mut SetParam) -> Result<String, String> {
        self.commit_pending();
        let meter = self.link.status().meter;
        if let Some(rhythm) = dropped_file::read_melody(file, meter)? {
            self.set_primer(Primer::Tap(rhythm), PrimeMode::Tap, set);
            let steps = rhythm.steps;
            return Ok(format!(
                "The file has no drums: the kit plays to the rhythm of its first {steps} \
                 sixteenths, as if you had tapped it."
            ));
        }
        let (clip, note) = dropped_file::read(file, meter)?;
        let played = Played::new(&clip.last_bars(MAX_PRIMER_STEPS));
        if played.steps().iter().all(|step| step.drums().is_empty()) {
            return Err("The file's bars of the song's meter are silent.".into());
        }
        self.set_primer(Primer::Play(played), PrimeMode::Play, set);
        let bars = played.steps().len() / meter.steps();
        let bars = if bars == 1 { "1 bar".to_owned() } else { format!("{bars} bars") };
        let note = note.map_or(String::new(), |note| format!(" {note}"));
        Ok(format!("The drummer continues from {bars} of the file.{note}"))
    }

    fn set_primer(&mut self, primer: Primer, mode: PrimeMode, set: &mut SetParam) {
        self.entry_is_primer = false;
        self.store().change(|extras| extras.primer = primer);
        ParamWriter { send: set, force: true }.set(&self.params.prime.mode, mode);
    }

    /// Clears the primer.
    pub fn clear_primer(&mut self) {
        self.commit_pending();
        self.entry_is_primer = false;
        self.store().change(|extras| extras.primer = Primer::Off);
    }

    /// Humanises a MIDI file and pins the result in the first phrase; the worker does so shortly
    /// after.
    ///
    /// # Errors
    /// Returns a message if the file cannot be used.
    pub fn humanise(&mut self, file: &[u8], set: &mut SetParam) -> Result<(), String> {
        self.commit_pending();
        let meter = self.link.status().meter;
        let (mut clip, note) = dropped_file::read(file, meter)?;
        let whole = clip.steps.len() / meter.steps();
        let bars = PhraseBars::of(whole.next_power_of_two());
        let most = (usize::from(bars.count()) * meter.steps()).min(MAX_PINNED_STEPS);
        clip.steps.truncate(most);
        let pinned = clip.steps.len() / meter.steps();
        let mut notes = Vec::new();
        if pinned < whole {
            notes.push(format!("The first {pinned} of {whole} bars are pinned: a phrase is full."));
        } else if pinned < usize::from(bars.count()) {
            let count = bars.count();
            notes.push(format!("The file fills {pinned} bars of a phrase of {count}."));
        }
        notes.extend(note);
        ParamWriter { send: set, force: true }.set(&self.params.drummer.phrase, bars);
        self.humanised = Some((clip, notes.join(" ")));
        self.humanise_again();
        Ok(())
    }

    /// Returns the amount of humanising in percent.
    #[must_use]
    pub fn amount(&self) -> u8 {
        self.link.mailbox().amount()
    }

    /// Sets the amount of humanising in percent, at most 100.
    pub fn set_amount(&mut self, percent: u8) {
        self.link.mailbox().set_amount(percent);
    }

    /// Humanises the last file by the present amount, unless its pins were edited since.
    pub fn humanise_again(&mut self) {
        let Some((clip, notes)) = self.humanised.clone() else { return };
        let amount = f32::from(self.amount()) / 100.0;
        self.send_command(WorkerCommand::Humanise(clip, Box::new(self.take()), amount, notes));
    }

    /// Plays with a model file; `None` is the built-in model. The old model plays until it is
    /// loaded.
    pub fn choose_model(&mut self, file: Option<PathBuf>) {
        self.commit_pending();
        self.send_command(WorkerCommand::ChooseModel(file));
    }

    /// Copies a model file into the user's folder and plays with it.
    pub fn load_model(&mut self, file: PathBuf) {
        self.commit_pending();
        self.send_command(WorkerCommand::ImportModel(file));
    }

    /// Saves the current drum map as the default of new instances. The result is reported like that
    /// of a command.
    pub fn save_default_map(&self) {
        let DeepPocketParams { output, lanes, .. } = &*self.params;
        let number = u8::try_from(output.map.value()).unwrap_or(0);
        let name = map_name(DRUM_MAPS, number).unwrap_or(DRUM_MAPS[0].name).into();
        let pitch = |lane: &LaneParams| u8::try_from(lane.pitch.value()).unwrap_or(0);
        let map = UserMap { name, pitches: lanes.each_ref().map(pitch) };
        let message = format!("New instances start with the drum map {}.", map.name);
        self.link
            .mailbox()
            .report(Settings::change(|settings| settings.map = Some(map)).map(|()| message));
    }

    /// Requests the phrases after the one shown, for clips of several phrases. Repeated calls are
    /// cheap.
    pub fn play_ahead(&mut self, phrases: u8) {
        let Some(shown) = self.link.phrases().playing else { return };
        let wanted = (shown.number, shown.first_bar, phrases);
        let bars = u16::try_from(shown.bars.len()).unwrap_or(1);
        let Some(meter) = shown.bars.first().map(Bar::meter) else { return };
        if self.requested_ahead.replace(wanted) != Some(wanted) {
            // In double time a bar of the song may also use the bar before or after.
            let count = bars * u16::from(phrases) + 2;
            self.send_command(WorkerCommand::PlayAhead(
                Box::new(shown.take),
                meter,
                shown.first_bar - 1,
                count,
            ));
        }
    }

    /// Requests the bars of a clip of the song. Repeated calls are cheap.
    pub fn play_song(&mut self, extent: Extent) {
        let status = self.link.status();
        let Some(shown) = self.link.phrases().playing else { return };
        let controls = Controls::new(&self.params);
        let needed = needed_of_song(&shown, &controls, extent, status.bar);
        let Some((first, count)) = needed.filter(|(_, count)| *count > 0) else { return };
        let wanted = (shown.number, status.meter, first, count);
        let is_shown = shown.bars.first().is_some_and(|bar| bar.meter() == status.meter);
        if is_shown && self.requested_song.replace(wanted) != Some(wanted) {
            let take = Box::new(shown.take);
            self.send_command(WorkerCommand::PlaySong(take, status.meter, first, count));
        }
    }

    /// Returns the result of the last command, once, as a message either way.
    #[must_use]
    pub fn take_report(&self) -> Option<Result<String, String>> {
        self.link.mailbox().take_report()
    }

    pub(super) fn send_command(&self, command: WorkerCommand) {
        self.link.mailbox().send(command);
        self.link.worker_notify().wake();
    }
}
