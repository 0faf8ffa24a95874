//! Tests of the ops' gradients against finite differences and against Candle's own ops.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::rnn::{LSTM, LSTMConfig, RNN};
use candle_nn::{VarBuilder, VarMap};

use super::linear::{linear, mask};
use super::losses::{cross_entropy, mixture};
use super::lstm::{LstmState, LstmWeights, lstm};
use super::storage::with_slice;
use crate::learn::data::batch::{NONE, Targets};
use crate::learn::data::rows::Rows;
use crate::model::pointer_memory::{CONTROLS, Memory};

/// Reproducible pseudo-random numbers between -0.5 and 0.5.
fn numbers(count: usize, salt: usize) -> Vec<f32> {
    let mix = |i: usize| ((i * 7919 + salt * 104_729 + 13) * 31 % 10_007) as f32;
    (0..count).map(|i| mix(i) / 10_007.0 - 0.5).collect()
}

fn var(shape: &[usize], salt: usize) -> Var {
    let count = shape.iter().product();
    let tensor = Tensor::from_vec(numbers(count, salt), shape, &Device::Cpu).expect("a tensor");
    Var::from_tensor(&tensor).expect("a variable")
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    with_slice(tensor, <[f32]>::to_vec).expect("numbers")
}

fn close(a: &[f32], b: &[f32], within: f32) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() < within * (1.0 + a.abs()), "number {i}: {a} and {b}");
    }
}

/// Concatenated distributions of the given sizes.
fn chances(sizes: &[usize], salt: usize) -> Vec<f32> {
    let of = |(number, &size): (usize, &usize)| {
        let weights: Vec<f32> = numbers(size, salt + number).iter().map(|x| x + 0.6).collect();
        let sum: f32 = weights.iter().sum();
        weights.into_iter().map(move |weight| weight / sum).collect::<Vec<_>>()
    };
    sizes.iter().enumerate().flat_map(of).collect()
}

/// Compares the gradient of a scalar function with finite differences.
fn check(variables: &[&Var], function: impl Fn() -> Result<Tensor>) {
    let value = || function().and_then(|t| t.to_scalar::<f32>()).expect("a scalar");
    let gradients = function().and_then(|t| t.backward()).expect("gradients");
    for var in variables {
        let gradient = flat(gradients.get(var).expect("its gradient"));
        let start = flat(var);
        let set = |values: Vec<f32>| {
            let tensor = Tensor::from_vec(values, var.shape(), &Device::Cpu).expect("a tensor");
            var.set(&tensor).expect("set");
        };
        for i in (0..start.len()).step_by(start.len().div_ceil(23)) {
            let moved = |by: f32| {
                let mut values = start.clone();
                values[i] += by;
                set(values);
                value()
            };
            let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            set(start.clone());
            let error = (difference - gradient[i]).abs();
            assert!(error < 2e-2 * (0.1 + difference.abs()), "{difference} and {}", gradient[i]);
        }
    }
}

/// Sum of squares: a loss with a gradient everywhere.
fn squares(x: &Tensor) -> Result<Tensor> {
    x.sqr()?.sum_all()
}

const ROWS: Rows = Rows { parts: 2, steps: 5, lanes: 3 };

fn some_starts() -> Arc<Vec<bool>> {
    // A piece starts at the first step of one lane and within two others.
    let mut starts = vec![false; ROWS.count()];
    starts[ROWS.row(0, 0)] = true;
    starts[ROWS.row(2, 3)] = true;
    starts[ROWS.row(5, 1)] = true;
    Arc::new(starts)
}

#[test]
fn lstm_gradients_match_finite_differences() {
    let (x, input) = (var(&[ROWS.count(), 3], 1), var(&[16, 3], 2));
    let (recurrent, bias) = (var(&[16, 4], 3), var(&[16], 4));
    let state = LstmState { hidden: numbers(24, 5), cell: numbers(24, 6) };
    let layer =
        LstmWeights { input: &input, recurrent: &recurrent, bias: &bias, needs_input: true };
    check(&[&x, &input, &recurrent, &bias], || {
        squares(&lstm(&x, layer, ROWS, &some_starts(), &state)?.0)
    });
}

#[test]
fn linear_mask_and_cross_entropy_gradients_match_finite_differences() {
    let (x, weight, bias) = (var(&[6, 5], 1), var(&[7, 5], 2), var(&[7], 3));
    check(&[&x, &weight, &bias], || squares(&linear(&x, &weight, &bias)?));
    check(&[&x], || squares(&mask(&x, numbers(30, 9))?));
    let targets = Targets {
        sizes: vec![3, 4],
        outcomes: vec![0, 3, 2, NONE, NONE, NONE, 1, 1, NONE, 0, 2, 2],
    };
    check(&[&x, &weight], || {
        cross_entropy(&linear(&x, &weight, &bias)?, targets.clone(), None, 3.0)
    });
    let teacher = Some(Arc::new(chances(&[3, 4].repeat(6), 4)));
    let teacher = || teacher.clone();
    check(&[&x, &weight], || {
        cross_entropy(&linear(&x, &weight, &bias)?, targets.clone(), teacher(), 3.0)
    });
}

#[test]
fn mixture_matches_the_model_and_its_gradients_finite_differences() {
    let mut steps = vec![crate::pattern::Step::SILENT; 90];
    for (i, step) in steps.iter_mut().enumerate().filter(|(i, _)| i % 3 == 0 || i % 16 == 4) {
        let drum = crate::pattern::drum::Drum::ALL[i * i % 4];
        step.set(drum, Some(crate::pattern::Hit::new(0.5, 0.0)));
    }
    // The first row has no earlier bar; the last row is padding.
    let memories: Vec<Memory> = [3, 20, 50, 84, 85, 86]
        .iter()
        .map(|&at| Memory::at(&steps[..at], crate::pattern::Meter::FOUR_FOUR))
        .collect();
    let struck = Arc::new(vec![1, 0, 2, 4, 5, NONE]);
    let memories = Arc::new(memories);
    let (logits, controls) = (var(&[6, 512], 1), var(&[6, CONTROLS], 2));
    let teacher = Some(Arc::new(chances(&[512; 6], 3)));
    check(&[&logits, &controls], || {
        mixture(&logits, &controls, &memories, &struck, teacher.clone(), 2.0)
    });
    let loss = || mixture(&logits, &controls, &memories, &struck, None, 2.0);
    check(&[&logits, &controls], loss);
    let (all_logits, all_controls) = (flat(&logits), flat(&controls));
    let mut sum = 0.0;
    for row in 0..5 {
        let mut logits = all_logits[row * 512..][..512].to_vec();
        memories[row].mix(&all_controls[row * CONTROLS..][..CONTROLS], &mut logits);
        sum -= logits[usize::from(struck[row])];
    }
    let loss = loss().and_then(|loss| loss.to_scalar::<f32>()).expect("a scalar");
    assert!((loss - sum / 2.0).abs() < 1e-4, "{loss} and {}", sum / 2.0);
}

#[test]
fn a_sequence_agrees_with_candles_own_lstm() -> candle_core::Result<()> {
    let (inputs, cells, lanes, steps) = (5, 4, 3, 6);
    let rows = Rows { parts: 1, steps, lanes };
    let names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"];
    let shapes: [&[usize]; 4] =
        [&[4 * cells, inputs], &[4 * cells, cells], &[4 * cells], &[4 * cells]];
    let map = VarMap::new();
    for (salt, (name, shape)) in names.iter().zip(shapes).enumerate() {
        map.data().lock().expect("the map").insert((*name).into(), var(shape, salt));
    }
    let builder = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    let theirs = LSTM::new(inputs, cells, LSTMConfig::default(), builder)?;
    let vars = map.data().lock().expect("the map").clone();
    let x = var(&[rows.count(), inputs], 9);

    // Our rows are ordered by step, candle-nn's by lane.
    let by_lane = x.reshape((steps, lanes, inputs))?.transpose(0, 1)?.contiguous()?;
    let states = theirs.seq(&by_lane)?;
    let out: Vec<Tensor> = states.iter().map(|state| state.h().clone()).collect();
    let expected = Tensor::stack(&out, 0)?.reshape((rows.count(), cells))?;
    let expected_gradients = squares(&expected)?.backward()?;

    let bias = (vars["bias_ih_l0"].as_tensor() + vars["bias_hh_l0"].as_tensor())?;
    let (input, recurrent) = (&vars["weight_ih_l0"], &vars["weight_hh_l0"]);
    let layer = LstmWeights { input, recurrent, bias: &bias, needs_input: true };
    let starts = Arc::new(vec![false; rows.count()]);
    let (out, state) = lstm(&x, layer, rows, &starts, &LstmState::default())?;
    let gradients = squares(&out)?.backward()?;

    close(&flat(&out), &flat(&expected), 1e-5);
    let last = states.last().expect("a state");
    close(&state.hidden, &flat(last.h()), 1e-5);
    close(&state.cell, &flat(last.c()), 1e-5);
    for var in names.iter().map(|name| &vars[*name]).chain([&x]) {
        let (ours, theirs) = (gradients.get(var), expected_gradients.get(var));
        close(&flat(ours.expect("ours")), &flat(theirs.expect("theirs")), 1e-4);
    }
    Ok(())
}

#[test]
fn two_halves_with_the_state_between_equal_the_whole() -> candle_core::Result<()> {
    let rows = Rows { parts: 2, steps: 6, lanes: 2 };
    let half = Rows { steps: 3, ..rows };
    let (x, input) = (var(&[rows.count(), 3], 1), var(&[16, 3], 2));
    let (recurrent, bias) = (var(&[16, 4], 3), var(&[16], 4));
    let layer =
        LstmWeights { input: &input, recurrent: &recurrent, bias: &bias, needs_input: true };
    let none = |rows: Rows| Arc::new(vec![false; rows.count()]);
    let (whole, end) = lstm(&x, layer, rows, &none(rows), &LstmState::default())?;
    let values = flat(&x);
    let cut = |from: usize| {
        let mut part = vec![0.0; half.count() * 3];
        for lane in 0..4 {
            for step in 0..3 {
                let (to, at) = (half.row(lane, step) * 3, rows.row(lane, from + step) * 3);
                part[to..to + 3].copy_from_slice(&values[at..at + 3]);
            }
        }
        Tensor::from_vec(part, (half.count(), 3), &Device::Cpu)
    };
    let (_, middle) = lstm(&cut(0)?, layer, half, &none(half), &LstmState::default())?;
    let (second, last) = lstm(&cut(3)?, layer, half, &none(half), &middle)?;
    // Products of different sizes may round differently.
    close(&last.hidden, &end.hidden, 1e-6);
    close(&last.cell, &end.cell, 1e-6);
    let (whole, second) = (flat(&whole), flat(&second));
    for lane in 0..4 {
        for step in 0..3 {
            let (a, b) = (rows.row(lane, 3 + step) * 4, half.row(lane, step) * 4);
            close(&whole[a..a + 4], &second[b..b + 4], 1e-6);
        }
    }
    Ok(())
}

#[test]
fn reference_gradients_match_finite_differences() {
    use crate::model::feel::{CLASS_OUTPUTS, FEEL_LOGITS};
    let outputs = var(&[2, 2 * CLASS_OUTPUTS], 11);
    let references = Arc::new(vec![
        [Some((3, 39)), None],
        [None, None],
        [Some((31, 0)), Some((0, 20))],
        [None, Some((16, 16))],
    ]);
    let added = || super::reference_logits::add_references(&outputs, &references);
    assert_eq!(added().expect("logits").dims(), [2, 2 * FEEL_LOGITS]);
    check(&[&outputs], || squares(&added()?));
}
