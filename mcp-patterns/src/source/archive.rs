//! Entries from a zip archive, read in memory and never unpacked.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use zip::ZipArchive;

use super::files::{LARGEST, Texts};
use super::{Format, Loaded, Problem, Source, read};
use crate::PatternError;

/// How many bytes all texts of an archive have together, at most.
const MOST: u64 = 64 << 20;

/// A zip archive of one of the formats.
#[derive(Debug, Clone)]
pub struct Archive {
    path: PathBuf,
    format: Format,
}

impl Archive {
    /// The archive at a path.
    pub fn new(path: impl Into<PathBuf>, format: Format) -> Self {
        Self { path: path.into(), format }
    }
}

impl Source for Archive {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn load(&self) -> Result<Loaded, PatternError> {
        let failed = |source: std::io::Error| PatternError::Read { path: self.path.clone(), source };
        let file = File::open(&self.path).map_err(failed)?;
        let mut archive = ZipArchive::new(file).map_err(|error| failed(std::io::Error::other(error)))?;
        let (mut texts, mut problems, mut total) = (Texts::new(), Vec::new(), 0);
        for at in 0..archive.len() {
            let Ok(member) = archive.by_index(at) else { continue };
            let path = member.enclosed_name().map(|path| path.to_string_lossy().replace('\\', "/"));
            let Some(path) = path.filter(|path| member.is_file() && read::wanted(self.format, path)) else {
                continue;
            };
            let place = format!("{}/{path}", self.name());
            let mut bytes = Vec::new();
            // What a member says of its size may be a lie.
            let read = member.take(LARGEST + 1).read_to_end(&mut bytes);
            total += bytes.len() as u64;
            if total > MOST {
                problems.push(Problem::error(
                    &place,
                    None,
                    format!("more than {MOST} bytes: the rest is left out"),
                ));
                break;
            }
            let problem = match (read, String::from_utf8(bytes)) {
                (Err(error), _) => error.to_string(),
                (Ok(many), _) if many as u64 > LARGEST => format!("has more than {LARGEST} bytes"),
                (_, Err(_)) => "is not UTF-8".to_owned(),
                (_, Ok(text)) => {
                    texts.insert(path, text);
                    continue;
                }
            };
            problems.push(Problem::error(&place, None, problem));
        }
        let mut loaded = read::entries(self.format, &self.name(), &texts);
        problems.append(&mut loaded.problems);
        loaded.problems = problems;
        Ok(loaded)
    }
}
