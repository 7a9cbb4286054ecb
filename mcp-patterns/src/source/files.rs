//! Reading files of sources: bounded, and never outside of the directory they are looked for in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Problem;
use crate::PatternError;

/// How large a text may be.
pub(super) const LARGEST: u64 = 1 << 20;
/// How many files are looked at, and how deep.
const MOST: usize = 20_000;
const DEEPEST: usize = 8;

/// Texts by their path from the top, with `/`, in order.
pub(super) type Texts = BTreeMap<String, String>;

/// The texts under a directory whose path `wanted` accepts. Links are not followed; what is too large or no UTF-8 is told.
pub(super) fn texts(
    top: &Path,
    wanted: impl Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) -> Result<Texts, PatternError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| PatternError::Read { path, source }
    };
    let (mut found, mut seen) = (Texts::new(), 0);
    let mut folders: Vec<(PathBuf, String, usize)> = vec![(top.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let entry = entry.map_err(failed(&folder))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(failed(&entry.path()))?;
            seen += 1;
            if seen > MOST {
                let message =
                    format!("more than {MOST} files: the rest is left out, name a smaller directory");
                problems.push(Problem::error(&top.display().to_string(), None, message));
                return Ok(found);
            }
            if kind.is_dir()
                && depth < DEEPEST
                && !matches!(name.as_str(), ".git" | "node_modules" | "target")
            {
                folders.push((entry.path(), format!("{path}/"), depth + 1));
            } else if kind.is_file() && wanted(&path) {
                match text(&entry.path()) {
                    Ok(text) => _ = found.insert(path, text),
                    Err(problem) => {
                        problems.push(Problem::error(&entry.path().display().to_string(), None, problem));
                    }
                }
            }
        }
    }
    Ok(found)
}

/// A text of a file, or why it is left out.
fn text(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("has {size} bytes: at most {LARGEST} are read"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}
