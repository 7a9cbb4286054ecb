//! One entry of a list: a tool, and in brackets what of it.

use super::{Places, command, files};
use crate::event::Phase;
use crate::rule::{Condition, Effect, Field, Glob, Host, Pattern, Rule, Template, Test};

/// What allows silences nothing but what was blocked for want of it: other rules of a set count as they are.
pub(super) const ALLOWS: i32 = -1_000;

/// Which list an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Deny,
    Ask,
    Allow,
}

impl List {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Ask => "ask",
            Self::Allow => "allow",
        }
    }

    /// Whether what is in doubt counts.
    pub(super) const fn restricts(self) -> bool {
        !matches!(self, Self::Allow)
    }
}

type Made<T> = Result<T, String>;

const READING: &[&str] = &["Read", "NotebookRead", "Grep", "Glob", "LS"];
const WRITING: &[&str] = &["Edit", "MultiEdit", "Write", "NotebookEdit"];

/// The rules that an entry stands for.
pub(super) fn rules(list: List, text: &str, places: &Places) -> Made<Vec<Rule>> {
    let text = text.trim();
    let (name, what) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => {
            let what = rest.strip_suffix(')').ok_or_else(|| format!("`{text}` has no `)` at its end"))?;
            (name, Some(what.trim()).filter(|what| !matches!(*what, "" | "*" | ":*" | "**")))
        }
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*');
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(format!("`{text}` names no tool: write `Tool` or `Tool(what)`, e.g. `Bash(git push:*)`"));
    }
    if let Some(of) = name.strip_prefix("mcp__") {
        if what.is_some() {
            return Err(format!("`{name}` takes nothing in brackets: write `{name}` for all of its calls"));
        }
        return of_server(list, text, of);
    }
    let tools = tools(list, name);
    let condition = match what {
        None => Condition::All(Vec::new()),
        Some(what) => condition(list, name, what, places)?,
    };
    let mut rule = base(list, text);
    for tool in tools {
        rule = rule.tool(Glob::name(tool)?);
    }
    Ok(vec![hidden(rule, list, what.is_none()).when(condition)])
}

/// Tools that a name stands for: who may read or edit a file may by any tool that does.
fn tools(list: List, name: &str) -> Vec<&str> {
    match name {
        "Read" => READING.to_vec(),
        "Edit" => WRITING.to_vec(),
        "Write" if list.restricts() => WRITING.to_vec(),
        "Task" | "Agent" => vec!["Task", "Agent"],
        _ => vec![name],
    }
}

fn condition(list: List, name: &str, what: &str, places: &Places) -> Made<Condition> {
    match name {
        "Bash" | "PowerShell" => command::condition(list, what),
        "Read" | "NotebookRead" | "Grep" | "Glob" | "LS" | "Edit" | "MultiEdit" | "Write"
        | "NotebookEdit" => files::condition(list, what, places),
        "WebFetch" => {
            let host = what
                .strip_prefix("domain:")
                .map(str::trim)
                .ok_or_else(|| format!("`{what}` is no domain: write `WebFetch(domain:example.org)`"))?;
            Ok(Condition::Field(field("/url")?, Test::Host(vec![Host::parse(host)?])))
        }
        "Task" | "Agent" => Ok(Condition::Field(field("/subagent_type")?, Test::Equal(what.into()))),
        "Skill" => beginning(&["/skill", "/command", "/name"], what),
        "SlashCommand" => beginning(&["/command"], what),
        _ => Err(format!(
            "it is not known what `{what}` means for `{name}`: write `{name}` for all of its calls"
        )),
    }
}

/// A text, or with `:*` all that begin with it and go on with another word.
fn beginning(fields: &[&str], what: &str) -> Made<Condition> {
    let (text, more) = what.strip_suffix(":*").map_or((what, ""), |text| (text, r"(?:\s.*)?"));
    let pattern = Pattern::parse(&format!("(?s)^{}{more}$", regex::escape(text.trim())), false)?;
    let any =
        fields.iter().map(|name| Ok(Condition::Field(field(name)?, Test::Regex(vec![pattern.clone()]))));
    Ok(Condition::Any(any.collect::<Made<_>>()?))
}

/// The tools of a server: by the name that Claude Code gives them, and where the server is known, by their own.
fn of_server(list: List, text: &str, of: &str) -> Made<Vec<Rule>> {
    let (server, tool) = of.split_once("__").unwrap_or((of, "*"));
    if server.is_empty() || tool.is_empty() {
        return Err(format!("`{text}` names no server: write `mcp__server` or `mcp__server__tool`"));
    }
    let named = base(list, text).tool(Glob::name(&format!("mcp__{server}__{tool}"))?);
    let mut own = base(list, text).tool(Glob::name(tool)?);
    own.id.push_str(" (at its server)");
    own.servers.push(Glob::name(server)?);
    Ok(vec![hidden(named, list, true), hidden(own, list, true)])
}

fn base(list: List, text: &str) -> Rule {
    let rule = Rule::new(format!("{} {text}", list.name()));
    let plain = text.replace('{', "{{");
    let said = |what: &str| Template::parse(&format!("the settings {what} `{plain}`")).ok();
    let (effect, message) = match list {
        List::Deny => (Effect::Block, said("deny")),
        List::Ask => (Effect::RequireApproval, said("ask before")),
        List::Allow => return rule.then(Effect::Allow).priority(ALLOWS),
    };
    Rule { message, ..rule }.then(effect)
}

/// What is denied as a whole is not even listed.
fn hidden(rule: Rule, list: List, whole: bool) -> Rule {
    if whole && list == List::Deny { rule.phase(Phase::Call).phase(Phase::List) } else { rule }
}

pub(super) fn field(name: &str) -> Made<Field> {
    Field::parse(name).map_err(|(problem, _)| problem)
}
