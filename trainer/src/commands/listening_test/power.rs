//! Number of answers that a test of a share needs.
//!
//! For one share against a fixed one, with the normal approximation (J. L. Fleiss, B. Levin,
//! M. C. Paik, "Statistical Methods for Rates and Proportions", 3rd edition, 2003, chapter 2):
//! `n = ((z_a sqrt(p0 q0) + z_b sqrt(p1 q1)) / (p1 - p0))^2`.

/// Standard normal quantiles of .95 (one-sided level .05), .8 (power), and .9 (power .8 of two
/// one-sided tests).
const Z_95: f64 = 1.644_854;
const Z_80: f64 = 0.841_621;
const Z_90: f64 = 1.281_552;

/// Answers that show with power .8, at the one-sided level .05, that a share is above one half if it
/// is `share`.
pub(super) fn answers_to_tell(share: f64) -> f64 {
    let spread = Z_95 * 0.5 + Z_80 * (share * (1.0 - share)).sqrt();
    (spread / (share - 0.5)).powi(2).ceil()
}

/// Answers that show with power .8, by two one-sided tests at the level .05, that a share is within
/// `margin` of one half if it is one half.
pub(super) fn answers_to_equate(margin: f64) -> f64 {
    ((Z_95 + Z_90).powi(2) * 0.25 / (margin * margin)).ceil()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_formula() {
        // By hand: (1.6449 * .5 + .8416 * sqrt(.24))^2 / .01 = 1.2347^2 / .01 = 152.5.
        assert!((answers_to_tell(0.6) - 153.0).abs() < 1e-9);
        assert!((answers_to_tell(0.75) - 23.0).abs() < 1e-9);
        // 2.9264^2 * .25 / .01 = 214.1.
        assert!((answers_to_equate(0.1) - 215.0).abs() < 1e-9);
    }
}
