//! JSON text to Python objects and back, without a tree in between.
//!
//! Python's integers have no end, and JSON's have none either: what is text on both sides (arguments, results, schemas) keeps
//! all digits. Where a tree of Rust stands between, an integer that has no room in 64 bits is refused by the name of its place.

mod exact;
mod place;
mod read;
mod write;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use self::place::Place;
use self::write::{Integers, Writer};

/// How deep a value may be: what contains itself has no end.
const DEPTH: usize = 128;

/// The Python object that JSON text describes.
pub(crate) fn to_python<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    if exact::has_long_number(text) {
        return exact::read(py, text);
    }
    // What cannot be read is looked at once more, for the name of its place.
    read::read(py, text).or_else(|_| exact::read(py, text))
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
    Writer::new(Integers::All).text(value)
}

/// What a Python object describes, as a type of Rust. `what` names it in errors.
pub(crate) fn to_rust<T: serde::de::DeserializeOwned>(value: &Bound<'_, PyAny>, what: &str) -> PyResult<T> {
    parse(&Writer::new(Integers::Of64Bits { what }).text(value)?, what)
}

/// The same for a type that keeps what it holds as text, and so integers of any length.
pub(crate) fn to_raw<T: serde::de::DeserializeOwned>(value: &Bound<'_, PyAny>, what: &str) -> PyResult<T> {
    parse(&to_text(value)?, what)
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, what: &str) -> PyResult<T> {
    serde_json::from_str(text)
        .map_err(|error| PyValueError::new_err(format!("{what}: {}", place_free(&error))))
}

/// The error without the place in a text that nobody has seen.
fn place_free(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").and_then(|at| text.get(..at)).map_or_else(|| text.clone(), str::to_owned)
}
