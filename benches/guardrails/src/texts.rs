//! Triggers, and prompts made of this repository's own pages.

use std::path::Path;

use anyhow::{Result, ensure};

const VERBS: [&str; 28] = [
    "create", "add", "build", "change", "modify", "update", "implement", "refactor", "style", "design", "fix", "debug", "test", "deploy",
    "explain", "review", "optimize", "migrate", "remove", "rename", "document", "configure", "validate", "render", "fetch", "cache", "log", "trace",
];
const NOUNS: [&str; 30] = [
    "component", "page", "dialog", "form", "table", "query", "schema", "migration", "route", "controller", "service", "repository", "middleware",
    "endpoint", "worker", "queue", "token", "session", "permission", "pipeline", "container", "cluster", "dashboard", "metric", "alert", "report",
    "button", "layout", "theme", "grid",
];

/// 700 keywords and 300 patterns, none of them twice.
pub fn triggers() -> (Vec<String>, Vec<String>) {
    let pairs = NOUNS.iter().flat_map(|noun| VERBS.iter().map(move |verb| format!("{verb} {noun}")));
    let keywords = pairs.take(700).collect();
    let pick = |list: &[&str], from: usize, step: usize, count: usize| {
        let words: Vec<&str> = (0..count).map(|n| list[(from + n * step) % list.len()]).collect();
        words.join("|")
    };
    let patterns = (0..300)
        .map(|n| {
            let (verbs, nouns) = (pick(&VERBS, n, 1 + n % 5, 3), pick(&NOUNS, n * 7, 1 + n % 3, 2 + n % 3));
            if n % 10 == 0 { format!("({verbs}).*?({nouns}).*?rule{n}") } else { format!("({verbs}).*?({nouns}|x{n}y)") }
        })
        .collect();
    (keywords, patterns)
}

/// Two hundred different pieces of 2 kB with eight keywords in each.
pub fn prompts(keywords: &[String]) -> Result<Vec<String>> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut open, mut prose) = (vec![top], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
                open.push(path);
            } else if name.ends_with(".md") {
                prose.push(path);
            }
        }
    }
    prose.sort();
    let text = prose.iter().map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?.concat();
    let words: Vec<&str> = text.split(' ').collect();
    let piece = |number: usize| {
        let mut prompt = String::new();
        // Each begins elsewhere; those at the end go on at the beginning.
        let from = number * words.len() / 200;
        for (n, word) in words.iter().cycle().skip(from).enumerate() {
            if prompt.len() >= 2_000 {
                break;
            }
            prompt.push_str(word);
            prompt.push(' ');
            if n % 35 == 34 {
                prompt.push_str(&keywords[(number * 31 + n) % keywords.len()]);
                prompt.push(' ');
            }
        }
        prompt
    };
    ensure!(words.len() > 5_000, "the pages hold {} words, too few for 200 prompts", words.len());
    Ok((0..200).map(piece).collect())
}
