//! What memories gain from those around them.

use parking_lot::RwLockReadGuard;

use super::{Base, Candidate, ORDINARY, Ranking, Scale, Scores, descending};
use crate::search::Explain;
use crate::view::View;

/// What is left of a score one, two, … memories away in a conversation.
const FADING: [f32; 5] = [1.0, 0.8, 0.6, 0.4, 0.2];
/// Memories of a conversation that speak for the whole.
const SPEAKERS: usize = 3;

/// A memory that may gain something.
#[derive(Debug, Clone, Copy)]
struct Lifted {
    place: usize,
    slot: usize,
    /// The most that one around it gives.
    lift: f32,
    /// What its whole conversation gives.
    session: f32,
}

/// One of the best, and the conversation that it is part of.
struct Spoken<'a> {
    base: &'a Base,
    session: u32,
}

/// The best memories and those around them, with what each is lifted by.
pub(super) fn lifted(
    scores: &Scores,
    scale: Scale,
    best: &[Base],
    ranking: Ranking,
    now: i64,
) -> Vec<Candidate> {
    let views: Vec<RwLockReadGuard<'_, View>> =
        scores.namespaces.iter().map(|from| from.view.read()).collect();
    let mut found = gathered(&views, best, ranking);
    // Next to each other: all that is said of one memory, what lifts it most first.
    found.sort_unstable_by(|a, b| {
        (a.place, a.slot).cmp(&(b.place, b.slot)).then_with(|| descending(a.lift, b.lift))
    });
    found.dedup_by_key(|lifted| (lifted.place, lifted.slot));
    let candidate = |Lifted { place, slot, lift, session }: Lifted| {
        let from = scores.namespaces.get(place)?;
        let view = views.get(place).filter(|_| from.passing.has(slot))?;
        let base = scores.base(place, view, slot).scaled(scale);
        let explain = Explain {
            text: base.text,
            vector: base.vector,
            neighbour: ranking.neighbour * lift,
            session: ranking.session * session,
            recency: ranking.fresh(view.created(slot), now),
            importance: ranking.importance * view.importance(slot).unwrap_or(ORDINARY),
        };
        Some(Candidate { place, ordinal: view.ordinal(slot)?, explain })
    };
    found.into_iter().filter_map(candidate).collect()
}

/// The best and those around them; one that several lift is there several times.
fn gathered(views: &[RwLockReadGuard<'_, View>], best: &[Base], ranking: Ranking) -> Vec<Lifted> {
    let mut found = Vec::with_capacity(best.len() * (1 + 2 * FADING.len()));
    let mut spoken = Vec::with_capacity(best.len());
    for base in best {
        match views.get(base.place).and_then(|view| view.session(base.slot)) {
            Some(session) => spoken.push(Spoken { base, session }),
            None => found.push(Lifted { place: base.place, slot: base.slot, lift: 0.0, session: 0.0 }),
        }
    }
    spoken.sort_unstable_by(|a, b| {
        let conversation = |spoken: &Spoken<'_>| (spoken.base.place, spoken.session);
        let order = conversation(a).cmp(&conversation(b));
        order.then_with(|| descending(a.base.score(), b.base.score()))
    });
    let conversations = || {
        spoken
            .chunk_by(|a, b| (a.base.place, a.session) == (b.base.place, b.session))
            .map(|all| (all, mean(all)))
    };
    let highest = conversations().map(|(_, mean)| mean).fold(0f32, f32::max);
    for (all, mean) in conversations() {
        // As a share of the conversation that most speaks for.
        let session = if highest > 0.0 { mean / highest } else { mean };
        for Spoken { base, .. } in all {
            let place = base.place;
            found.push(Lifted { place, slot: base.slot, lift: 0.0, session });
            let Some(view) = views.get(place).filter(|_| ranking.neighbour > 0.0) else { continue };
            view.around(base.slot, FADING.len(), |distance, slot| {
                let lift = base.score() * FADING.get(distance).copied().unwrap_or_default();
                found.push(Lifted { place, slot, lift, session });
            });
        }
    }
    found
}

/// What speaks for a conversation, of which the best come first.
fn mean(spoken: &[Spoken<'_>]) -> f32 {
    spoken.iter().take(SPEAKERS).map(|spoken| spoken.base.score()).sum::<f32>() / SPEAKERS as f32
}
