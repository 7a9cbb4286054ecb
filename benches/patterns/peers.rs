//! What simpler learners reach on the same requests in the same orders.

use std::collections::HashMap;

use anyhow::Result;
use mcp_patterns::Recommender;

use crate::data::{Data, Dice, words};
use crate::learning::{ALWAYS, Tenths, order, row};

pub(crate) fn measure(data: &Data, seeds: u64) -> Result<()> {
    row("peer: Thompson sampling without context", &all(seeds, |seed| thompson(data, seed)))?;
    row("peer: static plus logistic weights, word × tool", &all(seeds, |seed| logistic(data, seed)))
}

fn all(seeds: u64, one: impl Fn(u64) -> Tenths) -> Vec<Tenths> {
    (1..=seeds).map(one).collect()
}

/// A Beta distribution for each tool.
fn thompson(data: &Data, seed: u64) -> Tenths {
    let mut dice = Dice::new(seed + 1000);
    let mut counts = vec![(1.0f64, 1.0f64); data.tools.len()];
    let asked = order(&data.asked, seed);
    let mut tenths = Tenths::default();
    for (at, of) in asked.iter().enumerate() {
        let mut best = (0, f64::NEG_INFINITY);
        for (tool, (yes, no)) in counts.iter().enumerate() {
            // A normal variable of the same mean and variance is near enough after a few answers.
            let (n, mean) = (yes + no, yes / (yes + no));
            let normal =
                (-2.0 * dice.roll().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * dice.roll()).cos();
            let draw = mean + normal * (mean * (1.0 - mean) / (n + 1.0)).sqrt();
            if draw > best.1 {
                best = (tool, draw);
            }
        }
        let right = data.tools[best.0].id == of.tool;
        tenths.count(at, asked.len(), right);
        *(if right { &mut counts[best.0].0 } else { &mut counts[best.0].1 }) += 1.0;
    }
    tenths
}

/// The static score, and a weight for each word and tool that is learned from the shown tool alone.
fn logistic(data: &Data, seed: u64) -> Tenths {
    let fixed = Recommender::new(data.catalog(false)).abstention(ALWAYS);
    let mut weights: HashMap<(String, String), f32> = HashMap::new();
    let asked = order(&data.asked, seed);
    let mut tenths = Tenths::default();
    for (at, of) in asked.iter().enumerate() {
        let mut terms: Vec<String> = words(&of.query).collect();
        terms.sort();
        terms.dedup();
        let strength = 1.0 / (terms.len().max(1) as f32).sqrt();
        let score = |tool: &str, weights: &HashMap<(String, String), f32>| {
            let weight =
                |term: &String| weights.get(&(term.clone(), tool.to_owned())).copied().unwrap_or(0.0);
            terms.iter().map(weight).sum::<f32>() * strength
        };
        let found = fixed.search(&of.query, 40);
        let best = found
            .iter()
            .map(|(entry, base)| (entry.id.as_str(), base + score(&entry.id, &weights)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((tool, score)) = best else { continue };
        let right = tool == of.tool;
        tenths.count(at, asked.len(), right);
        let error = f32::from(u8::from(right)) - 1.0 / (1.0 + (3.0 - score).exp());
        for term in &terms {
            *weights.entry((term.clone(), tool.to_owned())).or_default() += 1.5 * error * strength;
        }
    }
    tenths
}
