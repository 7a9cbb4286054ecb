//! Medians and percentiles.

use crate::process::to_f64;

/// The middle of some numbers, or the mean of the two in the middle; zero if there are none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// Latencies of one measurement, in nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<u64>);

impl Latencies {
    /// Adds one.
    pub(crate) fn push(&mut self, nanoseconds: u128) {
        self.0.push(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
    }

    /// Adds those of another client.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The shortest, the 50th and the 99th percentile, in microseconds; zeros if there are none.
    pub(crate) fn summary(mut self) -> [f64; 3] {
        self.0.sort_unstable();
        [0, 50, 99].map(|percent| {
            let at = self.0.len().saturating_sub(1) * percent / 100;
            self.0.get(at).map_or(0.0, |&value| to_f64(value) / 1e3)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_percentiles() {
        assert_eq!(median([3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
        assert_eq!(median([]).to_bits(), 0.0_f64.to_bits());
        let mut latencies = Latencies::default();
        (0..=100).rev().for_each(|value| latencies.push(value * 1000));
        assert_eq!(latencies.summary(), [0.0, 50.0, 99.0]);
        assert_eq!(Latencies::default().summary(), [0.0; 3]);
    }
}
