//! Int8 matrix-vector product.
//!
//! Each weight is an integer from -127 to 127 times a scale that all weights of an output share.
//! The matrix is stored in panels of [`PANEL`] outputs; a panel holds the weights of the first
//! input, then those of the second, and so on. The matrix is thus read sequentially while the sums
//! of a panel stay in registers.
//!
//! The processor's instructions limit the product, not its memory: a vector of weights takes one
//! multiply-add and those that turn bytes into floats. The weights of four outputs that lie 16 apart
//! are therefore the bytes of a word (see [`byte_of`]). One instruction moves a byte to the top of
//! its word and clears the rest, which is the weight times [`SHIFTED`] as an integer, sign included,
//! and another one makes it a float. Sign extension would take one more.
//!
//! Each sum adds its inputs in order, with one rounding per fused multiply-add and one for the
//! scale, independent of the vector instructions in use. Two machines that play the same take play
//! the same notes. The factor [`SHIFTED`] is a power of two and changes no rounding.

use std::sync::OnceLock;

/// Variable of the environment that lowers the vector instructions of the products, to `avx2` or
/// `portable`, for measurements. It is read once, at the first product, which no audio thread
/// computes.
const SIMD_VARIABLE: &str = "DEEP_POCKET_SIMD";

/// Outputs per panel: a cache line of weights per input.
pub(crate) const PANEL: usize = 64;

/// Words per input in a panel, and weights in a word.
pub(crate) const WORDS: usize = PANEL / IN_WORD;
pub(crate) const IN_WORD: usize = 4;

/// Factor of a weight in the top byte of its word.
const SHIFTED: f32 = 16_777_216.0;
const TOP_BYTE: u32 = 0xff00_0000;

/// Place of an output's weight among the [`PANEL`] bytes of an input.
pub(crate) const fn byte_of(output: usize) -> usize {
    output % WORDS * IN_WORD + output / WORDS
}

/// Index and value of an input. Zero inputs can be left out.
pub(crate) type SparseInput = (usize, f32);

/// A quantised matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights<'a> {
    /// Panels x inputs x [`PANEL`], each the bits of an `i8`, see [`byte_of`].
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

    /// The widest ones that the machine has, from a name on if one is given. An unknown name is
    /// reported on standard error and changes nothing.
    fn chosen(limit: Option<String>) -> SimdLevel {
        let first = limit.map_or(0, |limit| {
            let known = SimdLevel::ALL.iter().position(|level| level.name() == limit);
            known.unwrap_or_else(|| {
                let names: Vec<_> = SimdLevel::ALL.iter().map(|level| level.name()).collect();
                eprintln!(
                    "{SIMD_VARIABLE}={limit} is unknown and has no effect. Known: {}.",
                    names.join(", ")
                );
                0
            })
        });
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
            SimdLevel::Avx512 => {
                is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
            }
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
            SimdLevel::Portable => add_all::<WORDS, IN_WORD, 1>(inputs, weights, sums, |bytes| {
                let (words, _) = bytes.as_chunks::<IN_WORD>();
                std::array::from_fn(|byte| {
                    std::array::from_fn(|lane| shifted(u32::from_le_bytes(words[lane]), byte))
                })
            }),
        }
    }
}

/// The weight in a byte of a word, times [`SHIFTED`].
#[inline(always)]
fn shifted(word: u32, byte: usize) -> f32 {
    let left = 8 * (IN_WORD - 1 - byte);
    (word << left & TOP_BYTE).cast_signed() as f32
}

/// Indices of a shuffle within 16 bytes that moves a byte of each word to the top and clears the
/// others.
#[cfg(target_arch = "x86_64")]
const fn to_top(byte: usize) -> [u8; 16] {
    // An index with this bit clears.
    let mut places = [0x80; 16];
    let mut word = 0;
    while word < 4 {
        places[4 * word + 3] = (4 * word + byte).to_le_bytes()[0];
        word += 1;
    }
    places
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn add_product_avx512(inputs: &[SparseInput], weights: Weights, sums: &mut [f32]) {
    use std::arch::x86_64::{
        _mm_loadu_si128, _mm512_and_si512, _mm512_broadcast_i32x4, _mm512_cvtepi32_ps,
        _mm512_loadu_si512, _mm512_set1_epi32, _mm512_shuffle_epi8, _mm512_slli_epi32,
        _mm512_storeu_ps,
    };
    let top = _mm512_set1_epi32(TOP_BYTE.cast_signed());
    // SAFETY: the constants have the length of the loads.
    let [second, third] = [const { &to_top(1) }, const { &to_top(2) }]
        .map(|places| unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(places.as_ptr().cast())) });
    // Two panels at a time, so that enough sums are in flight.
    add_all::<16, 4, 2>(inputs, weights, sums, |bytes| {
        let mut wide = [[0.0; 16]; 4];
        // SAFETY: `bytes` and each array have the length of the load and the store.
        unsafe {
            let words = _mm512_loadu_si512(bytes.as_ptr().cast());
            let whole = [
                _mm512_slli_epi32(words, 24),
                _mm512_shuffle_epi8(words, second),
                _mm512_shuffle_epi8(words, third),
                _mm512_and_si512(words, top),
            ];
            for (wide, whole) in wide.iter_mut().zip(whole) {
                _mm512_storeu_ps(wide.as_mut_ptr(), _mm512_cvtepi32_ps(whole));
            }
        }
        wide
    });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn add_product_avx2(inputs: &[SparseInput], weights: Weights, sums: &mut [f32]) {
    use std::arch::x86_64::{
        _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cvtepi32_ps,
        _mm256_loadu_si256, _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_slli_epi32,
        _mm256_storeu_ps,
    };
    let top = _mm256_set1_epi32(TOP_BYTE.cast_signed());
    // SAFETY: the constants have the length of the loads.
    let [second, third] = [const { &to_top(1) }, const { &to_top(2) }].map(|places| unsafe {
        _mm256_broadcastsi128_si256(_mm_loadu_si128(places.as_ptr().cast()))
    });
    add_all::<8, 8, 1>(inputs, weights, sums, |bytes| {
        let mut wide = [[0.0; 8]; 8];
        for (half, bytes) in bytes.as_chunks::<32>().0.iter().enumerate() {
            // SAFETY: `bytes` and each array have the length of the load and the store.
            unsafe {
                let words = _mm256_loadu_si256(bytes.as_ptr().cast());
                let whole = [
                    _mm256_slli_epi32(words, 24),
                    _mm256_shuffle_epi8(words, second),
                    _mm256_shuffle_epi8(words, third),
                    _mm256_and_si256(words, top),
                ];
                for (byte, whole) in whole.into_iter().enumerate() {
                    let wide = &mut wide[2 * byte + half];
                    _mm256_storeu_ps(wide.as_mut_ptr(), _mm256_cvtepi32_ps(whole));
                }
            }
        }
        wide
    });
}

/// The product, `COUNT` panels at a time, with vectors of `LANES` lanes, of which a panel has
/// `VECTORS`. `widen` returns the weights of an input times [`SHIFTED`], in the order of outputs.
#[inline(always)]
fn add_all<const LANES: usize, const VECTORS: usize, const COUNT: usize>(
    inputs: &[SparseInput],
    weights: Weights,
    sums: &mut [f32],
    widen: impl Fn(&[u8; PANEL]) -> [[f32; LANES]; VECTORS],
) {
    const { assert!(LANES * VECTORS == PANEL) };
    let (rows, _) = weights.bytes.as_chunks::<PANEL>();
    let (scales, _) = weights.scales.as_chunks::<PANEL>();
    let (panels, _) = sums.as_chunks_mut::<PANEL>();
    let width = rows.len() / panels.len().max(1);
    let (groups, rest) = panels.as_chunks_mut::<COUNT>();
    let first_of_rest = groups.len() * COUNT;
    for (group, panels) in groups.iter_mut().enumerate() {
        let first = group * COUNT;
        add_panels(inputs, &rows[first * width..], &scales[first..], width, panels, &widen);
    }
    for (first, panel) in (first_of_rest..).zip(rest) {
        let panel = std::array::from_mut(panel);
        add_panels(inputs, &rows[first * width..], &scales[first..], width, panel, &widen);
    }
}

/// The product of some panels. `rows` and `scales` begin at the first of them.
#[inline(always)]
fn add_panels<const LANES: usize, const VECTORS: usize, const COUNT: usize>(
    inputs: &[SparseInput],
    rows: &[[u8; PANEL]],
    scales: &[[f32; PANEL]],
    width: usize,
    panels: &mut [[f32; PANEL]; COUNT],
    widen: impl Fn(&[u8; PANEL]) -> [[f32; LANES]; VECTORS],
) {
    let mut totals = [[[0.0; LANES]; VECTORS]; COUNT];
    let rows: [&[[u8; PANEL]]; COUNT] =
        std::array::from_fn(|panel| &rows[panel * width..][..width]);
    for &(place, input) in inputs {
        for (totals, rows) in totals.iter_mut().zip(&rows) {
            for (totals, weights) in totals.iter_mut().zip(widen(&rows[place])) {
                for (total, weight) in totals.iter_mut().zip(weights) {
                    *total = input.mul_add(weight, *total);
                }
            }
        }
    }
    for ((panel, scales), totals) in panels.iter_mut().zip(scales).zip(totals) {
        for ((sum, scale), total) in panel.iter_mut().zip(scales).zip(totals.as_flattened()) {
            *sum = (scale / SHIFTED).mul_add(*total, *sum);
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
        let (width, panels) = (37, 5);
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
                let byte = bytes[(panel * width + place) * PANEL + byte_of(lane)];
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
