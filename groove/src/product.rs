//! The product of a row of numbers with a matrix, in hardly more time than it takes to read the
//! matrix.
//!
//! A matrix lies in panels of [`PANEL`] outputs: of a panel, the weights of the first input, then
//! those of the second, and so on. So it is read from front to back, while the sums of a panel
//! stay in registers. Weights of 16 bits are widened on the way, which changes none of them.
//!
//! Each sum adds up its inputs in their order, with one rounding for each multiply and add,
//! whatever vector instructions the machine has. So two machines that play the same take play the
//! same notes.

use half::f16;
use half::slice::HalfFloatSliceExt;

/// Outputs of a panel: as many sums as fit into the registers of 256 bits, beside an input and
/// the weights that it is multiplied with.
pub(crate) const PANEL: usize = 96;

/// The place of an input, and the input. Those that are nought can be left out.
pub(crate) type Told = (usize, f32);

/// The numbers of a matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Weights<'a> {
    /// Of 16 bits.
    Half(&'a [f16]),
    /// Of 32 bits.
    Full(&'a [f32]),
}

/// Adds the product of inputs with a matrix to its sums, which are whole panels.
pub(crate) fn add_product(told: &[Told], weights: Weights, sums: &mut [f32]) {
    let widest = Vectors::ALL.iter().find(|vectors| vectors.are_there());
    widest.unwrap_or(&Vectors::Any).add_product(told, weights, sums);
}

/// What a product is computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vectors {
    /// AVX-512: sixteen numbers at a time.
    #[cfg(target_arch = "x86_64")]
    Sixteen,
    /// AVX2 with FMA and F16C: eight numbers at a time.
    #[cfg(target_arch = "x86_64")]
    Eight,
    /// What every machine of the architecture has.
    Any,
}

impl Vectors {
    /// The widest first.
    const ALL: &[Vectors] = &[
        #[cfg(target_arch = "x86_64")]
        Vectors::Sixteen,
        #[cfg(target_arch = "x86_64")]
        Vectors::Eight,
        Vectors::Any,
    ];

    /// Whether this machine has them.
    fn are_there(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Vectors::Sixteen => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Vectors::Eight => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            Vectors::Any => true,
        }
    }

    /// As the function of this name. The machine must have these vectors.
    fn add_product(self, told: &[Told], weights: Weights, sums: &mut [f32]) {
        debug_assert!(self.are_there());
        match self {
            // SAFETY: the machine has what the function is compiled for.
            #[cfg(target_arch = "x86_64")]
            Vectors::Sixteen => unsafe { sixteen(told, weights, sums) },
            // SAFETY: the same.
            #[cfg(target_arch = "x86_64")]
            Vectors::Eight => unsafe { eight(told, weights, sums) },
            Vectors::Any => match weights {
                Weights::Half(weights) => {
                    add_panels::<f16, PANEL, 1>(told, weights, sums, |weights| {
                        let mut wide = [0.0; PANEL];
                        weights.convert_to_f32_slice(&mut wide);
                        wide
                    });
                }
                Weights::Full(weights) => {
                    add_panels::<f32, PANEL, 1>(told, weights, sums, |weights| *weights);
                }
            },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sixteen(told: &[Told], weights: Weights, sums: &mut [f32]) {
    use std::arch::x86_64::{_mm256_loadu_si256, _mm512_cvtph_ps, _mm512_storeu_ps};
    const VECTORS: usize = PANEL / 16;
    match weights {
        Weights::Half(weights) => {
            add_panels::<f16, 16, VECTORS>(told, weights, sums, |weights| {
                let mut wide = [0.0; 16];
                // SAFETY: both arrays are as long as what is read and written.
                unsafe {
                    let halves = _mm256_loadu_si256(weights.as_ptr().cast());
                    _mm512_storeu_ps(wide.as_mut_ptr(), _mm512_cvtph_ps(halves));
                }
                wide
            });
        }
        Weights::Full(weights) => {
            add_panels::<f32, 16, VECTORS>(told, weights, sums, |weights| *weights);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,f16c")]
fn eight(told: &[Told], weights: Weights, sums: &mut [f32]) {
    use std::arch::x86_64::{_mm_loadu_si128, _mm256_cvtph_ps, _mm256_storeu_ps};
    const VECTORS: usize = PANEL / 8;
    match weights {
        Weights::Half(weights) => {
            add_panels::<f16, 8, VECTORS>(told, weights, sums, |weights| {
                let mut wide = [0.0; 8];
                // SAFETY: both arrays are as long as what is read and written.
                unsafe {
                    let halves = _mm_loadu_si128(weights.as_ptr().cast());
                    _mm256_storeu_ps(wide.as_mut_ptr(), _mm256_cvtph_ps(halves));
                }
                wide
            });
        }
        Weights::Full(weights) => {
            add_panels::<f32, 8, VECTORS>(told, weights, sums, |weights| *weights);
        }
    }
}

/// The product, in vectors of so many lanes, of which a panel has so many.
#[inline(always)]
fn add_panels<W, const LANES: usize, const VECTORS: usize>(
    told: &[Told],
    weights: &[W],
    sums: &mut [f32],
    widen: impl Fn(&[W; LANES]) -> [f32; LANES],
) {
    const { assert!(LANES * VECTORS == PANEL) };
    let (vectors, _) = weights.as_chunks::<LANES>();
    let (rows, _) = vectors.as_chunks::<VECTORS>();
    let (vectors, _) = sums.as_chunks_mut::<LANES>();
    let (panels, _) = vectors.as_chunks_mut::<VECTORS>();
    let inputs = rows.len() / panels.len().max(1);
    for (panel, rows) in panels.iter_mut().zip(rows.chunks_exact(inputs.max(1))) {
        let mut totals = *panel;
        for &(place, input) in told {
            for (totals, weights) in totals.iter_mut().zip(&rows[place]) {
                for (total, weight) in totals.iter_mut().zip(widen(weights)) {
                    *total = input.mul_add(weight, *total);
                }
            }
        }
        *panel = totals;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, salt: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + salt * 104_729) % 10_007) as f32 / 10_007.0 - 0.5).collect()
    }

    #[test]
    fn every_machine_rounds_alike() {
        let (inputs, panels) = (37, 3);
        let halves: Vec<f16> = numbers(inputs * panels * PANEL, 1)
            .into_iter()
            // Numbers that 16 bits hold only just are among them.
            .map(|x| f16::from_f32(if x.abs() < 0.1 { x * 1e-5 } else { x }))
            .collect();
        let full: Vec<f32> = halves.iter().copied().map(f32::from).collect();
        let told: Vec<Told> =
            numbers(inputs, 2).into_iter().enumerate().filter(|(place, _)| place % 3 > 0).collect();
        let start = numbers(panels * PANEL, 3);
        // The plain form of what is computed in whatever vectors there are.
        let mut plain = start.clone();
        for (at, sum) in plain.iter_mut().enumerate() {
            let (panel, lane) = (at / PANEL, at % PANEL);
            for &(place, input) in &told {
                *sum = input.mul_add(full[(panel * inputs + place) * PANEL + lane], *sum);
            }
        }
        for vectors in Vectors::ALL.iter().filter(|vectors| vectors.are_there()) {
            for weights in [Weights::Half(&halves), Weights::Full(&full)] {
                let mut sums = start.clone();
                vectors.add_product(&told, weights, &mut sums);
                assert_eq!(sums, plain, "{vectors:?}");
            }
        }
    }
}
