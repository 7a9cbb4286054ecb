//! How words become spans: from, to, since, ago, last, next.

use super::calendar::Period;
use super::words::{Unit, Word, count, month, unit, weekday};
use super::{Range, TimeContext};
use jiff::Zoned;

/// Words to be read, from somewhere on.
pub(super) struct Reading<'a> {
    pub(super) words: &'a [Word],
    pub(super) context: &'a TimeContext,
}

/// A period that was read.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) period: Period,
    /// The word behind it.
    pub(super) end: usize,
    /// Whether the words can hardly mean anything else.
    pub(super) sure: bool,
    /// After what the same words mean the next, where no year is given.
    pub(super) cycle: Option<Unit>,
}

/// A range that was read.
#[derive(Debug, Clone)]
pub(super) struct ReadRange {
    pub(super) from: Option<Zoned>,
    pub(super) to: Option<Zoned>,
    pub(super) end: usize,
    pub(super) sure: bool,
}

impl ReadRange {
    pub(super) fn said(self, phrase: &str) -> Range {
        Range { from: self.from, to: self.to, phrase: phrase.to_owned() }
    }
}

impl Read {
    pub(super) const fn new(period: Period, end: usize, sure: bool) -> Self {
        Self { period, end, sure, cycle: None }
    }

    pub(super) const fn each(mut self, unit: Unit) -> Self {
        self.cycle = Some(unit);
        self
    }
}

impl Reading<'_> {
    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| &word.text)
    }

    /// A range that begins at a word.
    pub(super) fn range(&self, at: usize) -> Option<ReadRange> {
        let pair = |first: usize, joints: &[&str]| {
            let from = self.period(first)?;
            let is_joint = joints.contains(&self.word(from.end));
            let to = is_joint.then(|| self.period(from.end + 1)).flatten()?;
            Some(self.between(from, to))
        };
        let open = |from: bool, to: bool, of_start: bool| {
            let read = self.period(at + 1)?;
            let time = if of_start { read.period.from } else { read.period.to };
            Some(ReadRange {
                from: from.then(|| time.clone()),
                to: to.then_some(time),
                end: read.end,
                sure: read.sure || read.cycle.is_some(),
            })
        };
        let alone = |at: usize| {
            let Read { period: Period { from, to }, end, sure, .. } = self.period(at)?;
            Some(ReadRange { from: Some(from), to: Some(to), end, sure })
        };
        match self.word(at) {
            "between" => pair(at + 1, &["and", "-"]),
            // `notes from Monday` are Monday's: who means all that came after says `since`.
            "from" => pair(at + 1, &["to", "until", "till", "through", "-"]).or_else(|| alone(at + 1)),
            "since" => open(true, false, true),
            "after" => open(true, false, false),
            "before" => open(false, true, true),
            "until" | "till" | "by" => open(false, true, false),
            _ => pair(at, &["-", "to", "through"]).or_else(|| alone(at)),
        }
    }

    /// From the beginning of one to the end of the other. What returns each week or year is taken from before, if it must be.
    fn between(&self, mut from: Read, to: Read) -> ReadRange {
        if from.period.from >= to.period.to
            && let Some(span) = from.cycle.and_then(|unit| unit.span(1))
            && let Ok(earlier) = from.period.from.checked_sub(span)
        {
            from.period.from = earlier;
        }
        ReadRange {
            from: Some(from.period.from),
            to: Some(to.period.to),
            end: to.end,
            sure: from.sure || to.sure || from.cycle == to.cycle,
        }
    }

    /// A period that begins at a word.
    pub(super) fn period(&self, at: usize) -> Option<Read> {
        let is_said = matches!(self.word(at), "in" | "on" | "during" | "at");
        let at = at + usize::from(is_said);
        let at = at + usize::from(self.word(at) == "the");
        let read = self
            .day_by_name(at)
            .or_else(|| self.relative(at))
            .or_else(|| self.ago(at))
            .or_else(|| self.date(at, is_said))?;
        Some(read)
    }

    /// `today`, `yesterday evening`, `recently`.
    fn day_by_name(&self, at: usize) -> Option<Read> {
        let three = [self.word(at), self.word(at + 1), self.word(at + 2)];
        let (offset, end) = match three {
            ["day", "before", "yesterday"] => (-2, at + 3),
            ["day", "after", "tomorrow"] => (2, at + 3),
            ["yesterday", ..] => (-1, at + 1),
            ["today", ..] => (0, at + 1),
            ["tomorrow", ..] => (1, at + 1),
            ["tonight", ..] => {
                return Some(Read::new(self.context.hours(self.context.today(), 18, 29)?, at + 1, true));
            }
            ["recently" | "lately", ..] => return Some(Read::new(self.past(7, Unit::Day)?, at + 1, true)),
            ["now", ..] => return Some(Read::new(self.context.unit(Unit::Second, 0)?, at + 1, false)),
            _ => return None,
        };
        let day = self.context.unit(Unit::Day, offset)?;
        Some(self.part(day, end, true))
    }

    /// A day, or the part of it that is named behind it.
    pub(super) fn part(&self, day: Period, end: usize, sure: bool) -> Read {
        let named = match self.word(end) {
            "morning" => Some((5, 12)),
            "afternoon" => Some((12, 18)),
            "evening" => Some((17, 22)),
            "night" => Some((18, 29)),
            _ => None,
        };
        match named.and_then(|(from, to)| self.context.hours(day.from.date(), from, to)) {
            Some(part) => Read::new(part, end + 1, true),
            None => Read::new(day, end, sure),
        }
    }

    /// `last week`, `past 3 days`, `this Friday`, `next summer`.
    fn relative(&self, at: usize) -> Option<Read> {
        let which = match self.word(at) {
            "last" | "previous" => -1,
            "past" => return self.rolling(at + 1),
            "this" | "current" => 0,
            "next" | "coming" => 1,
            _ => return None,
        };
        let (name, end) = (self.word(at + 1), at + 2);
        let today = self.context.unit(Unit::Day, 0)?;
        match name {
            "night" if which == -1 => {
                let yesterday = self.context.today().yesterday().ok()?;
                return Some(Read::new(self.context.hours(yesterday, 18, 29)?, end, true));
            }
            "morning" | "afternoon" | "evening" | "night" if which == 0 => {
                return Some(self.part(today, at + 1, true));
            }
            "weekend" => {
                let week = self.context.unit(Unit::Week, which)?;
                let saturday = week.to.date().checked_sub(Unit::Day.span(2)?).ok()?;
                return Some(Read::new(self.context.days(saturday, week.to.date())?, end, true));
            }
            _ => {}
        }
        if let Some(unit) = unit(name).filter(|_| !name.ends_with('s')) {
            let sure = !matches!(unit, Unit::Second | Unit::Minute | Unit::Hour);
            return Some(Read::new(self.context.unit(unit, which)?, end, sure));
        }
        if let Some(day) = weekday(name) {
            let day = self.weekday(day, Some(which))?;
            return Some(self.part(day, end, true));
        }
        if month(name).is_some() || self.is_season(name) {
            return Some(Read::new(self.recurring(name, which)?, end, true));
        }
        match which {
            -1 => self.rolling(at + 1),
            1 => {
                let (many, unit, end) = self.quantity(at + 1)?;
                let to = self.context.now.checked_add(unit.span(many)?).ok()?;
                Some(Read::new(Period { from: self.context.now.clone(), to }, end, true))
            }
            _ => None,
        }
    }

    /// `3 days`, `couple of weeks`, `month`: until now.
    fn rolling(&self, at: usize) -> Option<Read> {
        let (many, unit, end) = match unit(self.word(at)) {
            Some(unit) => (1, unit, at + 1),
            None => self.quantity(at)?,
        };
        Some(Read::new(self.past(many, unit)?, end, true))
    }

    fn past(&self, many: i64, unit: Unit) -> Option<Period> {
        let now = &self.context.now;
        Some(Period { from: now.checked_sub(unit.span(many)?).ok()?, to: now.clone() })
    }

    /// `2 weeks`, `a few hours`, `a couple of days`.
    fn quantity(&self, at: usize) -> Option<(i64, Unit, usize)> {
        let article = at + usize::from(self.word(at) == "a");
        let (many, next) = match (self.word(article), self.word(article + 1)) {
            ("few", _) => (3, article + 1),
            ("couple", "of") => (2, article + 2),
            ("couple", _) => (2, article + 1),
            _ => (count(self.word(at))?, at + 1),
        };
        Some((many, unit(self.word(next))?, next + 1))
    }

    /// `3 days ago`, `an hour ago`.
    fn ago(&self, at: usize) -> Option<Read> {
        let (many, unit, end) = self.quantity(at)?;
        if self.word(end) != "ago" {
            return None;
        }
        let period = match unit {
            Unit::Second | Unit::Minute | Unit::Hour => {
                let from = self.context.now.checked_sub(unit.span(many)?).ok()?;
                Period { to: from.checked_add(unit.span(1)?).ok()?, from }
            }
            _ => self.context.unit(unit, many.checked_neg()?)?,
        };
        Some(self.part(period, end + 1, true)).filter(|read| unit == Unit::Day || read.end == end + 1)
    }
}
