//! Words: what of a text is searched.

mod analyze;
mod postings;
mod stop;

pub(crate) use analyze::Analyzer;
pub(crate) use postings::{List, Postings, Statistics};
