//! Questions on the terminal. They go to standard error, so that standard output holds the result alone.

use std::io::{BufRead as _, stdin};

use mcp_core::client::{FormQuestion, UrlQuestion};
use mcp_core::protocol::{CreateMessage, ElicitAction, ElicitResult};
use serde_json::{Map, Value};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Asks field by field. An empty line leaves a field open: the client fills in its default.
pub(crate) fn form(question: &FormQuestion) -> Result<ElicitResult, BoxError> {
    eprintln!("The server asks: {}", question.message);
    let schema: Value = serde_json::from_str(question.schema.get())?;
    let mut content = Map::new();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let hint = ["description", "title"].into_iter().find_map(|member| field[member].as_str());
        let default = field.get("default").map(|default| format!(" [{default}]")).unwrap_or_default();
        eprintln!("  {name}{default}: {}", hint.unwrap_or_default());
        let Some(line) = line()? else { return Ok(ElicitResult::bare(ElicitAction::Decline)) };
        if !line.is_empty() {
            content.insert(name.clone(), value(field, line));
        }
    }
    Ok(ElicitResult::accept(content))
}

/// Shows the address, and asks. It is for the person to open: no program should without being told to.
pub(crate) fn url(question: &UrlQuestion, asks: bool) -> Result<ElicitAction, BoxError> {
    eprintln!("The server wants you to open: {}\n  {}", question.url, question.message);
    if !asks {
        return Ok(ElicitAction::Decline);
    }
    eprintln!("  Copy it into a browser if you trust it. Done? [y/N]");
    let agreed = line()?.is_some_and(|line| line.eq_ignore_ascii_case("y"));
    Ok(if agreed { ElicitAction::Accept } else { ElicitAction::Decline })
}

/// What was said last: the echo model repeats it.
pub(crate) fn last_text(question: &CreateMessage) -> String {
    let last = question.messages.last().map(|message| &message.content);
    last.into_iter().flatten().filter_map(|block| block.as_text()).collect()
}

/// What was typed, as the type that the field wants.
fn value(field: &Value, line: String) -> Value {
    match field["type"].as_str() {
        Some("string") | None => Value::String(line),
        _ => serde_json::from_str(&line).unwrap_or(Value::String(line)),
    }
}

/// A line without its end; none at the end of the input.
fn line() -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}
