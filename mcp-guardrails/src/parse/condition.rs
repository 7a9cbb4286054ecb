//! Conditions as they are written.

use super::cursor::Cursor;
use super::{Problem, rule};
use crate::nearest;
use crate::rule::{
    Bounds, Condition, Detect, Every, Field, Folder, Glob, Host, Network, Pattern, Sequence, SequenceStep,
    Test, TimeOfDay, Tracked, Trigger, Window,
};

type Read<T> = Result<T, Problem>;

const WORDS: [&str; 13] = [
    "all", "any", "not", "at_least", "label", "role", "variable", "trigger", "count", "sum", "distinct",
    "sequence", "time",
];
const OPERATORS: [&str; 18] = [
    "eq",
    "in",
    "prefix",
    "suffix",
    "contains",
    "glob",
    "path_glob",
    "regex",
    "range",
    "length",
    "exists",
    "path_within",
    "host",
    "cidr",
    "detector",
    "kind",
    "min_score",
    "ignore_case",
];

/// A condition: a map, all of whose members have to hold, or a list of such maps.
pub(super) fn condition(at: &Cursor<'_>) -> Read<Condition> {
    if at.value.is_array() {
        return Ok(Condition::All(list(at)?));
    }
    let mut all = Vec::new();
    for (name, member) in at.members()? {
        all.push(one(at, name, &member)?);
    }
    whole(all)
        .ok_or_else(|| at.wrong("a condition says something: write a field or one of `all`, `any`, `not`, …"))
}

/// All of these as one; nothing if there are none.
fn whole(mut all: Vec<Condition>) -> Option<Condition> {
    let last = all.pop()?;
    if all.is_empty() {
        return Some(last);
    }
    all.push(last);
    Some(Condition::All(all))
}

fn list(at: &Cursor<'_>) -> Read<Vec<Condition>> {
    at.all(condition)
}

fn one(whole: &Cursor<'_>, name: &str, at: &Cursor<'_>) -> Read<Condition> {
    Ok(match name {
        "all" => Condition::All(list(at)?),
        "any" => Condition::Any(list(at)?),
        "not" => Condition::Not(Box::new(condition(at)?)),
        "at_least" => {
            at.only(&["count", "of"])?;
            let (count, of) = (at.need("count")?, list(&at.need("of")?)?);
            let number: usize = count.whole()?;
            if number == 0 || number > of.len() {
                return Err(count.wrong(format!("a number from 1 to {} is needed here", of.len())));
            }
            Condition::AtLeast(number, of)
        }
        "label" => Condition::Label(rule::globs(at)?),
        "role" => Condition::Role(rule::globs(at)?),
        "variable" => Condition::Variable(at.owned()?),
        "trigger" => Condition::Trigger(trigger(at)?),
        "count" | "sum" | "distinct" => Condition::Tracked(Box::new(Tracked::Window(window(name, at)?))),
        "sequence" => Condition::Tracked(Box::new(Tracked::Sequence(sequence(at)?))),
        "time" => Condition::Time(time(at)?),
        "detector" | "kind" | "min_score" => {
            if name != "detector" {
                let beside = whole.get("detector").is_some();
                let empty = Condition::All(Vec::new());
                return if beside { Ok(empty) } else { Err(at.wrong("`detector` is missing beside it")) };
            }
            let text = Field::parse("text").map_err(|(problem, _)| at.wrong(problem))?;
            Condition::Field(text, Test::Detector(detector(whole)?))
        }
        _ => {
            let field = Field::parse(name).map_err(|(problem, near)| {
                at.wrong(problem).nearest(nearest(name, WORDS).or(near.as_deref()))
            })?;
            tests(&field, at)?
        }
    })
}

fn tests(field: &Field, at: &Cursor<'_>) -> Read<Condition> {
    let on = |test| Condition::Field(field.clone(), test);
    if !at.value.is_object() {
        // A plain value, or a list of such, is what the field has to be.
        return Ok(on(match at.value.as_array() {
            Some(values) => Test::OneOf(values.clone()),
            None => Test::Equal(at.value.clone()),
        }));
    }
    at.only(&OPERATORS)?;
    let ignore_case = at.get("ignore_case").map_or(Ok(false), |flag| flag.flag())?;
    let mut all = Vec::new();
    for (name, member) in at.members()? {
        let texts = |before: &str, after: &str, plain: fn(Vec<String>) -> Test| -> Read<Test> {
            let texts = member.texts()?;
            if !ignore_case {
                return Ok(plain(texts));
            }
            let pattern =
                |text: &String| Pattern::parse(&format!("{before}(?:{}){after}", regex::escape(text)), true);
            texts
                .iter()
                .map(pattern)
                .collect::<Result<_, _>>()
                .map(Test::Regex)
                .map_err(|problem| member.wrong(problem))
        };
        all.push(on(match name {
            "eq" if ignore_case => texts(r"\A", r"\z", Test::Contains)?,
            "eq" => Test::Equal(member.value.clone()),
            "in" if ignore_case => texts(r"\A", r"\z", Test::Contains)?,
            "in" => Test::OneOf(member.all(|item| Ok(item.value.clone()))?),
            "prefix" => texts(r"\A", "", Test::Prefix)?,
            "suffix" => texts("", r"\z", Test::Suffix)?,
            "contains" => texts("", "", Test::Contains)?,
            "glob" => Test::Glob(rule::globs(&member)?),
            "path_glob" => Test::Glob(member.all(|item| item.read(Glob::path))?),
            "regex" => Test::Regex(member.all(|item| item.read(|text| Pattern::parse(text, ignore_case)))?),
            "range" => Test::Range(bounds(&member)?),
            "length" => Test::Length(bounds(&member)?),
            "exists" => Test::Exists(member.flag()?),
            "path_within" => Test::PathWithin(member.all(|item| item.read(Folder::parse))?),
            "host" => Test::Host(member.all(|item| item.read(Host::parse))?),
            "cidr" => {
                Test::Cidr(member.all(|item| item.read(Network::parse))?.into_iter().flatten().collect())
            }
            "detector" => Test::Detector(detector(at)?),
            "kind" | "min_score" if at.get("detector").is_none() => {
                return Err(member.wrong("`detector` is missing beside it"));
            }
            _ => continue,
        }));
    }
    whole(all).ok_or_else(|| at.wrong("a condition on a field needs an operator such as `eq`"))
}

fn detector(at: &Cursor<'_>) -> Read<Detect> {
    #[expect(clippy::cast_possible_truncation, reason = "a score from 0 to 1")]
    let score = |at: Cursor<'_>| match at.number()? {
        score if (0.0..=1.0).contains(&score) => Ok(score as f32),
        _ => Err(at.wrong("a score from 0 to 1 is needed here")),
    };
    Ok(Detect {
        detector: at.need("detector")?.owned()?,
        kinds: at.get("kind").map_or(Ok(Vec::new()), |kinds| rule::globs(&kinds))?,
        min_score: at.get("min_score").map_or(Ok(0.5), score)?,
    })
}

fn bounds(at: &Cursor<'_>) -> Read<Bounds> {
    at.only(&["min", "max", "above", "below"])?;
    let limit = |name| at.get(name).map(|limit| limit.number()).transpose();
    let bounds =
        Bounds { min: limit("min")?, max: limit("max")?, above: limit("above")?, below: limit("below")? };
    let low = [bounds.min, bounds.above].into_iter().flatten().reduce(f64::max);
    let high = [bounds.max, bounds.below].into_iter().flatten().reduce(f64::min);
    if low.is_none() && high.is_none() || low.zip(high).is_some_and(|(low, high)| low > high) {
        return Err(at.wrong("limits with `min` or `above`, `max` or `below`, that leave something between them are needed here"));
    }
    Ok(bounds)
}

fn trigger(at: &Cursor<'_>) -> Read<Trigger> {
    at.only(&["keywords", "patterns", "words"])?;
    let words = [("whole", true), ("anywhere", false)];
    let trigger = Trigger {
        keywords: at.texts_of("keywords")?,
        patterns: at.get("patterns").map_or(Ok(Vec::new()), |list| {
            list.all(|item| item.read(crate::trigger::checked).and_then(|()| item.owned()))
        })?,
        whole_words: at.get("words").map_or(Ok(true), |word| word.word(&words))?,
    };
    if trigger.keywords.is_empty() && trigger.patterns.is_empty() {
        return Err(at.wrong("a trigger needs `keywords` or `patterns`"));
    }
    Ok(trigger)
}

const STEP: [&str; 3] = ["phase", "tool", "when"];

fn step(at: &Cursor<'_>, more: &[&str]) -> Read<SequenceStep> {
    at.only(&[&STEP, more].concat())?;
    let step = SequenceStep {
        phases: rule::phases(at)?,
        tools: at.get("tool").map_or(Ok(Vec::new()), |tools| rule::globs(&tools))?,
        when: at.get("when").map_or(Ok(Condition::All(Vec::new())), |when| condition(&when))?,
    };
    if contains_tracked(&step.when) {
        return Err(at.wrong("`count`, `sum`, `distinct` and `sequence` cannot stand in one another"));
    }
    Ok(step)
}

fn contains_tracked(condition: &Condition) -> bool {
    match condition {
        Condition::Tracked(_) => true,
        Condition::All(list) | Condition::Any(list) | Condition::AtLeast(_, list) => {
            list.iter().any(contains_tracked)
        }
        Condition::Not(inner) => contains_tracked(inner),
        _ => false,
    }
}

fn window(name: &str, at: &Cursor<'_>) -> Read<Window> {
    let of = step(at, &["within", "min", "field"])?;
    let field = || at.need("field")?.parsed(Field::parse);
    let add = match name {
        "sum" => Every::Sum(field()?),
        "distinct" => Every::Distinct(field()?),
        _ => Every::Count,
    };
    Ok(Window { of, add, within: at.need("within")?.duration()?, min: at.need("min")?.number()? })
}

fn sequence(at: &Cursor<'_>) -> Read<Sequence> {
    at.only(&["steps", "within", "same"])?;
    let written = at.need("steps")?;
    let steps = written.all(|item| step(item, &[]))?;
    if !(2..=8).contains(&steps.len()) {
        return Err(written.wrong("a sequence has from 2 to 8 steps"));
    }
    let same = at.get("same").map(|field| field.parsed(Field::parse)).transpose()?;
    Ok(Sequence { steps, within: at.need("within")?.duration()?, same })
}

fn time(at: &Cursor<'_>) -> Read<TimeOfDay> {
    at.only(&["from", "to", "days", "offset"])?;
    let clock = |name, otherwise| {
        at.get(name).map_or(Ok(otherwise), |at| {
            let (hours, minutes) = at
                .text()?
                .split_once(':')
                .ok_or_else(|| at.wrong("a time such as `09:30` is needed here"))?;
            match (hours.parse::<u16>(), minutes.parse::<u16>()) {
                (Ok(hours), Ok(minutes)) if minutes < 60 && hours * 60 + minutes <= 1440 => {
                    Ok(hours * 60 + minutes)
                }
                _ => Err(at.wrong("a time such as `09:30` is needed here")),
            }
        })
    };
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let known: Vec<(&str, usize)> = names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let mut days = [true; 7];
    if let Some(written) = at.get("days") {
        let chosen = written.all(|day| day.word(&known))?;
        for (i, day) in days.iter_mut().enumerate() {
            *day = chosen.contains(&i);
        }
    }
    let offset = at.get("offset").map_or(Ok(0), |at| {
        let minutes: i16 = at.whole()?;
        if (-840..=840).contains(&minutes) {
            Ok(minutes)
        } else {
            Err(at.wrong("minutes east of Greenwich, at most 840"))
        }
    })?;
    Ok(TimeOfDay { from: clock("from", 0)?, to: clock("to", 1440)?, days, offset })
}
