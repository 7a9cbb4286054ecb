//! JSON text to Python objects where a number may need more than 64 bits: each keeps all its digits.
//!
//! Slower than one pass: what contains others is looked at once for each level. Text with such numbers is rare.

use std::borrow::Cow;
use std::fmt;

use pyo3::exceptions::{PyRecursionError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{DEPTH, Place, read as fast};

/// Digits of the shortest number that may have no room in 64 bits.
const LONG: usize = 19;

/// Whether there are so many digits in a row that they may be such a number; in a string they do no harm.
pub(super) fn has_long_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    // So many in a row have one at a place that this divides.
    (LONG - 1..bytes.len()).step_by(LONG).any(|at| {
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let (before, after) = bytes.split_at(at);
        let after = after.iter().take_while(is_digit).take(LONG).count();
        after > 0 && after + before.iter().rev().take_while(is_digit).take(LONG).count() >= LONG
    })
}

/// The Python object that JSON text describes.
pub(super) fn read<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let raw: &RawValue =
        serde_json::from_str(text).map_err(|error| PyValueError::new_err(error.to_string()))?;
    value(py, raw, &Place::Whole, DEPTH)
}

fn value<'py>(
    py: Python<'py>,
    raw: &RawValue,
    place: &Place<'_>,
    depth: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let problem = |problem: &dyn fmt::Display| PyValueError::new_err(place.problem(problem));
    let Some(depth) = depth.checked_sub(1) else {
        return Err(PyRecursionError::new_err(format!("the value is deeper than {DEPTH}")));
    };
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: Members<'_> = serde_json::from_str(text).map_err(|error| problem(&error))?;
            let dict = PyDict::new(py);
            for (name, raw) in members.0 {
                let member = value(py, raw, &Place::Member(place, &name), depth)?;
                dict.set_item(&*name, member)?;
            }
            Ok(dict.into_any())
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| problem(&error))?;
            let list = PyList::empty(py);
            for (number, raw) in items.into_iter().enumerate() {
                list.append(value(py, raw, &Place::Item(place, number), depth)?)?;
            }
            Ok(list.into_any())
        }
        _ if is_long_integer(text) => {
            let read = py.get_type::<PyInt>().call1((text,));
            read.map_err(|error| problem(error.value(py)))
        }
        _ => fast::read(py, text).map_err(|error| problem(&super::place_free(&error))),
    }
}

fn is_long_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.len() >= LONG && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The members of an object, as they come.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A name, borrowed where it needs no unescaping.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some((Name(name), value)) = members.next_entry::<Name<'de>, &'de RawValue>()? {
                    all.push((name, value));
                }
                Ok(Members(all))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}
