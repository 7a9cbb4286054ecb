//! Entries that are given as they are.

use std::sync::Arc;

use super::{Loaded, Source};
use crate::{Entry, PatternError};

/// Entries of the program itself.
#[derive(Debug, Clone)]
pub struct Entries {
    name: String,
    entries: Vec<Arc<Entry>>,
}

impl Entries {
    /// These entries; `name` is what they are called in reports.
    pub fn new(name: impl Into<String>, entries: Vec<Entry>) -> Self {
        Self { name: name.into(), entries: entries.into_iter().map(Arc::new).collect() }
    }
}

impl Source for Entries {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn load(&self) -> Result<Loaded, PatternError> {
        Ok(Loaded { entries: self.entries.clone(), problems: Vec::new() })
    }
}
