//! Dates by their names: months, weekdays, quarters, seasons, holidays, ISO 8601.

use jiff::civil::{Date, DateTime, ISOWeekDate, Weekday};
use jiff::{Span, Timestamp, Zoned};

use super::calendar::Period;
use super::phrase::{Read, Reading};
use super::words::{Unit, month, ordinal, slashed, weekday, year};

/// The month in which a season begins.
fn season(word: &str) -> Option<i8> {
    match word {
        "spring" => Some(3),
        "summer" => Some(6),
        "autumn" | "fall" => Some(9),
        "winter" => Some(12),
        _ => None,
    }
}

impl Reading<'_> {
    pub(super) fn is_season(&self, word: &str) -> bool {
        season(word).is_some()
    }

    /// Something that is named. `is_said`: it stands behind `in` or `on`.
    pub(super) fn date(&self, at: usize, is_said: bool) -> Option<Read> {
        self.iso(at)
            .or_else(|| self.fraction(at))
            .or_else(|| self.named_day(at))
            .or_else(|| self.of_month(at, is_said))
            .or_else(|| self.holiday(at))
            .or_else(|| {
                let first = season(self.word(at))?;
                let (year, end) = self.year_behind(at + 1);
                let read = Read::new(self.context.months(first, 3, year)?, end, year.is_some());
                Some(read.each(Unit::Year))
            })
            .or_else(|| {
                let first = Date::new(year(self.word(at))?, 1, 1).ok()?;
                let next = first.checked_add(Span::new().years(1)).ok()?;
                Some(Read::new(self.context.days(first, next)?, at + 1, is_said))
            })
    }

    /// A year, with or without `of` or a comma before it.
    fn year_behind(&self, at: usize) -> (Option<i16>, usize) {
        let of = at + usize::from(self.word(at) == "of");
        match year(self.word(of)) {
            Some(year) => (Some(year), of + 1),
            None => (None, at),
        }
    }

    fn named_day(&self, at: usize) -> Option<Read> {
        let word = self.word(at);
        let period = self.weekday(weekday(word)?, None)?;
        // Short names are words as well: `sat`, `sun`, `wed`.
        Some(self.part(period, at + 1, word.len() > 5).each(Unit::Week))
    }

    /// The day of a week: the latest up to today, the last before today, that of this week, the next after today.
    pub(super) fn weekday(&self, day: i8, which: Option<i64>) -> Option<Period> {
        let today = self.context.today();
        let weekday = Weekday::from_monday_zero_offset(day).ok()?;
        let date = match which {
            None if today.weekday() == weekday => today,
            None | Some(-1) => today.nth_weekday(-1, weekday).ok()?,
            Some(0) => {
                let back = today.weekday().to_monday_zero_offset();
                today.checked_add(Span::new().days(i64::from(day - back))).ok()?
            }
            _ => today.nth_weekday(1, weekday).ok()?,
        };
        self.context.day(date)
    }

    /// A month or season of another year than the latest: the last that is over or running elsewhere, this year's, the next.
    pub(super) fn recurring(&self, name: &str, which: i64) -> Option<Period> {
        let (first, many) = match season(name) {
            Some(first) => (first, 3),
            None => (month(name)?, 1),
        };
        let this_year = self.context.today().year();
        let of = |year: i16| self.context.months(first, many, Some(year));
        match which {
            0 => of(this_year),
            -1 => [this_year, this_year - 1, this_year - 2]
                .into_iter()
                .filter_map(of)
                .find(|period| period.to <= self.context.now),
            _ => [this_year, this_year + 1]
                .into_iter()
                .filter_map(of)
                .find(|period| period.from > self.context.now),
        }
    }

    /// `May`, `May 2025`, `May 5, 2025`, `5 May`, `5th of May 2025`, `late May`.
    fn of_month(&self, at: usize, is_said: bool) -> Option<Read> {
        let word = self.word(at);
        let third = match word.split_once('-').unwrap_or((word, "")) {
            ("early", rest) => Some(((1, 10), rest)),
            ("mid", rest) => Some(((11, 20), rest)),
            ("late", rest) => Some(((21, 31), rest)),
            _ => None,
        };
        if let Some(((first, last), rest)) = third {
            let (name, next) = if rest.is_empty() { (self.word(at + 1), at + 2) } else { (rest, at + 1) };
            let (year, end) = self.year_behind(next);
            let start = self.context.months(month(name)?, 1, year)?.from.date();
            let day = |day: i8| Date::new(start.year(), start.month(), day.min(start.days_in_month())).ok();
            let period = self.context.days(day(first)?, day(last)?.tomorrow().ok()?)?;
            return Some(Read::new(period, end, true).each(Unit::Year));
        }
        let day_of_month = |word: &str| {
            let day = ordinal(word).or_else(|| word.parse().ok())?;
            i8::try_from(day).ok().filter(|day| (1..=31).contains(day))
        };
        if let Some(number) = month(word) {
            let behind = self.word(at + 1);
            if let Some(day) = day_of_month(behind) {
                let (year, end) = self.year_behind(at + 2);
                return Some(self.part(self.context.day_of(number, day, year)?, end, true).each(Unit::Year));
            }
            let (year, end) = self.year_behind(at + 1);
            let read = Read::new(self.context.months(number, 1, year)?, end, year.is_some() || is_said);
            return Some(read.each(Unit::Year));
        }
        let day = day_of_month(word)?;
        let next = at + 1 + usize::from(self.word(at + 1) == "of");
        let number = month(self.word(next))?;
        let (year, end) = self.year_behind(next + 1);
        Some(self.part(self.context.day_of(number, day, year)?, end, true).each(Unit::Year))
    }

    /// `Q3 2025`, `2025 Q3`, `2025-Q3`, `third quarter of 2025`, `H1 2025`, `first half of 2025`.
    fn fraction(&self, at: usize) -> Option<Read> {
        let short = |word: &str| {
            let (kind, number) = word.split_at_checked(1)?;
            let number: i8 = number.parse().ok()?;
            match kind {
                "q" if (1..=4).contains(&number) => Some((number, 3)),
                "h" if (1..=2).contains(&number) => Some((number, 6)),
                _ => None,
            }
        };
        let word = self.word(at);
        let dashed = word.split_once('-').and_then(|(before, part)| Some((year(before)?, short(part)?)));
        let ((number, months), given, end, sure) = if let Some((year, part)) = dashed {
            (part, Some(year), at + 1, true)
        } else if let Some(part) = short(word) {
            let (year, end) = self.year_behind(at + 1);
            (part, year, end, true)
        } else if let (Some(year), Some(part)) = (year(word), short(self.word(at + 1))) {
            (part, Some(year), at + 2, true)
        } else {
            let months = match self.word(at + 1) {
                "quarter" => 3,
                "half" => 6,
                _ => return None,
            };
            let number =
                i8::try_from(ordinal(word)?).ok().filter(|number| i64::from(*number) * months <= 12)?;
            let (year, end) = self.year_behind(at + 2);
            ((number, months), year, end, year.is_some())
        };
        let first = (number - 1) * i8::try_from(months).ok()? + 1;
        Some(Read::new(self.context.months(first, months, given)?, end, sure).each(Unit::Year))
    }

    fn holiday(&self, at: usize) -> Option<Read> {
        let names: [(&[&str], i8, i8); 7] = [
            (&["christmas", "eve"], 12, 24),
            (&["christmas", "day"], 12, 25),
            (&["christmas"], 12, 25),
            (&["new", "year's", "eve"], 12, 31),
            (&["new", "year's", "day"], 1, 1),
            (&["halloween"], 10, 31),
            (&["valentine's", "day"], 2, 14),
        ];
        let is_there =
            |name: &[&str]| name.iter().enumerate().all(|(place, word)| self.word(at + place) == *word);
        let (name, month, day) = names.iter().find(|(name, ..)| is_there(name))?;
        let (year, end) = self.year_behind(at + name.len());
        Some(Read::new(self.context.day_of(*month, *day, year)?, end, true).each(Unit::Year))
    }

    /// ISO 8601, RFC 3339, and dates with slashes.
    fn iso(&self, at: usize) -> Option<Read> {
        let word = self.word(at);
        if !word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let upper = word.to_uppercase();
        let second = |from: Zoned| Some(Period { to: from.checked_add(Unit::Second.span(1)?).ok()?, from });
        let period = if let Ok(time) = upper.parse::<Timestamp>() {
            second(time.to_zoned(self.context.now.time_zone().clone()))
        } else if upper.contains('T') {
            second(self.context.at(upper.parse::<DateTime>().ok()?)?)
        } else if let Some((before, week)) = upper.split_once("-W") {
            let monday = ISOWeekDate::new(year(before)?, week.parse().ok()?, Weekday::Monday).ok()?.date();
            self.context.days(monday, monday.checked_add(Span::new().weeks(1)).ok()?)
        } else if let Some(date) = slashed(word) {
            self.context.day(date)
        } else {
            match word.split('-').collect::<Vec<_>>()[..] {
                [before, month] if month.len() == 2 => self.context.months(
                    month.parse().ok().filter(|month| (1..=12).contains(month))?,
                    1,
                    Some(year(before)?),
                ),
                [before, month, day] if month.len() == 2 && day.len() == 2 => {
                    self.context.day(Date::new(year(before)?, month.parse().ok()?, day.parse().ok()?).ok()?)
                }
                _ => None,
            }
        };
        let read = Read::new(period?, at + 1, true);
        Some(self.part(read.period, read.end, true))
    }
}
