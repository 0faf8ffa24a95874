//! Learning of a style: what the user starts, cancels, keeps and removes.

use std::path::PathBuf;
use std::sync::Arc;

use crate::link::Link;
use crate::link::mailbox::{LearningSource, WorkerCommand};
use crate::session::Session;

impl Session {
    /// Returns the state shared between threads, with that of the learning.
    #[must_use]
    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Learns a style from MIDI files and folders of them, in the background. Nothing is kept before
    /// [`Session::keep_style`].
    pub fn learn(&mut self, paths: Vec<PathBuf>) {
        self.start_learning(LearningSource::Files(paths));
    }

    /// Learns a style from the bars that were played on the keys.
    pub fn learn_played(&mut self) {
        self.start_learning(LearningSource::Played);
    }

    fn start_learning(&mut self, source: LearningSource) {
        self.commit_pending();
        let number = self.link.learning().begin();
        self.send_command(WorkerCommand::Learn(number, source));
    }

    /// Cancels the learning, or discards what was learned.
    pub fn cancel_learning(&mut self) {
        self.link.learning().cancel();
    }

    /// Stores the learned style in the user's folder and plays with its model.
    pub fn keep_style(&mut self) {
        self.commit_pending();
        self.send_command(WorkerCommand::KeepStyle);
    }

    /// Removes an own style, by number, from the model that plays.
    pub fn unlearn(&mut self, style: u8) {
        self.commit_pending();
        self.send_command(WorkerCommand::Unlearn(style));
    }

    /// Writes the model that plays to a file.
    pub fn export_model(&mut self, path: PathBuf) {
        self.send_command(WorkerCommand::ExportModel(path));
    }
}
