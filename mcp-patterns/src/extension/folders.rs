//! Folders of skills, recommended and served alike.

use std::path::PathBuf;

use super::set::{PublishError, SkillSet};
use crate::catalog::CatalogBuilder;
use crate::skill::{Mode, SKILL_MD};
use crate::source::{Directory, Format};
use crate::starter::{self, Starter};

/// Folders of Agent Skills, and the skills that come with this crate: as a catalogue that recommends them and as a set that is served.
/// Fields of other clients are let pass, and reported.
///
/// ```
/// use mcp_patterns::extension::Folders;
///
/// let folders = Folders::new(["/nothing/here"]);
/// let catalog = folders.catalog().build();
/// let (skills, problems) = folders.skills();
/// assert_eq!(skills.entries().count(), catalog.entries().len());
/// assert!(catalog.report().problems[0].message.contains("/nothing/here") && problems.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Folders {
    paths: Vec<PathBuf>,
}

impl Folders {
    /// The folders at some paths. What is in the first ones wins over what has the same name in later ones, and over our own.
    pub fn new(paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self { paths: paths.into_iter().map(Into::into).collect() }
    }

    /// A catalogue of the skills, to which other sources may be added.
    #[must_use]
    pub fn catalog(&self) -> CatalogBuilder {
        let begin = CatalogBuilder::default();
        let directory = |path: &PathBuf| Directory::new(path, Format::Skills { strict: false });
        self.paths.iter().map(directory).fold(begin, CatalogBuilder::source).source(Starter)
    }

    /// The skills as they are now, and why some are not among them.
    #[must_use]
    pub fn skills(&self) -> (SkillSet, Vec<PublishError>) {
        let (mut set, mut problems) = (SkillSet::new(), Vec::new());
        for path in &self.paths {
            problems.extend(set.add_tree("", path, Mode::Lenient));
        }
        for (_, text) in starter::skills() {
            match set.add_files("mcp-patterns", [(SKILL_MD, text.as_bytes())], Mode::Strict) {
                Ok(nested) => problems.extend(nested),
                Err(problem) => problems.push(problem),
            }
        }
        (set, problems)
    }
}
