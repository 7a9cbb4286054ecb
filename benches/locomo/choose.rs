//! Which weights are best, and how good they are where they were not chosen.

use anyhow::{Context as _, Result};
use mcp_memory::Ranking;
use serde_json::Value;

use crate::{Filled, Sums, Way, result};

/// Shares of meaning.
pub(crate) const VECTOR: [f32; 5] = [0.2, 0.3, 0.4, 0.5, 0.6];
const NEIGHBOUR: [f32; 5] = [0.4, 0.5, 0.6, 0.7, 0.8];
const SESSION: [f32; 4] = [0.0, 0.1, 0.2, 0.3];

/// Weights with what they find in each conversation.
struct Tried {
    ranking: Ranking,
    each: Vec<Sums>,
}

/// The best of all; and, for each conversation, what is best in the others.
pub(crate) fn all(filled: &Filled) -> Result<Vec<Value>> {
    let mut tried = Vec::new();
    for (vector, neighbour, session) in combinations() {
        let mut ranking = Ranking::default();
        (ranking.vector, ranking.neighbour, ranking.session) = (vector, neighbour, session);
        tried.push(Tried { ranking, each: filled.measure(&Way::Ranked(ranking))? });
    }
    let best = best(&tried, None).context("no weights were tried")?;
    let mut results = vec![result(&format!("best of {}: {}", tried.len(), name(best.ranking)), &best.each)];
    let mut left_out = Vec::new();
    for conversation in 0..filled.conversations.len() {
        let best = self::best(&tried, Some(conversation)).context("no weights were tried")?;
        eprintln!("without conversation {conversation}: {}", name(best.ranking));
        left_out.extend(best.each.get(conversation));
    }
    results.push(result("chosen on the other conversations", &left_out));
    Ok(results)
}

fn combinations() -> impl Iterator<Item = (f32, f32, f32)> {
    let pairs = VECTOR.into_iter().flat_map(|vector| NEIGHBOUR.map(|neighbour| (vector, neighbour)));
    pairs.flat_map(|(vector, neighbour)| SESSION.map(|session| (vector, neighbour, session)))
}

/// The weights that find the most, a conversation left out.
fn best(tried: &[Tried], without: Option<usize>) -> Option<&Tried> {
    let recall = |tried: &Tried| -> f64 {
        let counted = tried.each.iter().enumerate().filter(|(at, _)| Some(*at) != without);
        counted.map(|(_, sums)| sums.recall).sum()
    };
    tried.iter().max_by(|a, b| recall(a).total_cmp(&recall(b)))
}

fn name(ranking: Ranking) -> String {
    format!("meaning {}, neighbours {}, conversation {}", ranking.vector, ranking.neighbour, ranking.session)
}
