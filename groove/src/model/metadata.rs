//! The header of a model file: identity, purpose and quality of the model. [`crate::model`] has the
//! weights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::calibration::StyleCalibration;
use crate::model::encode::{self, Inputs, Kind};
use crate::model::error::{FORMATS, MAX_CELLS, MAX_LAYERS, ModelError};
use crate::model::feel::{CLASS_OUTPUTS, FEEL_CELLS};
use crate::model::offset_correction::OffsetCorrection;
use crate::model::pointer_memory::CONTROLS;
use crate::model::stroke_offsets::StrokeOffsets;
use crate::model::strokes;
use crate::pattern::Step;
use crate::pattern::kit::DrumClasses;
use crate::pattern::style::{
    ANY, LAST_STYLE, OWN_STYLES, STYLES, Style, own_style_name_error, style_in, style_number,
};

/// Steps per quarter note.
const STEPS_PER_BEAT: u32 = 4;

/// Style cells of files that do not say their number.
const FIRST_STYLE_CELLS: usize = 23;

/// Size of a stack of LSTM layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Number of layers.
    pub layers: usize,
    /// Cells in each layer.
    pub cells: usize,
}

/// Held-out figures on the validation split; for a model tuned to a user's own clips, on those of
/// them that were held out. Perplexities are per step of the distribution over all subsets of the
/// classes, over whole files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Perplexity of beats of all styles.
    pub beats: Option<f64>,
    /// Perplexity of rock beats.
    pub rock_beats: Option<f64>,
    /// Perplexity of fills.
    pub fills: Option<f64>,
    /// Mean absolute error of the median velocity, of 127, in beats.
    pub velocity_mae: Option<f64>,
    /// Mean absolute error of the median offset, in milliseconds, in beats.
    pub offset_mae_ms: Option<f64>,
}

/// The header of a model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// File format version, in [`FORMATS`]; [`write`](crate::model::write) sets it.
    pub format: u32,
    /// Display name, such as "Groove, all styles".
    pub name: String,
    /// Layout of the input row.
    pub inputs: Inputs,
    /// Drum classes, in order of the bits of a subset.
    pub classes: DrumClasses,
    /// Steps per quarter note.
    pub steps_per_beat: u32,
    /// Style names, in order of the row's style cells.
    pub styles: Vec<String>,
    /// Style numbers as in [`crate::pattern::style`], in the same order. In files without them the
    /// styles are numbered from 1.
    #[serde(default)]
    pub style_numbers: Vec<u8>,
    /// Number of style cells in the row; those without a style are 0.
    #[serde(default = "first_style_cells")]
    pub style_cells: usize,
    /// Size of the hit network.
    pub beat: Stack,
    /// Size of the feel network.
    pub feel: Stack,
    /// Training data, with its licence.
    pub trained_on: String,
    /// Number of training updates.
    pub updates: u64,
    /// Figures on held-out data.
    pub validation: Figures,
    /// Calibrations of any style and of [`Metadata::styles`]. Missing styles are not calibrated.
    #[serde(default)]
    #[serde(rename = "dials")]
    pub calibrations: Vec<StyleCalibration>,
    /// Offsets of the stroke network by style number. Missing styles use those of any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stroke_offsets: BTreeMap<u8, StrokeOffsets>,
    /// Correction of predicted offsets; files of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_correction: Option<OffsetCorrection>,
}

impl Metadata {
    /// The header of a new model with our input layout, the nine drums and the built-in styles,
    /// without figures.
    #[must_use]
    pub fn new(name: &str, beat: Stack, feel: Stack, trained_on: &str) -> Self {
        Metadata {
            format: *FORMATS.start(),
            name: name.into(),
            inputs: Inputs::Lags,
            classes: DrumClasses::default(),
            steps_per_beat: STEPS_PER_BEAT,
            styles: STYLES.iter().map(|style| style.name.into()).collect(),
            style_numbers: STYLES.iter().map(|style| style.number).collect(),
            style_cells: STYLES.len() + OWN_STYLES.len(),
            beat,
            feel,
            trained_on: trained_on.into(),
            updates: 0,
            validation: Figures::default(),
            calibrations: Vec::new(),
            stroke_offsets: BTreeMap::new(),
            offset_correction: Some(OffsetCorrection::DEFAULT),
        }
    }

    /// Length of the hit network's input row.
    #[must_use]
    pub fn row(&self) -> usize {
        self.inputs.row(self.classes.subsets(), self.style_cells)
    }

    /// Length of the feel network's input: the row, and the cells of [`References::write`].
    ///
    /// [`References::write`]: crate::model::feel::References::write
    #[must_use]
    pub fn feel_row(&self) -> usize {
        self.row() + FEEL_CELLS
    }

    /// Returns true if the hit distribution is mixed with the pointer memory.
    #[must_use]
    pub fn has_memory(&self) -> bool {
        self.inputs == Inputs::Lags
    }

    /// Returns true if the file has a stroke network.
    #[must_use]
    pub fn has_strokes(&self) -> bool {
        self.format >= 3
    }

    /// Names and shapes of the tensors of the stroke network: weight and bias of each layer.
    #[must_use]
    pub fn stroke_tensors() -> [(String, Vec<usize>); 6] {
        let [first, second] = strokes::HIDDEN;
        let shape = [
            ("strokes.0.weight", vec![first, strokes::INPUTS]),
            ("strokes.0.bias", vec![first]),
            ("strokes.1.weight", vec![second, first]),
            ("strokes.1.bias", vec![second]),
            ("strokes.out.weight", vec![strokes::OUTPUTS, second]),
            ("strokes.out.bias", vec![strokes::OUTPUTS]),
        ];
        shape.map(|(name, shape)| (name.to_owned(), shape))
    }

    /// Names and shapes of the tensors of the two LSTM networks, in a fixed order.
    #[must_use]
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (subsets, feel_outputs) =
            (self.classes.subsets(), self.classes.classes() * CLASS_OUTPUTS);
        let mut tensors = stack_tensors("beat", self.beat, self.row(), subsets);
        if self.has_memory() {
            tensors.push(("memory.weight".into(), vec![CONTROLS, self.beat.cells]));
            tensors.push(("memory.bias".into(), vec![CONTROLS]));
        }
        tensors.extend(stack_tensors("feel", self.feel, self.feel_row(), feel_outputs));
        tensors
    }

    /// Writes the row of [`Metadata::row`] cells for the step that follows `past`, whose first step
    /// begins a bar. Styles that the model does not have count as any.
    pub fn write_row(&self, past: &[Step], kind: &Kind, row: &mut [f32]) {
        encode::write_row(self.inputs, past, kind, row);
        let (second, share) = (kind.blend.0, kind.blend.1.clamp(0.0, 1.0));
        for (style, share) in [(kind.style, 1.0 - share), (second, share)] {
            if let Some(cell) = self.style_cell(style) {
                row[cell] += share;
            }
        }
    }

    /// Index of a style's cell in the row; `None` if the model does not have the style, or no style
    /// cells.
    #[must_use]
    pub fn style_cell(&self, style: u8) -> Option<usize> {
        Some(self.inputs.first_style_cell()? + self.style_place(style)?)
    }

    /// Calibration of a style by number. Styles that the model does not have use that of any.
    #[must_use]
    pub fn calibration(&self, style: u8) -> StyleCalibration {
        let place = self.style_place(style).map_or(0, |place| 1 + place);
        self.calibrations.get(place).copied().unwrap_or_default()
    }

    /// Offsets of the stroke network for a kind of beat.
    #[must_use]
    pub fn stroke_offsets(&self, kind: &Kind) -> StrokeOffsets {
        let of = |style: u8| {
            let own = self.stroke_offsets.get(&style);
            own.or(self.stroke_offsets.get(&0)).copied().unwrap_or_default()
        };
        let (second, share) = kind.blend;
        of(kind.style).blend(&of(second), share.clamp(0.0, 1.0))
    }

    /// Place of a style in [`Metadata::styles`], by number; `None` if the model does not have it.
    #[must_use]
    pub fn style_place(&self, number: u8) -> Option<usize> {
        self.style_numbers.iter().position(|&known| known == number)
    }

    /// Style number by name, case-insensitive; `None` if there is none.
    #[must_use]
    pub fn style_number(&self, name: &str) -> Option<u8> {
        let name = name.trim().to_lowercase();
        let mut known = self.styles.iter().zip(&self.style_numbers);
        match known.find(|(known, _)| **known == name) {
            Some((_, &number)) => Some(number),
            None => (name == ANY).then_some(0),
        }
    }

    /// Style name by number; [`ANY`] for numbers that the model does not have.
    #[must_use]
    pub fn style_name(&self, number: u8) -> &str {
        self.style_place(number).map_or(ANY, |place| &self.styles[place])
    }

    /// Names of the model's own styles.
    pub fn own_styles(&self) -> impl Iterator<Item = &str> {
        let styles = self.styles.iter().zip(&self.style_numbers);
        styles.filter(|(_, number)| OWN_STYLES.contains(*number)).map(|(name, _)| name.as_str())
    }

    /// Adds a style with the calibration of any, and returns its number: that of the built-in style
    /// of this name, or the next one for own styles. The caller sets its weights in the input
    /// layer.
    ///
    /// # Errors
    /// Returns an error if the name is invalid, or if no further style fits.
    pub fn add_style(&mut self, name: &str) -> Result<u8, ModelError> {
        let name = name.trim().to_lowercase();
        let free = |number: &u8| self.style_place(*number).is_none();
        let number = style_number(&name).or_else(|| OWN_STYLES.into_iter().find(free));
        let number = number.ok_or_else(|| self.too_many_styles(&name))?;
        let mut more = self.clone();
        more.styles.push(name);
        more.style_numbers.push(number);
        more.check_styles(STYLES)?;
        if let Some(&any) = more.calibrations.first() {
            // Tilts by step belong to the backbones of other styles.
            let own =
                StyleCalibration { step_tilts: StyleCalibration::default().step_tilts, ..any };
            more.calibrations.resize(1 + more.styles.len(), own);
        }
        *self = more;
        Ok(number)
    }

    /// Removes a style. The caller moves the weights of those after it in the input layer.
    pub fn remove_style(&mut self, number: u8) {
        let Some(place) = self.style_place(number) else { return };
        self.styles.remove(place);
        self.style_numbers.remove(place);
        if place + 1 < self.calibrations.len() {
            self.calibrations.remove(place + 1);
        }
        self.stroke_offsets.remove(&number);
    }

    /// Numbers the styles of a file without style numbers.
    pub(super) fn number_styles(&mut self) {
        if self.style_numbers.is_empty() {
            self.style_numbers = (1..=LAST_STYLE).take(self.styles.len()).collect();
        }
    }

    /// Checks the styles against the built-in ones. The model can have built-in styles that the
    /// table does not have: those of a newer version.
    pub(super) fn check_styles(&self, built_in: &[Style]) -> Result<(), ModelError> {
        let Metadata { styles, style_numbers: numbers, style_cells, .. } = self;
        if *style_cells > LAST_STYLE.into() || numbers.len() != styles.len() {
            let (names, numbers) = (styles.len(), numbers.len());
            return Err(ModelError::Styles(format!(
                "the model has {names} style names, {numbers} style numbers and {style_cells} \
                 style cells"
            )));
        }
        if let Some(name) = styles.get(*style_cells) {
            return Err(self.too_many_styles(name));
        }
        for (place, (name, &number)) in styles.iter().zip(numbers).enumerate() {
            let known = style_in(built_in, number).map(|style| style.name);
            if known.is_some_and(|known| known != name) {
                let wanted = built_in.iter().map(|style| style.name).collect::<Vec<_>>().join(", ");
                return Err(ModelError::Unfit {
                    what: "the styles",
                    found: styles.join(", "),
                    wanted,
                });
            }
            if let Some(fault) = own_style_name_error(name, &styles[..place]) {
                return Err(ModelError::Styles(fault));
            }
            if !(1..=LAST_STYLE).contains(&number) || numbers[..place].contains(&number) {
                let fault = format!("the style {name} cannot have the number {number}");
                return Err(ModelError::Styles(fault));
            }
        }
        Ok(())
    }

    fn too_many_styles(&self, name: &str) -> ModelError {
        let (cells, most) = (self.style_cells, OWN_STYLES.len());
        let own: Vec<&str> = self.own_styles().collect();
        ModelError::Styles(format!(
            "{name} would be one style too many: the model has room for {cells}, {most} of them \
             its own, and has of its own: {}",
            own.join(", ")
        ))
    }

    pub(crate) fn check(&self) -> Result<(), ModelError> {
        if !FORMATS.contains(&self.format) {
            return Err(ModelError::Version(self.format));
        }
        self.classes.check().map_err(ModelError::Classes)?;
        self.check_styles(STYLES)?;
        if self.steps_per_beat != STEPS_PER_BEAT {
            let [found, wanted] = [self.steps_per_beat, STEPS_PER_BEAT]
                .map(|steps| format!("{steps} steps a quarter note"));
            return Err(ModelError::Unfit { what: "a grid of", found, wanted });
        }
        for Stack { layers, cells } in [self.beat, self.feel] {
            if !(1..=MAX_LAYERS).contains(&layers) || !(1..=MAX_CELLS).contains(&cells) {
                return Err(ModelError::Size { layers, cells });
            }
        }
        Ok(())
    }
}

const fn first_style_cells() -> usize {
    FIRST_STYLE_CELLS
}

fn stack_tensors(
    prefix: &str,
    size: Stack,
    inputs: usize,
    outputs: usize,
) -> Vec<(String, Vec<usize>)> {
    let Stack { layers, cells } = size;
    let mut tensors = Vec::new();
    for layer in 0..layers {
        let width = if layer == 0 { inputs } else { cells };
        tensors.push((format!("{prefix}.weight_ih_l{layer}"), vec![4 * cells, width]));
        tensors.push((format!("{prefix}.weight_hh_l{layer}"), vec![4 * cells, cells]));
        tensors.push((format!("{prefix}.bias_ih_l{layer}"), vec![4 * cells]));
        tensors.push((format!("{prefix}.bias_hh_l{layer}"), vec![4 * cells]));
    }
    tensors.push((format!("{prefix}.out.weight"), vec![outputs, cells]));
    tensors.push((format!("{prefix}.out.bias"), vec![outputs]));
    tensors
}
