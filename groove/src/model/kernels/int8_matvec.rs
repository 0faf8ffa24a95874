//! Memory-bound int8 matrix-vector product.
//!
//! Each weight is an integer from -127 to 127 times a scale that all weights of an output share.
//! The matrix is stored in panels of [`PANEL`] outputs; a panel holds the weights of the first
//! input, then those of the second, and so on. The matrix is thus read sequentially while the sums
//! of a panel stay in registers.
//!
//! Each sum adds its inputs in order, with one rounding per fused multiply-add and one for the
//! scale, independent of the vector instructions in use. Two machines that play the same take play
//! the same notes.

use std::sync::OnceLock;

/// Variable of the environment that lowers the vector instructions of the products, to `avx2` or
/// `portable`, for measurements. It is read once, at the first product, which no audio thread
/// computes.
const SIMD_VARIABLE: &str = "DEEP_POCKET_SIMD";

/// Outputs per panel: as many sums as fit into 256-bit registers, besides an input and its weights.
pub(crate) const PANEL: usize = 96;

/// Index and value of an input. Zero inputs can be left out.
pub(crate) type SparseInput = (usize, f32);

/// A quantised matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights<'a> {
    /// Panels x inputs x [`PANEL`], each the bits of an `i8`.
    pub(crate) bytes: &'a [u8],
    /// Scale of each output's weights, padded to whole panels.
    pub(crate) scales: &'a [f32],
}

/// Adds the matrix-vector product to `sums`, which has whole panels.
pub(crate) fn add_product(inputs: &[SparseInput], weights: Weights, sums: &mut [f32]) {
    static CHOSEN: OnceLock<SimdLevel> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| SimdLevel::chosen(std::env::var(SIMD_VARIABLE).ok()));
    chosen.add_product(inputs, weights, sums);
}

/// Vector instructions of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SimdLevel {
    /// AVX-512: 16 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX2 with FMA: 8 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Baseline of the architecture.
    Portable,
}

impl SimdLevel {
    /// Widest first.
    const ALL: &[SimdLevel] = &[
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx512,
        #[cfg(target_arch = "x86_64")]
        SimdLevel::Avx2,
        SimdLevel::Portable,
    ];

    /// The widest ones that the machine has, from a name on if one is given.
    fn chosen(limit: Option<String>) -> SimdLevel {
        let limit = limit.unwrap_or_default();
        let first = SimdLevel::ALL.iter().position(|level| level.name() == limit).unwrap_or(0);
        let allowed = &SimdLevel::ALL[first..];
        *allowed.iter().find(|level| level.is_available()).unwrap_or(&SimdLevel::Portable)
    }

    /// Name in [`SIMD_VARIABLE`].
    fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => "avx2",
            SimdLevel::Portable => "portable",
        }
    }

    /// Returns true if this machine supports them.
    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            SimdLevel::Portable => true,
        }
    }

    /// Adds the product with these instructions, which the machine must support.
    fn add_product(self, inputs: &[SparseInput], weights: Weights, sums: &mut [f32]) {
        debug_assert!(self.is_available());
        match self {
            // SAFETY: the machine supports the target features of the function.
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx512 => unsafe { add_product_avx512(inputs, weights, sums) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            SimdLevel::Avx2 => unsafe { add_product_avx2(inputs, weights, sums) },
            SimdLevel::Portable => add_panels::<PANEL, 1>(inputs, weights, sums, |bytes| {
                bytes.map(|byte| f32::from(byte.cast_signed()))
            }),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn add_product_avx512(inputs: &[SparseInput], weights: Weights, sums: &mut [f32]) {
    use std::arch::x86_64::{
        _mm_loadu_si128, _mm512_cvtepi8_epi32, _mm512_cvtepi32_ps, _mm512_storeu_ps,
    };
    add_panels::<16, { PANEL / 16 }>(inputs, weights, sums, |bytes| {
        let mut wide = [0.0; 16];
        // SAFETY: both arrays have the length of the load and the store.
        unsafe {
            let whole = _mm512_cvtepi8_epi32(_mm_loadu_si128(bytes.as_ptr().cast()));
            _mm512_storeu_ps(wide.as_mut_ptr(), _mm512_cvtepi32_ps(whole));
        }
        wide
    });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_product_avx2(inputs: &[SparseInput], weights: Weights, sums: &mut [f32]) {
    use std::arch::x86_64::{
        _mm_loadl_epi64, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_storeu_ps,
    };
    add_panels::<8, { PANEL / 8 }>(inputs, weights, sums, |bytes| {
        let mut wide = [0.0; 8];
        // SAFETY: both arrays have the length of the load and the store.
        unsafe {
            let whole = _mm256_cvtepi8_epi32(_mm_loadl_epi64(bytes.as_ptr().cast()));
            _mm256_storeu_ps(wide.as_mut_ptr(), _mm256_cvtepi32_ps(whole));
        }
        wide
    });
}

/// The product in vectors of `LANES` lanes, of which a panel has `VECTORS`.
#[inline(always)]
fn add_panels<const LANES: usize, const VECTORS: usize>(
    inputs: &[SparseInput],
    weights: Weights,
    sums: &mut [f32],
    widen: impl Fn(&[u8; LANES]) -> [f32; LANES],
) {
    const { assert!(LANES * VECTORS == PANEL) };
    let (vectors, _) = weights.bytes.as_chunks::<LANES>();
    let (rows, _) = vectors.as_chunks::<VECTORS>();
    let (scales, _) = weights.scales.as_chunks::<PANEL>();
    let (panels, _) = sums.as_chunks_mut::<PANEL>();
    let rows_per_panel = rows.len() / panels.len().max(1);
    for ((panel, scales), rows) in
        panels.iter_mut().zip(scales).zip(rows.chunks_exact(rows_per_panel.max(1)))
    {
        let mut totals = [[0.0; LANES]; VECTORS];
        for &(place, input) in inputs {
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
    fn a_name_lowers_the_instructions() {
        let chosen = |name: &str| SimdLevel::chosen(Some(name.into()));
        let widest = SimdLevel::ALL.iter().find(|level| level.is_available()).expect("one");
        assert_eq!(SimdLevel::chosen(None), *widest);
        assert_eq!((chosen("nonsense"), chosen("portable")), (*widest, SimdLevel::Portable));
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = SimdLevel::Avx2.is_available();
            let expected = if avx2 { SimdLevel::Avx2 } else { SimdLevel::Portable };
            assert_eq!(chosen("avx2"), expected);
        }
    }

    #[test]
    fn all_simd_levels_round_alike() {
        let (width, panels) = (37, 3);
        let bytes: Vec<u8> = (0..=255).cycle().step_by(101).take(width * panels * PANEL).collect();
        let scales = numbers(panels * PANEL, 1);
        let inputs: Vec<SparseInput> =
            numbers(width, 2).into_iter().enumerate().filter(|(place, _)| place % 3 > 0).collect();
        let start = numbers(panels * PANEL, 3);
        // Scalar reference for all vector widths.
        let mut plain = start.clone();
        for (at, sum) in plain.iter_mut().enumerate() {
            let (panel, lane) = (at / PANEL, at % PANEL);
            let mut total = 0.0f32;
            for &(place, input) in &inputs {
                let byte = bytes[(panel * width + place) * PANEL + lane];
                total = input.mul_add(f32::from(byte.cast_signed()), total);
            }
            *sum = scales[at].mul_add(total, *sum);
        }
        for vectors in SimdLevel::ALL.iter().filter(|vectors| vectors.is_available()) {
            let mut sums = start.clone();
            let weights = Weights { bytes: &bytes, scales: &scales };
            vectors.add_product(&inputs, weights, &mut sums);
            assert_eq!(sums, plain, "{vectors:?}");
        }
    }
}
