//! What a command line does with rules: load, lint, test, explain, replay a log. Each answers with data that can be shown as text or JSON.
//!
//! ```
//! use mcp_guardrails::operate::{Sources, explain, test};
//!
//! let sources = Sources { packs: vec!["mass-delete".into()], ..Sources::default() };
//! let loaded = sources.load()?;
//! assert!(test(&loaded).iter().all(|set| set.error.is_none() && set.tests > 0));
//! let explained = explain(&loaded.engine()?, r#"{ "tool": "sql", "arguments": { "query": "DROP TABLE users" } }"#)?;
//! assert_eq!((explained.verdict, explained.rule.as_deref()), ("block", Some("delete-everything")));
//! # Ok::<(), mcp_guardrails::RuleError>(())
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::permission::{Places, permissions};
use crate::simulate::{Simulation, simulate};
use crate::skill::{SkillRules, Words};
use crate::{Engine, Explanation, RuleError, RuleSet, Sample, nearest, pack};

/// Where rules come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Files of rules.
    pub rules: Vec<PathBuf>,
    /// Rules that are ready, by name.
    pub packs: Vec<String>,
    /// A `skill-rules.json`, and where its keywords count.
    pub skills: Option<(PathBuf, Words)>,
    /// A `settings.json` with permission lists, and where its paths begin.
    pub permissions: Option<(PathBuf, Places)>,
}

/// Rules that were read, each set by itself.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The sets with what names them.
    pub sets: Vec<(String, RuleSet)>,
    /// The skills, if there are any.
    pub skills: Option<SkillRules>,
}

impl Sources {
    /// Reads them.
    ///
    /// # Errors
    /// A file cannot be read, or says what rules do not say; a pack is not known.
    pub fn load(&self) -> Result<Loaded, RuleError> {
        let mut sets = Vec::new();
        for path in &self.rules {
            sets.push((path.display().to_string(), RuleSet::open(path)?));
        }
        for name in &self.packs {
            let set = pack::named(name).ok_or_else(|| RuleError::Invalid {
                origin: name.clone(),
                line: None,
                field: String::new(),
                problem: format!("there is no such pack as `{name}`"),
                nearest: nearest(name, pack::names()).map(str::to_owned),
            })?;
            sets.push((name.clone(), set?));
        }
        let mut skills = None;
        if let Some((path, words)) = &self.skills {
            let (text, name) = read(path)?;
            let file = SkillRules::parse(&text, &name, *words)?;
            sets.push((name, file.rules()));
            skills = Some(file);
        }
        if let Some((path, places)) = &self.permissions {
            let (text, name) = read(path)?;
            sets.push((name.clone(), permissions(&text, &name, places)?));
        }
        Ok(Loaded { sets, skills })
    }
}

fn read(path: &Path) -> Result<(String, String), RuleError> {
    let text =
        fs::read_to_string(path).map_err(|source| RuleError::Read { path: path.to_owned(), source })?;
    Ok((text, path.display().to_string()))
}

impl Loaded {
    /// All of them in force, each set after it passed its own tests. Who wants an engine with other settings, or other rules in an engine
    /// that runs, takes the rules [together](Self::together).
    ///
    /// # Errors
    /// A test fails, or two rules have the same id.
    pub fn engine(&self) -> Result<Engine, RuleError> {
        Engine::builder().build(self.together()?)
    }

    /// All of them as one set, each after it passed its own tests: for an [`EngineBuilder`](crate::EngineBuilder), or to be
    /// [put in force](Engine::reload).
    ///
    /// # Errors
    /// A test fails.
    pub fn together(&self) -> Result<RuleSet, RuleError> {
        for (_, set) in self.sets.iter().filter(|(_, set)| !set.tests.is_empty()) {
            Engine::builder().cache(0).build(set.clone())?;
        }
        Ok(pack::together(self.sets.iter().map(|(_, set)| set.clone())))
    }
}

/// What a set of rules comes to when it is tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// What names the set.
    pub set: String,
    /// How many rules it has.
    pub rules: usize,
    /// How many tests.
    pub tests: usize,
    /// Why it cannot be used: the first test that fails, say.
    pub error: Option<String>,
}

/// Tests each set, and all of them together.
#[must_use]
pub fn test(loaded: &Loaded) -> Vec<Tested> {
    let tested = |name: &str, set: &RuleSet| Tested {
        set: name.to_owned(),
        rules: set.rules.len(),
        tests: set.tests.len(),
        error: Engine::builder().cache(0).build(set.clone()).err().map(|error| error.to_string()),
    };
    let mut all: Vec<Tested> = loaded.sets.iter().map(|(name, set)| tested(name, set)).collect();
    if loaded.sets.len() > 1 {
        all.push(tested("all together", &pack::together(loaded.sets.iter().map(|(_, set)| set.clone()))));
    }
    all
}

/// Something about rules that works, but not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about: a set, a skill.
    pub about: String,
    /// The word or expression.
    pub text: String,
    /// What is wrong with it, and what would be better.
    pub problem: String,
}

/// What a lint says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linted {
    /// How many prompts skills were tried on.
    pub prompts: usize,
    /// How many of them activate a skill.
    pub activated: usize,
    /// What could be better.
    pub findings: Vec<Finding>,
}

/// Looks for what is slow, untested or fires too often; `prompts` should activate no skill.
///
/// # Errors
/// The rules cannot be used.
pub fn lint(loaded: &Loaded, prompts: &[String]) -> Result<Linted, RuleError> {
    let mut linted = Linted { prompts: prompts.len(), activated: 0, findings: Vec::new() };
    let mut add = |about: &str, text: &str, problem: String| {
        linted.findings.push(Finding { about: about.to_owned(), text: text.to_owned(), problem });
    };
    for (name, set) in &loaded.sets {
        for slow in Engine::builder().cache(0).build(set.clone())?.slow_triggers() {
            add(name, &slow.pattern, format!("it is no chain of words: {}", slow.why));
        }
        let blocks = set.rules.iter().filter(|rule| !rule.then.is_empty()).count();
        if set.tests.is_empty() && blocks > 0 && Path::new(name).extension().is_some_and(|end| end != "json")
        {
            add(name, "", format!("{blocks} rules and no `tests`: nobody will see when one stops applying"));
        }
    }
    let Some(skills) = &loaded.skills else { return Ok(linted) };
    let report = skills.lint(prompts.iter().map(String::as_str));
    for firing in &report.firing {
        let count =
            format!("fires on {} of {} prompts, as a word on {}", firing.fires, report.texts, firing.as_word);
        let common = if firing.common {
            "; it is a common word, which as a word counts only beside another cue: add a second word"
        } else if firing.as_word < firing.fires {
            "; count whole words only"
        } else {
            ""
        };
        add(&firing.skill, &firing.text, format!("{count}{common}"));
    }
    linted.activated = report.activated;
    Ok(linted)
}

/// What an event comes to, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// `allow`, `suggest`, `flag`, `redact`, `require_approval` or `block`.
    pub verdict: &'static str,
    /// The rule that speaks.
    pub rule: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// Fields that rules asked for and the event does not have.
    pub undefined: Vec<String>,
    /// Each rule about the event: those that apply first, then those that nearly do.
    pub rules: Vec<Why>,
}

/// Why a rule applies, or what keeps it from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The rule's id.
    pub rule: String,
    /// What it does where it applies.
    pub effect: &'static str,
    /// The first part of its condition that does not hold; none if the rule applies.
    pub failing: Option<String>,
}

/// Decides over an event as tests of rule files write it, in JSON; nothing is remembered.
///
/// # Errors
/// It is no event.
pub fn explain(engine: &Engine, event: &str) -> Result<Explained, RuleError> {
    let sample = Sample::parse(event, "event", 1)?;
    Ok(sample.with(0, |event| {
        let decision = engine.decide(event);
        let reason = decision.verdict().reason();
        let Explanation { rules } = engine.explain(event);
        let why = rules.into_iter().map(|rule| Why {
            rule: rule.rule,
            effect: rule.effect.map_or("label", |effect| effect.name()),
            failing: rule.failing,
        });
        Explained {
            verdict: decision.effect().name(),
            rule: reason.map(|reason| reason.rule.to_string()),
            message: reason.map(|reason| reason.message.clone()).filter(|message| !message.is_empty()),
            undefined: decision.undefined().collect(),
            rules: why.collect(),
        }
    }))
}

/// Replays a log file under the rules in force and under others.
///
/// # Errors
/// The log cannot be read, or a line of it is no event.
pub fn replay(now: &Engine, next: &Engine, log: &Path) -> Result<Simulation, RuleError> {
    let (text, name) = read(log)?;
    simulate(now, next, &text, &name)
}
