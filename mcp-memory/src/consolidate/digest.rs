//! What a conversation was about, in its own words: its most central sentences. Central is what shares most with the whole, by words
//! that are frequent in it and rare elsewhere (the centroid of D. Radev and others, 2004), and does not repeat what was taken (the
//! marginal relevance of Carbonell and Goldstein, 1998).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::alike::hashed;
use super::words::sentences;
use super::{DIGEST, Part, Plan};
use crate::{Draft, Edit, Id, MemoryError, Record, Relation, Scope, Tenant};

/// The conversation that a digest sums up.
const OF: &str = "digest_of";
/// How many turns it had then.
const TURNS: &str = "turns";
/// Sentences that are looked at, of one conversation.
const SENTENCES: usize = 5_000;
/// Words that a sentence must have to say something, without articles and the like.
const WORDS: usize = 3;
/// Sentences that have more in common than this repeat each other.
const REPEATS: f32 = 0.6;
/// A sentence that is less central than this part of the most central one is beside the point.
const BESIDE: f32 = 0.5;

/// Which conversations are summed up, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Digests {
    /// Turns that a conversation must have.
    pub turns: usize,
    /// Characters of a digest at most.
    pub characters: usize,
}

impl Default for Digests {
    fn default() -> Self {
        Self { turns: 10, characters: 600 }
    }
}

/// A conversation that was summed up.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Digested {
    /// The conversation.
    pub session: String,
    /// Its turns.
    pub turns: usize,
    /// The digest.
    pub content: String,
    /// The turns that its sentences are from.
    pub sources: Vec<Id>,
    /// The memory that holds it; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The digest whose place it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Id>,
}

impl Digests {
    pub(super) fn check(&self) -> Result<(), MemoryError> {
        if self.turns == 0 {
            return Err(MemoryError::invalid("digests.turns", "must be at least 1"));
        }
        if !(80..=10_000).contains(&self.characters) {
            return Err(MemoryError::invalid("digests.characters", "must be from 80 to 10,000"));
        }
        Ok(())
    }
}

/// A conversation, as far as the caller said it. What others said is in no digest: it could not be erased with both.
#[derive(Default)]
struct Session<'a> {
    turns: Vec<&'a Record>,
    /// A turn of somebody else, and how many there are.
    others: Option<(Id, usize)>,
    digest: Option<&'a Record>,
}

pub(super) fn run(
    (tenant, scope): (&Tenant, &Scope),
    records: &[Record],
    digests: &Digests,
    plan: &Plan,
) -> Result<Part<Digested>, MemoryError> {
    let mut part = Part::default();
    let mut rare = None;
    for (session, mut found) in sessions(tenant, records) {
        if let Some((id, many)) = found.others.filter(|(_, many)| found.turns.len() + many >= digests.turns) {
            let why = format!("{many} turns of `{session}` are of other authors, and in no digest of yours");
            part.refuse(id, why, plan.limit);
        }
        if !due(&found, digests) {
            continue;
        }
        part.found += 1;
        if part.items.len() >= plan.limit {
            part.left_out += 1;
            continue;
        }
        found.turns.sort_by_key(|turn| (turn.sequence, turn.created, turn.id));
        let rare = rare.get_or_insert_with(|| Rare::of(tenant, records));
        let (content, sources) = summary(tenant, &found.turns, rare, digests.characters);
        let Some(first) = sources.first().copied() else {
            part.found -= 1;
            continue;
        };
        // What was added may change nothing in it.
        let older = found.digest.filter(|digest| digest.content != content);
        let (turns, supersedes) = (found.turns.len(), older.map(|digest| digest.id));
        let mut item = Digested { session, turns, content, sources, id: None, supersedes };
        if !plan.dry_run {
            let kept = keep(tenant, scope, &found, &item);
            item.id = part.note(first, kept, plan.limit)?;
        }
        part.items.push(item);
    }
    Ok(part)
}

fn sessions<'a>(tenant: &Tenant, records: &'a [Record]) -> BTreeMap<String, Session<'a>> {
    let mut sessions: BTreeMap<String, Session<'_>> = BTreeMap::new();
    for record in records {
        let own = record.author == tenant.access.user();
        if record.kind == DIGEST {
            let of = record.metadata.get(OF).and_then(serde_json::Value::as_str);
            if let Some(of) = of.filter(|_| own) {
                // The last one, if there are several.
                sessions.entry(of.to_owned()).or_default().digest = Some(record);
            }
        } else if let Some(session) = &record.session {
            let session = sessions.entry(session.clone()).or_default();
            if own {
                session.turns.push(record);
            } else {
                session.others.get_or_insert((record.id, 0)).1 += 1;
            }
        }
    }
    sessions
}

/// Whether a conversation has no digest, or has grown by half since.
fn due(session: &Session<'_>, digests: &Digests) -> bool {
    let turns = session.turns.len();
    let before = session.digest.and_then(|digest| digest.metadata.get(TURNS)?.as_u64());
    let before = before.and_then(|before| usize::try_from(before).ok());
    turns >= digests.turns && before.is_none_or(|before| turns * 2 >= before.saturating_mul(3))
}

/// Stores a digest, in the place of the one before.
fn keep(tenant: &Tenant, scope: &Scope, session: &Session<'_>, item: &Digested) -> Result<Id, MemoryError> {
    let mut draft = Draft::new(&item.content).kind(DIGEST).tag(DIGEST);
    draft.metadata.insert(OF.to_owned(), json!(item.session));
    draft.metadata.insert(TURNS.to_owned(), json!(item.turns));
    // It is not to say longer than they do what turns said that are to be forgotten.
    let used = session.turns.iter().filter(|turn| item.sources.contains(&turn.id));
    draft.expires = used.filter_map(|turn| turn.expires).min();
    let stored = match session.digest {
        Some(old) if old.content == item.content => {
            let edit = Edit { metadata: Some(draft.metadata), expires: draft.expires, ..Edit::default() };
            return tenant.update(&old.id, edit).map(|_| old.id);
        }
        Some(old) => tenant.supersede(&old.id, draft)?,
        None => tenant.store(scope, draft)?,
    };
    if !stored.new {
        let problem = format!("memory `{}` says the same already: no digest is kept", stored.id);
        return Err(MemoryError::invalid("content", problem));
    }
    for source in &item.sources {
        match tenant.link(&stored.id, Relation::Digest, source) {
            // Deleted meanwhile.
            Err(MemoryError::NotFound { .. }) => {}
            linked => linked?,
        }
    }
    Ok(stored.id)
}

/// How rare words are among the memories of a scope.
struct Rare {
    memories: f32,
    with: HashMap<u64, u32>,
}

impl Rare {
    fn of(tenant: &Tenant, records: &[Record]) -> Self {
        let mut with: HashMap<u64, u32> = HashMap::new();
        for record in records {
            let mut seen = HashSet::new();
            tenant.engine.analyzer.memory(&record.content, |word| {
                seen.insert(hashed(word));
            });
            for word in seen {
                *with.entry(word).or_default() += 1;
            }
        }
        Self { memories: records.len() as f32, with }
    }

    fn weight(&self, word: u64) -> f32 {
        let with = self.with.get(&word).copied().unwrap_or_default() as f32;
        (1.0 + self.memories / (1.0 + with)).ln()
    }
}

/// A sentence as a vector of length 1.
struct Sentence<'a> {
    turn: &'a Record,
    text: &'a str,
    vector: BTreeMap<u64, f32>,
}

fn unit(mut vector: BTreeMap<u64, f32>) -> BTreeMap<u64, f32> {
    let length = vector.values().map(|weight| weight * weight).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.values_mut().for_each(|weight| *weight /= length);
    }
    vector
}

fn cosine(a: &BTreeMap<u64, f32>, b: &BTreeMap<u64, f32>) -> f32 {
    a.iter().filter_map(|(word, weight)| b.get(word).map(|other| weight * other)).sum()
}

/// The most central sentences of some turns in their order, and the turns that they are from.
fn summary(tenant: &Tenant, turns: &[&Record], rare: &Rare, characters: usize) -> (String, Vec<Id>) {
    let sentences = read(tenant, turns, rare);
    let mut whole: BTreeMap<u64, f32> = BTreeMap::new();
    for (word, weight) in sentences.iter().flat_map(|sentence| &sentence.vector) {
        *whole.entry(*word).or_default() += weight;
    }
    let whole = unit(whole);
    let central = |sentence: &Sentence<'_>| {
        // A question says what is not known.
        let asks = if sentence.text.ends_with('?') { 0.6 } else { 1.0 };
        cosine(&sentence.vector, &whole) * asks
    };
    let mut order: Vec<(usize, f32)> = sentences.iter().map(central).enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let least = order.first().map_or(0.0, |(_, best)| best * BESIDE);
    let (mut taken, mut left): (Vec<usize>, usize) = (Vec::new(), characters);
    for (place, _) in order.into_iter().filter(|(_, central)| *central >= least) {
        let Some(sentence) = sentences.get(place) else { continue };
        // The speaker, a colon and two spaces.
        let speaker = sentence.turn.speaker.as_ref().map_or(0, |speaker| speaker.chars().count() + 2);
        let length = sentence.text.chars().count() + speaker + 1;
        let chosen = taken.iter().filter_map(|place| sentences.get(*place));
        let repeats = chosen.into_iter().any(|other| cosine(&other.vector, &sentence.vector) > REPEATS);
        if length <= left && !repeats {
            left -= length;
            taken.push(place);
        }
    }
    taken.sort_unstable();
    told(&taken.iter().filter_map(|place| sentences.get(*place)).collect::<Vec<_>>())
}

fn read<'a>(tenant: &Tenant, turns: &[&'a Record], rare: &Rare) -> Vec<Sentence<'a>> {
    let texts =
        turns.iter().flat_map(|turn| sentences(&turn.content).into_iter().map(move |text| (*turn, text)));
    let sentences = texts.take(SENTENCES).filter_map(|(turn, text)| {
        let words = tenant.engine.analyzer.query(text).into_iter().map(|word| hashed(word.as_str()));
        let vector: BTreeMap<u64, f32> = words.map(|word| (word, rare.weight(word))).collect();
        (vector.len() >= WORDS).then(|| Sentence { turn, text, vector: unit(vector) })
    });
    sentences.collect()
}

/// Sentences as one text, with who says them where that changes.
fn told(sentences: &[&Sentence<'_>]) -> (String, Vec<Id>) {
    let (mut content, mut sources, mut last) = (String::new(), Vec::new(), None);
    for sentence in sentences {
        if !content.is_empty() {
            content.push(' ');
        }
        let speaker = sentence.turn.speaker.as_deref();
        if let Some(speaker) = speaker.filter(|_| last != Some(speaker)) {
            content.push_str(speaker);
            content.push_str(": ");
        }
        last = Some(speaker);
        content.push_str(sentence.text);
        if !sources.contains(&sentence.turn.id) {
            sources.push(sentence.turn.id);
        }
    }
    (content, sources)
}
