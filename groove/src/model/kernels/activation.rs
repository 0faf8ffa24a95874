//! Exponential, sigmoid, tanh and logarithm, for inference and training. They inline into vector
//! loops and round alike on every machine.

use multiversion::multiversion;

/// exp(x) with a relative error of about 1e-7, between the least and the greatest normal number.
/// Polynomial of Cephes' `expf`.
#[inline(always)]
#[must_use]
pub fn exp(x: f32) -> f32 {
    // Adding this number rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    let x = whole.mul_add(2.121_944_4e-4, whole.mul_add(-0.693_359_4, x));
    let p = 1.987_569_1e-4;
    let p = x.mul_add(p, 1.398_199_9e-3);
    let p = x.mul_add(p, 8.333_452e-3);
    let p = x.mul_add(p, 4.166_579_6e-2);
    let p = x.mul_add(p, 1.666_666_5e-1);
    let p = x.mul_add(p, 5e-1);
    let p = (p * x).mul_add(x, x) + 1.0;
    p * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// 1 / (1 + exp(-x)).
#[inline(always)]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent.
#[inline(always)]
#[must_use]
pub fn tanh(x: f32) -> f32 {
    2.0f32.mul_add(sigmoid(2.0 * x), -1.0)
}

/// Natural logarithm of a normal number above 0, rounded like libm's. Polynomial of FreeBSD's
/// `logf`.
#[inline(always)]
#[must_use]
pub fn ln(x: f32) -> f32 {
    // Bits of sqrt(1/2). The polynomial holds from there to sqrt(2).
    const LOW: u32 = 0x3f35_04f3;
    let above = x.to_bits().wrapping_add(1.0f32.to_bits() - LOW);
    let octaves = (above >> 23).cast_signed() - 127;
    let part = f32::from_bits((above & 0x007f_ffff) + LOW) - 1.0;
    let s = part / (2.0 + part);
    let z = s * s;
    let w = z * z;
    let odd = z * (0.666_666_6 + w * 0.284_987_87);
    let even = w * (0.400_009_72 + w * 0.242_790_79);
    let half = 0.5 * part * part;
    let octaves = octaves as f32;
    s * (half + (odd + even)) + octaves * 9.058_001e-6 - half + part + octaves * 0.693_138_1
}

/// One LSTM step. `gates` (4H: i f g o) holds the pre-activations and receives the activations;
/// `before` is the previous cell state; `cell` and `hidden` are outputs. All but `gates` have
/// length H.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub fn lstm_cell(gates: &mut [f32], before: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    let cells = cell.len();
    let (i, rest) = gates.split_at_mut(cells);
    let (f, rest) = rest.split_at_mut(cells);
    let (g, o) = rest.split_at_mut(cells);
    let (o, before, hidden) = (&mut o[..cells], &before[..cells], &mut hidden[..cells]);
    for n in 0..cells {
        i[n] = sigmoid(i[n]);
        f[n] = sigmoid(f[n]);
        g[n] = tanh(g[n]);
        o[n] = sigmoid(o[n]);
        cell[n] = i[n].mul_add(g[n], f[n] * before[n]);
        hidden[n] = o[n] * tanh(cell[n]);
    }
}

/// exp of each number in place. NaN and numbers below -87 give the least value.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn exp_all(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = exp(*x));
}

/// Hyperbolic tangent of each number in place.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn tanh_all(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = tanh(*x));
}

/// Logarithm of each number in place. All must be normal and above 0.
#[multiversion(targets("x86_64+avx512f+avx2", "x86_64+avx2"))]
pub(crate) fn ln_all(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = ln(*x));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_tanh_and_sigmoid_match_the_standard_library() {
        for i in -8_000..8_000 {
            let x = i as f32 / 100.0;
            let error = (exp(x) - x.exp()).abs() / x.exp();
            assert!(error < 3e-7, "at {x}: {error}");
            assert!((tanh(x) - x.tanh()).abs() < 3e-7);
            assert!((sigmoid(x) - 1.0 / (1.0 + (-x).exp())).abs() < 3e-7);
        }
    }
    #[test]
    fn vectors_of_tanh_round_like_single_numbers() {
        let numbers: Vec<f32> = (-9_001..9_001).map(|i| i as f32 / 700.0).collect();
        let mut all = numbers.clone();
        tanh_all(&mut all);
        for (x, y) in numbers.into_iter().zip(all) {
            assert_eq!(tanh(x).to_bits(), y.to_bits(), "at {x}");
        }
    }

    #[test]
    fn ln_matches_libm_bit_for_bit() {
        let all = (f32::MIN_POSITIVE.to_bits()..f32::INFINITY.to_bits()).step_by(997);
        for x in all.map(f32::from_bits).chain([1.0, 0.5, 1e-30, 1.0 - f32::EPSILON]) {
            assert_eq!(ln(x).to_bits(), libm::logf(x).to_bits(), "at {x}");
        }
    }
}
