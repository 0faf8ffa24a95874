//! The product of a row of numbers with a matrix, in hardly more time than it takes to read the
//! matrix.
//!
//! A matrix is of bytes: each weight is a whole number from -127 to 127, times a scale that all
//! weights of an output share. It lies in panels of [`PANEL`] outputs: of a panel, the weights of
//! the first input, then those of the second, and so on. So it is read from front to back, while
//! the sums of a panel stay in registers.
//!
//! Each sum adds up its inputs in their order, with one rounding for each multiply and add, and
//! one more for the scale, whatever vector instructions the machine has. So two machines that play
//! the same take play the same notes.

/// Outputs of a panel: as many sums as fit into the registers of 256 bits, beside an input and
/// the weights that it is multiplied with.
pub(crate) const PANEL: usize = 96;

/// The place of an input, and the input. Those that are nought can be left out.
pub(crate) type Told = (usize, f32);

/// A matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights<'a> {
    /// Panels x inputs x [`PANEL`], each with the bits of an `i8`.
    pub(crate) bytes: &'a [u8],
    /// What an output's weights are multiplied with: whole panels.
    pub(crate) scales: &'a [f32],
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
    /// AVX2 with FMA: eight numbers at a time.
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
            Vectors::Eight => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
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
            Vectors::Any => add_panels::<PANEL, 1>(told, weights, sums, |bytes| {
                bytes.map(|byte| f32::from(byte.cast_signed()))
            }),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sixteen(told: &[Told], weights: Weights, sums: &mut [f32]) {
    use std::arch::x86_64::{
        _mm_loadu_si128, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_storeu_ps,
    };
    add_panels::<16, { PANEL / 16 }>(told, weights, sums, |bytes| {
        let mut wide = [0.0; 16];
        // SAFETY: both arrays are as long as what is read and written.
        unsafe {
            let whole = _mm512_cvtepi8_epi32(_mm_loadu_si128(bytes.as_ptr().cast()));
            _mm512_storeu_ps(wide.as_mut_ptr(), _mm512_cvtepi32_ps(whole));
        }
        wide
    });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn eight(told: &[Told], weights: Weights, sums: &mut [f32]) {
    use std::arch::x86_64::{
        _mm_loadl_epi64, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_storeu_ps,
    };
    add_panels::<8, { PANEL / 8 }>(told, weights, sums, |bytes| {
        let mut wide = [0.0; 8];
        // SAFETY: both arrays are as long as what is read and written.
        unsafe {
            let whole = _mm256_cvtepi8_epi32(_mm_loadl_epi64(bytes.as_ptr().cast()));
            _mm256_storeu_ps(wide.as_mut_ptr(), _mm256_cvtepi32_ps(whole));
        }
        wide
    });
}

/// The product, in vectors of so many lanes, of which a panel has so many.
#[inline(always)]
fn add_panels<const LANES: usize, const VECTORS: usize>(
    told: &[Told],
    weights: Weights,
    sums: &mut [f32],
    widen: impl Fn(&[u8; LANES]) -> [f32; LANES],
) {
    const { assert!(LANES * VECTORS == PANEL) };
    let (vectors, _) = weights.bytes.as_chunks::<LANES>();
    let (rows, _) = vectors.as_chunks::<VECTORS>();
    let (scales, _) = weights.scales.as_chunks::<PANEL>();
    let (panels, _) = sums.as_chunks_mut::<PANEL>();
    let inputs = rows.len() / panels.len().max(1);
    for ((panel, scales), rows) in
        panels.iter_mut().zip(scales).zip(rows.chunks_exact(inputs.max(1)))
    {
        let mut totals = [[0.0; LANES]; VECTORS];
        for &(place, input) in told {
            for (totals, bytes) in totals.iter_mut().zip(&rows[place]) {
                for (total, weight) in totals.iter_mut().zip(widen(bytes)) {
                    *total = input.mul_add(weight, *total);
                }
            }
        }
        for ((sum, scale), total) in panel.iter_mut().zip(scales).zip(totals.as_flattened()) {
            *sum = scale.mul_add(*total, *sum);
        }
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
        let bytes: Vec<u8> = (0..=255).cycle().step_by(101).take(inputs * panels * PANEL).collect();
        let scales = numbers(panels * PANEL, 1);
        let told: Vec<Told> =
            numbers(inputs, 2).into_iter().enumerate().filter(|(place, _)| place % 3 > 0).collect();
        let start = numbers(panels * PANEL, 3);
        // The plain form of what is computed in whatever vectors there are.
        let mut plain = start.clone();
        for (at, sum) in plain.iter_mut().enumerate() {
            let (panel, lane) = (at / PANEL, at % PANEL);
            let mut total = 0.0f32;
            for &(place, input) in &told {
                let byte = bytes[(panel * inputs + place) * PANEL + lane];
                total = input.mul_add(f32::from(byte.cast_signed()), total);
            }
            *sum = scales[at].mul_add(total, *sum);
        }
        for vectors in Vectors::ALL.iter().filter(|vectors| vectors.are_there()) {
            let mut sums = start.clone();
            let weights = Weights { bytes: &bytes, scales: &scales };
            vectors.add_product(&told, weights, &mut sums);
            assert_eq!(sums, plain, "{vectors:?}");
        }
    }
}
