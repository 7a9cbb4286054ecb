//! Functions of many numbers, in loops that the compiler turns into instructions for several at once.

use std::f32::consts::{LN_2, LOG2_E, SQRT_2};

use pulp::{Arch, NullaryFnOnce};

/// Sums that are kept apart, so that one need not wait for the other.
const LANES: usize = 16;

/// Each row to mean 0 and variance 1, then stretched and moved.
pub(super) fn normalize(rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    struct Normalize<'a>(&'a mut [f32], &'a [f32], &'a [f32], f32);
    impl NullaryFnOnce for Normalize<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self(rows, weight, bias, epsilon) = self;
            let share = 1.0 / weight.len().max(1) as f32;
            for row in rows.chunks_exact_mut(weight.len().max(1)) {
                let mean = sum(row, |value| value) * share;
                row.iter_mut().for_each(|value| *value -= mean);
                let variance = sum(row, |value| value * value) * share;
                let scale = 1.0 / (variance + epsilon).sqrt();
                for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
                    *value = *value * scale * weight + bias;
                }
            }
        }
    }
    Arch::new().dispatch(Normalize(rows, weight, bias, epsilon));
}

/// Each row to shares that add up to 1.
pub(super) fn softmax(rows: &mut [f32], width: usize) {
    struct Softmax<'a>(&'a mut [f32], usize);
    impl NullaryFnOnce for Softmax<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            for row in self.0.chunks_exact_mut(self.1.max(1)) {
                let highest = fold(row, f32::NEG_INFINITY, |value| value, |a, b| if a > b { a } else { b });
                row.iter_mut().for_each(|value| *value = exp(*value - highest));
                let scale = 1.0 / sum(row, |value| value);
                row.iter_mut().for_each(|value| *value *= scale);
            }
        }
    }
    Arch::new().dispatch(Softmax(rows, width));
}

/// Each number times the share of a normal distribution below it (GELU: Hendrycks, Gimpel, 2016).
pub(super) fn gelu(values: &mut [f32]) {
    struct Gelu<'a>(&'a mut [f32]);
    impl NullaryFnOnce for Gelu<'_> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            self.0.iter_mut().for_each(|value| *value *= 0.5 * (1.0 + erf(*value / SQRT_2)));
        }
    }
    Arch::new().dispatch(Gelu(values));
}

/// Adds numbers to numbers.
pub(super) fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}

/// Scales to length 1; what is 0 stays 0.
pub(super) fn to_unit(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

/// Maps and joins in lanes, in an order that does not depend on the processor.
#[inline(always)]
fn fold(values: &[f32], start: f32, map: impl Fn(f32) -> f32, join: impl Fn(f32, f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane = join(*lane, map(*value)));
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, value)| *lane = join(*lane, map(*value)));
    lanes.into_iter().fold(start, join)
}

/// The sum of what numbers are mapped to.
#[inline(always)]
fn sum(values: &[f32], map: impl Fn(f32) -> f32) -> f32 {
    fold(values, 0.0, map, |a, b| a + b)
}

/// A power of two and a series for the rest; off by less than 3e-7 of itself.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// 1.5 · 2^23: what is added to it is rounded to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * LOG2_E + ROUND;
    let rest = x - (shifted - ROUND) * LN_2;
    let series = 1.0
        + rest
            * (1.0
                + rest
                    * (1.0 / 2.0
                        + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0 + rest / 720.0)))));
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// Off by less than 5e-7: Abramowitz, Stegun, "Handbook of Mathematical Functions", 7.1.26.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let size = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let series =
        t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    (1.0 - series * exp(-size * size)).copysign(x)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_error_function_is_that_of_the_tables() {
        for (x, expect) in [
            (0.0, 0.0),
            (0.1, 0.112_462_9),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.0, 0.995_322_3),
            (9.0, 1.0),
        ] {
            assert!((erf(x) - expect).abs() < 5e-7 && (erf(-x) + expect).abs() < 5e-7, "{x}: {}", erf(x));
        }
    }

    proptest! {
        #[test]
        fn powers_are_those_of_the_library(x in -87f32..88.0) {
            let expect = f64::from(x).exp();
            prop_assert!((f64::from(exp(x)) / expect - 1.0).abs() < 1e-5 , "{x}: {} {expect}", exp(x));
            if x.abs() < 8.0 {
                prop_assert!((f64::from(exp(x)) / expect - 1.0).abs() < 1e-6 , "{x}: {} {expect}", exp(x));
            }
        }

        #[test]
        fn rows_are_shares_and_normal(values in prop::collection::vec(-50f32..50.0, 1..70)) {
            let mut shares = values.clone();
            softmax(&mut shares, values.len());
            let total: f64 = values.iter().map(|value| f64::from(*value).exp()).sum();
            for (share, value) in shares.iter().zip(&values) {
                prop_assert!((f64::from(*share) - f64::from(*value).exp() / total).abs() < 2e-6);
            }
            let count = values.len();
            let mut normal = values.clone();
            normalize(&mut normal, &vec![2.0; count], &vec![1.0; count], 1e-3);
            let mean = values.iter().copied().map(f64::from).sum::<f64>() / count as f64;
            let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count as f64;
            for (normal, value) in normal.iter().zip(&values) {
                let expect = (f64::from(*value) - mean) / (variance + 1e-3).sqrt() * 2.0 + 1.0;
                prop_assert!((f64::from(*normal) - expect).abs() < 1e-2, "{normal} {expect}");
            }
        }
    }
}
