//! Python objects as JSON text.

use pyo3::exceptions::{PyRecursionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::{DEPTH, Place};
use crate::python;

/// Which integers may be written.
#[derive(Clone, Copy)]
pub(super) enum Integers<'a> {
    /// All: whoever reads them reads text.
    All,
    /// Those that a tree of Rust can hold. Others would become floats, and lose digits.
    Of64Bits {
        /// What the whole value is, in errors.
        what: &'a str,
    },
}

/// Writes one value.
pub(super) struct Writer<'a> {
    out: Vec<u8>,
    integers: Integers<'a>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(integers: Integers<'a>) -> Self {
        Self { out: Vec::with_capacity(64), integers }
    }

    /// The text of a value.
    pub(super) fn text(mut self, value: &Bound<'_, PyAny>) -> PyResult<String> {
        self.write(value, &Place::Whole, DEPTH)?;
        String::from_utf8(self.out).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn write(&mut self, value: &Bound<'_, PyAny>, place: &Place<'_>, depth: usize) -> PyResult<()> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(PyRecursionError::new_err(format!(
                "the value is deeper than {DEPTH}, or contains itself"
            )));
        };
        if let Ok(text) = value.cast::<PyString>() {
            self.write_str(text.to_str()?)
        } else if value.is_none() {
            self.out.extend_from_slice(b"null");
            Ok(())
        } else if let Ok(dict) = value.cast::<PyDict>() {
            self.write_dict(dict, place, depth)
        } else if let Ok(list) = value.cast::<PyList>() {
            self.write_items(list.iter(), place, depth)
        } else if let Ok(boolean) = value.cast::<PyBool>() {
            self.out.extend_from_slice(if boolean.is_true() { b"true" } else { b"false" });
            Ok(())
        } else if let Ok(integer) = value.cast::<PyInt>() {
            self.write_int(integer, place)
        } else if let Ok(float) = value.cast::<PyFloat>() {
            self.write_float(float.value(), place)
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            self.write_items(tuple.iter(), place, depth)
        } else {
            self.write(&python::plain(value)?, place, depth)
        }
    }

    fn write_str(&mut self, text: &str) -> PyResult<()> {
        serde_json::to_writer(&mut self.out, text).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn write_int(&mut self, integer: &Bound<'_, PyInt>, place: &Place<'_>) -> PyResult<()> {
        if let Ok(number) = integer.extract::<i64>() {
            return serde_json::to_writer(&mut self.out, &number)
                .map_err(|error| PyValueError::new_err(error.to_string()));
        }
        if let Integers::Of64Bits { what } = self.integers
            && integer.extract::<u64>().is_err()
        {
            let problem = place.problem("an integer of more than 64 bits: give it as text");
            return Err(PyValueError::new_err(format!("{what}: {problem}")));
        }
        // Of a subclass the number counts, not how it likes to be shown.
        let number = integer.call_method0(pyo3::intern!(integer.py(), "__index__"))?;
        let digits = number.repr().map_err(|error| {
            PyValueError::new_err(place.problem(format_args!("{}", error.value(integer.py()))))
        })?;
        self.out.extend_from_slice(digits.to_str()?.as_bytes());
        Ok(())
    }

    fn write_float(&mut self, number: f64, place: &Place<'_>) -> PyResult<()> {
        if !number.is_finite() {
            let problem = format!("JSON has no number `{number}`: use `None` instead");
            return Err(PyValueError::new_err(place.problem(problem)));
        }
        serde_json::to_writer(&mut self.out, &number)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn write_items<'py>(
        &mut self,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        place: &Place<'_>,
        depth: usize,
    ) -> PyResult<()> {
        self.out.push(b'[');
        for (number, item) in items.enumerate() {
            if number > 0 {
                self.out.push(b',');
            }
            self.write(&item, &Place::Item(place, number), depth)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn write_dict(&mut self, dict: &Bound<'_, PyDict>, place: &Place<'_>, depth: usize) -> PyResult<()> {
        self.out.push(b'{');
        for (number, (key, value)) in dict.iter().enumerate() {
            if number > 0 {
                self.out.push(b',');
            }
            if let Ok(name) = key.cast::<PyString>() {
                let name = name.to_str()?;
                self.write_str(name)?;
                self.out.push(b':');
                self.write(&value, &Place::Member(place, name), depth)?;
            } else {
                let name = key_of(&key)?;
                self.write_str(&name)?;
                self.out.push(b':');
                self.write(&value, &Place::Member(place, &name), depth)?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }
}

/// Keys are written as `json.dumps` does.
fn key_of(key: &Bound<'_, PyAny>) -> PyResult<String> {
    if key.is_none() || key.is_instance_of::<PyInt>() || key.is_instance_of::<PyFloat>() {
        return super::to_text(key);
    }
    Err(PyTypeError::new_err(format!("keys of JSON are text, and this is a `{}`", key.get_type().name()?)))
}
