//! Buttons that are no parameters and that MIDI controllers can press, while the window is open.

/// A button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LearnedButton {
    /// Another take.
    NewTake,
    /// Back to the previous take.
    Undo,
    /// On to the next take.
    Redo,
    /// The other one of the takes A and B.
    OtherSide,
}

impl LearnedButton {
    /// All buttons. Their order is the same in every place, their ids are saved.
    pub const ALL: [LearnedButton; 4] = [
        LearnedButton::NewTake,
        LearnedButton::Undo,
        LearnedButton::Redo,
        LearnedButton::OtherSide,
    ];

    /// Id in the settings, beside those of the parameters.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            LearnedButton::NewTake => "button_new_take",
            LearnedButton::Undo => "button_undo",
            LearnedButton::Redo => "button_redo",
            LearnedButton::OtherSide => "button_other_side",
        }
    }

    /// Name in the window.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LearnedButton::NewTake => "New take",
            LearnedButton::Undo => "Undo",
            LearnedButton::Redo => "Redo",
            LearnedButton::OtherSide => "A and B",
        }
    }

    /// Returns the place of a controller's target: a parameter, or a button behind all of them.
    pub fn place_of<'a>(id: &str, params: impl ExactSizeIterator<Item = &'a str>) -> Option<usize> {
        let count = params.len();
        let button = || LearnedButton::ALL.iter().position(|button| button.id() == id);
        let mut params = params;
        params.position(|known| known == id).or_else(|| button().map(|place| count + place))
    }
}
