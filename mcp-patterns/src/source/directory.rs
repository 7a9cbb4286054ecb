//! A directory of one of the formats.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Format, Loaded, Problem, Source, files, read};
use crate::skill::{Files, Limits, SkillFile};
use crate::{Entry, EntryFile, PatternError};

/// Entries from the files of a directory.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    format: Format,
}

impl Directory {
    /// Files below `path`, eight directories deep at most; links are not followed.
    pub fn new(path: impl Into<PathBuf>, format: Format) -> Self {
        Self { path: path.into(), format }
    }
}

impl Directory {
    /// A skill with all the files beside it.
    fn with_files(&self, entry: &Entry) -> Result<Entry, Problem> {
        let refused = |message: String| Problem::error(&entry.origin, None, message);
        let file = Path::new(&entry.origin);
        let folder = file.parent().ok_or_else(|| refused("is in no directory".to_owned()))?;
        let listed = Files::list(folder, Limits::default()).map_err(|error| refused(error.to_string()))?;
        let file = |file: SkillFile| EntryFile { path: file.path, digest: file.digest, size: file.size };
        let files = listed.files.into_iter().map(file).collect();
        Ok(Entry { files, ..entry.clone() }.seal())
    }
}

impl Source for Directory {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn load(&self) -> Result<Loaded, PatternError> {
        let mut problems = Vec::new();
        let texts = files::texts(&self.path, |path| read::wanted(self.format, path), &mut problems)?;
        let mut loaded = read::entries(self.format, &self.name(), &texts);
        if matches!(self.format, Format::Skills { .. }) {
            loaded.entries.retain_mut(|entry| match self.with_files(entry) {
                Ok(whole) => {
                    *entry = Arc::new(whole);
                    true
                }
                Err(problem) => {
                    problems.push(problem);
                    false
                }
            });
        }
        problems.append(&mut loaded.problems);
        loaded.problems = problems;
        Ok(loaded)
    }

    fn directories(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }
}
