//! How much evidence a memory finds: LoCoMo (Maharana and others, 2024), turn by turn.
//!
//! One memory per turn, one person's memory per conversation, each question as it was asked. Recall at 10 is the share of a question's
//! evidence among the first ten memories; MRR is one by the place of the first. The data is not ours and not here: give the
//! folder that has `locomo10.json` (github.com/snap-research/LoCoMo, CC BY-NC 4.0) as `--data`.

mod choose;
mod remembered;

use std::collections::HashMap;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use mcp_memory::embed::{Embedder, MiniLm, Table};
use mcp_memory::{Access, Draft, Id, Memory, Ranking, Scope, Search, Tenant};
use serde_json::Value;

use remembered::Remembered;

#[derive(Parser)]
struct Options {
    /// The folder with `locomo10.json`.
    #[arg(long)]
    data: PathBuf,
    /// Which conversations, from 0: those that weights may be chosen on are 0 to 4.
    #[arg(long, value_delimiter = ',', default_value = "0,1,2,3,4")]
    conversations: Vec<usize>,
    /// The folder with all-MiniLM-L6-v2, to measure with its vectors too.
    #[arg(long)]
    minilm: Option<PathBuf>,
    /// Chooses weights too, leaving out each conversation in turn: with the vectors of MiniLM, else with those of the table.
    #[arg(long)]
    choose: bool,
    /// Results as JSON.
    #[arg(long)]
    json: bool,
}

/// A question with the numbers of the turns that answer it.
struct Question {
    text: String,
    evidence: Vec<usize>,
}

struct Conversation {
    tenant: Tenant,
    turns: HashMap<Id, usize>,
    questions: Vec<Question>,
}

/// A way to rank.
enum Way {
    Ranked(Ranking),
    /// Reciprocal ranks of words and of vectors added, with the usual constant 60 (Cormack and others, 2009).
    Reciprocal,
}

/// Sums over questions.
#[derive(Clone, Copy, Default)]
struct Sums {
    recall: f64,
    reciprocal: f64,
    questions: f64,
}

/// The memory of one model, with all conversations.
struct Filled {
    conversations: Vec<Conversation>,
    /// It goes last: the memory lies there.
    _folder: tempfile::TempDir,
}

impl Filled {
    fn new(embedder: impl Embedder, data: &[Value], chosen: &[usize]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let memory = Memory::builder(folder.path()).embedder(Remembered::new(embedder)).open()?;
        let chosen = chosen.iter().filter_map(|number| Some((number, data.get(*number)?)));
        let conversations = chosen
            .map(|(number, conversation)| load(&memory, *number, conversation))
            .collect::<Result<_>>()?;
        Ok(Self { conversations, _folder: folder })
    }

    fn measure(&self, way: &Way) -> Result<Vec<Sums>> {
        self.conversations.iter().map(|conversation| measure(conversation, way)).collect()
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    let path = options.data.join("locomo10.json");
    let text = std::fs::read(&path).with_context(|| format!("the data is missing: `{}`", path.display()))?;
    let data: Vec<Value> = serde_json::from_slice(&text)?;
    let table = Filled::new(Table, &data, &options.conversations)?;
    let minilm = options
        .minilm
        .as_ref()
        .map(|folder| Filled::new(MiniLm::open(folder)?, &data, &options.conversations));
    let minilm = minilm.transpose()?;
    let mut results = Vec::new();
    for (name, way) in [
        ("words (BM25)", Way::Ranked(Ranking::alone(0.0))),
        ("words, with what was said around", Way::Ranked(Ranking::default().vector(0.0))),
    ] {
        results.push(result(name, &table.measure(&way)?));
    }
    results.extend(rows("table", &table, &[])?);
    if let Some(minilm) = &minilm {
        results.extend(rows("MiniLM", minilm, &choose::VECTOR)?);
    }
    if options.choose {
        results.extend(choose::all(minilm.as_ref().unwrap_or(&table))?);
    }
    print(&results, options.json)
}

/// What is found by the vectors of a model, and with other shares of meaning.
fn rows(model: &str, filled: &Filled, shares: &[f32]) -> Result<Vec<Value>> {
    let ways = [
        ("meaning", Way::Ranked(Ranking::alone(1.0))),
        ("both, reciprocal ranks", Way::Reciprocal),
        ("both, convex", Way::Ranked(Ranking::alone(Ranking::default().vector))),
        ("as it is by default", Way::Ranked(Ranking::default())),
    ];
    let ways = ways.into_iter().map(|(name, way)| (format!("{name} ({model})"), way));
    let shares = shares.iter().map(|share| {
        (
            format!("by default, with meaning {share} ({model})"),
            Way::Ranked(Ranking::default().vector(*share)),
        )
    });
    ways.chain(shares).map(|(name, way)| Ok(result(&name, &filled.measure(&way)?))).collect()
}

/// What a way found, of all questions and by conversation.
fn result(way: &str, each: &[Sums]) -> Value {
    let total = |part: fn(&Sums) -> f64| each.iter().map(part).sum::<f64>();
    let questions = total(|sums| sums.questions);
    let by_conversation: Vec<f64> = each.iter().map(|sums| sums.recall / sums.questions).collect();
    serde_json::json!({
        "way": way, "questions": questions, "recallAt10": total(|sums| sums.recall) / questions,
        "mrrAt10": total(|sums| sums.reciprocal) / questions, "byConversation": by_conversation,
    })
}

fn print(results: &[Value], json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(results)?)?;
        return Ok(());
    }
    writeln!(out, "| way | R@10 | MRR@10 | R@10 by conversation |\n|---|---|---|---|")?;
    for result in results {
        let number = |name: &str| result[name].as_f64().unwrap_or_default();
        let each = result["byConversation"].as_array().into_iter().flatten();
        let each: Vec<String> =
            each.map(|recall| format!("{:.3}", recall.as_f64().unwrap_or_default())).collect();
        let way = result["way"].as_str().unwrap_or_default();
        writeln!(
            out,
            "| {way} | {:.3} | {:.3} | {} |",
            number("recallAt10"),
            number("mrrAt10"),
            each.join(" ")
        )?;
    }
    Ok(())
}

fn load(memory: &Memory, number: usize, json: &Value) -> Result<Conversation> {
    let tenant = memory.of(Access::new("locomo", format!("conversation-{number}")));
    let (mut turns, mut by_name) = (HashMap::new(), HashMap::new());
    for session in 1.. {
        let name = format!("session_{session}");
        let Some(said) = json["conversation"][&name].as_array() else {
            if session > 60 {
                break;
            }
            continue;
        };
        let date = json["conversation"][format!("{name}_date_time")].as_str().unwrap_or_default();
        let drafts = said.iter().map(|turn| Draft::new(text_of(turn, date))).collect();
        let stored = tenant.store_session(&Scope::Private, &name, drafts)?;
        for (stored, turn) in stored.iter().zip(said) {
            let place = by_name.len();
            turns.insert(stored.id, place);
            by_name.insert(turn["dia_id"].as_str().unwrap_or_default().to_owned(), place);
        }
    }
    let asked = json["qa"].as_array().into_iter().flatten();
    let questions = asked
        .map(|question| Question {
            text: question["question"].as_str().unwrap_or_default().to_owned(),
            evidence: evidence(&question["evidence"], &by_name),
        })
        .filter(|question| !question.evidence.is_empty())
        .collect();
    Ok(Conversation { tenant, turns, questions })
}

fn text_of(turn: &Value, date: &str) -> String {
    let text = |name: &str| turn[name].as_str().unwrap_or_default();
    let image = match text("blip_caption") {
        "" => String::new(),
        caption => format!(" [shares image: {caption}]"),
    };
    format!("[{date}] {}: {}{image}", text("speaker"), text("text"))
}

/// Turns by `D<session>:<turn>`; a few are written otherwise, and read all the same.
fn evidence(json: &Value, turns: &HashMap<String, usize>) -> Vec<usize> {
    let mut found = Vec::new();
    for text in json.as_array().into_iter().flatten().filter_map(Value::as_str) {
        for part in text.split('D') {
            let mut numbers = part.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
            let pair = numbers.next().and_then(|session| {
                Some((session.parse::<u32>().ok()?, numbers.next()?.parse::<u32>().ok()?))
            });
            if let Some((session, turn)) = pair
                && let Some(place) = turns.get(&format!("D{session}:{turn}"))
                && !found.contains(place)
            {
                found.push(*place);
            }
        }
    }
    found
}

fn measure(conversation: &Conversation, way: &Way) -> Result<Sums> {
    let mut sums = Sums::default();
    for question in &conversation.questions {
        let ranked = |ranking, limit| -> Result<Vec<usize>> {
            let search = Search::new(&question.text).limit(limit).ranking(ranking);
            let hits = conversation.tenant.search(&search)?.hits;
            Ok(hits.iter().filter_map(|hit| conversation.turns.get(&hit.record.id).copied()).collect())
        };
        let found = match way {
            Way::Ranked(ranking) => ranked(*ranking, 10)?,
            Way::Reciprocal => {
                reciprocal(&ranked(Ranking::alone(0.0), 100)?, &ranked(Ranking::alone(1.0), 100)?)
            }
        };
        let hits = found.iter().map(|place| question.evidence.contains(place));
        let right = hits.clone().filter(|hit| *hit).count();
        sums.recall += right as f64 / question.evidence.len() as f64;
        sums.reciprocal += hits.into_iter().position(|hit| hit).map_or(0.0, |place| 1.0 / (place + 1) as f64);
        sums.questions += 1.0;
    }
    Ok(sums)
}

fn reciprocal(words: &[usize], meaning: &[usize]) -> Vec<usize> {
    let mut scores: HashMap<usize, f64> = HashMap::new();
    for list in [words, meaning] {
        for (rank, place) in list.iter().enumerate() {
            *scores.entry(*place).or_default() += 1.0 / (61 + rank) as f64;
        }
    }
    let mut best: Vec<_> = scores.into_iter().collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    best.into_iter().take(10).map(|(place, _)| place).collect()
}
