//! Times as other systems write them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Numbers below are seconds, others milliseconds.
const SECONDS: f64 = 1e11;

/// Milliseconds since 1970. Nothing where nothing is said.
pub(super) fn milliseconds(field: &str, value: Option<&Value>) -> Result<Option<i64>, String> {
    let read = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => written(text.trim()),
        Some(Value::Number(number)) => number.as_f64().and_then(counted),
        Some(_) => None,
    };
    let wrong = || format!("`{field}` is no time: use `2026-01-31T12:00:00Z` or seconds since 1970");
    read.map(Some).ok_or_else(wrong)
}

fn counted(number: f64) -> Option<i64> {
    let seconds = if number.abs() < SECONDS { number } else { number / 1e3 };
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    // Fractions of seconds are binary: 1.001 is a little less.
    let milliseconds = i64::try_from((since.as_nanos() + 500_000).div_euclid(1_000_000)).ok()?;
    Timestamp::from_millisecond(milliseconds).ok().map(Timestamp::as_millisecond)
}

fn written(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    // `+00:00` behind a space, as SQL writes it.
    if let Some((date, rest)) = text.split_once(' ')
        && let Ok(time) = format!("{date}T{}", rest.replace(' ', "")).parse::<Timestamp>()
    {
        return Some(time.as_millisecond());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return text.parse().ok().and_then(counted);
    }
    let midnight = |date: Date| date.to_datetime(Time::midnight());
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(midnight));
    Some(civil.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// As it is kept in metadata.
pub(super) fn shown(milliseconds: i64) -> Option<String> {
    Timestamp::from_millisecond(milliseconds).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_of_all_styles_are_read() {
        for (given, expect) in [
            (json!("2024-01-02T03:04:05Z"), 1_704_164_645_000),
            (json!("2024-01-02T05:04:05+02:00"), 1_704_164_645_000),
            (json!("2024-01-02T03:04:05.25"), 1_704_164_645_250),
            (json!("2024-01-02 03:04:05"), 1_704_164_645_000),
            (json!("2024-01-02 03:04:05.5+00:00"), 1_704_164_645_500),
            (json!("2024-01-02"), 1_704_153_600_000),
            (json!(1_704_164_645), 1_704_164_645_000),
            (json!(1_704_164_645.001), 1_704_164_645_001),
            (json!(1_704_164_645_123_i64), 1_704_164_645_123),
            (json!("1704164645.5"), 1_704_164_645_500),
            (json!(-1.5), -1_500),
        ] {
            assert_eq!(milliseconds("t", Some(&given)), Ok(Some(expect)), "{given}");
        }
        for none in [json!(null), json!(" ")] {
            assert_eq!(milliseconds("t", Some(&none)), Ok(None));
        }
        for wrong in [json!("soon"), json!(true), json!(1e300), json!("2024-13-01"), json!("..."), json!([])]
        {
            let error = milliseconds("created_at", Some(&wrong)).unwrap_err();
            assert!(error.starts_with("`created_at` is no time"), "{wrong}");
        }
    }
}
