//! JSON text to Python objects and back, without a tree in between.

use std::fmt;

use pyo3::exceptions::{PyRecursionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::python;

/// How deep a value may be that is written: what contains itself has no end.
const DEPTH: usize = 128;

/// The Python object that JSON text describes.
pub(crate) fn to_python<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Seed(py).deserialize(&mut deserializer).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The Python object for what can be written as JSON.
pub(crate) fn from_rust<'py>(
    py: Python<'py>,
    value: &(impl serde::Serialize + ?Sized),
) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|error| PyValueError::new_err(error.to_string()))?;
    to_python(py, &text)
}

/// JSON text of a Python object.
pub(crate) fn to_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let mut out = Vec::with_capacity(64);
    write(value, &mut out, DEPTH)?;
    String::from_utf8(out).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// What a Python object describes, as a type of Rust. `what` names it in errors.
pub(crate) fn to_rust<T: serde::de::DeserializeOwned>(value: &Bound<'_, PyAny>, what: &str) -> PyResult<T> {
    serde_json::from_str(&to_text(value)?)
        .map_err(|error| PyValueError::new_err(format!("{what}: {}", place_free(&error))))
}

/// The error without the place in a text that nobody has seen.
fn place_free(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").and_then(|at| text.get(..at)).map_or_else(|| text.clone(), str::to_owned)
}

#[derive(Clone, Copy)]
struct Seed<'py>(Python<'py>);

impl<'de, 'py> DeserializeSeed<'de> for Seed<'py> {
    type Value = Bound<'py, PyAny>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'py> Visitor<'de> for Seed<'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(PyBool::new(self.0, value).to_owned().into_any())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        value.into_pyobject(self.0).map(Bound::into_any).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        value.into_pyobject(self.0).map(Bound::into_any).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(PyFloat::new(self.0, value).into_any())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(PyString::new(self.0, value).into_any())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(self.0.None().into_bound(self.0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let list = PyList::empty(self.0);
        while let Some(item) = items.next_element_seed(self)? {
            list.append(item).map_err(A::Error::custom)?;
        }
        Ok(list.into_any())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let dict = PyDict::new(self.0);
        while let Some(key) = members.next_key_seed(self)? {
            dict.set_item(key, members.next_value_seed(self)?).map_err(A::Error::custom)?;
        }
        Ok(dict.into_any())
    }
}

fn write(value: &Bound<'_, PyAny>, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(PyRecursionError::new_err(format!(
            "the value is deeper than {DEPTH}, or contains itself"
        )));
    };
    if let Ok(text) = value.cast::<PyString>() {
        write_str(text.to_str()?, out)
    } else if value.is_none() {
        out.extend_from_slice(b"null");
        Ok(())
    } else if let Ok(dict) = value.cast::<PyDict>() {
        write_dict(dict, out, depth)
    } else if let Ok(list) = value.cast::<PyList>() {
        write_items(list.iter(), out, depth)
    } else if let Ok(boolean) = value.cast::<PyBool>() {
        out.extend_from_slice(if boolean.is_true() { b"true" } else { b"false" });
        Ok(())
    } else if let Ok(integer) = value.cast::<PyInt>() {
        write_int(integer, out)
    } else if let Ok(float) = value.cast::<PyFloat>() {
        write_float(float.value(), out)
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        write_items(tuple.iter(), out, depth)
    } else {
        write(&python::plain(value)?, out, depth)
    }
}

fn write_str(text: &str, out: &mut Vec<u8>) -> PyResult<()> {
    serde_json::to_writer(out, text).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn write_int(integer: &Bound<'_, PyInt>, out: &mut Vec<u8>) -> PyResult<()> {
    match integer.extract::<i64>() {
        Ok(number) => {
            serde_json::to_writer(out, &number).map_err(|error| PyValueError::new_err(error.to_string()))
        }
        // What has no room in 64 bits is written as it is.
        Err(_) => {
            out.extend_from_slice(integer.str()?.to_str()?.as_bytes());
            Ok(())
        }
    }
}

fn write_float(number: f64, out: &mut Vec<u8>) -> PyResult<()> {
    if !number.is_finite() {
        return Err(PyValueError::new_err(format!("JSON has no number `{number}`: use `None` instead")));
    }
    serde_json::to_writer(out, &number).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn write_items<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    out: &mut Vec<u8>,
    depth: usize,
) -> PyResult<()> {
    out.push(b'[');
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(&item, out, depth)?;
    }
    out.push(b']');
    Ok(())
}

fn write_dict(dict: &Bound<'_, PyDict>, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    out.push(b'{');
    for (place, (key, value)) in dict.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_key(&key, out)?;
        out.push(b':');
        write(&value, out, depth)?;
    }
    out.push(b'}');
    Ok(())
}

/// Keys are written as `json.dumps` does.
fn write_key(key: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
    if let Ok(text) = key.cast::<PyString>() {
        return write_str(text.to_str()?, out);
    }
    if key.is_none() || key.is_instance_of::<PyInt>() || key.is_instance_of::<PyFloat>() {
        let mut text = Vec::new();
        write(key, &mut text, 1)?;
        out.push(b'"');
        out.extend_from_slice(&text);
        out.push(b'"');
        return Ok(());
    }
    Err(PyTypeError::new_err(format!("keys of JSON are text, and this is a `{}`", key.get_type().name()?)))
}
