//! The network: Vaswani and others, "Attention Is All You Need", 2017, as BERT has it.
//!
//! Texts of a batch lie end to end, each row a word piece: layers see rows, and only attention asks which belong together. So nothing is
//! padded, and nothing is computed for padding.

use super::Unusable;
use super::lanes::{add, gelu, normalize, softmax};
use super::product::Packed;
use super::tensors::Tensors;

/// How large a network is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Numbers for each word piece.
    pub(super) hidden: usize,
    /// Numbers between the two halves of a layer.
    pub(super) inner: usize,
    pub(super) heads: usize,
    pub(super) layers: usize,
    /// Word pieces that there are positions for.
    pub(super) positions: usize,
}

/// What a variance is at least.
const EPSILON: f32 = 1e-12;

#[derive(Debug)]
pub(super) struct Network {
    shape: Shape,
    words: Vec<f32>,
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    /// Query, key and value side by side.
    asked: Packed,
    attended: Packed,
    attended_norm: Norm,
    widened: Packed,
    narrowed: Packed,
    narrowed_norm: Norm,
}

#[derive(Debug)]
struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Network {
    /// Reads a network that has so many word pieces.
    pub(super) fn read(tensors: &mut Tensors, shape: Shape, pieces: usize) -> Result<Self, Unusable> {
        let hidden = shape.hidden;
        let words = tensors.take("embeddings.word_embeddings.weight", &[pieces, hidden])?;
        let mut positions =
            tensors.take("embeddings.position_embeddings.weight", &[shape.positions, hidden])?;
        let kinds = tensors.take("embeddings.token_type_embeddings.weight", &[2, hidden])?;
        // All texts are of the first kind.
        positions.chunks_exact_mut(hidden).for_each(|row| add(row, &kinds));
        let norm = Norm::read(tensors, "embeddings.LayerNorm", hidden)?;
        let layers = (0..shape.layers).map(|number| Layer::read(tensors, number, shape));
        let layers = layers.collect::<Result<_, _>>()?;
        Ok(Self { shape, words, positions, norm, layers })
    }

    /// The mean of what comes out for the pieces of each text.
    pub(super) fn means(&self, texts: &[&[u32]]) -> Vec<Vec<f32>> {
        let hidden = self.shape.hidden;
        let lengths: Vec<usize> = texts.iter().map(|pieces| pieces.len() * hidden).collect();
        let mut rows = self.start(texts);
        for layer in &self.layers {
            rows = layer.pass(&rows, &lengths, self.shape);
        }
        split(&rows, &lengths).map(|text| mean(text, hidden)).collect()
    }

    fn start(&self, texts: &[&[u32]]) -> Vec<f32> {
        let hidden = self.shape.hidden;
        let mut rows = Vec::new();
        for pieces in texts {
            for (piece, position) in pieces.iter().zip(self.positions.chunks_exact(hidden)) {
                let word = self.words.chunks_exact(hidden).nth(*piece as usize).unwrap_or_default();
                rows.extend(word.iter().zip(position).map(|(word, position)| word + position));
            }
        }
        self.norm.apply(&mut rows);
        rows
    }
}

impl Layer {
    fn read(tensors: &mut Tensors, number: usize, shape: Shape) -> Result<Self, Unusable> {
        let (hidden, inner) = (shape.hidden, shape.inner);
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for part in ["query", "key", "value"] {
            let part = name(&format!("attention.self.{part}"));
            weights.extend(tensors.take(&format!("{part}.weight"), &[hidden, hidden])?);
            biases.extend(tensors.take(&format!("{part}.bias"), &[hidden])?);
        }
        Ok(Self {
            asked: Packed::linear(&weights, &biases),
            attended: linear(tensors, &name("attention.output.dense"), hidden, hidden)?,
            attended_norm: Norm::read(tensors, &name("attention.output.LayerNorm"), hidden)?,
            widened: linear(tensors, &name("intermediate.dense"), inner, hidden)?,
            narrowed: linear(tensors, &name("output.dense"), hidden, inner)?,
            narrowed_norm: Norm::read(tensors, &name("output.LayerNorm"), hidden)?,
        })
    }

    fn pass(&self, rows: &[f32], lengths: &[usize], shape: Shape) -> Vec<f32> {
        let asked = self.asked.times(rows);
        let thrice: Vec<usize> = lengths.iter().map(|length| 3 * length).collect();
        let mut context = Vec::with_capacity(rows.len());
        split(&asked, &thrice).for_each(|text| context.extend(attention(text, shape)));
        let mut middle = self.attended.times(&context);
        add(&mut middle, rows);
        self.attended_norm.apply(&mut middle);
        let mut wide = self.widened.times(&middle);
        gelu(&mut wide);
        let mut out = self.narrowed.times(&wide);
        add(&mut out, &middle);
        self.narrowed_norm.apply(&mut out);
        out
    }
}

/// What the pieces of one text take from each other. A row holds a query, a key and a value.
fn attention(asked: &[f32], shape: Shape) -> Vec<f32> {
    let (hidden, size) = (shape.hidden, shape.hidden / shape.heads);
    let count = asked.len() / (3 * hidden);
    let scale = 1.0 / (size as f32).sqrt();
    let mut context = vec![0.0; count * hidden];
    for head in 0..shape.heads {
        let at = |part: usize, row: usize, cell: usize| {
            asked.get((row * 3 + part) * hidden + head * size + cell).copied().unwrap_or_default()
        };
        let query: Vec<f32> = (0..count * size).map(|cell| at(0, cell / size, cell % size) * scale).collect();
        let mut shares = Packed::new(count, size, |row, cell| at(1, row, cell)).times(&query);
        softmax(&mut shares, count);
        let values = Packed::new(size, count, |cell, row| at(2, row, cell)).times(&shares);
        for (to, from) in context.chunks_exact_mut(hidden).zip(values.chunks_exact(size)) {
            to.iter_mut().skip(head * size).zip(from).for_each(|(to, from)| *to = *from);
        }
    }
    context
}

impl Norm {
    fn read(tensors: &mut Tensors, name: &str, size: usize) -> Result<Self, Unusable> {
        let weight = tensors.take(&format!("{name}.weight"), &[size])?;
        Ok(Self { weight, bias: tensors.take(&format!("{name}.bias"), &[size])? })
    }

    fn apply(&self, rows: &mut [f32]) {
        normalize(rows, &self.weight, &self.bias, EPSILON);
    }
}

fn linear(tensors: &mut Tensors, name: &str, outer: usize, inner: usize) -> Result<Packed, Unusable> {
    let weights = tensors.take(&format!("{name}.weight"), &[outer, inner])?;
    Ok(Packed::linear(&weights, &tensors.take(&format!("{name}.bias"), &[outer])?))
}

/// Rows, text by text.
fn split<'a>(mut rows: &'a [f32], lengths: &'a [usize]) -> impl Iterator<Item = &'a [f32]> {
    lengths.iter().map(move |length| {
        let (text, rest) = rows.split_at_checked(*length).unwrap_or_default();
        rows = rest;
        text
    })
}

fn mean(rows: &[f32], hidden: usize) -> Vec<f32> {
    let mut sum = vec![0.0; hidden];
    rows.chunks_exact(hidden).for_each(|row| add(&mut sum, row));
    let share = hidden as f32 / rows.len().max(1) as f32;
    sum.iter_mut().for_each(|value| *value *= share);
    sum
}
