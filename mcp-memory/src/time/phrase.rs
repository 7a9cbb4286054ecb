//! How words become spans: from, to, since, ago, last, next.

use jiff::Zoned;
use jiff::civil::Weekday;

use super::calendar::Period;
use super::weight::Weight;
use super::words::{Unit, Word, count, month, unit, weekday};
use super::{Range, TimeContext};

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
    pub(super) weight: Weight,
    /// After what the same words mean the next, where no year is given.
    pub(super) cycle: Option<Unit>,
    /// Whether a year is given.
    pub(super) is_dated: bool,
}

/// A range that was read.
#[derive(Debug, Clone)]
pub(super) struct ReadRange {
    pub(super) from: Option<Zoned>,
    pub(super) to: Option<Zoned>,
    pub(super) end: usize,
    /// Whether the words can hardly mean anything else.
    pub(super) is_sure: bool,
    pub(super) is_dated: bool,
    pub(super) is_backwards: bool,
}

impl ReadRange {
    const fn new(from: Option<Zoned>, to: Option<Zoned>, end: usize, is_sure: bool) -> Self {
        Self { from, to, end, is_sure, is_dated: false, is_backwards: false }
    }

    pub(super) fn said(self, phrase: &str) -> Range {
        Range { from: self.from, to: self.to, phrase: phrase.to_owned() }
    }
}

impl Read {
    pub(super) const fn new(period: Period, end: usize, weight: Weight) -> Self {
        Self { period, end, weight, cycle: None, is_dated: false }
    }

    pub(super) const fn each(mut self, unit: Unit) -> Self {
        self.cycle = Some(unit);
        self
    }

    /// Of a given year, or of each.
    pub(super) const fn of(self, year: Option<i16>) -> Self {
        if year.is_some() { self.dated() } else { self.each(Unit::Year) }
    }

    pub(super) const fn dated(mut self) -> Self {
        self.is_dated = true;
        self
    }
}

impl Reading<'_> {
    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| &word.text)
    }

    /// Whether a word is written as a name.
    pub(super) fn is_name(&self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| word.is_name)
    }

    /// A range that begins at a word.
    pub(super) fn range(&self, at: usize) -> Option<ReadRange> {
        let next = at + 1;
        match self.word(at) {
            "between" => self.pair(next, &["and", "-"], true),
            // `notes from Monday` are Monday's: who means all that came after says `since`.
            "from" => self
                .pair(next, &["to", "until", "till", "through", "-"], true)
                .or_else(|| self.alone(next, Weight::Year)),
            "since" => self.open(next, |Period { from, .. }| (Some(from), None), Weight::Year),
            "after" => self.open(next, |Period { to, .. }| (Some(to), None), Weight::Year),
            "before" => self.open(next, |Period { from, .. }| (None, Some(from)), Weight::Year),
            "until" | "till" => self.open(next, |Period { to, .. }| (None, Some(to)), Weight::Year),
            "by" => self.open(next, |Period { to, .. }| (None, Some(to)), Weight::In),
            _ => self.pair(at, &["-", "to", "through"], false).or_else(|| self.alone(at, Weight::Certain)),
        }
    }

    fn pair(&self, at: usize, joints: &[&str], is_said: bool) -> Option<ReadRange> {
        let from = self.period(at)?;
        let is_joint = joints.contains(&self.word(from.end));
        let to = is_joint.then(|| self.period(from.end + 1)).flatten()?;
        let (more, less) = (from.weight.max(to.weight), from.weight.min(to.weight));
        let is_sure =
            if is_said { more == Weight::Certain || less >= Weight::Year } else { less == Weight::Certain };
        Some(ReadRange { is_sure, ..between(from, to) })
    }

    fn open(
        &self,
        at: usize,
        ends: impl Fn(Period) -> (Option<Zoned>, Option<Zoned>),
        least: Weight,
    ) -> Option<ReadRange> {
        let read = self.period(at)?;
        let (from, to) = ends(read.period);
        let range = ReadRange::new(from, to, read.end, read.weight >= least);
        Some(ReadRange { is_dated: read.is_dated, ..range })
    }

    fn alone(&self, at: usize, least: Weight) -> Option<ReadRange> {
        self.open(at, |Period { from, to }| (Some(from), Some(to)), least)
    }

    /// A period that begins at a word.
    pub(super) fn period(&self, at: usize) -> Option<Read> {
        let before = self.word(at);
        let is_said = matches!(before, "in" | "on" | "during" | "at" | "throughout" | "within" | "over");
        let at = at + usize::from(is_said);
        let at = at + usize::from(self.word(at) == "the");
        let relative = || {
            let read = self.day_by_name(at).or_else(|| self.relative(at));
            read.or_else(|| self.before_last(at)).or_else(|| self.ago(at))
        };
        // `present at last week's fair`.
        let relative = if before == "at" { None } else { relative() };
        let read = relative.or_else(|| self.date(at))?;
        Some(if is_said { read.said(before) } else { read })
    }

    /// `today`, `yesterday evening`, `recently`.
    fn day_by_name(&self, at: usize) -> Option<Read> {
        let certain = |period: Option<Period>| Some(Read::new(period?, at + 1, Weight::Certain));
        let (offset, end) = match [self.word(at), self.word(at + 1), self.word(at + 2)] {
            ["day", "before", "yesterday"] => (-2, at + 3),
            ["day", "after", "tomorrow"] => (2, at + 3),
            ["yesterday", ..] => (-1, at + 1),
            ["today", ..] => (0, at + 1),
            ["tomorrow", ..] => (1, at + 1),
            ["tonight", ..] => return certain(self.context.hours(self.context.today(), 18, 29)),
            ["recently" | "lately", ..] => return certain(self.past(7, Unit::Day)),
            ["now", ..] => {
                return Some(Read::new(self.context.unit(Unit::Second, 0)?, at + 1, Weight::Doubtful));
            }
            _ => return None,
        };
        let day = self.context.unit(Unit::Day, offset)?;
        Some(self.part(day, end, Weight::Certain))
    }

    /// A day, or the part of it that is named behind it.
    pub(super) fn part(&self, day: Period, end: usize, weight: Weight) -> Read {
        let named = match self.word(end) {
            "morning" => Some((5, 12)),
            "afternoon" => Some((12, 18)),
            "evening" => Some((17, 22)),
            "night" => Some((18, 29)),
            _ => None,
        };
        match named.and_then(|(from, to)| self.context.hours(day.from.date(), from, to)) {
            Some(part) => Read::new(part, end + 1, Weight::Certain),
            None => Read::new(day, end, weight),
        }
    }

    /// `last`, `this`, `next`, as places on the way of time.
    pub(super) fn which(&self, at: usize) -> Option<i64> {
        match self.word(at) {
            "last" | "previous" => Some(-1),
            "this" | "current" => Some(0),
            "next" | "coming" => Some(1),
            _ => None,
        }
    }

    /// `last week`, `past 3 days`, `this Friday`, `next summer`.
    fn relative(&self, at: usize) -> Option<Read> {
        if self.word(at) == "past" {
            return self.rolling(at + 1);
        }
        let which = self.which(at)?;
        let certain = |period: Period, end: usize| Some(Read::new(period, end, Weight::Certain));
        let (name, end) = (self.word(at + 1), at + 2);
        match name {
            "night" if which == -1 => {
                return certain(self.context.hours(self.context.today().yesterday().ok()?, 18, 29)?, end);
            }
            "morning" | "afternoon" | "evening" | "night" if which == 0 => {
                return Some(self.part(self.context.unit(Unit::Day, 0)?, at + 1, Weight::Certain));
            }
            "weekend" => return certain(self.context.weekend(which)?, end),
            "week" => return self.week(which, at),
            _ => {}
        }
        if let Some(unit) = unit(name).filter(|_| !name.ends_with('s')) {
            let weight =
                unit.weight().min(if self.word(at) == "current" { Weight::In } else { Weight::Certain });
            return Some(Read::new(self.context.unit(unit, which)?, end, weight));
        }
        self.named(at + 1, which).or_else(|| match which {
            -1 => self.rolling(at + 1),
            1 => {
                let (many, unit, end) = self.quantity(at + 1).filter(|(many, ..)| *many > 0)?;
                let to = self.context.now.checked_add(unit.span(many)?).ok()?;
                certain(Period { from: self.context.now.clone(), to }, end)
            }
            _ => None,
        })
    }

    /// `last week`, `last week on Monday`.
    fn week(&self, which: i64, at: usize) -> Option<Read> {
        let day = at + 2 + usize::from(self.word(at + 2) == "on");
        if let Some(weekday) = weekday(self.word(day)) {
            let weekday = Weekday::from_monday_zero_offset(weekday).ok()?;
            return Some(self.part(self.context.day_of_week(weekday, which)?, day + 1, Weight::Certain));
        }
        let weight = if self.word(at) == "current" { Weight::In } else { Weight::Certain };
        Some(Read::new(self.context.unit(Unit::Week, which)?, at + 2, weight))
    }

    /// What has a name of its own, behind `last`, `this` or `next`.
    fn named(&self, at: usize, which: i64) -> Option<Read> {
        let name = self.word(at);
        if let Some(day) = weekday(name) {
            let weight = if matches!(name, "sun" | "sat" | "wed" | "mon") {
                Weight::Doubtful
            } else {
                Weight::Certain
            };
            return Some(self.part(self.weekday(day, Some(which))?, at + 1, weight));
        }
        if let Some((month, day, end)) = self.holiday_name(at) {
            return Some(Read::new(self.context.nearest(month, day, which)?, end, Weight::Certain));
        }
        let weight = if self.is_season(name) {
            // `this spring` may be a thing that springs.
            self.season_weight(at, if which == 0 { Weight::In } else { Weight::Certain })
        } else {
            month(name)?;
            // `this may fail`, `the next may work`.
            if name == "may" && !self.is_name(at) { Weight::Doubtful } else { Weight::Certain }
        };
        Some(Read::new(self.recurring(name, which)?, at + 1, weight))
    }

    /// `week before last`.
    fn before_last(&self, at: usize) -> Option<Read> {
        let behind = self.word(at + 3);
        let goes_on = unit(behind).is_some() || weekday(behind).is_some() || month(behind).is_some();
        if self.word(at + 1) != "before" || self.word(at + 2) != "last" || goes_on || self.is_season(behind) {
            return None;
        }
        let (period, weight) = match self.word(at) {
            "weekend" => (self.context.weekend(-2)?, Weight::Certain),
            name => {
                let unit = unit(name).filter(|_| !name.ends_with('s'))?;
                (self.context.unit(unit, -2)?, unit.weight())
            }
        };
        Some(Read::new(period, at + 3, weight))
    }

    /// `3 days`, `couple of weeks`, `month`: until now.
    fn rolling(&self, at: usize) -> Option<Read> {
        let (many, unit, end, weight) = match unit(self.word(at)) {
            Some(unit) => (1, unit, at + 1, unit.weight()),
            None => {
                let (many, unit, end) = self.quantity(at)?;
                (many, unit, end, Weight::Certain)
            }
        };
        if many > 0 { Some(Read::new(self.past(many, unit)?, end, weight)) } else { None }
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
        let read = self.part(period, end + 1, Weight::Certain);
        Some(read).filter(|read| unit == Unit::Day || read.end == end + 1)
    }
}

impl Unit {
    /// `last minute`, `last day` and `next second` are not only times.
    const fn weight(self) -> Weight {
        match self {
            Self::Second | Self::Minute | Self::Day => Weight::Doubtful,
            Self::Hour => Weight::In,
            _ => Weight::Certain,
        }
    }
}

/// From the beginning of one to the end of the other. What has no year, or is a day of the week, is taken from beside the other.
fn between(mut from: Read, mut to: Read) -> ReadRange {
    let later =
        |time: &Zoned, unit: Unit, many: i64| unit.span(many).and_then(|span| time.checked_add(span).ok());
    let years = |of: &Read, to: &Read| i64::from(to.period.from.year()) - i64::from(of.period.from.year());
    if to.is_dated
        && from.cycle == Some(Unit::Year)
        && let Some(there) = later(&from.period.from, Unit::Year, years(&from, &to))
    {
        from.period.from = there;
    }
    if from.is_dated
        && to.cycle == Some(Unit::Year)
        && let Some(there) = later(&to.period.to, Unit::Year, years(&to, &from))
    {
        to.period.to = there;
        if to.period.to <= from.period.from
            && let Some(next) = later(&to.period.to, Unit::Year, 1)
        {
            to.period.to = next;
        }
    }
    if from.period.from >= to.period.to
        && let Some(earlier) = from.cycle.and_then(|unit| later(&from.period.from, unit, -1))
    {
        from.period.from = earlier;
    }
    let is_backwards = from.period.from >= to.period.to;
    let range = ReadRange::new(Some(from.period.from), Some(to.period.to), to.end, false);
    ReadRange { is_backwards, is_dated: from.is_dated || to.is_dated, ..range }
}
