//! What things say of themselves, in lines: an item of the catalog, an answer.

use mcp_core::protocol::{CallToolResult, ContentBlock, ResourceBody, ResourceContents, Role, Tool};
use ratatui::text::Line;
use serde_json::Value;

use super::catalog::Item;
use super::draw::Places;
use super::state::{Answer, Ended, State};
use super::text::{plain, span, styled};
use super::theme::Theme;
use crate::show;

/// How far the details of what is selected can be scrolled.
pub(crate) fn furthest(state: &State) -> usize {
    let place = Places::of(state.size).detail;
    let lines = state.item().map_or(0, |item| of_item(item, place.width.into(), state.theme).len());
    lines.saturating_sub(place.height.into())
}

/// How far an answer can be scrolled.
pub(crate) fn furthest_of(ended: &Ended, state: &State) -> usize {
    let place = Places::of(state.size).whole;
    // A line above says how it ended.
    of_answer(ended, place.width.into(), state.theme)
        .len()
        .saturating_sub(usize::from(place.height).saturating_sub(2))
}

/// Lines that are put together.
struct Lines {
    lines: Vec<Line<'static>>,
    width: usize,
    theme: Theme,
}

impl Lines {
    const fn new(width: usize, theme: Theme) -> Self {
        Self { lines: Vec::new(), width, theme }
    }

    fn text(&mut self, text: &str) {
        self.lines.extend(styled(text, self.width, self.theme.plain()));
    }

    fn faint(&mut self, text: &str) {
        self.lines.extend(styled(text, self.width, self.theme.faint()));
    }

    fn wrong(&mut self, text: &str) {
        self.lines.extend(styled(text, self.width, self.theme.wrong()));
    }

    fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.extend(styled(text, self.width, self.theme.heading()));
    }

    fn json(&mut self, value: &Value) {
        self.text(&serde_json::to_string_pretty(value).unwrap_or_default());
    }
}

/// What an item says of itself.
pub(crate) fn of_item(item: &Item, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Lines::new(width, theme);
    lines.lines.extend(styled(item.name(), width, theme.strong()));
    if let Some(title) = item.title().filter(|title| *title != item.name()) {
        lines.faint(title);
    }
    if let Some(description) = item.description() {
        lines.lines.push(Line::default());
        lines.text(description.trim());
    }
    match item {
        Item::Tool(tool) => of_tool(tool, &mut lines),
        Item::Resource(of) => {
            let size = of.size.map(|size| format!("{size} bytes"));
            let about = [of.mime_type.clone(), size].into_iter().flatten().collect::<Vec<_>>().join(", ");
            if !about.is_empty() {
                lines.heading("Is");
                lines.text(&about);
            }
        }
        Item::Template(of) => {
            lines.heading("Is");
            let kind = of.mime_type.as_deref().map_or_else(String::new, |kind| format!(", {kind}"));
            lines.text(&format!("a template of addresses{kind}"));
        }
        Item::Prompt(of) => {
            if !of.arguments.is_empty() {
                lines.heading("Arguments");
            }
            for argument in &of.arguments {
                let needed = argument.required == Some(true);
                described(&mut lines, &argument.name, "text", needed, argument.description.as_deref());
            }
        }
    }
    lines.lines
}

fn of_tool(tool: &Tool, lines: &mut Lines) {
    if let Some(hints) = &tool.annotations {
        let hints = [
            (hints.read_only_hint == Some(true), "changes nothing"),
            (hints.destructive_hint == Some(true), "may destroy"),
            (hints.idempotent_hint == Some(true), "the same when done again"),
            (hints.open_world_hint == Some(true), "reaches out"),
        ];
        let said: Vec<_> = hints.into_iter().filter_map(|(is, says)| is.then_some(says)).collect();
        if !said.is_empty() {
            lines.heading("It says of itself");
            lines.text(&said.join(", "));
        }
    }
    let schema = tool.input_schema.to_value().unwrap_or_default();
    let form = mcp_workbench::form::Form::of(&schema);
    lines.heading("Arguments");
    if form.fields().is_empty() {
        lines.text("none");
    }
    for field in form.fields() {
        described(lines, &field.name, field.kind.name(), field.required, Some(&field.description));
    }
    if !form.fields().is_empty() {
        lines.heading("Schema of the arguments");
        lines.json(&schema);
    }
    if let Some(schema) = tool.output_schema.as_ref().and_then(|schema| schema.to_value().ok()) {
        lines.heading("Schema of the answer");
        lines.json(&schema);
    }
}

fn described(lines: &mut Lines, name: &str, kind: &str, needed: bool, text: Option<&str>) {
    let theme = lines.theme;
    let needed = if needed { ", needed" } else { "" };
    let name = if name.is_empty() { "(all)".to_owned() } else { plain(name) };
    lines
        .lines
        .push(Line::from(vec![span(name, theme.name()), span(format!("  {kind}{needed}"), theme.faint())]));
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
        lines.text(indented.trim_end_matches('\n'));
    }
}

/// An answer.
pub(crate) fn of_answer(ended: &Ended, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Lines::new(width, theme);
    match &ended.answer {
        Err(problem) => lines.wrong(problem),
        Ok(answer) if ended.raw => {
            let value = match answer {
                Answer::Tool(of) => serde_json::to_value(of),
                Answer::Resource(of) => serde_json::to_value(of),
                Answer::Prompt(of) => serde_json::to_value(of),
            };
            lines.json(&value.unwrap_or_default());
        }
        Ok(Answer::Tool(of)) => of_result(of, &mut lines),
        Ok(Answer::Resource(of)) => of.contents.iter().for_each(|contents| of_contents(contents, &mut lines)),
        Ok(Answer::Prompt(of)) => {
            if let Some(description) = &of.description {
                lines.faint(description);
            }
            for message in &of.messages {
                lines.heading(match message.role {
                    Role::User => "User",
                    Role::Assistant => "Assistant",
                });
                of_block(&message.content, &mut lines);
            }
        }
    }
    if !ended.run.said.is_empty() {
        lines.heading("Said meanwhile");
        ended.run.said.iter().for_each(|line| lines.text(line));
    }
    if lines.lines.is_empty() {
        lines.faint("(nothing)");
    }
    lines.lines
}

fn of_result(result: &CallToolResult, lines: &mut Lines) {
    let structured = result.structured_content.as_ref().and_then(|value| value.to_value().ok());
    let same = |block: &ContentBlock| {
        block.as_text().is_some_and(|text| {
            serde_json::from_str::<Value>(text).is_ok_and(|value| Some(&value) == structured.as_ref())
        })
    };
    // Servers say what is structured once more as text.
    for block in result.content.iter().filter(|block| !same(block)) {
        match block.as_text() {
            Some(text) if result.is_error => lines.wrong(text),
            _ => of_block(block, lines),
        }
    }
    if let Some(structured) = structured {
        lines.heading("Structured");
        lines.json(&structured);
    }
}

fn of_block(block: &ContentBlock, lines: &mut Lines) {
    match block {
        ContentBlock::Resource(of) => of_contents(&of.resource, lines),
        ContentBlock::Text(of) => of_text(&of.text, lines),
        other => lines.text(&show::block(other)),
    }
}

fn of_contents(contents: &ResourceContents, lines: &mut Lines) {
    let kind = contents.mime_type.as_deref().map_or_else(String::new, |kind| format!("  {kind}"));
    lines.heading(&format!("{}{kind}", contents.uri));
    match &contents.body {
        ResourceBody::Text(text) => of_text(text, lines),
        ResourceBody::Blob(base64) => lines.faint(&format!("{} bytes of base64", base64.len())),
    }
}

/// JSON that is said as text is easier to read in lines.
fn of_text(text: &str, lines: &mut Lines) {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() || value.is_array() => lines.json(&value),
        _ => lines.text(text),
    }
}
