//! What memories gain from those around them.

use parking_lot::RwLockReadGuard;

use super::{Base, Candidate, Ranking, Scale, Scores, descending};
use crate::search::Explain;
use crate::view::View;

/// What is left of a score one, two, … memories away in a conversation.
const FADING: [f32; 5] = [1.0, 0.8, 0.6, 0.4, 0.2];
/// Memories of a conversation that speak for the whole.
const SPEAKERS: usize = 3;

/// No vector of length 1, kept in bytes, is nearer to another.
const NEAREST: f32 = 1.05;

/// A memory that may gain something.
#[derive(Debug, Clone, Copy)]
struct Lifted {
    place: usize,
    slot: usize,
    /// What its vector says, scaled, where it is known already.
    vector: Option<f32>,
    /// The most that one around it gives.
    lift: f32,
    /// What its whole conversation gives.
    session: f32,
}

/// A memory with all that is said of it.
#[derive(Debug, Clone, Copy)]
struct Weighed {
    place: usize,
    slot: usize,
    explain: Explain,
}

/// One of the best, and the conversation that it is part of.
struct Spoken<'a> {
    base: &'a Base,
    session: u32,
    turns: &'a [u32],
}

/// The best memories and those around them that may be among so many, with what each is lifted by.
pub(super) fn lifted(
    scores: &Scores,
    scale: Scale,
    best: &[Base],
    ranking: Ranking,
    (many, now): (usize, i64),
) -> Vec<Candidate> {
    let views: Vec<RwLockReadGuard<'_, View>> =
        scores.namespaces.iter().map(|from| from.view.read()).collect();
    let mut found = gathered(&views, best, ranking);
    // What is said of one memory stands together, and becomes one.
    found.sort_unstable_by_key(|lifted| (lifted.place, lifted.slot));
    found.dedup_by(|next, kept| {
        let same = (next.place, next.slot) == (kept.place, kept.slot);
        if same {
            kept.lift = kept.lift.max(next.lift);
            kept.vector = kept.vector.or(next.vector);
        }
        same
    });
    let (mut known, mut unknown) = (Vec::with_capacity(best.len()), Vec::with_capacity(found.len()));
    for lifted in found {
        let Lifted { place, slot, vector, lift, session } = lifted;
        let Some(from) = scores.namespaces.get(place).filter(|from| from.passing.has(slot)) else { continue };
        let Some(view) = views.get(place) else { continue };
        let explain = Explain {
            text: from.text.get(slot).copied().unwrap_or_default() * scale.text,
            vector: vector.unwrap_or_default(),
            neighbour: ranking.neighbour * lift,
            session: ranking.session * session,
            recency: ranking.fresh(|| view.created(slot), now),
            importance: ranking.weighty(|| view.importance(slot)),
        };
        let weighed = Weighed { place, slot, explain };
        if vector.is_some() { known.push(weighed) } else { unknown.push(weighed) }
    }
    // To look at a vector takes long. Of those that do not come near the best with the nearest there could be, it is not looked at.
    let floor = floor(&known, many);
    unknown.retain(|weighed| weighed.explain.total() + NEAREST * scale.vector >= floor);
    for of_place in unknown.chunk_by_mut(|a, b| a.place == b.place) {
        let Some(view) = of_place.first().and_then(|first| views.get(first.place)) else { continue };
        let slots: Vec<usize> = of_place.iter().map(|weighed| weighed.slot).collect();
        for (weighed, nearness) in of_place.iter_mut().zip(scores.nearness(view, &slots)) {
            weighed.explain.vector = nearness * scale.vector;
        }
    }
    let candidate = |Weighed { place, slot, explain }| {
        Some(Candidate { place, ordinal: views.get(place)?.ordinal(slot)?, explain })
    };
    let all = known.into_iter().chain(unknown);
    all.filter(|weighed| weighed.explain.total() >= floor).filter_map(candidate).collect()
}

/// What the last of so many has at least.
fn floor(all: &[Weighed], many: usize) -> f32 {
    let mut totals: Vec<f32> = all.iter().map(|weighed| weighed.explain.total()).collect();
    let last = many.saturating_sub(1);
    if last >= totals.len() {
        return 0.0;
    }
    *totals.select_nth_unstable_by(last, |a, b| descending(*a, *b)).1
}

/// The best and those around them; one that several lift is there several times.
fn gathered<'a>(views: &'a [RwLockReadGuard<'_, View>], best: &'a [Base], ranking: Ranking) -> Vec<Lifted> {
    let mut found = Vec::with_capacity(best.len() * (1 + 2 * FADING.len()));
    let mut spoken = Vec::with_capacity(best.len());
    for base in best {
        match views.get(base.place).and_then(|view| Some((view, view.session(base.slot)?))) {
            Some((view, session)) => spoken.push(Spoken { base, session, turns: view.turns(session) }),
            None => found.push(alone(base, 0.0)),
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
        for Spoken { base, turns, .. } in all {
            let place = base.place;
            found.push(alone(base, session));
            let Some(view) = views.get(place).filter(|_| ranking.neighbour > 0.0) else { continue };
            view.around(turns, base.slot, FADING.len(), |distance, slot| {
                let lift = base.score() * FADING.get(distance).copied().unwrap_or_default();
                found.push(Lifted { place, slot, vector: None, lift, session });
            });
        }
    }
    found
}

/// What is known of one of the best by itself.
const fn alone(base: &Base, session: f32) -> Lifted {
    Lifted { place: base.place, slot: base.slot, vector: Some(base.vector), lift: 0.0, session }
}

/// What speaks for a conversation, of which the best come first.
fn mean(spoken: &[Spoken<'_>]) -> f32 {
    spoken.iter().take(SPEAKERS).map(|spoken| spoken.base.score()).sum::<f32>() / SPEAKERS as f32
}
