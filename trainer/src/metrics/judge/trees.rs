//! Extremely randomised trees (Geurts, Ernst and Wehenkel 2006): a classifier without tuning that
//! tolerates many uninformative features.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

/// Maximum number of classes.
const CLASSES: usize = 20;

/// Value of `Node::feature` in a leaf.
const LEAF: u16 = u16::MAX;

/// Linear map of each feature to a byte, from its range among reference rows.
#[derive(Debug)]
pub(crate) struct FeatureScale {
    /// Minimum and bytes per unit, by feature.
    ranges: Vec<(f32, f32)>,
}

impl FeatureScale {
    /// Finds the range of each feature. All rows have the same length.
    pub(crate) fn of(rows: &[Vec<f32>]) -> FeatureScale {
        let features = rows.first().map_or(0, Vec::len);
        let range = |feature: usize| {
            let values = rows.iter().map(|row| row[feature]);
            let least = values.clone().fold(f32::INFINITY, f32::min);
            let most = values.fold(f32::NEG_INFINITY, f32::max);
            (least, if most > least { 255.0 / (most - least) } else { 0.0 })
        };
        FeatureScale { ranges: (0..features).into_par_iter().map(range).collect() }
    }
}

/// Features of samples as bytes, one column per feature.
#[derive(Debug)]
pub(crate) struct FeatureTable {
    columns: Vec<Vec<u8>>,
}

impl FeatureTable {
    /// Scales rows. Values outside the reference range are clamped.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(crate) fn new(scale: &FeatureScale, rows: &[Vec<f32>]) -> FeatureTable {
        let column = |(feature, (least, gain)): (usize, &(f32, f32))| {
            let byte = |row: &Vec<f32>| ((row[feature] - least) * gain).round() as u8;
            rows.iter().map(byte).collect()
        };
        FeatureTable { columns: scale.ranges.par_iter().enumerate().map(column).collect() }
    }
}

/// Parameters of a forest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForestParams {
    /// Number of trees.
    pub trees: u64,
    /// Random splits per node, each of another feature, of which the best is kept.
    pub candidates: usize,
    /// Minimum number of samples in a leaf.
    pub leaf: usize,
    /// Seed of the random splits.
    pub seed: u64,
}

/// Training samples: rows of a table and the class of each, below [`CLASSES`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrainingSet<'a> {
    pub table: &'a FeatureTable,
    /// Number of leading columns in use.
    pub features: usize,
    pub rows: &'a [usize],
    pub labels: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
struct Node {
    feature: u16,
    /// Samples up to this value go to the first child.
    threshold: u8,
    /// Index of the first of the two children; in a leaf: index into the list of shares.
    next: usize,
}

/// A tree: nodes, and the class shares of the leaves.
#[derive(Debug)]
struct Tree {
    nodes: Vec<Node>,
    shares: Vec<[f32; CLASSES]>,
}

/// A fitted forest.
#[derive(Debug)]
pub(crate) struct Forest {
    trees: Vec<Tree>,
}

impl Forest {
    /// Grows the trees in parallel. The result depends on the arguments alone.
    pub(crate) fn fit(set: TrainingSet<'_>, params: ForestParams) -> Forest {
        let tree = |number: u64| {
            let mut draws = ChaCha8Rng::seed_from_u64(params.seed);
            draws.set_stream(number);
            TreeBuilder::new(set, params, draws).grow()
        };
        Forest { trees: (0..params.trees).into_par_iter().map(tree).collect() }
    }

    /// Returns the mean class shares of the leaves of a row.
    pub(crate) fn shares(&self, table: &FeatureTable, row: usize) -> [f32; CLASSES] {
        let mut all = [0.0; CLASSES];
        for tree in &self.trees {
            let mut node = tree.nodes[0];
            while node.feature != LEAF {
                let right = table.columns[usize::from(node.feature)][row] > node.threshold;
                node = tree.nodes[node.next + usize::from(right)];
            }
            for (sum, share) in all.iter_mut().zip(tree.shares[node.next]) {
                *sum += share / self.trees.len() as f32;
            }
        }
        all
    }
}

/// State of one growing tree.
struct TreeBuilder<'a> {
    set: TrainingSet<'a>,
    params: ForestParams,
    draws: ChaCha8Rng,
    /// Rows of the samples; those of a node are contiguous, in ascending order.
    rows: Vec<usize>,
    /// Classes of the samples.
    labels: Vec<u8>,
    /// Bytes of one feature of a node's samples.
    bytes: Vec<u8>,
    /// Samples of the second child while a node is split.
    aside: Vec<(usize, u8)>,
    /// Permutation of the features. Those that are constant in a node, and so in all nodes below,
    /// come last, after its `active` ones.
    features: Vec<u16>,
    tree: Tree,
}

/// A node to grow: its samples, and the number of features that may vary.
struct PendingNode {
    node: usize,
    start: usize,
    end: usize,
    active: usize,
}

impl<'a> TreeBuilder<'a> {
    fn new(set: TrainingSet<'a>, params: ForestParams, draws: ChaCha8Rng) -> Self {
        let samples = set.rows.iter().copied().zip(set.labels.iter().copied());
        let mut samples: Vec<(usize, u8)> = samples.collect();
        samples.sort_unstable();
        TreeBuilder {
            set,
            params,
            draws,
            rows: samples.iter().map(|sample| sample.0).collect(),
            labels: samples.iter().map(|sample| sample.1).collect(),
            bytes: vec![0; samples.len()],
            aside: Vec::with_capacity(samples.len()),
            features: (0u16..).take(set.features).collect(),
            tree: Tree { nodes: Vec::new(), shares: Vec::new() },
        }
    }

    fn grow(mut self) -> Tree {
        let unknown = Node { feature: LEAF, threshold: 0, next: 0 };
        self.tree.nodes.push(unknown);
        let (end, active) = (self.rows.len(), self.features.len());
        let mut pending = vec![PendingNode { node: 0, start: 0, end, active }];
        // Depth first: between two siblings only descendants of the first are grown, which permute
        // no more features than the second one counts as active.
        while let Some(mut at) = pending.pop() {
            let counts = self.counts(at.start, at.end);
            let pure = counts.iter().filter(|count| **count > 0.0).count() < 2;
            let split = if pure { None } else { self.split(&mut at, &counts) };
            let Some((feature, threshold)) = split else {
                let all: f32 = counts.iter().sum();
                let next = self.tree.shares.len();
                self.tree.nodes[at.node] = Node { next, ..unknown };
                self.tree.shares.push(counts.map(|count| count / all));
                continue;
            };
            let middle = self.partition(&at, feature, threshold);
            let next = self.tree.nodes.len();
            self.tree.nodes[at.node] = Node { feature, threshold, next };
            self.tree.nodes.extend([unknown; 2]);
            pending.push(PendingNode { node: next, end: middle, ..at });
            pending.push(PendingNode { node: next + 1, start: middle, ..at });
        }
        self.tree
    }

    fn counts(&self, start: usize, end: usize) -> [f32; CLASSES] {
        let mut counts = [0.0; CLASSES];
        for &label in &self.labels[start..end] {
            counts[usize::from(label)] += 1.0;
        }
        counts
    }

    /// Returns the best of the random splits by Gini impurity; `None` if no feature splits the
    /// node.
    fn split(&mut self, at: &mut PendingNode, counts: &[f32; CLASSES]) -> Option<(u16, u8)> {
        let all: f32 = counts.iter().sum();
        let least = self.params.leaf as f32;
        let mut best = (f32::NEG_INFINITY, None);
        let mut seen = 0;
        while seen < at.active && seen < self.params.candidates {
            let drawn = self.draws.random_range(seen..at.active);
            let feature = self.features[drawn];
            let column = &self.set.table.columns[usize::from(feature)];
            let bytes = &mut self.bytes[..at.end - at.start];
            for (byte, &row) in bytes.iter_mut().zip(&self.rows[at.start..at.end]) {
                *byte = column[row];
            }
            let low = bytes.iter().fold(u8::MAX, |low, &byte| low.min(byte));
            let high = bytes.iter().fold(0, |high, &byte| high.max(byte));
            if low == high {
                at.active -= 1;
                self.features.swap(drawn, at.active);
                continue;
            }
            self.features.swap(drawn, seen);
            seen += 1;
            let threshold = self.draws.random_range(low..high);
            let left = left_counts(bytes, &self.labels[at.start..at.end], threshold, counts);
            let size: f32 = left.iter().sum();
            if size < least || all - size < least {
                continue;
            }
            let squares = |part: [f32; CLASSES]| part.iter().map(|n| n * n).sum::<f32>();
            let right = std::array::from_fn(|class| counts[class] - left[class]);
            let gain = squares(left) / size + squares(right) / (all - size);
            if gain > best.0 {
                best = (gain, Some((feature, threshold)));
            }
        }
        best.1
    }

    /// Moves the samples of the first child to the front, and returns the start of the second.
    fn partition(&mut self, at: &PendingNode, feature: u16, threshold: u8) -> usize {
        let column = &self.set.table.columns[usize::from(feature)];
        self.aside.clear();
        let mut middle = at.start;
        for place in at.start..at.end {
            let (row, label) = (self.rows[place], self.labels[place]);
            if column[row] <= threshold {
                (self.rows[middle], self.labels[middle]) = (row, label);
                middle += 1;
            } else {
                self.aside.push((row, label));
            }
        }
        for (place, &(row, label)) in (middle..).zip(&self.aside) {
            (self.rows[place], self.labels[place]) = (row, label);
        }
        middle
    }
}

/// Returns the number of samples of each class up to the threshold, given those of the node;
/// written so that it vectorises.
fn left_counts(bytes: &[u8], labels: &[u8], threshold: u8, all: &[f32; CLASSES]) -> [f32; CLASSES] {
    let mut left = [0.0; CLASSES];
    for (class, left) in (0u8..).zip(&mut left) {
        if all[usize::from(class)] == 0.0 {
            continue;
        }
        // Sums of at most 255 fit a byte.
        for (bytes, labels) in bytes.chunks(255).zip(labels.chunks(255)) {
            let part = bytes.iter().zip(labels).fold(0u8, |sum, (&byte, &label)| {
                sum + (u8::from(byte <= threshold) & u8::from(label == class))
            });
            *left += f32::from(part);
        }
    }
    left
}

/// Area under the ROC curve: the probability that a positive scores above a negative; ties count
/// half.
pub(crate) fn roc_area(positive: &[f32], negative: &[f32]) -> f64 {
    let mut all: Vec<(f32, bool)> = positive.iter().map(|score| (*score, true)).collect();
    all.extend(negative.iter().map(|score| (*score, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut wins, mut below) = (0.0, 0.0);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let positives = tied.iter().filter(|(_, positive)| *positive).count() as f64;
        let negatives = tied.len() as f64 - positives;
        wins += positives * (below + 0.5 * negatives);
        below += negatives;
    }
    wins / (positive.len() * negative.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: ForestParams = ForestParams { trees: 60, candidates: 4, leaf: 1, seed: 1 };

    /// Noise in twelve features, with `signal` times the label added to the last one.
    fn noise(count: usize, signal: f32, seed: u64) -> (Vec<Vec<f32>>, Vec<u8>) {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        let labels: Vec<u8> = (0u8..2).cycle().take(count).collect();
        let row = |label: &u8| {
            let mut row: Vec<f32> = (0..12).map(|_| draws.random_range(0.0..1.0)).collect();
            row[11] += signal * f32::from(*label);
            row
        };
        (labels.iter().map(row).collect(), labels)
    }

    /// Area of a forest trained on half of the rows and tested on the others.
    fn area(signal: f32) -> f64 {
        let (rows, labels) = noise(400, signal, 7);
        let table = FeatureTable::new(&FeatureScale::of(&rows), &rows);
        let learn: Vec<usize> = (0..200).collect();
        let set = TrainingSet { table: &table, features: 12, rows: &learn, labels: &labels[..200] };
        let forest = Forest::fit(set, PARAMS);
        let score = |label: u8| -> Vec<f32> {
            let tested = (200..400).filter(|&row| labels[row] == label);
            tested.map(|row| forest.shares(&table, row)[1]).collect()
        };
        roc_area(&score(1), &score(0))
    }

    #[test]
    fn a_forest_finds_the_informative_feature() {
        let (alike, weak, other) = (area(0.0), area(0.5), area(2.0));
        assert!((0.38..0.62).contains(&alike), "{alike}");
        assert!((0.75..0.99).contains(&weak), "{weak}");
        assert!(other > 0.999, "{other}");
    }

    #[test]
    fn a_forest_separates_three_classes_by_the_leading_features() {
        let rows: Vec<Vec<f32>> =
            (0u8..90).map(|n| vec![f32::from(n % 7), f32::from(n / 30)]).collect();
        let labels: Vec<u8> = (0..90).map(|n| n / 30).collect();
        let table = FeatureTable::new(&FeatureScale::of(&rows), &rows);
        let all: Vec<usize> = (0..90).collect();
        let fit = |features| {
            let set = TrainingSet { table: &table, features, rows: &all, labels: &labels };
            Forest::fit(set, PARAMS)
        };
        let right = |forest: &Forest| {
            let correct = |&row: &usize| forest.shares(&table, row)[usize::from(labels[row])] > 0.9;
            all.iter().copied().filter(correct).count()
        };
        assert_eq!(right(&fit(2)), 90);
        assert_eq!(right(&fit(1)), 0);
    }

    #[test]
    fn leaves_have_the_minimum_size() {
        let (rows, labels) = noise(100, 0.3, 3);
        let table = FeatureTable::new(&FeatureScale::of(&rows), &rows);
        let all: Vec<usize> = (0..100).collect();
        let set = TrainingSet { table: &table, features: 12, rows: &all, labels: &labels };
        let leaves = |leaf| {
            let forest = Forest::fit(set, ForestParams { leaf, ..PARAMS });
            forest.trees.iter().map(|tree| tree.shares.len()).max().unwrap_or(0)
        };
        assert!(leaves(20) <= 5);
        assert!(leaves(1) > 20);
    }

    #[test]
    fn values_outside_the_reference_are_clamped() {
        let scale = FeatureScale::of(&[vec![0.0, 3.0], vec![2.0, 3.0]]);
        let table = FeatureTable::new(&scale, &[vec![-1.0, 9.0], vec![1.0, 3.0], vec![5.0, 0.0]]);
        assert_eq!(table.columns, [[0, 128, 255], [0, 0, 0]]);
    }

    #[test]
    fn roc_area_is_the_probability_of_the_right_order() {
        assert!((roc_area(&[0.9, 0.8], &[0.1]) - 1.0).abs() < 1e-9);
        assert!((roc_area(&[0.5], &[0.5]) - 0.5).abs() < 1e-9);
        assert!(roc_area(&[0.1], &[0.9]).abs() < 1e-9);
        assert!((roc_area(&[0.2, 0.8], &[0.1, 0.5, 0.8]) - 3.5 / 6.0).abs() < 1e-9);
    }
}
