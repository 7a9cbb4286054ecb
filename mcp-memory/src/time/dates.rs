//! Dates by their names: months, weekdays, quarters, seasons, holidays, ISO 8601.

use jiff::civil::{Date, DateTime, ISOWeekDate, Time, Weekday};
use jiff::{Span, Timestamp, Zoned};

use super::calendar::Period;
use super::phrase::{Read, Reading};
use super::weight::Weight;
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

/// Names without `'s`, the longer before those that they begin with.
const HOLIDAYS: [(&[&str], i8, i8); 10] = [
    (&["christmas", "eve"], 12, 24),
    (&["christmas", "day"], 12, 25),
    (&["christmas"], 12, 25),
    (&["new", "year", "eve"], 12, 31),
    (&["new", "years", "eve"], 12, 31),
    (&["new", "year", "day"], 1, 1),
    (&["new", "years", "day"], 1, 1),
    (&["halloween"], 10, 31),
    (&["valentine", "day"], 2, 14),
    (&["valentines", "day"], 2, 14),
];

/// `5`, `5th`, `third`.
fn day_of_month(word: &str) -> Option<i8> {
    let day = ordinal(word).or_else(|| word.parse().ok())?;
    i8::try_from(day).ok().filter(|day| (1..=31).contains(day))
}

impl Reading<'_> {
    pub(super) fn is_season(&self, word: &str) -> bool {
        season(word).is_some()
    }

    /// Something that is named.
    pub(super) fn date(&self, at: usize) -> Option<Read> {
        self.iso(at)
            .or_else(|| self.fraction(at))
            .or_else(|| self.named_day(at))
            .or_else(|| self.of_month(at))
            .or_else(|| self.holiday(at))
            .or_else(|| {
                let first = season(self.word(at))?;
                let (year, end) = self.year_behind(at + 1);
                let weight = if year.is_some() { Weight::Certain } else { Weight::In };
                let weight = self.season_weight(at, weight);
                Some(Read::new(self.context.months(first, 3, year)?, end, weight).of(year))
            })
            .or_else(|| {
                let year = year(self.word(at))?;
                let weight = self.year_weight(at, year);
                Some(Read::new(self.context.months(1, 12, Some(year))?, at + 1, weight).of(Some(year)))
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

    /// `Monday`, `Monday evening`, `Monday of last week`.
    fn named_day(&self, at: usize) -> Option<Read> {
        let word = self.word(at);
        let day = weekday(word)?;
        let which = at + 1 + usize::from(self.word(at + 1) == "of");
        if let Some(offset) = self.which(which).filter(|_| self.word(which + 1) == "week") {
            let weekday = Weekday::from_monday_zero_offset(day).ok()?;
            return Some(self.part(self.context.day_of_week(weekday, offset)?, which + 2, Weight::Certain));
        }
        // Short names are words as well, and long ones those of things.
        let weight =
            if matches!(word, "sun" | "sat" | "wed" | "mon") { Weight::Doubtful } else { Weight::On };
        Some(self.part(self.weekday(day, None)?, at + 1, weight).each(Unit::Week))
    }

    /// The day of a week: the latest up to today, the last before today, that of this week, the next after today.
    pub(super) fn weekday(&self, day: i8, which: Option<i64>) -> Option<Period> {
        let today = self.context.today();
        let weekday = Weekday::from_monday_zero_offset(day).ok()?;
        let date = match which {
            None if today.weekday() == weekday => today,
            None | Some(-1) => today.nth_weekday(-1, weekday).ok()?,
            Some(0) => return self.context.day_of_week(weekday, 0),
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
    fn of_month(&self, at: usize) -> Option<Read> {
        if let Some(third) = self.third(at) {
            return Some(third);
        }
        let Some(number) = month(self.word(at)) else {
            let day = day_of_month(self.word(at))?;
            let next = at + 1 + usize::from(self.word(at + 1) == "of");
            return self.month_day(month(self.word(next))?, day, next, next + 1, at);
        };
        if let Some(day) = day_of_month(self.word(at + 1)) {
            return self.month_day(number, day, at, at + 2, at + 1);
        }
        let (year, end) = self.year_behind(at + 1);
        let weight = if year.is_some() { Weight::Certain } else { Weight::In };
        Some(Read::new(self.context.months(number, 1, year)?, end, weight).of(year))
    }

    /// A day of a month; `name` and `day` are the words that say so, `behind` is the word behind both.
    fn month_day(&self, number: i8, of_month: i8, name: usize, behind: usize, day: usize) -> Option<Read> {
        let (year, end) = self.year_behind(behind);
        let is_clear = year.is_some() || ordinal(self.word(day)).is_some();
        let weight =
            if is_clear { Weight::Certain } else { self.month_weight(name, Weight::Certain).max(Weight::On) };
        Some(self.part(self.context.day_of(number, of_month, year)?, end, weight).of(year))
    }

    /// `early May`, `mid-May`, `late May 2025`.
    fn third(&self, at: usize) -> Option<Read> {
        let word = self.word(at);
        let (part, rest) = word.split_once('-').unwrap_or((word, ""));
        let (first, last) = match part {
            "early" => (1, 10),
            "mid" => (11, 20),
            "late" => (21, 31),
            _ => return None,
        };
        let name = if rest.is_empty() { at + 1 } else { at };
        let number = month(if rest.is_empty() { self.word(name) } else { rest })?;
        let (year, end) = self.year_behind(name + 1);
        let start = self.context.months(number, 1, year)?.from.date();
        let day = |day: i8| Date::new(start.year(), start.month(), day.min(start.days_in_month())).ok();
        let period = self.context.days(day(first)?, day(last)?.tomorrow().ok()?)?;
        let weight = if year.is_some() || part == "mid" {
            Weight::Certain
        } else {
            self.month_weight(name, Weight::Certain)
        };
        Some(Read::new(period, end, weight).of(year))
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
        let ((number, months), given, end, weight) = if let Some((year, part)) = dashed {
            (part, Some(year), at + 1, Weight::Certain)
        } else if let Some(part) = short(word) {
            let (year, end) = self.year_behind(at + 1);
            // `h1` and `h2` are headings as well.
            let alone = if word.starts_with('q') { Weight::In } else { Weight::Doubtful };
            (part, year, end, if year.is_some() { Weight::Certain } else { alone })
        } else if let (Some(year), Some(part)) = (year(word), short(self.word(at + 1))) {
            (part, Some(year), at + 2, Weight::Certain)
        } else {
            let months = match self.word(at + 1) {
                "quarter" => 3,
                "half" => 6,
                _ => return None,
            };
            let number =
                i8::try_from(ordinal(word)?).ok().filter(|number| i64::from(*number) * months <= 12)?;
            let (year, end) = self.year_behind(at + 2);
            ((number, months), year, end, if year.is_some() { Weight::Certain } else { Weight::Doubtful })
        };
        let first = (number - 1) * i8::try_from(months).ok()? + 1;
        Some(Read::new(self.context.months(first, months, given)?, end, weight).of(given))
    }

    /// The month and the day of a holiday, and the word behind it.
    pub(super) fn holiday_name(&self, at: usize) -> Option<(i8, i8, usize)> {
        let named =
            |name: &[&str]| name.iter().enumerate().all(|(place, word)| self.word(at + place) == *word);
        let (name, month, day) = HOLIDAYS.iter().find(|(name, ..)| named(name))?;
        Some((*month, *day, at + name.len()))
    }

    fn holiday(&self, at: usize) -> Option<Read> {
        let (month, day, end) = self.holiday_name(at)?;
        let is_clear = end > at + 1;
        let (year, end) = self.year_behind(end);
        // `christmas tree`, `halloween theme`.
        let weight = if is_clear || year.is_some() { Weight::Certain } else { Weight::On };
        Some(Read::new(self.context.day_of(month, day, year)?, end, weight).of(year))
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
        let period = period?;
        if let Some(time) = self.time_behind(at + 1).filter(|_| is_day(&period)) {
            return Some(Read::new(
                second(self.context.at(period.from.date().to_datetime(time))?)?,
                at + 2,
                Weight::Certain,
            ));
        }
        // `2025-05` may be a ticket.
        let weight = if word.len() == 7 { Weight::In } else { Weight::Certain };
        Some(self.part(period, at + 1, weight).dated())
    }

    /// `10:00`, `10:00:30`
    fn time_behind(&self, at: usize) -> Option<Time> {
        let word = self.word(at);
        let is_time = matches!(word.len(), 5 | 8) && word.as_bytes().get(2) == Some(&b':');
        is_time.then(|| word.parse().ok()).flatten()
    }
}

fn is_day(period: &Period) -> bool {
    period.from.date().tomorrow().is_ok_and(|next| next == period.to.date())
}
