//! Skills as rules.

use super::common::{CUES, is_common};
use super::{Enforcement, Files, Priority, Skill, Words};
use crate::event::Phase;
use crate::parse::{Cursor, Problem, RuleSet};
use crate::rule::{Action, Condition, Effect, Field, Glob, Pattern, Rule, Template, Test, Trigger};
use crate::trigger::checked;

/// A session that has used a skill has the label with this and the skill's name: `skill-used:forms`.
pub const USED: &str = "skill-used:";

type Made<T> = Result<T, Problem>;

pub(super) fn set(at: &Cursor<'_>, skills: &[Skill], origin: &str, words: Words) -> Made<RuleSet> {
    let mut set = RuleSet::new(origin);
    for skill in skills {
        let place = |field: &str| format!("skills.{}.{field}", skill.name);
        for (number, pattern) in skill.intents.iter().enumerate() {
            checked(pattern).map_err(|problem| {
                Problem::at(place(&format!("promptTriggers.intentPatterns[{number}]")), problem)
            })?;
        }
        if !skill.keywords.is_empty() || !skill.intents.is_empty() {
            set.rules.push(prompt_rule(skill, words));
        }
        if let Some(files) = &skill.files {
            set.rules.push(file_rule(skill, files, &place)?);
        }
    }
    crate::engine::check(&set).map_err(|problem| Problem { path: at.path(), ..problem })?;
    Ok(set)
}

fn named(skill: &Skill, what: &str) -> Rule {
    let mut rule = Rule::new(format!("{}/{what}", skill.name)).priority(match skill.priority {
        Priority::Critical => 4,
        Priority::High => 3,
        Priority::Medium => 2,
        Priority::Low => 1,
    });
    rule.then.push(Action::Suggest(skill.name.clone()));
    rule
}

fn prompt_rule(skill: &Skill, words: Words) -> Rule {
    let whole_words = words == Words::Whole;
    let trigger = |keywords: Vec<String>, patterns: &[String]| {
        Condition::Trigger(Trigger { keywords, patterns: patterns.to_vec(), whole_words })
    };
    let (common, certain): (Vec<_>, Vec<_>) =
        skill.keywords.iter().cloned().partition(|keyword| whole_words && is_common(keyword));
    let by_themselves = trigger(certain, &skill.intents);
    if common.is_empty() {
        return named(skill, "prompt").phase(Phase::Prompt).when(by_themselves);
    }
    // Two different ones, or one and a cue that is another word.
    let is_other = |cue: &&&str| !common.iter().any(|keyword| keyword.trim().eq_ignore_ascii_case(cue));
    let cues = trigger(CUES.iter().filter(is_other).map(|cue| (*cue).to_owned()).collect(), &[]);
    let each = common.iter().map(|keyword| trigger(vec![keyword.clone()], &[]));
    let two = Condition::AtLeast(2, each.chain([cues]).collect());
    named(skill, "prompt").phase(Phase::Prompt).when(Condition::Any(vec![by_themselves, two]))
}

fn file_rule(skill: &Skill, files: &Files, place: &impl Fn(&str) -> String) -> Made<Rule> {
    let globs = |patterns: &[String], field: &str| -> Made<Vec<Glob>> {
        let made = patterns.iter().map(|pattern| Glob::path(pattern.strip_prefix("./").unwrap_or(pattern)));
        made.collect::<Result<_, _>>().map_err(|problem| Problem::at(place(field), problem))
    };
    let (path, content) = (field("file/path", place)?, field("file/content", place)?);
    // A pattern is about the path from the top of the project; hooks are told the whole path.
    let within = |globs: Vec<Glob>| -> Made<Condition> {
        let below = globs.iter().map(|glob| Glob::path(&format!("**/{glob}")));
        let below: Vec<Glob> =
            below.collect::<Result<_, _>>().map_err(|problem| Problem::at(place("fileTriggers"), problem))?;
        Ok(Condition::Field(path.clone(), Test::Glob([globs, below].concat())))
    };
    let mut all = vec![within(globs(&files.paths, "fileTriggers.pathPatterns")?)?];
    let not = |condition| Condition::Not(Box::new(condition));
    if !files.exclusions.is_empty() {
        all.push(not(within(globs(&files.exclusions, "fileTriggers.pathExclusions")?)?));
    }
    if !files.contents.is_empty() {
        let patterns = files.contents.iter().enumerate().map(|(number, pattern)| {
            Pattern::parse(pattern, true).map_err(|problem| {
                Problem::at(place(&format!("fileTriggers.contentPatterns[{number}]")), problem)
            })
        });
        all.push(Condition::Field(content.clone(), Test::Regex(patterns.collect::<Made<_>>()?)));
    }
    if files.create_only {
        all.push(Condition::Field(field("file/exists", place)?, Test::Equal(false.into())));
    }
    if skill.skip.used {
        let label = Glob::name(&format!("{USED}{}", skill.name))
            .map_err(|problem| Problem::at(place("skipConditions"), problem))?;
        all.push(not(Condition::Label(vec![label])));
    }
    if !skill.skip.markers.is_empty() {
        all.push(not(Condition::Field(content, Test::Contains(skill.skip.markers.clone()))));
    }
    if let Some(name) = &skill.skip.variable {
        all.push(not(Condition::Variable(name.clone())));
    }
    let effect = match skill.enforcement {
        Enforcement::Block => Effect::Block,
        Enforcement::Warn => Effect::Flag,
        Enforcement::Suggest => Effect::Suggest,
    };
    let mut rule = named(skill, "file").phase(Phase::File).when(Condition::All(all)).then(effect);
    rule.message = skill.message.as_deref().map(message);
    Ok(rule)
}

fn field(name: &str, place: &impl Fn(&str) -> String) -> Made<Field> {
    Field::parse(name).map_err(|(problem, _)| Problem::at(place("fileTriggers"), problem))
}

/// A message with the one placeholder that these files know; all other braces are braces.
fn message(text: &str) -> Template {
    let escaped = text.replace('{', "{{").replace("{{file_path}", "{file_path}");
    Template::parse(&escaped).unwrap_or_else(|_| Template::plain(text))
}
