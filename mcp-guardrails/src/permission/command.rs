//! `Bash(git push:*)`: commands by what they begin with.

use super::entry::{List, field};
use crate::rule::{Condition, Pattern, Test};

/// What may stand between the beginning of a command and its name: settings, and commands that run another.
const BEFORE: &str = r#"(?:(?:\w+=\S*|sudo|doas|command|builtin|exec|env|nohup|nice|time|stdbuf|xargs|then|do|else|!|timeout\s+\S+|-\S+)\s+)*["']?(?:\S*/)?"#;
/// Where a command begins: at the beginning, after an operator, within brackets or quotes of a shell.
const BEGINS: &str = r#"(?:^|[;&|\n\r(){}`]|\s-c\s+["'])\s*"#;
/// Where one ends.
const ENDS: &str = r#"\s*(?:[;&|\n\r(){}`"'<>]|$)"#;
/// What makes several commands of one, or something else than it looks like.
const BUILT: &str = r"[;&|<>`$(){}\\\n\r]";

/// Whether a command is what `what` says. In doubt it is, where that restricts: it may be one of several, below another or named by its path.
/// What is allowed is one plain command.
pub(super) fn condition(list: List, what: &str) -> Result<Condition, String> {
    let (text, open) = match what.strip_suffix(":*").or_else(|| what.strip_suffix(" *")) {
        Some(text) => (text, true),
        None => (what, false),
    };
    let words: Vec<String> = text.split_whitespace().map(|word| body(word, list)).collect();
    if words.is_empty() {
        return Err(format!("`{what}` names no command: write `Bash` for all of them"));
    }
    let between = if list.restricts() { r#"["'\\]*\s+["'\\]*"# } else { r"\s+" };
    let body = words.join(between);
    let command = field("/command")?;
    if list.restricts() {
        let end = if open { format!(r"(?:\s|{ENDS})") } else { ENDS.to_owned() };
        let pattern = Pattern::parse(&format!("(?s){BEGINS}{BEFORE}{body}{end}"), true)?;
        return Ok(Condition::Field(command, Test::Regex(vec![pattern])));
    }
    let end = if open { r"(?:\s.*)?" } else { "" };
    let is = Pattern::parse(&format!(r"(?s)^\s*{body}{end}\s*$"), false)?;
    let built = Condition::Field(command.clone(), Test::Regex(vec![Pattern::parse(BUILT, false)?]));
    Ok(Condition::All(vec![
        Condition::Field(command, Test::Regex(vec![is])),
        Condition::Not(Box::new(built)),
    ]))
}

/// A word of a pattern, in which `*` stands for anything.
fn body(word: &str, list: List) -> String {
    let parts: Vec<String> = word.split('*').map(regex::escape).collect();
    // Quotes and backslashes within a name change nothing for the shell.
    let join = |part: &String| {
        if list.restricts() && part.chars().all(|c| c.is_ascii_alphanumeric()) && !part.is_empty() {
            part.chars().map(String::from).collect::<Vec<_>>().join(r#"["'\\]*"#)
        } else {
            part.clone()
        }
    };
    parts.iter().map(join).collect::<Vec<_>>().join(".*")
}
