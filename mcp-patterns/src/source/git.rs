//! What is committed in a Git repository, read with the program `git`; nothing is checked out or changed.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::files::{LARGEST, Texts};
use super::{Format, Loaded, Problem, Source, read};
use crate::PatternError;

/// Entries from a commit of a repository on this machine.
#[derive(Debug, Clone)]
pub struct GitCheckout {
    directory: PathBuf,
    revision: String,
    format: Format,
}

impl GitCheckout {
    /// `directory` is a bare repository or the `.git` of another; `revision` a branch, tag or commit.
    ///
    /// # Errors
    /// `revision` begins with a dash or has a space, a colon or a control character.
    pub fn new(
        directory: impl Into<PathBuf>,
        revision: impl Into<String>,
        format: Format,
    ) -> Result<Self, PatternError> {
        let revision = revision.into();
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == ':';
        if revision.is_empty() || revision.starts_with('-') || revision.contains(odd) {
            return Err(PatternError::Invalid {
                field: "revision".to_owned(),
                problem: format!("`{revision}` is not one: name a branch, a tag or a commit"),
            });
        }
        Ok(Self { directory: directory.into(), revision, format })
    }

    fn git(&self, arguments: &[&str]) -> Result<Vec<u8>, PatternError> {
        let failed = |source| PatternError::Read { path: self.directory.clone(), source };
        let output = Command::new("git")
            .arg("--git-dir")
            .arg(&self.directory)
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .stdin(Stdio::null())
            .output()
            .map_err(failed)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let told = String::from_utf8_lossy(&output.stderr);
        Err(failed(std::io::Error::other(told.lines().next().unwrap_or("git failed").to_owned())))
    }
}

impl Source for GitCheckout {
    fn name(&self) -> String {
        format!("{}@{}", self.directory.display(), self.revision)
    }

    fn load(&self) -> Result<Loaded, PatternError> {
        let listed =
            self.git(&["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", &self.revision])?;
        let (mut texts, mut problems) = (Texts::new(), Vec::new());
        for line in listed.split(|byte| *byte == 0).filter_map(|line| str::from_utf8(line).ok()) {
            let Some((facts, path)) = line.split_once('\t') else { continue };
            let facts: Vec<&str> = facts.split_whitespace().collect();
            // Links and submodules are left out.
            let &[mode, "blob", object, size] = facts.as_slice() else { continue };
            if !mode.starts_with("100") || !read::wanted(self.format, path) {
                continue;
            }
            let place = format!("{}/{path}", self.name());
            if size.parse::<u64>().is_ok_and(|size| size > LARGEST) {
                problems.push(Problem::error(
                    &place,
                    None,
                    format!("has {size} bytes: at most {LARGEST} are read"),
                ));
                continue;
            }
            match self.git(&["cat-file", "blob", object]).map(String::from_utf8) {
                Ok(Ok(text)) => _ = texts.insert(path.to_owned(), text),
                Ok(Err(_)) => problems.push(Problem::error(&place, None, "is not UTF-8")),
                Err(_) => problems.push(Problem::error(&place, None, "its content is not in the repository")),
            }
        }
        let mut loaded = read::entries(self.format, &self.name(), &texts);
        problems.append(&mut loaded.problems);
        loaded.problems = problems;
        Ok(loaded)
    }
}
