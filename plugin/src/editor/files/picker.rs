//! File dialog, drawn inside the window: it needs no desktop service and blocks neither host nor
//! window. It opens in the folder used last.

use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::UserDirs;
use egui::{Align2, Context, Id, Order, TextEdit, Vec2};
use egui_file::{FileDialog, State};

use crate::editor::files::action::FilePurpose;
use crate::editor::host_edits::HostEdits;
use crate::editor::theme::Scale;
use crate::project::settings::Settings;
use crate::session::clip_export::ClipExport;
use crate::session::clip_files;
use crate::session::dropped_file;

/// Sample rate of saved audio, in Hz.
const RATE: u32 = 48_000;

/// The dialog, while it is open.
#[derive(Default)]
pub(crate) struct FilePicker {
    open: Option<OpenDialog>,
}

struct OpenDialog {
    dialog: FileDialog,
    purpose: FilePurpose,
    /// Clip to save, captured when the dialog was opened.
    clip: Option<ClipExport>,
}

impl FilePicker {
    /// Returns `true` while the dialog is open.
    pub(crate) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Opens the dialog. `clip` is given when a clip is saved.
    pub(crate) fn ask(&mut self, scale: Scale, purpose: FilePurpose, clip: Option<ClipExport>) {
        let folder = Settings::for_user().0.folder.filter(|folder| folder.is_dir());
        let folder = folder.or_else(|| UserDirs::new().map(|user| user.home_dir().to_owned()));
        let ending = if purpose == FilePurpose::Sound { "wav" } else { "mid" };
        let dialog = match purpose {
            FilePurpose::Learn => FileDialog::select_folder(),
            _ if purpose.saves() => FileDialog::save_file(),
            _ => FileDialog::open_file(),
        };
        let name = match purpose {
            FilePurpose::ExportModel => Some("My model.safetensors".to_owned()),
            _ => clip.as_ref().map(|clip| format!("{}.{ending}", clip.name())),
        };
        let mut dialog = dialog
            .id(egui::Id::unique("files"))
            .title(purpose.title())
            .initial_path(folder.unwrap_or_default())
            .default_filename(name.unwrap_or_default())
            .default_size(scale.size(560.0, 400.0))
            .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
            .resizable(false)
            .show_rename(false)
            .show_new_folder(purpose.saves())
            .show_files_filter(Box::new(move |path: &Path| purpose.fits(path)));
        dialog.open();
        self.open = Some(OpenDialog { dialog, purpose, clip });
    }

    /// Draws the open dialog. Returns the file once it is chosen.
    pub(crate) fn show(&mut self, context: &Context) -> Option<ChosenFile> {
        let OpenDialog { dialog, .. } = self.open.as_mut()?;
        let state = dialog.show(context).state();
        name_fields(context);
        match state {
            State::Open => return None,
            State::Selected => {}
            State::Closed | State::Cancelled => {
                self.open = None;
                return None;
            }
        }
        let OpenDialog { dialog, purpose, clip } = self.open.take()?;
        context.request_repaint_after(Duration::ZERO);
        let path = dialog.path()?.to_owned();
        let folder = path.parent().map(Path::to_owned);
        // On failure the dialog merely opens elsewhere next time.
        drop(Settings::change(|settings| settings.folder = folder));
        Some(ChosenFile { path, purpose, clip })
    }
}

/// Names the dialog's text fields for assistive tools, because the dialog does not: the upper one
/// is the folder, the lower one the file name.
fn name_fields(context: &Context) {
    let mut fields: Vec<(f32, Id)> = context.viewport(|viewport| {
        let layers = viewport.this_pass.widgets.layers();
        let above = layers.filter(|(layer, _)| layer.order != Order::Background);
        above.flat_map(|(_, widgets)| widgets).map(|it| (it.rect.top(), it.id)).collect()
    });
    fields.retain(|(_, id)| TextEdit::load_state(context, *id).is_some());
    fields.sort_by(|a, b| a.0.total_cmp(&b.0));
    for ((_, id), name) in fields.into_iter().zip(["Folder", "File name"]) {
        context.accesskit_node_builder(id, |node| node.set_label(name));
    }
}

/// A chosen file.
pub(crate) struct ChosenFile {
    pub path: PathBuf,
    pub purpose: FilePurpose,
    clip: Option<ClipExport>,
}

impl ChosenFile {
    /// Writes the clip and returns a message with its path. Never overwrites a file.
    pub(crate) fn save(&self) -> Result<String, String> {
        let clip = self.clip.as_ref().ok_or("There is no clip to save.")?;
        let (bytes, ending) = match self.purpose {
            FilePurpose::Sound => (clip.wav(RATE), "wav"),
            _ => (clip.midi(), "mid"),
        };
        let mut name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !self.purpose.fits(&self.path) {
            name = format!("{name}.{ending}");
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        clip_files::write(folder, &name, &bytes).map(|file| format!("Saved as {}.", file.display()))
    }
}

/// Uses an opened file. Returns a message if the result is known at once; the worker reports other
/// results later.
pub(crate) fn open(
    edits: &mut HostEdits,
    purpose: FilePurpose,
    path: &Path,
) -> Result<Option<String>, String> {
    match purpose {
        FilePurpose::Prime => {
            let file = dropped_file::bytes(path)?;
            edits.with_host(|session, set| session.prime_with(&file, set)).map(Some)
        }
        FilePurpose::Humanise => {
            let file = dropped_file::bytes(path)?;
            edits.with_host(|session, set| session.humanise(&file, set)).map(|()| None)
        }
        FilePurpose::Song => {
            let file = dropped_file::bytes(path)?;
            edits.session_mut().follow_song(&file).map(Some)
        }
        FilePurpose::Model => {
            edits.session_mut().load_model(path.to_owned());
            Ok(None)
        }
        FilePurpose::Learn => {
            edits.session_mut().learn(vec![path.to_owned()]);
            Ok(None)
        }
        FilePurpose::ExportModel => {
            edits.session_mut().export_model(path.to_owned());
            Ok(None)
        }
        FilePurpose::Midi | FilePurpose::Sound => Ok(None),
    }
}
