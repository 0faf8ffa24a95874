//! Actions that the window carries out after drawing a frame.

use std::path::Path;

use crate::session::clip_export::ExportOptions;
use crate::session::dropped_file::{self, FileKind};

/// A user action that the window carries out after drawing the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Drags a clip out of the window.
    DragClip(ExportOptions),
    /// Copies a clip to the clipboard, as text.
    CopyText(ExportOptions),
    /// Opens the file dialog; the export options apply when a clip is saved.
    PickFile(FilePurpose, ExportOptions),
}

/// Purpose of the file dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilePurpose {
    /// Saves a clip as a MIDI file.
    Midi,
    /// Saves a clip as audio, rendered by the audition kit.
    Sound,
    /// Loads a model.
    Model,
    /// Primes the drummer with a MIDI file.
    Prime,
    /// Humanises the hits of a MIDI file.
    Humanise,
    /// Makes the chart of the song from a MIDI file.
    Song,
    /// Learns a style from a folder.
    Learn,
    /// Writes the model that plays to a file.
    ExportModel,
}

impl FilePurpose {
    /// Title of the dialog.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            FilePurpose::Midi => "Save the clip as a MIDI file",
            FilePurpose::Sound => "Save the clip as sound",
            FilePurpose::Model => "Load a model",
            FilePurpose::Prime => "Continue a MIDI file",
            FilePurpose::Humanise => "Humanise a MIDI file",
            FilePurpose::Song => "Follow the song of a MIDI file",
            FilePurpose::Learn => "Learn a style from a folder of MIDI files",
            FilePurpose::ExportModel => "Save the model",
        }
    }

    /// Returns `true` if the purpose is to write a file.
    pub(crate) const fn saves(self) -> bool {
        matches!(self, FilePurpose::Midi | FilePurpose::Sound | FilePurpose::ExportModel)
    }

    /// Returns `true` if a file name fits the purpose.
    pub(crate) fn fits(self, path: &Path) -> bool {
        match self {
            FilePurpose::Midi | FilePurpose::Prime | FilePurpose::Humanise | FilePurpose::Song => {
                dropped_file::kind_of(path) == Some(FileKind::Midi)
            }
            FilePurpose::Sound => path.extension().is_some_and(|it| it.eq_ignore_ascii_case("wav")),
            FilePurpose::Model | FilePurpose::ExportModel => {
                dropped_file::kind_of(path) == Some(FileKind::Model)
            }
            // Files show what is in a folder; the folder is chosen.
            FilePurpose::Learn => dropped_file::kind_of(path) == Some(FileKind::Midi),
        }
    }
}
