//! The same words elsewhere: what a day, an hour and a week are depends on where one is.

use jiff::civil::Weekday;
use proptest::prelude::*;

use super::{TimeContext, resolve, spot};

const ZONES: [&str; 12] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
];

fn at(now: &str) -> TimeContext {
    TimeContext::new(now.parse().unwrap())
}

/// Where and when, phrase, span.
const TABLE: &[(&str, &str, &str)] = &[
    // The same moment is another day elsewhere.
    (
        "2026-03-18T23:30:00-07:00[America/Los_Angeles]",
        "today",
        "2026-03-18T00:00:00-07:00 to 2026-03-19T00:00:00-07:00",
    ),
    (
        "2026-03-19T15:30:00+09:00[Asia/Tokyo]",
        "today",
        "2026-03-19T00:00:00+09:00 to 2026-03-20T00:00:00+09:00",
    ),
    (
        "2026-03-19T12:15:00+05:45[Asia/Kathmandu]",
        "yesterday",
        "2026-03-18T00:00:00+05:45 to 2026-03-19T00:00:00+05:45",
    ),
    // Clocks go forward on 2026-03-08 in New York: that day has 23 hours.
    (
        "2026-03-09T12:00:00-04:00[America/New_York]",
        "yesterday",
        "2026-03-08T00:00:00-05:00 to 2026-03-09T00:00:00-04:00",
    ),
    (
        "2026-03-09T12:00:00-04:00[America/New_York]",
        "last week",
        "2026-03-02T00:00:00-05:00 to 2026-03-09T00:00:00-04:00",
    ),
    (
        "2026-03-09T12:00:00-04:00[America/New_York]",
        "last 24 hours",
        "2026-03-08T12:00:00-04:00 to 2026-03-09T12:00:00-04:00",
    ),
    (
        "2026-03-09T12:00:00-04:00[America/New_York]",
        "last 2 days",
        "2026-03-07T12:00:00-05:00 to 2026-03-09T12:00:00-04:00",
    ),
    (
        "2026-03-08T04:10:00-04:00[America/New_York]",
        "2 hours ago",
        "2026-03-08T01:10:00-05:00 to 2026-03-08T03:10:00-04:00",
    ),
    (
        "2026-03-08T03:10:00-04:00[America/New_York]",
        "this hour",
        "2026-03-08T03:00:00-04:00 to 2026-03-08T04:00:00-04:00",
    ),
    // 02:30 is not there that day, and comes an hour later.
    (
        "2026-03-09T12:00:00-04:00[America/New_York]",
        "2026-03-08T02:30",
        "2026-03-08T03:30:00-04:00 to 2026-03-08T03:30:01-04:00",
    ),
    (
        "2026-03-09T12:00:00-04:00[America/New_York]",
        "last night",
        "2026-03-08T18:00:00-04:00 to 2026-03-09T05:00:00-04:00",
    ),
    (
        "2026-03-08T12:00:00-04:00[America/New_York]",
        "last night",
        "2026-03-07T18:00:00-05:00 to 2026-03-08T05:00:00-04:00",
    ),
    // Clocks go back on 2026-11-01: the hour from 1 to 2 is there twice.
    (
        "2026-11-02T12:00:00-05:00[America/New_York]",
        "yesterday",
        "2026-11-01T00:00:00-04:00 to 2026-11-02T00:00:00-05:00",
    ),
    (
        "2026-11-01T01:30:00-05:00[America/New_York]",
        "an hour ago",
        "2026-11-01T01:30:00-04:00 to 2026-11-01T01:30:00-05:00",
    ),
    (
        "2026-11-02T12:00:00-05:00[America/New_York]",
        "november 2026",
        "2026-11-01T00:00:00-04:00 to 2026-12-01T00:00:00-05:00",
    ),
    // Days that begin at one o'clock, or are not there at all.
    (
        "2026-09-06T12:00:00-03:00[America/Santiago]",
        "today",
        "2026-09-06T01:00:00-03:00 to 2026-09-07T00:00:00-03:00",
    ),
    (
        "2012-01-03T12:00:00+14:00[Pacific/Apia]",
        "2011-12-30",
        "2011-12-31T00:00:00+14:00 to 2011-12-31T00:00:00+14:00",
    ),
    (
        "2012-01-03T12:00:00+14:00[Pacific/Apia]",
        "last week",
        "2011-12-26T00:00:00-10:00 to 2012-01-02T00:00:00+14:00",
    ),
    // Half an hour of daylight saving.
    (
        "2026-04-05T12:00:00+10:30[Australia/Lord_Howe]",
        "today",
        "2026-04-05T00:00:00+11:00 to 2026-04-06T00:00:00+10:30",
    ),
    (
        "2026-11-01T01:00:00-05:00[America/New_York]",
        "this minute",
        "2026-11-01T01:00:00-05:00 to 2026-11-01T01:01:00-05:00",
    ),
    (
        "2005-03-27T01:40:00+10:30[Australia/Lord_Howe]",
        "this hour",
        "2005-03-27T01:30:00+11:00 to 2005-03-27T02:00:00+10:30",
    ),
    (
        "2005-03-27T01:10:00+11:00[Australia/Lord_Howe]",
        "this hour",
        "2005-03-27T01:00:00+11:00 to 2005-03-27T01:30:00+10:30",
    ),
    (
        "2026-11-01T01:30:00-04:00[America/New_York]",
        "this hour",
        "2026-11-01T01:00:00-04:00 to 2026-11-01T01:00:00-05:00",
    ),
    // Ends of years and months.
    (
        "2026-01-01T00:10:00+13:45[Pacific/Chatham]",
        "last month",
        "2025-12-01T00:00:00+13:45 to 2026-01-01T00:00:00+13:45",
    ),
    ("2026-01-01T00:10:00+00:00[UTC]", "yesterday", "2025-12-31T00:00:00+00:00 to 2026-01-01T00:00:00+00:00"),
    ("2026-01-01T00:10:00+00:00[UTC]", "last week", "2025-12-22T00:00:00+00:00 to 2025-12-29T00:00:00+00:00"),
    (
        "2026-01-01T00:10:00+00:00[UTC]",
        "last quarter",
        "2025-10-01T00:00:00+00:00 to 2026-01-01T00:00:00+00:00",
    ),
    (
        "2026-03-31T12:00:00+00:00[UTC]",
        "last month",
        "2026-02-01T00:00:00+00:00 to 2026-03-01T00:00:00+00:00",
    ),
    (
        "2026-03-31T12:00:00+00:00[UTC]",
        "past month",
        "2026-02-28T12:00:00+00:00 to 2026-03-31T12:00:00+00:00",
    ),
    (
        "2024-02-29T12:00:00+00:00[UTC]",
        "a year ago",
        "2023-01-01T00:00:00+00:00 to 2024-01-01T00:00:00+00:00",
    ),
    ("2024-02-29T12:00:00+00:00[UTC]", "past year", "2023-02-28T12:00:00+00:00 to 2024-02-29T12:00:00+00:00"),
    (
        "2026-02-10T12:00:00+00:00[UTC]",
        "last winter",
        "2024-12-01T00:00:00+00:00 to 2025-03-01T00:00:00+00:00",
    ),
    ("2026-02-10T12:00:00+00:00[UTC]", "winter", "2025-12-01T00:00:00+00:00 to 2026-03-01T00:00:00+00:00"),
    ("2026-12-25T12:00:00+00:00[UTC]", "christmas", "2026-12-25T00:00:00+00:00 to 2026-12-26T00:00:00+00:00"),
    (
        "2026-12-25T12:00:00+00:00[UTC]",
        "last christmas",
        "2025-12-25T00:00:00+00:00 to 2025-12-26T00:00:00+00:00",
    ),
    ("2020-12-31T12:00:00+00:00[UTC]", "2020-W53", "2020-12-28T00:00:00+00:00 to 2021-01-04T00:00:00+00:00"),
];

#[test]
fn words_mean_what_they_mean_where_they_are_said() {
    for (now, phrase, expect) in TABLE {
        let range = resolve(phrase, &at(now)).unwrap_or_else(|error| panic!("{phrase}: {error}"));
        assert_eq!(range.to_string(), *expect, "{phrase} at {now}");
    }
}

#[test]
fn weeks_begin_where_they_do() {
    // A Sunday.
    let monday = at("2026-03-22T15:30:00+01:00[Europe/Berlin]");
    let sunday = monday.clone().week_starts(Weekday::Sunday);
    let saturday = monday.clone().week_starts(Weekday::Saturday);
    for (phrase, context, expect) in [
        ("this week", &monday, "2026-03-16 2026-03-23"),
        ("this week", &sunday, "2026-03-22 2026-03-29"),
        ("this week", &saturday, "2026-03-21 2026-03-28"),
        ("last week", &sunday, "2026-03-15 2026-03-22"),
        ("2 weeks ago", &sunday, "2026-03-08 2026-03-15"),
        ("this friday", &monday, "2026-03-20 2026-03-21"),
        ("this friday", &sunday, "2026-03-27 2026-03-28"),
        ("sunday of last week", &monday, "2026-03-15 2026-03-16"),
        ("monday of last week", &sunday, "2026-03-16 2026-03-17"),
        ("this weekend", &monday, "2026-03-21 2026-03-23"),
        ("this weekend", &sunday, "2026-03-21 2026-03-23"),
        ("2026-W12", &sunday, "2026-03-16 2026-03-23"),
    ] {
        let range = resolve(phrase, context).unwrap();
        let shown = [range.from, range.to].map(|time| time.unwrap().date().to_string()).join(" ");
        assert_eq!(shown, expect, "{phrase}, from {:?}", context.week_starts);
    }
}

#[test]
fn there_is_an_end_of_time() {
    for now in [jiff::Timestamp::MIN, jiff::Timestamp::MAX, jiff::Timestamp::UNIX_EPOCH] {
        for zone in ZONES {
            let context = TimeContext::new(now.in_tz(zone).unwrap());
            for (phrase, ..) in super::tests::TABLE {
                // What there is no time for is refused.
                let _ = (resolve(phrase, &context), spot(phrase, &context));
            }
        }
    }
}

fn anywhere() -> impl Strategy<Value = TimeContext> {
    let starts = [Weekday::Monday, Weekday::Sunday, Weekday::Saturday];
    (0i64..4_102_444_800, prop::sample::select(&ZONES[..]), prop::sample::select(starts.to_vec())).prop_map(
        |(second, zone, starts)| {
            let now = jiff::Timestamp::from_second(second).unwrap();
            TimeContext::new(now.in_tz(zone).unwrap()).week_starts(starts)
        },
    )
}

fn span(phrase: &str, context: &TimeContext) -> (i64, i64) {
    let (from, to) = resolve(phrase, context).unwrap_or_else(|error| panic!("{error}")).milliseconds();
    (from.unwrap(), to.unwrap())
}

proptest! {
    #[test]
    fn now_lies_in_units_that_lie_in_each_other(context in anywhere()) {
        let now = context.now.timestamp().as_millisecond();
        for chain in [
            &["now", "this minute", "this hour", "today", "this month", "this quarter", "this year"][..],
            &["now", "today", "this week"],
            &["this morning", "today"],
        ] {
            let spans: Vec<_> = chain.iter().map(|phrase| span(phrase, &context)).collect();
            for (at, pair) in spans.windows(2).enumerate() {
                prop_assert!(pair[1].0 <= pair[0].0 && pair[0].1 <= pair[1].1, "{} in {}", chain[at], chain[at + 1]);
            }
            if chain[0] == "now" {
                prop_assert!(spans.iter().all(|span| span.0 <= now && now < span.1));
            }
        }
    }

    #[test]
    fn units_touch_and_do_not_overlap(context in anywhere(), back in 1i64..60) {
        for unit in ["day", "week", "month", "quarter", "year"] {
            let far = span(&format!("{} {unit}s ago", back + 1), &context);
            let near = span(&format!("{back} {unit}s ago"), &context);
            prop_assert_eq!(far.1, near.0, "{}", unit);
            prop_assert!(far.0 <= far.1 && near.0 <= near.1);
        }
        prop_assert_eq!(span("last week", &context).1, span("this week", &context).0);
        prop_assert_eq!(span("this month", &context).1, span("next month", &context).0);
        prop_assert_eq!(span("a week ago", &context), span("last week", &context));
    }

    #[test]
    fn what_is_recent_ends_now(context in anywhere(), many in 1i64..100) {
        let now = context.now.timestamp().as_millisecond();
        let mut shorter = now;
        for unit in ["seconds", "minutes", "hours", "days", "weeks", "months", "quarters", "years"] {
            let (from, to) = span(&format!("in the last {many} {unit}"), &context);
            prop_assert_eq!(to, now);
            prop_assert!(from < shorter, "{}", unit);
            shorter = from;
        }
    }

    #[test]
    fn names_without_a_year_are_not_in_the_future(context in anywhere()) {
        let now = context.now.timestamp().as_millisecond();
        for phrase in "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august \
            september october november december spring summer autumn winter christmas halloween q1 q2 q3 q4 h1 h2"
            .split_whitespace()
        {
            prop_assert!(span(phrase, &context).0 <= now, "{}", phrase);
            if phrase.len() > 2 {
                prop_assert!(span(&format!("last {phrase}"), &context).1 <= now, "last {}", phrase);
            }
        }
    }
}
