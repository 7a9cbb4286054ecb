//! Rules, chains and tests as they are written.

use super::cursor::Cursor;
use super::sample::{Sample, SampleFile};
use super::{Circuit, Problem, RuleSet, RuleTest, condition};
use crate::event::Phase;
use crate::rule::{Action, Condition, Effect, Glob, Mode, Rule, Template};

type Read<T> = Result<T, Problem>;

/// More are refused: a file of this size was generated, and wrong.
const MOST_RULES: usize = 10_000;

pub(super) fn set(at: &Cursor<'_>, origin: &str) -> Read<RuleSet> {
    at.only(&["version", "name", "description", "default", "actions", "circuit", "rules", "tests"])?;
    if let Some(version) = at.get("version").filter(|version| version.value.as_i64() != Some(1)) {
        return Err(version.wrong("this version is not supported, write 1"));
    }
    let mut set = RuleSet::new(origin);
    if let Some(default) = at.get("default") {
        set.default = default.word(&[("allow", Effect::Allow), ("block", Effect::Block)])?;
    }
    if let Some(chains) = at.get("actions") {
        for (name, chain) in chains.members()? {
            set.actions.insert(name.to_owned(), actions(&chain)?);
        }
    }
    if let Some(circuit) = at.get("circuit") {
        circuit.only(&["violations", "within", "open_for"])?;
        set.circuit = Some(Circuit {
            violations: circuit.need("violations")?.whole()?,
            within: circuit.need("within")?.duration()?,
            open_for: circuit.need("open_for")?.duration()?,
        });
    }
    if let Some(rules) = at.get("rules") {
        set.rules = rules.each().map(|written| rule(&written)).collect::<Read<_>>()?;
        if set.rules.len() > MOST_RULES {
            return Err(rules.wrong(format!("there may be at most {MOST_RULES} rules")));
        }
    }
    if let Some(tests) = at.get("tests") {
        set.tests = tests.each().map(|written| test(&written)).collect::<Read<_>>()?;
    }
    Ok(set)
}

fn rule(at: &Cursor<'_>) -> Read<Rule> {
    at.only(&[
        "id",
        "description",
        "phase",
        "tool",
        "server",
        "environment",
        "when",
        "unless",
        "then",
        "message",
        "priority",
        "mode",
    ])?;
    let mut rule = Rule::new(at.need("id")?.text()?);
    let names = |name| at.get(name).map_or(Ok(Vec::new()), |list| globs(&list));
    rule.description = at.get("description").map_or(Ok(String::new()), |text| text.owned())?;
    rule.phases = phases(at)?;
    rule.tools = names("tool")?;
    rule.servers = names("server")?;
    rule.environments = at.texts_of("environment")?;
    rule.when = at.get("when").map_or(Ok(Condition::All(Vec::new())), |when| condition::condition(&when))?;
    rule.unless = at.get("unless").map(|unless| condition::condition(&unless)).transpose()?;
    rule.then = actions(&at.need("then")?)?;
    rule.message = at.get("message").map(|message| message.parsed(Template::parse)).transpose()?;
    rule.priority = at.get("priority").map_or(Ok(0), |priority| priority.whole())?;
    if let Some(mode) = at.get("mode") {
        rule.mode = mode.word(&[("enforce", Mode::Enforce), ("shadow", Mode::Shadow), ("off", Mode::Off)])?;
    }
    Ok(rule)
}

pub(super) fn globs(at: &Cursor<'_>) -> Read<Vec<Glob>> {
    at.all(|item| item.read(Glob::name))
}

pub(super) fn phases(at: &Cursor<'_>) -> Read<Vec<Phase>> {
    let words = Phase::ALL.map(|phase| (phase.name(), phase));
    at.get("phase").map_or(Ok(Vec::new()), |phases| phases.all(|phase| phase.word(&words)))
}

fn actions(at: &Cursor<'_>) -> Read<Vec<Action>> {
    let listed = at.each().map(|item| {
        if item.value.is_string() {
            return Ok(vec![Action::Effect(item.word(&Effect::ALL)?)]);
        }
        item.only(&["suggest", "label", "unlabel", "run"])?;
        let mut all = Vec::new();
        for (name, member) in item.members()? {
            let make = match name {
                "suggest" => Action::Suggest,
                "label" => Action::Label,
                "unlabel" => Action::Unlabel,
                _ => Action::Run,
            };
            all.extend(member.texts()?.into_iter().map(make));
        }
        Ok(all)
    });
    let all: Vec<Action> = listed.collect::<Read<Vec<_>>>()?.into_iter().flatten().collect();
    if all.is_empty() { Err(at.wrong("an action is needed, such as `block`")) } else { Ok(all) }
}

fn test(at: &Cursor<'_>) -> Read<RuleTest> {
    at.only(&["name", "event", "events", "expect", "rule"])?;
    let events = match (at.get("event"), at.get("events")) {
        (Some(event), None) => vec![sample(&event)?],
        (None, Some(events)) => events.all(sample)?,
        _ => return Err(at.wrong("a test has either `event` or `events`")),
    };
    Ok(RuleTest {
        name: at.get("name").map_or(Ok(String::new()), |name| name.owned())?,
        events,
        expect: at.need("expect")?.word(&Effect::ALL)?,
        rule: at.get("rule").map(|rule| rule.owned()).transpose()?,
    })
}

pub(super) fn sample(at: &Cursor<'_>) -> Read<Sample> {
    at.only(&[
        "phase",
        "session",
        "user",
        "tenant",
        "roles",
        "environment",
        "server",
        "tool",
        "arguments",
        "result",
        "definition",
        "prompt",
        "file",
        "labels",
        "variables",
        "after",
    ])?;
    let text = |name| at.get(name).map_or(Ok(String::new()), |text| text.owned());
    let value = |name| at.get(name).map(|value| value.value.clone());
    let words = Phase::ALL.map(|phase| (phase.name(), phase));
    let guessed = [
        ("prompt", Phase::Prompt),
        ("file", Phase::File),
        ("result", Phase::Result),
        ("definition", Phase::List),
    ];
    let guessed =
        guessed.iter().find(|(name, _)| at.get(name).is_some()).map_or(Phase::Call, |(_, phase)| *phase);
    let mut variables = Vec::new();
    if let Some(written) = at.get("variables") {
        for (name, value) in written.members()? {
            variables.push((name.to_owned(), value.owned()?));
        }
    }
    let file = at.get("file").map(|file| {
        file.only(&["path", "content", "exists"])?;
        Ok(SampleFile {
            path: file.need("path")?.owned()?,
            content: file.get("content").map(|content| content.owned()).transpose()?,
            exists: file.get("exists").map_or(Ok(true), |exists| exists.flag())?,
        })
    });
    Ok(Sample {
        phase: at.get("phase").map_or(Ok(guessed), |phase| phase.word(&words))?,
        session: text("session")?,
        user: text("user")?,
        tenant: text("tenant")?,
        roles: at.texts_of("roles")?,
        environment: text("environment")?,
        server: text("server")?,
        tool: text("tool")?,
        arguments: value("arguments"),
        result: value("result"),
        definition: value("definition"),
        prompt: at.get("prompt").map(|prompt| prompt.owned()).transpose()?,
        file: file.transpose()?,
        labels: at.texts_of("labels")?,
        variables,
        after: at.get("after").map(|after| after.duration()).transpose()?.unwrap_or_default(),
    })
}
