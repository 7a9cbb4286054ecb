//! The tools.

use std::time::{Instant, SystemTime};

use mcp_core::protocol::{CallToolResult, RawJson};
use mcp_core::server::Context as CallContext;
use mcp_core::{Args, State};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Recommended, Shared};
use crate::inject::{Refusal, assemble};
use crate::learn::{Feedback, Outcome};
use crate::recommend::{Budget, Context, Recommendation};
use crate::skill::{Mode, Skill};
use crate::tools::{Caller, blocking};
use crate::{Entry, PatternError, Request};

/// Why a tool did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Patterns(#[from] PatternError),
    #[error("there is no entry `{0}`; `search` finds the ids")]
    NoEntry(String),
    #[error("`{id}` is not given out: {why}")]
    Withheld { id: String, why: String },
    #[error("this server does not learn: it was started without a store")]
    NoLearner,
}

type Answer = Result<CallToolResult, Refused>;

fn result(value: &Value) -> CallToolResult {
    let mut result = CallToolResult::text(value.to_string());
    result.structured_content = RawJson::from_serialize(value).ok();
    result
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Recommend {
    /// What is to be done, in the words of whoever wants it.
    task: String,
    /// Files that are open or named, by path.
    #[serde(default)]
    files: Vec<String>,
    /// Tools that are at hand, or were just called.
    #[serde(default)]
    tools: Vec<String>,
    /// Words that the work is filed under.
    #[serde(default)]
    tags: Vec<String>,
    /// Ids of entries that were used lately.
    #[serde(default)]
    recent: Vec<String>,
    /// Names of triggers that fired, of guardrails for example.
    #[serde(default)]
    triggers: Vec<String>,
    /// How many entries at most (default 3).
    entries: Option<u8>,
    /// How many tokens at most, all entries together (default 6000).
    tokens: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Search {
    /// Words to look for.
    query: String,
    /// How many entries at most (default 10, at most 50).
    limit: Option<u8>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Get {
    /// The id of the entry, from `recommend` or `search`.
    id: String,
    /// How many tokens its text may have (default 20000).
    tokens: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// Used as it is.
    Accepted,
    /// Used after changes.
    Edited,
    /// It was wrong.
    Rejected,
    /// Neither used nor refused.
    Ignored,
    /// No entry there is fits the task, whatever was recommended.
    NothingFits,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Said {
    /// The number that the recommendation came with.
    exposure: i64,
    /// The id of the entry; left out with `nothing_fits`.
    #[serde(default)]
    entry: String,
    /// What became of it.
    outcome: What,
    /// Whether other organisations may learn from it, too.
    #[serde(default)]
    share: bool,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Validate {
    /// The whole text of the `SKILL.md`.
    text: String,
    /// The name of the directory that it stands in.
    directory: Option<String>,
    /// Whether fields of other clients are let pass.
    #[serde(default)]
    lenient: bool,
}

pub(super) async fn recommend(
    State(shared): State<Shared>,
    context: CallContext,
    Args(asked): Args<Recommend>,
) -> Answer {
    let mut budget = Budget::default();
    budget.entries = asked.entries.map_or(budget.entries, usize::from).clamp(1, 10);
    budget.tokens =
        asked.tokens.map_or(budget.tokens, |tokens| usize::try_from(tokens).unwrap_or(usize::MAX));
    let known = Context {
        files: asked.files,
        tools: asked.tools,
        tags: asked.tags,
        recent: asked.recent,
        triggers: asked.triggers,
    };
    let found = recommended(&shared, &context, asked.task, known, budget).await?;
    let entries: Vec<Value> = found
        .picks
        .iter()
        .map(|pick| {
            let mut told = told(&pick.entry);
            told["reasons"] = json!(pick.reasons);
            told["parts"] = json!(pick.parts);
            told["probability"] = json!(pick.probability);
            told
        })
        .collect();
    Ok(result(&json!({
        "exposure": found.exposure,
        "nothing_fits": entries.is_empty(),
        "confidence": found.confidence,
        "tokens": found.tokens,
        "entries": entries,
        "left_out": found.left_out,
    })))
}

/// Recommends in the caller's name, and lets observers know.
pub(super) async fn recommended(
    shared: &Shared,
    context: &CallContext,
    task: String,
    known: Context,
    budget: Budget,
) -> Result<Recommendation, Refused> {
    let (shared, caller) = (shared.clone(), Caller::of(context.request()));
    let found = blocking(move || {
        let begun = Instant::now();
        let at = now();
        let request =
            Request { task: &task, context: known, budget, tenant: &caller.tenant, at, ..Request::default() };
        let found = shared.0.recommender.recommend(&request)?;
        let took = begun.elapsed();
        shared.0.latency.note(took);
        if let Some(observer) = &shared.0.observer {
            observer.recommended(Recommended { shown: found.picks.len(), took });
        }
        Ok(found)
    });
    Ok(found.await?)
}

pub(super) async fn search(
    State(shared): State<Shared>,
    Args(Search { query, limit }): Args<Search>,
) -> Answer {
    let limit = usize::from(limit.unwrap_or(10).clamp(1, 50));
    let found = blocking(move || Ok(shared.0.recommender.search(&query, limit))).await?;
    let entries: Vec<Value> = found
        .iter()
        .map(|(entry, score)| {
            let mut told = told(entry);
            told["score"] = json!(score);
            told
        })
        .collect();
    Ok(result(&json!({ "entries": entries })))
}

pub(super) async fn get(State(shared): State<Shared>, Args(Get { id, tokens }): Args<Get>) -> Answer {
    let budget = tokens.map_or(20_000, |tokens| usize::try_from(tokens).unwrap_or(usize::MAX));
    let text = blocking(move || Ok(text(&shared, &id, budget))).await??;
    Ok(CallToolResult::text(text))
}

/// The text of an entry, if it may be given out.
pub(super) fn text(shared: &Shared, id: &str, budget: usize) -> Result<String, Refused> {
    let entry = shared.0.recommender.catalog().get(id).ok_or_else(|| Refused::NoEntry(id.to_owned()))?;
    let part = assemble(&[entry], budget, shared.0.scan.as_deref());
    let why = match part.refused.first() {
        None => return Ok(part.text),
        Some((_, Refusal::Scan(why))) => why.clone(),
        Some((_, Refusal::Marks)) => "its text pretends to be something else".to_owned(),
        Some((_, Refusal::Tokens { needs, .. })) => format!("it needs {needs} tokens; ask with `tokens`"),
    };
    Err(Refused::Withheld { id: id.to_owned(), why })
}

pub(super) async fn feedback(
    State(shared): State<Shared>,
    context: CallContext,
    Args(said): Args<Said>,
) -> Answer {
    let caller = Caller::of(context.request());
    let outcome = match said.outcome {
        What::Accepted => Outcome::Accepted,
        What::Edited => Outcome::Edited,
        What::Rejected => Outcome::Rejected,
        What::Ignored => Outcome::Ignored,
        What::NothingFits => Outcome::NothingFits,
    };
    let inner = shared.clone();
    let receipt = blocking(move || {
        let Some(learner) = inner.0.recommender.learned() else { return Ok(None) };
        let feedback = Feedback {
            exposure: said.exposure,
            entry: &said.entry,
            outcome,
            principal: &caller.principal,
            at: now(),
            share: said.share,
        };
        learner.feedback(&caller.tenant, &feedback).map(Some)
    });
    let receipt = receipt.await?.ok_or(Refused::NoLearner)?;
    shared.0.answered(outcome);
    Ok(result(&json!({ "receipt": receipt.id, "weight": receipt.weight })))
}

pub(super) async fn stats(State(shared): State<Shared>, context: CallContext) -> Answer {
    let (inner, caller) = (shared.clone(), Caller::of(context.request()));
    let learned = blocking(move || {
        inner.0.recommender.learned().map(|learner| learner.stats(&caller.tenant)).transpose()
    });
    let report = shared.0.recommender.catalog().report();
    let mut answer = json!({ "entries": report.entries, "latency": shared.0.latency.to_json() });
    if let Some(stats) = learned.await? {
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        answer["yours"] = json!(stats);
        answer["coverage"] = json!(share(stats.requests - stats.abstained, stats.requests));
        answer["abstention"] = json!(share(stats.abstained, stats.requests));
        answer["acceptance"] = json!(share(stats.accepted + stats.edited, stats.shown));
    }
    Ok(result(&answer))
}

pub(super) async fn validate(Args(asked): Args<Validate>) -> CallToolResult {
    let mode = if asked.lenient { Mode::Lenient } else { Mode::Strict };
    let read = Skill::parse(&asked.text, asked.directory.as_deref(), mode);
    let (valid, problems) = match read {
        Ok(skill) => (true, skill.problems),
        Err(invalid) => (false, invalid.problems),
    };
    let problems: Vec<Value> = problems
        .iter()
        .map(|problem| {
            let severity = format!("{:?}", problem.severity).to_lowercase();
            json!({ "severity": severity, "line": problem.line, "field": problem.field, "message": problem.message })
        })
        .collect();
    result(&json!({ "valid": valid, "problems": problems }))
}

fn told(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "kind": entry.kind.as_str(),
        "name": entry.name,
        "description": entry.description,
        "origin": entry.origin,
        "licence": entry.licence,
        "digest": entry.digest,
        "tokens": entry.tokens(),
    })
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
