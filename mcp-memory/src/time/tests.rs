//! What phrases mean on a Wednesday in Berlin.

use proptest::prelude::*;

use super::{TimeContext, TimeError, resolve, spot};

pub(super) fn berlin() -> TimeContext {
    TimeContext::new("2026-03-18T15:30:00+01:00[Europe/Berlin]".parse().unwrap())
}

/// A moment as the table writes it: the time only where it is not midnight, `-` for none.
fn shown(time: Option<&jiff::Zoned>) -> String {
    time.map_or_else(
        || "-".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M").to_string().replace(" 00:00", ""),
    )
}

/// Phrase, beginning, end.
pub(super) const TABLE: &[(&str, &str, &str)] = &[
    // Days and their parts.
    ("today", "2026-03-18", "2026-03-19"),
    ("Today.", "2026-03-18", "2026-03-19"),
    ("now", "2026-03-18 15:30", "2026-03-18 15:30"),
    ("yesterday", "2026-03-17", "2026-03-18"),
    ("tomorrow", "2026-03-19", "2026-03-20"),
    ("day before yesterday", "2026-03-16", "2026-03-17"),
    ("the day before yesterday", "2026-03-16", "2026-03-17"),
    ("day after tomorrow", "2026-03-20", "2026-03-21"),
    ("yesterday morning", "2026-03-17 05:00", "2026-03-17 12:00"),
    ("yesterday evening", "2026-03-17 17:00", "2026-03-17 22:00"),
    ("yesterday night", "2026-03-17 18:00", "2026-03-18 05:00"),
    ("today afternoon", "2026-03-18 12:00", "2026-03-18 18:00"),
    ("this morning", "2026-03-18 05:00", "2026-03-18 12:00"),
    ("this evening", "2026-03-18 17:00", "2026-03-18 22:00"),
    ("tonight", "2026-03-18 18:00", "2026-03-19 05:00"),
    ("last night", "2026-03-17 18:00", "2026-03-18 05:00"),
    ("tomorrow afternoon", "2026-03-19 12:00", "2026-03-19 18:00"),
    ("recently", "2026-03-11 15:30", "2026-03-18 15:30"),
    ("lately", "2026-03-11 15:30", "2026-03-18 15:30"),
    // Units of the calendar.
    ("this week", "2026-03-16", "2026-03-23"),
    ("last week", "2026-03-09", "2026-03-16"),
    ("Last  Week", "2026-03-09", "2026-03-16"),
    ("the last week", "2026-03-09", "2026-03-16"),
    ("previous week", "2026-03-09", "2026-03-16"),
    ("current week", "2026-03-16", "2026-03-23"),
    ("next week", "2026-03-23", "2026-03-30"),
    ("this month", "2026-03-01", "2026-04-01"),
    ("last month", "2026-02-01", "2026-03-01"),
    ("next month", "2026-04-01", "2026-05-01"),
    ("this quarter", "2026-01-01", "2026-04-01"),
    ("last quarter", "2025-10-01", "2026-01-01"),
    ("next quarter", "2026-04-01", "2026-07-01"),
    ("this year", "2026-01-01", "2027-01-01"),
    ("last year", "2025-01-01", "2026-01-01"),
    ("next year", "2027-01-01", "2028-01-01"),
    ("this weekend", "2026-03-21", "2026-03-23"),
    ("last weekend", "2026-03-14", "2026-03-16"),
    ("next weekend", "2026-03-28", "2026-03-30"),
    ("this hour", "2026-03-18 15:00", "2026-03-18 16:00"),
    ("last hour", "2026-03-18 14:00", "2026-03-18 15:00"),
    // So long until now.
    ("past week", "2026-03-11 15:30", "2026-03-18 15:30"),
    ("in the past week", "2026-03-11 15:30", "2026-03-18 15:30"),
    ("past 7 days", "2026-03-11 15:30", "2026-03-18 15:30"),
    ("last 7 days", "2026-03-11 15:30", "2026-03-18 15:30"),
    ("last seven days", "2026-03-11 15:30", "2026-03-18 15:30"),
    ("in the last 7 days", "2026-03-11 15:30", "2026-03-18 15:30"),
    ("during the last 7 days", "2026-03-11 15:30", "2026-03-18 15:30"),
    ("past few days", "2026-03-15 15:30", "2026-03-18 15:30"),
    ("last few days", "2026-03-15 15:30", "2026-03-18 15:30"),
    ("past couple of weeks", "2026-03-04 15:30", "2026-03-18 15:30"),
    ("last two weeks", "2026-03-04 15:30", "2026-03-18 15:30"),
    ("the last 2 weeks", "2026-03-04 15:30", "2026-03-18 15:30"),
    ("past month", "2026-02-18 15:30", "2026-03-18 15:30"),
    ("past 2 months", "2026-01-18 15:30", "2026-03-18 15:30"),
    ("last 3 months", "2025-12-18 15:30", "2026-03-18 15:30"),
    ("past 2 quarters", "2025-09-18 15:30", "2026-03-18 15:30"),
    ("past year", "2025-03-18 15:30", "2026-03-18 15:30"),
    ("last two years", "2024-03-18 15:30", "2026-03-18 15:30"),
    ("last 10 years", "2016-03-18 15:30", "2026-03-18 15:30"),
    ("past hour", "2026-03-18 14:30", "2026-03-18 15:30"),
    ("last 2 hours", "2026-03-18 13:30", "2026-03-18 15:30"),
    ("past 30 minutes", "2026-03-18 15:00", "2026-03-18 15:30"),
    ("last 24 hours", "2026-03-17 15:30", "2026-03-18 15:30"),
    ("next 3 days", "2026-03-18 15:30", "2026-03-21 15:30"),
    ("next two weeks", "2026-03-18 15:30", "2026-04-01 15:30"),
    // So long ago.
    ("3 days ago", "2026-03-15", "2026-03-16"),
    ("a day ago", "2026-03-17", "2026-03-18"),
    ("one day ago", "2026-03-17", "2026-03-18"),
    ("10 days ago", "2026-03-08", "2026-03-09"),
    ("a week ago", "2026-03-09", "2026-03-16"),
    ("2 weeks ago", "2026-03-02", "2026-03-09"),
    ("three weeks ago", "2026-02-23", "2026-03-02"),
    ("a month ago", "2026-02-01", "2026-03-01"),
    ("6 months ago", "2025-09-01", "2025-10-01"),
    ("a quarter ago", "2025-10-01", "2026-01-01"),
    ("a year ago", "2025-01-01", "2026-01-01"),
    ("2 years ago", "2024-01-01", "2025-01-01"),
    ("5 hours ago", "2026-03-18 10:30", "2026-03-18 11:30"),
    ("an hour ago", "2026-03-18 14:30", "2026-03-18 15:30"),
    ("ten minutes ago", "2026-03-18 15:20", "2026-03-18 15:21"),
    ("90 minutes ago", "2026-03-18 14:00", "2026-03-18 14:01"),
    ("a couple of days ago", "2026-03-16", "2026-03-17"),
    ("a few days ago", "2026-03-15", "2026-03-16"),
    ("couple of weeks ago", "2026-03-02", "2026-03-09"),
    ("a few months ago", "2025-12-01", "2026-01-01"),
    ("3 days ago morning", "2026-03-15 05:00", "2026-03-15 12:00"),
    // Weekdays.
    ("monday", "2026-03-16", "2026-03-17"),
    ("wednesday", "2026-03-18", "2026-03-19"),
    ("thursday", "2026-03-12", "2026-03-13"),
    ("on Friday", "2026-03-13", "2026-03-14"),
    ("last monday", "2026-03-16", "2026-03-17"),
    ("last wednesday", "2026-03-11", "2026-03-12"),
    ("last friday", "2026-03-13", "2026-03-14"),
    ("this monday", "2026-03-16", "2026-03-17"),
    ("this friday", "2026-03-20", "2026-03-21"),
    ("this sunday", "2026-03-22", "2026-03-23"),
    ("next monday", "2026-03-23", "2026-03-24"),
    ("next wednesday", "2026-03-25", "2026-03-26"),
    ("next thursday", "2026-03-19", "2026-03-20"),
    ("friday evening", "2026-03-13 17:00", "2026-03-13 22:00"),
    ("on tuesday morning", "2026-03-17 05:00", "2026-03-17 12:00"),
    ("last friday night", "2026-03-13 18:00", "2026-03-14 05:00"),
    ("tue", "2026-03-17", "2026-03-18"),
    ("thurs", "2026-03-12", "2026-03-13"),
    // Months and days of months.
    ("may", "2025-05-01", "2025-06-01"),
    ("in May", "2025-05-01", "2025-06-01"),
    ("march", "2026-03-01", "2026-04-01"),
    ("in january", "2026-01-01", "2026-02-01"),
    ("december", "2025-12-01", "2026-01-01"),
    ("feb", "2026-02-01", "2026-03-01"),
    ("last may", "2025-05-01", "2025-06-01"),
    ("last march", "2025-03-01", "2025-04-01"),
    ("this may", "2026-05-01", "2026-06-01"),
    ("next may", "2026-05-01", "2026-06-01"),
    ("next march", "2027-03-01", "2027-04-01"),
    ("may 2024", "2024-05-01", "2024-06-01"),
    ("in May of 2024", "2024-05-01", "2024-06-01"),
    ("sept 2025", "2025-09-01", "2025-10-01"),
    ("early may", "2025-05-01", "2025-05-11"),
    ("mid may", "2025-05-11", "2025-05-21"),
    ("mid-May", "2025-05-11", "2025-05-21"),
    ("late february", "2026-02-21", "2026-03-01"),
    ("late may 2024", "2024-05-21", "2024-06-01"),
    ("may 5", "2025-05-05", "2025-05-06"),
    ("may 5th", "2025-05-05", "2025-05-06"),
    ("May 5, 2024", "2024-05-05", "2024-05-06"),
    ("may 5 2024", "2024-05-05", "2024-05-06"),
    ("5 may 2024", "2024-05-05", "2024-05-06"),
    ("5th of may", "2025-05-05", "2025-05-06"),
    ("the 5th of may 2024", "2024-05-05", "2024-05-06"),
    ("march 18", "2026-03-18", "2026-03-19"),
    ("march 19", "2025-03-19", "2025-03-20"),
    ("on March 3rd", "2026-03-03", "2026-03-04"),
    ("feb 29", "2024-02-29", "2024-03-01"),
    ("29 february 2024", "2024-02-29", "2024-03-01"),
    ("december 24", "2025-12-24", "2025-12-25"),
    ("jan 1, 2026", "2026-01-01", "2026-01-02"),
    ("may 5 morning", "2025-05-05 05:00", "2025-05-05 12:00"),
    // Years and parts of them.
    ("2024", "2024-01-01", "2025-01-01"),
    ("in 2024", "2024-01-01", "2025-01-01"),
    ("during 2025", "2025-01-01", "2026-01-01"),
    ("1999", "1999-01-01", "2000-01-01"),
    ("q1", "2026-01-01", "2026-04-01"),
    ("q2", "2025-04-01", "2025-07-01"),
    ("Q3 2025", "2025-07-01", "2025-10-01"),
    ("q4 of 2024", "2024-10-01", "2025-01-01"),
    ("2025 Q3", "2025-07-01", "2025-10-01"),
    ("2025-Q3", "2025-07-01", "2025-10-01"),
    ("third quarter of 2025", "2025-07-01", "2025-10-01"),
    ("first quarter", "2026-01-01", "2026-04-01"),
    ("the second quarter", "2025-04-01", "2025-07-01"),
    ("H1 2025", "2025-01-01", "2025-07-01"),
    ("h2 2025", "2025-07-01", "2026-01-01"),
    ("first half of 2025", "2025-01-01", "2025-07-01"),
    ("second half of 2024", "2024-07-01", "2025-01-01"),
    ("summer", "2025-06-01", "2025-09-01"),
    ("summer 2024", "2024-06-01", "2024-09-01"),
    ("summer of 2023", "2023-06-01", "2023-09-01"),
    ("last summer", "2025-06-01", "2025-09-01"),
    ("winter", "2025-12-01", "2026-03-01"),
    ("last winter", "2025-12-01", "2026-03-01"),
    ("spring", "2026-03-01", "2026-06-01"),
    ("last spring", "2025-03-01", "2025-06-01"),
    ("this summer", "2026-06-01", "2026-09-01"),
    ("next summer", "2026-06-01", "2026-09-01"),
    ("fall 2024", "2024-09-01", "2024-12-01"),
    ("autumn", "2025-09-01", "2025-12-01"),
    ("christmas", "2025-12-25", "2025-12-26"),
    ("christmas 2023", "2023-12-25", "2023-12-26"),
    ("christmas eve", "2025-12-24", "2025-12-25"),
    ("christmas day 2024", "2024-12-25", "2024-12-26"),
    ("new year's eve", "2025-12-31", "2026-01-01"),
    ("new year's day", "2026-01-01", "2026-01-02"),
    ("halloween", "2025-10-31", "2025-11-01"),
    ("valentine\u{2019}s day", "2026-02-14", "2026-02-15"),
    // ISO 8601 and slashes.
    ("2025-05-01", "2025-05-01", "2025-05-02"),
    ("2025-05", "2025-05-01", "2025-06-01"),
    ("2025-12", "2025-12-01", "2026-01-01"),
    ("2025-W07", "2025-02-10", "2025-02-17"),
    ("2025-w07", "2025-02-10", "2025-02-17"),
    ("2026-W01", "2025-12-29", "2026-01-05"),
    ("2025-05-01T10:00", "2025-05-01 10:00", "2025-05-01 10:00"),
    ("2025-05-01T10:00:00Z", "2025-05-01 12:00", "2025-05-01 12:00"),
    ("2025-05-01T10:00:00-04:00", "2025-05-01 16:00", "2025-05-01 16:00"),
    ("31/12/2025", "2025-12-31", "2026-01-01"),
    ("12/31/2025", "2025-12-31", "2026-01-01"),
    ("5/5/2025", "2025-05-05", "2025-05-06"),
    ("2025-05-01 morning", "2025-05-01 05:00", "2025-05-01 12:00"),
    // From here to there.
    ("between May and June", "2025-05-01", "2025-07-01"),
    ("between may 1 and may 5", "2025-05-01", "2025-05-06"),
    ("between 2025-01-01 and 2025-02-01", "2025-01-01", "2025-02-02"),
    ("between monday and today", "2026-03-16", "2026-03-19"),
    ("between november and february", "2025-11-01", "2026-03-01"),
    ("between jan and dec", "2025-01-01", "2026-01-01"),
    ("from monday to friday", "2026-03-09", "2026-03-14"),
    ("from may to july 2024", "2024-05-01", "2024-08-01"),
    ("from january 2025 to march 2025", "2025-01-01", "2025-04-01"),
    ("from q1 2025 until q2 2025", "2025-01-01", "2025-07-01"),
    ("from yesterday to now", "2026-03-17", "2026-03-18 15:30"),
    ("2025-01-01 - 2025-01-31", "2025-01-01", "2025-02-01"),
    ("may \u{2013} june 2025", "2025-05-01", "2025-07-01"),
    // What has no year is of the year beside it.
    ("from May 2 to July 2020", "2020-05-02", "2020-08-01"),
    ("between May and June 2030", "2030-05-01", "2030-07-01"),
    ("from November to February 2025", "2024-11-01", "2025-03-01"),
    ("from May 2024 to July", "2024-05-01", "2024-08-01"),
    ("from December 2024 to January", "2024-12-01", "2025-02-01"),
    ("between may and today", "2025-05-01", "2026-03-19"),
    ("between 2020 and 2022", "2020-01-01", "2023-01-01"),
    ("between friday and monday", "2026-03-13", "2026-03-17"),
    ("from 2 weeks ago to yesterday", "2026-03-02", "2026-03-18"),
    ("between q1 and q2 2025", "2025-01-01", "2025-07-01"),
    // More ways to say it.
    ("week before last", "2026-03-02", "2026-03-09"),
    ("the month before last", "2026-01-01", "2026-02-01"),
    ("the year before last", "2024-01-01", "2025-01-01"),
    ("weekend before last", "2026-03-07", "2026-03-09"),
    ("before last week", "-", "2026-03-09"),
    ("monday of last week", "2026-03-09", "2026-03-10"),
    ("tuesday last week", "2026-03-10", "2026-03-11"),
    ("last week on friday", "2026-03-13", "2026-03-14"),
    ("next week tuesday", "2026-03-24", "2026-03-25"),
    ("friday of this week", "2026-03-20", "2026-03-21"),
    ("last christmas", "2025-12-25", "2025-12-26"),
    ("this christmas", "2026-12-25", "2026-12-26"),
    ("next halloween", "2026-10-31", "2026-11-01"),
    ("last valentine's day", "2026-02-14", "2026-02-15"),
    ("at christmas", "2025-12-25", "2025-12-26"),
    ("new years eve 2024", "2024-12-31", "2025-01-01"),
    ("valentines day", "2026-02-14", "2026-02-15"),
    ("yesterday's", "2026-03-17", "2026-03-18"),
    ("over the last 3 days", "2026-03-15 15:30", "2026-03-18 15:30"),
    ("within the past hour", "2026-03-18 14:30", "2026-03-18 15:30"),
    ("throughout May 2025", "2025-05-01", "2025-06-01"),
    ("last day", "2026-03-17", "2026-03-18"),
    ("this day", "2026-03-18", "2026-03-19"),
    ("next hour", "2026-03-18 16:00", "2026-03-18 17:00"),
    ("this minute", "2026-03-18 15:30", "2026-03-18 15:31"),
    ("30 seconds ago", "2026-03-18 15:29", "2026-03-18 15:29"),
    ("three quarters ago", "2025-04-01", "2025-07-01"),
    ("twelve months ago", "2025-03-01", "2025-04-01"),
    ("past twelve hours", "2026-03-18 03:30", "2026-03-18 15:30"),
    ("a couple weeks ago", "2026-03-02", "2026-03-09"),
    ("31.12.2025", "2025-12-31", "2026-01-01"),
    ("2025-05-01 10:00", "2025-05-01 10:00", "2025-05-01 10:00"),
    ("2025-05-01 23:59:30", "2025-05-01 23:59", "2025-05-01 23:59"),
    ("2025-05-01T10:00:00.250Z", "2025-05-01 12:00", "2025-05-01 12:00"),
    ("since 3 days ago", "2026-03-15", "-"),
    ("since the 5th of may", "2025-05-05", "-"),
    ("after christmas 2024", "2024-12-26", "-"),
    ("before Q3 2025", "-", "2025-07-01"),
    ("by next friday", "-", "2026-03-21"),
    ("till last summer", "-", "2025-09-01"),
    ("winter 2024", "2024-12-01", "2025-03-01"),
    ("second quarter 2025", "2025-04-01", "2025-07-01"),
    ("fourth quarter of 2024", "2024-10-01", "2025-01-01"),
    // One side only.
    ("since yesterday", "2026-03-17", "-"),
    ("since may", "2025-05-01", "-"),
    ("since 2024", "2024-01-01", "-"),
    ("since last week", "2026-03-09", "-"),
    ("from 2024", "2024-01-01", "2025-01-01"),
    ("after monday", "2026-03-17", "-"),
    ("after 2025-05-01", "2025-05-02", "-"),
    ("before may", "-", "2025-05-01"),
    ("before yesterday", "-", "2026-03-17"),
    ("until friday", "-", "2026-03-14"),
    ("by 2025-05-01", "-", "2025-05-02"),
];

#[test]
fn phrases_mean_what_people_mean() {
    for (phrase, from, to) in TABLE {
        let range = resolve(phrase, &berlin()).unwrap_or_else(|error| panic!("{phrase}: {error}"));
        assert_eq!(
            (shown(range.from.as_ref()).as_str(), shown(range.to.as_ref()).as_str()),
            (*from, *to),
            "{phrase}"
        );
    }
    assert!(TABLE.len() >= 200, "{}", TABLE.len());
}

#[test]
fn what_is_no_time_is_refused_with_what_would_be() {
    for phrase in [
        "",
        " ",
        "blorf",
        "last",
        "last time",
        "13 days",
        "between may",
        "2025-13",
        "2025-02-30",
        "32 may",
        "yesterday foo",
        "0 may",
        "99999999999 days ago",
        "99999 years ago",
        "next",
        "the",
        "in",
        "q5",
        "h3 2025",
        "fifth quarter",
        "25/25/2025",
        "2025-W60",
    ] {
        assert!(matches!(resolve(phrase, &berlin()), Err(TimeError::Unknown(_))), "{phrase}");
    }
    let unknown = resolve("blorf", &berlin()).unwrap_err().to_string();
    assert!(unknown.starts_with("`blorf` is not a time: try `last week`"), "{unknown}");
    let two = resolve("since 5/6/2025", &berlin()).unwrap_err().to_string();
    assert_eq!(two, "`5/6/2025` may be two days: write `2025-06-05` or `2025-05-06`");
    for phrase in [
        "from 2025-05-02 to 2025-05-01",
        "june 2025 - may 2025",
        "between today and last month",
        "2025 to 2024",
    ] {
        let backwards = resolve(phrase, &berlin()).unwrap_err().to_string();
        assert_eq!(backwards, format!("`{phrase}` ends before it begins"));
    }
}

#[test]
fn days_are_as_long_as_their_zone_makes_them() {
    let hours = |now: &str, phrase: &str| {
        let (from, to) = resolve(phrase, &TimeContext::new(now.parse().unwrap())).unwrap().milliseconds();
        (to.unwrap() - from.unwrap()) / 3_600_000
    };
    assert_eq!(hours("2026-03-09T08:00:00-04:00[America/New_York]", "yesterday"), 23);
    assert_eq!(hours("2026-11-02T08:00:00-05:00[America/New_York]", "yesterday"), 25);
    assert_eq!(hours("2026-03-30T08:00:00+02:00[Europe/Berlin]", "last week"), 167);
    // A day that does not begin at midnight.
    assert_eq!(hours("2026-09-06T12:00:00-03:00[America/Santiago]", "today"), 23);
    let kolkata = TimeContext::new("2026-03-18T02:00:00+05:30[Asia/Kolkata]".parse().unwrap());
    assert_eq!(
        resolve("today", &kolkata).unwrap().to_string(),
        "2026-03-18T00:00:00+05:30 to 2026-03-19T00:00:00+05:30"
    );
}

fn vocabulary() -> impl Strategy<Value = String> {
    let words = "last next this past few a couple of 3 12 2025 may march 5th monday day days week weeks ago yesterday morning between and from to \
        since before the in on q3 h1 2025-05-01 5/6/2025 summer christmas first half quarter year - now 2025-W07 weekend at every 10:00 31.12.2025 h2 sat May of new year's eve recently used second \
        minute ms 1,2025 spring boot 2025-05-01T10:00:00+02:00 night tonight week,";
    let words: Vec<&str> = words.split_whitespace().collect();
    prop::collection::vec(prop::sample::select(words), 0..7).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn whatever_is_said_is_read_or_refused(text in prop_oneof![any::<String>(), vocabulary()]) {
        if let Ok(range) = resolve(&text, &berlin())
            && let (Some(from), Some(to)) = (&range.from, &range.to)
        {
            prop_assert!(from <= to);
        }
        if let Some(found) = spot(&text, &berlin()) {
            let phrase = text.get(found.start..found.end).unwrap();
            prop_assert!(!phrase.is_empty());
            prop_assert_eq!(resolve(phrase, &berlin()), Ok(found.range));
        }
    }

    #[test]
    fn a_day_lies_in_its_week_month_and_year(days in 0i64..4_000) {
        let day = resolve(&format!("{} days ago", days % 1_000), &berlin()).unwrap();
        let from = day.from.clone().unwrap();
        let written = resolve(&from.strftime("%Y-%m-%d").to_string(), &berlin()).unwrap();
        prop_assert_eq!(written.milliseconds(), day.milliseconds());
        for format in ["%Y-%m", "%Y", "%G-W%V", "%B %Y"] {
            let wider = resolve(&from.strftime(format).to_string(), &berlin()).unwrap();
            prop_assert!(wider.from <= day.from && day.to <= wider.to, "{}", format);
        }
    }
}
