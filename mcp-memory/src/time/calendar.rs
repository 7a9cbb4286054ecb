//! Units of the calendar, in a zone.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use super::TimeContext;
use super::words::Unit;

/// From a moment to another, which is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Zoned,
    pub(super) to: Zoned,
}

/// The first of January, April, July or October before a date, or on it.
fn quarter_start(date: Date) -> Option<Date> {
    Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok()
}

impl Unit {
    /// So many of it.
    pub(super) fn span(self, many: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Self::Second => span.try_seconds(many),
            Self::Minute => span.try_minutes(many),
            Self::Hour => span.try_hours(many),
            Self::Day => span.try_days(many),
            Self::Week => span.try_weeks(many),
            Self::Month => span.try_months(many),
            Self::Quarter => span.try_months(many.checked_mul(3)?),
            Self::Year => span.try_years(many),
        }
        .ok()
    }

    /// The first day of the unit that a date is in; nothing for units within a day.
    fn start(self, date: Date, week_starts: Weekday) -> Option<Date> {
        match self {
            Self::Day => Some(date),
            Self::Week => date.checked_sub(Span::new().days(date.weekday().since(week_starts))).ok(),
            Self::Month => Some(date.first_of_month()),
            Self::Quarter => quarter_start(date),
            Self::Year => Some(date.first_of_year()),
            _ => None,
        }
    }
}

impl TimeContext {
    fn zone(&self) -> &TimeZone {
        self.now.time_zone()
    }

    pub(super) fn today(&self) -> Date {
        self.now.date()
    }

    pub(super) fn at(&self, time: DateTime) -> Option<Zoned> {
        time.to_zoned(self.zone().clone()).ok()
    }

    /// From the beginning of a day to that of another.
    pub(super) fn days(&self, from: Date, to: Date) -> Option<Period> {
        let start = |date: Date| date.to_zoned(self.zone().clone()).ok();
        Some(Period { from: start(from)?, to: start(to)? })
    }

    pub(super) fn day(&self, date: Date) -> Option<Period> {
        self.days(date, date.tomorrow().ok()?)
    }

    /// The hour, minute or second of a moment, as a clock shows it that nobody sets.
    fn clock_unit(&self, unit: Unit, then: &Zoned) -> Option<Period> {
        let round = match unit {
            Unit::Hour => jiff::Unit::Hour,
            Unit::Minute => jiff::Unit::Minute,
            _ => jiff::Unit::Second,
        };
        let round = jiff::ZonedRound::new().smallest(round).mode(jiff::RoundMode::Trunc);
        let unset = then.with_time_zone(then.offset().to_time_zone());
        let from = unset.round(round).ok()?.with_time_zone(self.zone().clone());
        Some(Period { to: from.checked_add(unit.span(1)?).ok()?, from })
    }

    /// Saturday and Sunday, so many weeks from the present ones: a Sunday ends them, wherever the week begins.
    pub(super) fn weekend(&self, offset: i64) -> Option<Period> {
        let monday = Unit::Week.start(self.today(), Weekday::Monday)?;
        let saturday = monday.checked_add(Unit::Day.span(offset.checked_mul(7)?.checked_add(5)?)?).ok()?;
        self.days(saturday, saturday.checked_add(Unit::Day.span(2)?).ok()?)
    }

    /// A day of the week that is so many weeks from the present one.
    pub(super) fn day_of_week(&self, weekday: Weekday, offset: i64) -> Option<Period> {
        let start = self.unit(Unit::Week, offset)?.from.date();
        self.day(start.checked_add(Unit::Day.span(weekday.since(self.week_starts).into())?).ok()?)
    }

    /// Hours of a day; those from 24 on are of the next.
    pub(super) fn hours(&self, date: Date, from: i8, to: i8) -> Option<Period> {
        let hour = |hour: i8| {
            let date = if hour >= 24 { date.tomorrow().ok()? } else { date };
            self.at(date.to_datetime(Time::new(hour % 24, 0, 0, 0).ok()?))
        };
        Some(Period { from: hour(from)?, to: hour(to)? })
    }

    /// The calendar unit that is so many units from the present one.
    pub(super) fn unit(&self, unit: Unit, offset: i64) -> Option<Period> {
        let span = unit.span(offset)?;
        let Some(start) = unit.start(self.today(), self.week_starts) else {
            return self.clock_unit(unit, &self.now.checked_add(span).ok()?);
        };
        let from = start.checked_add(span).ok()?;
        self.days(from, from.checked_add(unit.span(1)?).ok()?)
    }

    /// The months from one on, of the latest year in which they have begun, or of a given one.
    pub(super) fn months(&self, first: i8, many: i64, year: Option<i16>) -> Option<Period> {
        let of = |year: i16| Date::new(year, first, 1).ok();
        let from = match year {
            Some(year) => of(year)?,
            None => of(self.today().year())
                .filter(|from| *from <= self.today())
                .or_else(|| of(self.today().year() - 1))?,
        };
        self.days(from, from.checked_add(Span::new().months(many)).ok()?)
    }

    /// A day of the year: the last before today, this year's, the next after today.
    pub(super) fn nearest(&self, month: i8, day: i8, which: i64) -> Option<Period> {
        let today = self.today();
        let of = |year: i16| Date::new(year, month, day).ok();
        let mut near = [-1, 0, 1].into_iter().filter_map(|years| of(today.year() + years));
        let date = match which {
            0 => of(today.year()),
            -1 => near.rfind(|date| *date < today),
            _ => near.find(|date| *date > today),
        };
        self.day(date?)
    }

    /// A day of the year: the latest up to today, or that of a given year.
    pub(super) fn day_of(&self, month: i8, day: i8, year: Option<i16>) -> Option<Period> {
        let of = |year: i16| Date::new(year, month, day).ok();
        let this_year = self.today().year();
        let date = match year {
            Some(year) => of(year)?,
            // The 29th of February is not in every year.
            None => (0..8).filter_map(|back| of(this_year - back)).find(|date| *date <= self.today())?,
        };
        self.day(date)
    }
}
