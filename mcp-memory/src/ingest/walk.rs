//! The documents of a directory.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;

use super::{IngestError, decode, format::Format};
use crate::MemoryError;

/// Lines of these files name what is left out, as those of `.gitignore` do.
const IGNORE: &str = ".memoryignore";
const HEAD: u64 = 8 * 1024;

/// What was found in a directory.
#[derive(Default)]
pub(super) struct Walked {
    /// The files with their names, from the directory on.
    pub(super) files: Vec<(PathBuf, String)>,
    /// What could not be looked at: nothing is known about what is there.
    pub(super) failed: Vec<(String, String)>,
}

/// Finds the files of a directory that are not left out, in their order.
pub(super) fn walk(directory: &Path, ignore: &[String], hidden: bool) -> Result<Walked, MemoryError> {
    let wrong = |error: ignore::Error| MemoryError::invalid("ignore", error.to_string());
    let mut rules = OverrideBuilder::new(directory);
    for rule in ignore {
        // Overrides name what is wanted, and with an exclamation mark what is not.
        let turned = rule.strip_prefix('!').map_or_else(|| format!("!{rule}"), str::to_owned);
        rules.add(&turned).map_err(wrong)?;
    }
    let mut walk = WalkBuilder::new(directory);
    walk.hidden(!hidden).git_global(false).require_git(false).add_custom_ignore_filename(IGNORE);
    walk.overrides(rules.build().map_err(wrong)?).sort_by_file_path(Path::cmp);
    let mut walked = Walked::default();
    for entry in walk.build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                let path = entry.into_path();
                match path.strip_prefix(directory).ok().and_then(Path::to_str) {
                    Some(name) => {
                        let name = name.replace(std::path::MAIN_SEPARATOR, "/");
                        walked.files.push((path, name));
                    }
                    None => {
                        let name = path.to_string_lossy().into_owned();
                        walked.failed.push((name, "its name is not Unicode: rename it".to_owned()));
                    }
                }
            }
            Ok(_) => {}
            Err(error) => walked.failed.push((String::new(), error.to_string())),
        }
    }
    Ok(walked)
}

/// The bytes of a file; none where it is no document, or too large to be one.
pub(super) fn load(path: &Path, name: &str, most: u64) -> Result<Vec<u8>, IngestError> {
    let file = File::open(path).map_err(IngestError::Io)?;
    let mut bytes = Vec::new();
    (&file).take(HEAD).read_to_end(&mut bytes).map_err(IngestError::Io)?;
    if Format::of(name, &bytes).is_text() && decode::is_binary(&bytes) {
        return Err(IngestError::Binary);
    }
    (&file)
        .take((most + 1).saturating_sub(bytes.len() as u64))
        .read_to_end(&mut bytes)
        .map_err(IngestError::Io)?;
    if bytes.len() as u64 > most {
        return Err(IngestError::TooLarge { what: "too many bytes", most });
    }
    Ok(bytes)
}
