//! What people call a time.
//!
//! [`resolve`] reads a phrase, [`spot`] finds one in a question. Both answer in the caller's zone, and say which span was meant.
//!
//! ```
//! use mcp_memory::time::{TimeContext, resolve, spot};
//!
//! let context = TimeContext::new("2026-03-18T15:30:00+01:00[Europe/Berlin]".parse()?);
//! let week = resolve("last week", &context)?;
//! assert_eq!(week.to_string(), "2026-03-09T00:00:00+01:00 to 2026-03-16T00:00:00+01:00");
//! assert_eq!(spot("what did we decide last week about tokens?", &context).unwrap().range, week);
//! assert!(spot("may I march on?", &context).is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | phrase | span |
//! |---|---|
//! | `today`, `yesterday`, `3 days ago`, `tomorrow` | the whole day; with `morning` (5–12), `afternoon` (12–18), `evening` (17–22), `night` (from 18 to 5 of the next day) that part |
//! | `last week`, `this month`, `next year`, `2 weeks ago`, `week before last` | the whole calendar unit; weeks begin on Monday, or as [`TimeContext::week_starts`] says |
//! | `last weekend` | the Saturday and Sunday of the week of ISO 8601 before this |
//! | `past week`, `last 3 days`, `in the past 2 months` | from so long before now until now |
//! | `next 3 days` | from now on |
//! | `3 hours ago`, `ten minutes ago` | one hour, one minute, from then on |
//! | `now`, `this hour`, `last hour` | that second; the whole hour |
//! | `monday`, `on Friday` | the latest such day up to today; `last` before today, `next` after it, `this` in this week |
//! | `Monday of last week`, `last week on Monday` | that day of that week |
//! | `May`, `in May`, `Christmas`, `summer` | the latest that has begun; with a year, of that year; `last` is over, `this` is of this year, `next` has not begun |
//! | `early`, `mid`, `late May` | days 1 to 10, 11 to 20, the rest |
//! | `Q3 2025`, `third quarter`, `H1 2025`, `first half of 2025`, `2025-W07`, `2025-07`, `2024` | the whole unit |
//! | `2025-05-01`, `May 1`, `1st of May 2025`, `31/12/2025`, `31.12.2025` | the day |
//! | `2025-05-01T10:00`, `2025-05-01 10:00`, RFC 3339 | that second |
//! | `between A and B`, `from A to B`, `A - B` | from the beginning of A to the end of B; where one has a year, the other is the nearest to it |
//! | `from A` | A itself |
//! | `since A`, `after A`, `before A`, `until A`, `by A` | from A's beginning, from its end, up to its beginning, up to its end (twice) |
//! | `recently`, `lately` | the past seven days |
//!
//! Counts are digits or words up to `twelve`; `a couple of` is two, `a few` is three. Seasons are those of the northern hemisphere, in whole
//! months (spring begins with March). `5/6/2025` may be a day in May or in June, so it is refused. Times that the clocks leave out come as much
//! later, and days are as long as their zone makes them.
//!
//! [`spot`] finds less than [`resolve`] reads: `may`, `march`, `second` and `2024` are no times by themselves, `in May` is.

mod calendar;
mod dates;
mod phrase;
#[cfg(test)]
mod questions;
mod spot;
#[cfg(test)]
mod tests;
mod weight;
mod words;
#[cfg(test)]
mod zones;

use std::fmt;

use jiff::Zoned;
use jiff::civil::Weekday;

pub use spot::{Spotted, spot};
pub(crate) use words::MONTHS;

/// When and where somebody says something.
#[derive(Debug, Clone)]
pub struct TimeContext {
    pub(crate) now: Zoned,
    pub(crate) week_starts: Weekday,
}

impl TimeContext {
    /// At a moment, in its zone, where weeks begin on Monday.
    #[must_use]
    pub const fn new(now: Zoned) -> Self {
        Self { now, week_starts: Weekday::Monday }
    }

    /// Now, in UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self::new(Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC))
    }

    /// Where weeks begin on another day. Those of ISO 8601 (`2025-W07`) do not.
    #[must_use]
    pub const fn week_starts(mut self, day: Weekday) -> Self {
        self.week_starts = day;
        self
    }
}

/// A span of time in the zone of whoever named it. Its end is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Range {
    /// Where it begins; always, where nothing is said.
    pub from: Option<Zoned>,
    /// Where it ends; never, where nothing is said.
    pub to: Option<Zoned>,
    /// What was said.
    pub phrase: String,
}

impl Range {
    /// The milliseconds since 1970 between which it is.
    #[must_use]
    pub fn milliseconds(&self) -> (Option<i64>, Option<i64>) {
        let of = |time: &Option<Zoned>| time.as_ref().map(|time| time.timestamp().as_millisecond());
        (of(&self.from), of(&self.to))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |time: &Zoned| time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{} to {}", shown(from), shown(to)),
            (Some(from), None) => write!(f, "from {}", shown(from)),
            (None, Some(to)) => write!(f, "up to {}", shown(to)),
            (None, None) => f.write_str("any time"),
        }
    }
}

/// A phrase is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// It cannot be read.
    #[error(
        "`{0}` is not a time: try `last week`, `3 days ago`, `May 2025`, `2025-05-01` or `between Monday and today`"
    )]
    Unknown(String),
    /// It can be read in two ways.
    #[error("`{0}` may be two days: write `{1}` or `{2}`")]
    Ambiguous(String, String, String),
    /// It ends before it begins.
    #[error("`{0}` ends before it begins")]
    Backwards(String),
}

/// The span that a phrase means.
///
/// # Errors
/// The phrase is no time, or may be two.
pub fn resolve(phrase: &str, context: &TimeContext) -> Result<Range, TimeError> {
    let shown: String = phrase.chars().take(100).collect();
    let words = words::split(phrase);
    let reading = phrase::Reading { words: &words, context };
    match reading.range(0) {
        Some(read) if read.end == words.len() && read.is_backwards => Err(TimeError::Backwards(shown)),
        Some(read) if read.end == words.len() => Ok(read.said(&shown)),
        _ => Err(words::ambiguous(&words).unwrap_or(TimeError::Unknown(shown))),
    }
}
