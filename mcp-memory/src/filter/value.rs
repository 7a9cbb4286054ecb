//! What can stand beside an operator.

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::FilterError;
use super::field::Field;
use crate::time::{Range, TimeContext, TimeError, resolve};

/// Values in a list.
const LIST: usize = 1_000;
/// Numbers below are seconds, others milliseconds: until the year 5138, and from 1973 on.
const SECONDS: i64 = 100_000_000_000;

pub(super) type Result<T> = std::result::Result<T, FilterError>;

/// A time that was given.
pub(super) enum Moment {
    /// Exactly then, in milliseconds since 1970.
    At(i64),
    During(Range),
}

/// A value that a field can be equal to.
pub(super) fn value(field: &Field, json: &Value, path: &str) -> Result<Value> {
    let (fits, expected) = match field {
        Field::Importance => (json.is_number(), "a number"),
        Field::Metadata(_) => {
            (!json.is_array() && !json.is_object(), "a text, a number, true, false or null")
        }
        _ => (json.is_string(), "a text"),
    };
    if fits { Ok(json.clone()) } else { Err(FilterError::new(path, format!("must be {expected}"))) }
}

/// What stands in a list, with its place.
pub(super) fn items<'a>(json: &'a Value, path: &str) -> Result<impl Iterator<Item = (String, &'a Value)>> {
    let Value::Array(items) = json else { return Err(FilterError::new(path, "must be a list of values")) };
    if items.len() > LIST {
        return Err(FilterError::new(path, format!("has more than {LIST} values")));
    }
    let path = path.to_owned();
    Ok(items.iter().enumerate().map(move |(at, item)| (format!("{path}[{at}]"), item)))
}

pub(super) fn values(field: &Field, json: &Value, path: &str) -> Result<Vec<Value>> {
    items(json, path)?.map(|(path, item)| value(field, item, &path)).collect()
}

/// A value that can be more or less than another.
pub(super) fn ordered(field: &Field, json: &Value, path: &str) -> Result<Value> {
    let value = value(field, json, path)?;
    if value.is_number() || value.is_string() {
        return Ok(value);
    }
    Err(FilterError::new(path, "must be a number, a text or a time: nothing else is more or less"))
}

pub(super) fn text(json: &Value, path: &str) -> Result<String> {
    let text = json.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| FilterError::new(path, "must be a text that is not empty"))
}

/// RFC 3339, seconds, milliseconds, or what [`resolve`] reads.
pub(super) fn moment(json: &Value, context: &TimeContext, path: &str) -> Result<Moment> {
    let wrong = || {
        FilterError::new(
            path,
            "must be a time: `2026-01-31`, `2026-01-31T12:00:00Z`, or milliseconds since 1970",
        )
    };
    match json {
        Value::Number(number) => {
            let milliseconds = milliseconds(number).ok_or_else(wrong)?;
            Timestamp::from_millisecond(milliseconds).map_err(|_| wrong())?;
            Ok(Moment::At(milliseconds))
        }
        Value::String(text) => {
            if let Ok(time) = text.parse::<Timestamp>() {
                return Ok(Moment::At(time.as_millisecond()));
            }
            resolve(text, context).map(Moment::During).map_err(|error| match error {
                TimeError::Unknown(_) => wrong(),
                other => FilterError::new(path, other.to_string()),
            })
        }
        _ => Err(wrong()),
    }
}

/// Of a number that is seconds or milliseconds by its size; a fraction is one of seconds.
fn milliseconds(number: &Number) -> Option<i64> {
    match number.as_i64() {
        Some(seconds) if seconds.abs() < SECONDS => Some(seconds * 1_000),
        Some(milliseconds) => Some(milliseconds),
        None => {
            let time = jiff::SignedDuration::try_from_secs_f64(number.as_f64()?).ok()?;
            Timestamp::from_duration(time).ok().map(Timestamp::as_millisecond)
        }
    }
}
