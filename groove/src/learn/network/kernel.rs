//! Arithmetic of the training ops: matrix products and element-wise functions over slices, with the
//! widest vector instructions of the machine, selected at run time.

use gemm::Parallelism;
use multiversion::multiversion;

use crate::model::kernels::activation::{exp, tanh};

/// A row-major matrix, its left part, or its transpose.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    /// Strides of rows and of columns.
    strides: (usize, usize),
}

impl<'a> Matrix<'a> {
    /// A view of `values` as rows of `columns` numbers.
    pub fn new(values: &'a [f32], columns: usize) -> Self {
        debug_assert_eq!(values.len() % columns, 0);
        Matrix { values, rows: values.len() / columns, columns, strides: (columns, 1) }
    }

    /// Returns the transpose, without copying.
    pub fn t(self) -> Self {
        let (rows, columns) = self.strides;
        Matrix { rows: self.columns, columns: self.rows, strides: (columns, rows), ..self }
    }

    /// Returns the first columns.
    pub fn left(self, columns: usize) -> Self {
        assert!(columns <= self.columns);
        Matrix { columns, ..self }
    }

    fn at(&self, row: usize, column: usize) -> f32 {
        self.values[row * self.strides.0 + column * self.strides.1]
    }

    fn signed_strides(&self) -> (isize, isize) {
        (self.strides.0.cast_signed(), self.strides.1.cast_signed())
    }
}

/// `out = a b`, or `out += a b` if `add`; `out` is row-major. Uses all cores if `parallel`.
pub fn multiply(out: &mut [f32], add: bool, a: Matrix, b: Matrix, parallel: bool) {
    assert_eq!(a.columns, b.rows);
    assert_eq!(out.len(), a.rows * b.columns);
    let (a_rows, a_columns) = a.signed_strides();
    let (b_rows, b_columns) = b.signed_strides();
    let parallelism = if parallel { Parallelism::Rayon(0) } else { Parallelism::None };
    // SAFETY: the pointers are to slices that live through the call, `out` is borrowed mutably and
    // so overlaps neither, and sizes and strides describe exactly these slices (asserted above and
    // by the constructor).
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns.cast_signed(),
            add,
            a.values.as_ptr(),
            a_columns,
            a_rows,
            b.values.as_ptr(),
            b_columns,
            b_rows,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// Columns in a panel.
const PANEL: usize = 32;
/// Rows multiplied with a panel at once: their sums fill the vector registers.
const ROWS: usize = 8;

/// A matrix packed into contiguous panels of [`PANEL`] columns, the last padded with zeros. A
/// sequence multiplies a few rows with the same matrix at every step, and packs it once.
pub struct PackedMatrix {
    values: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl PackedMatrix {
    /// Packs a matrix.
    pub fn new(matrix: Matrix) -> PackedMatrix {
        let (inputs, outputs) = (matrix.rows, matrix.columns);
        let mut values = vec![0.0; outputs.div_ceil(PANEL) * PANEL * inputs];
        for (at, panel) in values.chunks_exact_mut(PANEL * inputs).enumerate() {
            for column in at * PANEL..outputs.min((at + 1) * PANEL) {
                for row in 0..inputs {
                    panel[row * PANEL + column % PANEL] = matrix.at(row, column);
                }
            }
        }
        PackedMatrix { values, inputs, outputs }
    }

    /// `out = rows self`, or `out += rows self` if `add`, on the current core.
    pub fn multiply(&self, out: &mut [f32], add: bool, rows: &[f32]) {
        if !add {
            out.fill(0.0);
        }
        for (at, panel) in self.values.chunks_exact(PANEL * self.inputs).enumerate() {
            let columns = at * PANEL..self.outputs.min((at + 1) * PANEL);
            let mut groups = rows.chunks_exact(ROWS * self.inputs);
            let mut outs = out.chunks_exact_mut(ROWS * self.outputs);
            for (rows, out) in (&mut groups).zip(&mut outs) {
                add_panel::<ROWS>(out, columns.clone(), rows, panel);
            }
            let rest = groups.remainder().chunks_exact(self.inputs);
            let outs = outs.into_remainder().chunks_exact_mut(self.outputs);
            for (row, out) in rest.zip(outs) {
                add_panel::<1>(out, columns.clone(), row, panel);
            }
        }
    }
}

/// Adds the products of `COUNT` rows with a panel to a range of their columns.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
fn add_panel<const COUNT: usize>(
    out: &mut [f32],
    columns: std::ops::Range<usize>,
    rows: &[f32],
    panel: &[f32],
) {
    let inputs = panel.len() / PANEL;
    let rows: [&[f32]; COUNT] = std::array::from_fn(|row| &rows[row * inputs..][..inputs]);
    let mut sums = [[0.0f32; PANEL]; COUNT];
    let (panel, _) = panel.as_chunks::<PANEL>();
    for (at, weights) in panel.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let input = row[at];
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum = input.mul_add(*weight, *sum);
            }
        }
    }
    let width = out.len() / COUNT;
    for (out, sums) in out.chunks_exact_mut(width).zip(&sums) {
        out[columns.clone()].iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
    }
}

/// One backward LSTM step of one lane. `gates` holds the activations and receives the gradients of
/// the pre-activations; `d_hidden` is the total gradient of this step's output; `d_cell` holds the
/// gradient from the next step and receives that for the previous step.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub fn cell_backward(
    gates: &mut [f32],
    before: &[f32],
    cell: &[f32],
    d_hidden: &[f32],
    d_cell: &mut [f32],
) {
    let cells = cell.len();
    let (i, rest) = gates.split_at_mut(cells);
    let (f, rest) = rest.split_at_mut(cells);
    let (g, o) = rest.split_at_mut(cells);
    let (o, before) = (&mut o[..cells], &before[..cells]);
    let (d_hidden, d_cell) = (&d_hidden[..cells], &mut d_cell[..cells]);
    for n in 0..cells {
        let t = tanh(cell[n]);
        let dc = d_cell[n] + d_hidden[n] * o[n] * (1.0 - t * t);
        d_cell[n] = dc * f[n];
        let (di, df) = (dc * g[n] * i[n] * (1.0 - i[n]), dc * before[n] * f[n] * (1.0 - f[n]));
        let dg = dc * i[n] * (1.0 - g[n] * g[n]);
        o[n] = d_hidden[n] * t * o[n] * (1.0 - o[n]);
        (i[n], f[n], g[n]) = (di, df, dg);
    }
}

/// Replaces logits by probabilities and returns log-sum-exp, so that the log-probability of an
/// outcome is its logit minus this value.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub fn softmax(values: &mut [f32]) -> f32 {
    let top = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // Sixteen partial sums, so that the additions vectorise.
    let mut sums = [0.0f32; 16];
    let mut chunks = values.chunks_exact_mut(16);
    for chunk in &mut chunks {
        for (value, sum) in chunk.iter_mut().zip(&mut sums) {
            *value = exp(*value - top);
            *sum += *value;
        }
    }
    for (value, sum) in chunks.into_remainder().iter_mut().zip(&mut sums) {
        *value = exp(*value - top);
        *sum += *value;
    }
    let sum: f32 = sums.iter().sum();
    let scale = 1.0 / sum;
    values.iter_mut().for_each(|value| *value *= scale);
    top + sum.ln()
}

/// One AdamW update (Loshchilov and Hutter 2019) of a tensor. `rate` is the learning rate divided
/// by the bias correction of the first moment, `correction` the square root of that of the second.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub fn adam(
    weights: &mut [f32],
    gradient: &[f32],
    anchor: &[f32],
    [first, second]: [&mut [f32]; 2],
    [b1, b2]: [f32; 2],
    [scale, rate, correction, decay]: [f32; 4],
) {
    let count = weights.len();
    let (gradient, first, second) = (&gradient[..count], &mut first[..count], &mut second[..count]);
    let anchor = &anchor[..count];
    for n in 0..count {
        let g = gradient[n] * scale;
        first[n] = b1 * first[n] + (1.0 - b1) * g;
        second[n] = b2 * second[n] + (1.0 - b2) * g * g;
        let pull = (weights[n] - anchor[n]) * decay;
        weights[n] -= pull + rate * first[n] / (second[n].sqrt() / correction + 1e-8);
    }
}

/// `out += values`.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx512bw+avx2+fma", "x86_64+avx2+fma"))]
pub fn add(out: &mut [f32], values: &[f32]) {
    out.iter_mut().zip(values).for_each(|(out, value)| *out += value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_transposes_agree_with_the_definition() {
        let a: Vec<f32> = (0..6).map(|x| x as f32).collect();
        let b: Vec<f32> = (0..12).map(|x| (x * x) as f32).collect();
        // a is 2 x 3, b is 4 x 3: out = a b' is 2 x 4.
        let mut out = vec![1.0; 8];
        multiply(&mut out, true, Matrix::new(&a, 3), Matrix::new(&b, 3).t(), false);
        for i in 0..2 {
            for j in 0..4 {
                let sum: f32 = (0..3).map(|k| a[i * 3 + k] * b[j * 3 + k]).sum();
                assert_eq!(out[i * 4 + j], sum + 1.0);
            }
        }
    }

    #[test]
    fn products_with_panels_agree_with_the_definition() {
        // One full panel and a partial one; one full group of rows and some more.
        let (count, inputs, outputs) = (ROWS + 3, 5, PANEL + 7);
        let numbers = |count: usize| -> Vec<f32> { (0..count).map(|x| (x % 11) as f32).collect() };
        let (rows, weights) = (numbers(count * inputs), numbers(inputs * outputs));
        let weight = |input: usize, output: usize| weights[output * inputs + input];
        let straight: Vec<f32> = (0..inputs)
            .flat_map(|input| (0..outputs).map(move |output| weight(input, output)))
            .collect();
        let transposed = Matrix::new(&weights, inputs).t();
        for matrix in [Matrix::new(&straight, outputs), transposed] {
            for (add, start) in [(false, 0.0), (true, 1.0)] {
                let mut out = vec![1.0; count * outputs];
                PackedMatrix::new(matrix).multiply(&mut out, add, &rows);
                for (at, &out) in out.iter().enumerate() {
                    let (row, output) = (at / outputs, at % outputs);
                    let terms = (0..inputs).map(|k| rows[row * inputs + k] * weight(k, output));
                    assert_eq!(out, terms.sum::<f32>() + start);
                }
            }
        }
    }
}
