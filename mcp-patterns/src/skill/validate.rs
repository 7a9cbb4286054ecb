//! The rules of the Agent Skills specification, as the reference validator holds them.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::{Frontmatter, Problem, Severity};

const KNOWN: [&str; 6] = ["name", "description", "license", "allowed-tools", "metadata", "compatibility"];
const NAME_LIMIT: usize = 64;
const DESCRIPTION_LIMIT: usize = 1024;
const COMPATIBILITY_LIMIT: usize = 500;

/// Whether the specification knows a field of the frontmatter.
#[must_use]
pub fn is_known_field(field: &str) -> bool {
    KNOWN.contains(&field)
}

/// A name as it is compared: trimmed, in normal form NFKC.
#[must_use]
pub fn normalize(name: &str) -> String {
    name.trim().nfkc().collect()
}

/// Everything that breaks a rule, and what readers of other kinds stumble over.
pub(super) fn check(parts: &Frontmatter, directory: Option<&str>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in parts.fields.keys().filter(|field| !is_known_field(field)) {
        let message = format!("is unknown; known are {}", KNOWN.map(|f| format!("`{f}`")).join(", "));
        problems.push(Problem::error(field, parts.line(field), message));
    }
    check_name(parts, directory, &mut problems);
    if let Some(text) = text(parts, "description", true, &mut problems) {
        limit(parts, "description", text, DESCRIPTION_LIMIT, &mut problems);
    }
    if let Some(text) = text(parts, "compatibility", false, &mut problems) {
        limit(parts, "compatibility", text, COMPATIBILITY_LIMIT, &mut problems);
    }
    check_loose(parts, &mut problems);
    problems
}

/// A field that must be text; `required` ones must be there and say something.
fn text<'f>(
    parts: &'f Frontmatter,
    field: &str,
    required: bool,
    problems: &mut Vec<Problem>,
) -> Option<&'f str> {
    let line = parts.line(field);
    let message = match parts.fields.get(field) {
        None if required => "is missing",
        None => return None,
        Some(Value::String(text)) if required && text.trim().is_empty() => "must not be empty",
        Some(Value::String(text)) => return Some(text),
        Some(Value::Null) => "must not be empty",
        Some(_) => "must be a text; put it in quotes",
    };
    problems.push(Problem::error(field, line, message));
    None
}

fn limit(parts: &Frontmatter, field: &str, text: &str, limit: usize, problems: &mut Vec<Problem>) {
    let length = text.chars().count();
    if length > limit {
        let message = format!("has {length} characters, {limit} are allowed");
        problems.push(Problem::error(field, parts.line(field), message));
    }
}

fn check_name(parts: &Frontmatter, directory: Option<&str>, problems: &mut Vec<Problem>) {
    let Some(written) = text(parts, "name", true, problems) else { return };
    let name = normalize(written);
    limit(parts, "name", &name, NAME_LIMIT, problems);
    let mut wrong = |message: String| problems.push(Problem::error("name", parts.line("name"), message));
    if name != name.to_lowercase() {
        wrong(format!("must be in lower case: `{}`", name.to_lowercase()));
    }
    if name.starts_with('-') || name.ends_with('-') {
        wrong("must not begin or end with a hyphen".to_owned());
    }
    if name.contains("--") {
        wrong("must not have two hyphens in a row".to_owned());
    }
    if let Some(found) = name.chars().find(|c| !is_alphanumeric(*c) && *c != '-') {
        wrong(format!("has the character {found:?}; only letters, digits and hyphens are allowed"));
    }
    if let Some(directory) = directory.filter(|directory| normalize(directory) != name) {
        wrong(format!("must be that of the directory, `{directory}`"));
    }
}

/// Letters and numbers of any script; marks are neither.
fn is_alphanumeric(c: char) -> bool {
    matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}

/// What the reference validator lets pass although the specification says otherwise.
fn check_loose(parts: &Frontmatter, problems: &mut Vec<Problem>) {
    let mut warn = |field: &str, message: String| {
        problems.push(Problem::warning(field, parts.line(field), message));
    };
    match parts.fields.get("metadata") {
        None => {}
        Some(Value::Object(members)) => {
            for (key, _) in members.iter().filter(|(_, value)| !value.is_string()) {
                warn("metadata", format!("`{key}` should be a text; put it in quotes"));
            }
        }
        Some(_) => warn("metadata", "should be a mapping of texts".to_owned()),
    }
    if parts.fields.get("allowed-tools").is_some_and(|tools| !tools.is_string()) {
        warn("allowed-tools", "should be one text, tools separated by spaces".to_owned());
    }
    if parts.fields.get("license").is_some_and(|license| !license.is_string()) {
        warn("license", "should be a text".to_owned());
    }
    if parts.body.trim().is_empty() {
        problems.push(Problem::warning(
            "",
            Some(parts.body_line),
            "there are no instructions below the frontmatter",
        ));
    }
}

/// Turns into warnings what a skill can be used with: without a description nobody would find it.
pub(super) fn soften(problems: &mut [Problem], parts: &Frontmatter) {
    let described =
        parts.fields.get("description").and_then(Value::as_str).is_some_and(|d| !d.trim().is_empty());
    for problem in problems.iter_mut().filter(|problem| problem.field != "description" || described) {
        problem.severity = Severity::Warning;
    }
}

/// Tools in a text separated by spaces or commas, or in a list. A space in parentheses separates nothing.
pub(super) fn allowed_tools(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => {
            let (mut tools, mut tool, mut depth) = (Vec::new(), String::new(), 0_u32);
            for c in text.chars() {
                match c {
                    '(' => depth += 1,
                    ')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth == 0 && (c.is_whitespace() || c == ',') {
                    tools.push(std::mem::take(&mut tool));
                } else {
                    tool.push(c);
                }
            }
            tools.push(tool);
            tools.retain(|tool| !tool.is_empty());
            tools
        }
        _ => Vec::new(),
    }
}
