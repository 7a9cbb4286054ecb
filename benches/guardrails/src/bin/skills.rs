//! A `skill-rules.json` on prompts that somebody wrote: how many activate a skill, and whether reading keywords anywhere activates what the
//! original hook does. `skills RULES.json PROMPTS.jsonl`, a prompt a line in the member `prompt`.

use std::fs::read_to_string;

use anyhow::{Context, Result, ensure};
use mcp_guardrails::skill::{SkillRules, Words};
use mcp_guardrails::{Engine, Event};
use serde_json::Value;

/// The skills that the original hook activates: a keyword anywhere in the prompt in small letters, or a pattern without case.
fn original(rules: &Value, prompt: &str) -> Result<Vec<String>> {
    let lower = prompt.to_lowercase();
    let mut active = Vec::new();
    for (name, skill) in rules["skills"].as_object().context("`skills` is missing")? {
        let texts = |list: &str| -> Vec<String> {
            let list = skill["promptTriggers"][list].as_array().cloned().unwrap_or_default();
            list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let mut fires = texts("keywords").iter().any(|word| lower.contains(&word.to_lowercase()));
        for pattern in texts("intentPatterns") {
            fires |= regex::RegexBuilder::new(&pattern).case_insensitive(true).build()?.is_match(&lower);
        }
        if fires {
            active.push(name.clone());
        }
    }
    active.sort();
    Ok(active)
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (rules, prompts) = arguments.next().zip(arguments.next()).context("usage: skills RULES.json PROMPTS.jsonl")?;
    let text = read_to_string(&rules)?;
    let parsed: Value = serde_json::from_str(&text)?;
    let prompts: Vec<String> = read_to_string(&prompts)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["prompt"].as_str().map(str::to_owned))
        .collect();
    ensure!(!prompts.is_empty(), "no line has a `prompt`");
    for words in [Words::Anywhere, Words::Whole] {
        let skills = SkillRules::parse(&text, &rules, words)?;
        let engine = Engine::builder().build(skills.rules())?;
        let (mut activated, mut parity) = (0, 0);
        for prompt in &prompts {
            let decision = engine.decide(&Event::prompt(prompt));
            let mut active: Vec<String> = decision.skills().into_iter().map(str::to_owned).collect();
            active.sort();
            activated += usize::from(!active.is_empty());
            parity += usize::from(active == original(&parsed, prompt)?);
        }
        let share = 100.0 * activated as f64 / prompts.len() as f64;
        println!("{words:?}: {activated} of {} prompts activate a skill ({share:.1} %), {parity} as the original hook does", prompts.len());
        if words == Words::Whole {
            let lint = skills.lint(prompts.iter().map(String::as_str));
            for firing in lint.firing.iter().take(5) {
                let common = if firing.common { ", a common word" } else { "" };
                println!("  `{}` ({}): {} anywhere, {} as a word{common}", firing.text, firing.skill, firing.fires, firing.as_word);
            }
            println!("  patterns that are no chains: {:?}", lint.slow);
        }
    }
    Ok(())
}
