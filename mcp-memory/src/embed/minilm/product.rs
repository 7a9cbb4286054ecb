//! Products of matrices: what nearly all of the time goes to.
//!
//! A weight is laid out once, in panels as wide as two registers; six rows at a time are multiplied with a panel, so that twelve
//! registers of sums are kept and nothing else is written (Goto, van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).

use pulp::{Arch, Simd, WithSimd};

/// Rows that are multiplied at a time.
const ROWS: usize = 6;

/// The right side of a product, laid out for it, and what is added to each column.
#[derive(Debug)]
pub(super) struct Packed {
    outer: usize,
    inner: usize,
    panels: Vec<f32>,
    bias: Vec<f32>,
}

impl Packed {
    /// From what stands at a column and a row.
    pub(super) fn new(outer: usize, inner: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let width = Arch::new().dispatch(Width);
        let columns = outer.next_multiple_of(width);
        let mut panels = Vec::with_capacity(columns * inner);
        for first in (0..columns).step_by(width) {
            for row in 0..inner {
                let cell = |column| if column < outer { at(column, row) } else { 0.0 };
                panels.extend((first..first + width).map(cell));
            }
        }
        Self { outer, inner, panels, bias: vec![0.0; columns] }
    }

    /// From the weights of a layer, a row for each number that comes out.
    pub(super) fn linear(weights: &[f32], bias: &[f32]) -> Self {
        let (outer, inner) = (bias.len(), weights.len() / bias.len().max(1));
        let at = |column: usize, row: usize| weights.get(column * inner + row).copied().unwrap_or_default();
        let mut packed = Self::new(outer, inner, at);
        packed.bias.iter_mut().zip(bias).for_each(|(to, from)| *to = *from);
        packed
    }

    /// Multiplies rows with it.
    pub(super) fn times(&self, rows: &[f32]) -> Vec<f32> {
        let count = rows.len() / self.inner.max(1);
        let mut left = Vec::with_capacity(count.div_ceil(ROWS) * self.inner);
        for tile in rows.chunks(ROWS * self.inner.max(1)) {
            left.extend((0..self.inner).map(|at| {
                std::array::from_fn(|row| tile.get(row * self.inner + at).copied().unwrap_or_default())
            }));
        }
        let mut out = vec![0.0; count * self.outer];
        Arch::new().dispatch(Product { left: &left, right: self, out: &mut out });
        out
    }
}

/// How wide a panel is.
struct Width;

impl WithSimd for Width {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        2 * S::F32_LANES
    }
}

struct Product<'a> {
    left: &'a [[f32; ROWS]],
    right: &'a Packed,
    out: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Packed { outer, inner, panels, bias } = self.right;
        let width = 2 * S::F32_LANES;
        let panels = panels.chunks_exact((inner * width).max(1)).zip(bias.chunks_exact(width));
        for (first, (panel, bias)) in (0..*outer).step_by(width).zip(panels) {
            let (panel, bias) = (S::as_simd_f32s(panel).0, S::as_simd_f32s(bias).0);
            let start = bias.first_chunk().copied().unwrap_or([simd.splat_f32s(0.0); 2]);
            let columns = width.min(outer - first);
            for (tile, left) in self.left.chunks_exact((*inner).max(1)).enumerate() {
                let sums = tile_of(simd, left, panel.as_chunks().0, start);
                for (row, sums) in sums.iter().enumerate() {
                    let at = (tile * ROWS + row) * outer + first;
                    if let Some(out) = self.out.get_mut(at..at + columns) {
                        let sums: &[f32] = bytemuck::cast_slice(sums);
                        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = *sum);
                    }
                }
            }
        }
    }
}

/// Six rows of a panel's columns.
#[inline(always)]
fn tile_of<S: Simd>(
    simd: S,
    left: &[[f32; ROWS]],
    panel: &[[S::f32s; 2]],
    start: [S::f32s; 2],
) -> [[S::f32s; 2]; ROWS] {
    let mut sums = [start; ROWS];
    for (column, [first, second]) in left.iter().zip(panel) {
        for ([one, other], value) in sums.iter_mut().zip(column) {
            let value = simd.splat_f32s(*value);
            *one = simd.mul_add_f32s(value, *first, *one);
            *other = simd.mul_add_f32s(value, *second, *other);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_those_of_the_definition(
            count in 0usize..20, outer in 1usize..40, inner in 1usize..40, seed in any::<u32>(),
        ) {
            let cell = |at: usize| ((at as u32 ^ seed).wrapping_mul(2_654_435_761) >> 24) as f32 / 64.0 - 2.0;
            let rows: Vec<f32> = (0..count * inner).map(cell).collect();
            let weights: Vec<f32> = (0..outer * inner).map(|at| cell(at + 7_919)).collect();
            let bias: Vec<f32> = (0..outer).map(|at| cell(at + 104_729)).collect();
            let found = Packed::linear(&weights, &bias).times(&rows);
            prop_assert_eq!(found.len(), count * outer);
            for (at, found) in found.into_iter().enumerate() {
                let (row, column) = (&rows[at / outer * inner..], &weights[at % outer * inner..]);
                let sum: f32 = row.iter().zip(column).take(inner).map(|(a, b)| a * b).sum();
                prop_assert!((found - sum - bias[at % outer]).abs() < 1e-3, "{found} at {at}");
            }
        }
    }
}
