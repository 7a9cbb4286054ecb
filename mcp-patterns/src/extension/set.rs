//! Skills that are served together.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use mcp_core::protocol::Resource;

use super::entry::{Manifest, SkillEntry, SkillResource};
use super::uri;
use crate::skill::{Files, FilesError, Frontmatter, Invalid, Limits, Mode, SKILL_MD, Skill, mime_type};

/// Why a skill cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// Its `SKILL.md` is wrong.
    #[error("`{skill}`: {source}")]
    Invalid {
        /// Which skill: its directory.
        skill: String,
        /// What is wrong.
        source: Invalid,
    },
    /// Its files cannot be served.
    #[error("`{skill}` has files that cannot be served")]
    Files {
        /// Which skill: its directory.
        skill: String,
        /// Why not.
        source: FilesError,
    },
    /// Another one has the URI.
    #[error("`{uri}` is served already; give one of the two another prefix")]
    Taken {
        /// The URI of its `SKILL.md`.
        uri: String,
    },
    /// A prefix that cannot be part of a URI.
    #[error("prefix `{prefix}`: must be parts like `acme/billing`, without `.`, `..` and empty ones")]
    Prefix {
        /// The prefix.
        prefix: String,
    },
}

/// What a file holds, kept from when its digest was taken: what is declared is what is read.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) mime_type: &'static str,
}

/// Skills with all their files, under `skill://`.
#[derive(Debug, Clone, Default)]
pub struct SkillSet {
    pub(super) entries: BTreeMap<String, Arc<SkillEntry>>,
    pub(super) files: HashMap<String, Arc<Content>>,
    /// Children of directories, by the URIs of both.
    pub(super) directories: HashMap<String, BTreeMap<String, Resource>>,
}

impl SkillSet {
    /// No skills.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The skills, by URI.
    pub fn entries(&self) -> impl Iterator<Item = &SkillEntry> {
        self.entries.values().map(AsRef::as_ref)
    }

    /// Adds the skill in a directory, and skills nested in it, under a prefix such as `acme/billing`; empty for none. Returns what
    /// keeps nested ones from being skills of their own; their files are served all the same.
    ///
    /// # Errors
    /// The skill cannot be served. Nothing is added then.
    pub fn add_directory(
        &mut self,
        prefix: &str,
        directory: &Path,
        mode: Mode,
    ) -> Result<Vec<PublishError>, PublishError> {
        let name = directory.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let read = Files::read(directory, Limits::default());
        let (files, contents) =
            read.map_err(|source| PublishError::Files { skill: directory.display().to_string(), source })?;
        let contents =
            files.files.iter().map(|file| file.path.as_str()).zip(contents.iter().map(Vec::as_slice));
        self.add(prefix, Some(name), &contents.collect::<Vec<_>>(), mode)
    }

    /// Adds every skill below a directory. Those within others are nested. Returns what could not be served, and why.
    pub fn add_tree(&mut self, prefix: &str, root: &Path, mode: Mode) -> Vec<PublishError> {
        let mut problems = Vec::new();
        for directory in skills_below(root) {
            let below = directory.strip_prefix(root).ok().and_then(Path::parent);
            let parts = below.into_iter().flat_map(Path::components);
            let parts = parts.filter_map(|part| part.as_os_str().to_str());
            let path: Vec<&str> = [prefix].into_iter().filter(|p| !p.is_empty()).chain(parts).collect();
            match self.add_directory(&path.join("/"), &directory, mode) {
                Ok(nested) => problems.extend(nested),
                Err(problem) => problems.push(problem),
            }
        }
        problems
    }

    /// Adds a skill from files in memory, by their paths below its directory; one is called `SKILL.md`.
    ///
    /// # Errors
    /// As [`Self::add_directory`].
    pub fn add_files<'f>(
        &mut self,
        prefix: &str,
        files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
        mode: Mode,
    ) -> Result<Vec<PublishError>, PublishError> {
        self.add(prefix, None, &files.into_iter().collect::<Vec<_>>(), mode)
    }

    fn add(
        &mut self,
        prefix: &str,
        directory: Option<&str>,
        files: &[(&str, &[u8])],
        mode: Mode,
    ) -> Result<Vec<PublishError>, PublishError> {
        if !prefix.is_empty() && uri::within("", &format!("/{}", uri::escape(prefix))).is_none() {
            return Err(PublishError::Prefix { prefix: prefix.to_owned() });
        }
        let skill = self.checked(directory.unwrap_or(prefix), directory, files, mode)?;
        let path = [prefix, skill.name.as_str()]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join("/");
        let root = format!("skill://{}", uri::escape(&path));
        let entry = entry_of(&root, &skill, files);
        if self.entries.contains_key(&entry.uri) || self.files.contains_key(&entry.uri) {
            return Err(PublishError::Taken { uri: entry.uri });
        }
        for (file, bytes) in files {
            let uri = format!("{root}/{}", uri::escape(file));
            let content = Content { bytes: Bytes::copy_from_slice(bytes), mime_type: mime_type(file) };
            self.files.insert(uri.clone(), Arc::new(content));
            self.add_to_directories(&uri, file, bytes.len());
        }
        self.name(&entry, &skill);
        self.entries.insert(entry.uri.clone(), Arc::new(entry));
        Ok(self.add_nested(&root, files, mode))
    }

    /// Skills within a skill are skills of their own, and their files files of both.
    fn add_nested(&mut self, outer: &str, files: &[(&str, &[u8])], mode: Mode) -> Vec<PublishError> {
        let mut problems = Vec::new();
        let nested = files.iter().filter_map(|(path, _)| path.strip_suffix(SKILL_MD)?.strip_suffix('/'));
        for directory in nested {
            let below = |path: &str| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
            let inner = files.iter().filter(|(path, _)| below(path));
            let inner: Vec<_> =
                inner.filter_map(|(path, bytes)| Some((path.get(directory.len() + 1..)?, *bytes))).collect();
            let name = directory.rsplit('/').next();
            match self.checked(directory, name, &inner, mode) {
                Err(problem) => problems.push(problem),
                Ok(skill) => {
                    let entry = entry_of(&format!("{outer}/{}", uri::escape(directory)), &skill, &inner);
                    self.name(&entry, &skill);
                    self.entries.insert(entry.uri.clone(), Arc::new(entry));
                }
            }
        }
        problems
    }

    /// The skill in some files, if hosts will load it.
    fn checked(
        &self,
        place: &str,
        directory: Option<&str>,
        files: &[(&str, &[u8])],
        mode: Mode,
    ) -> Result<Skill, PublishError> {
        let wrong = |source| PublishError::Invalid { skill: place.to_owned(), source };
        let too_much = |source| PublishError::Files { skill: place.to_owned(), source };
        let limits = Limits::default();
        if files.len() > limits.files {
            return Err(too_much(FilesError::TooMany { limit: limits.files }));
        }
        if files.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>() > limits.bytes {
            return Err(too_much(FilesError::TooLarge { limit: limits.bytes }));
        }
        let bytes = files.iter().find(|(path, _)| *path == SKILL_MD).map(|(_, bytes)| *bytes);
        let bytes = bytes.ok_or_else(|| wrong(Invalid::whole("there is no `SKILL.md`")))?;
        let text = std::str::from_utf8(bytes).map_err(|_| wrong(Invalid::whole("is not UTF-8")))?;
        let skill = Skill::parse(text, directory, mode).map_err(wrong)?;
        // Hosts compare the frontmatter with what they read themselves, and the name with the URI.
        Frontmatter::parse(text, Mode::Strict).map_err(wrong)?;
        match skill.problems.iter().find(|problem| problem.field == "name") {
            Some(problem) => Err(wrong(problem.clone().into())),
            None => Ok(skill),
        }
    }

    fn add_to_directories(&mut self, uri: &str, path: &str, size: usize) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let file = Resource::new(uri, name).mime_type(mime_type(path)).size(size as u64);
        let (mut child, mut resource) = (uri.to_owned(), file);
        while let Some((parent, _)) =
            child.rsplit_once('/').filter(|(parent, _)| !parent.ends_with("/") && !parent.ends_with(':'))
        {
            let parent = parent.to_owned();
            let siblings = self.directories.entry(parent.clone()).or_default();
            siblings.insert(child, resource);
            let name = parent.rsplit('/').next().and_then(uri::unescape).unwrap_or_default();
            resource = Resource::new(parent.clone(), name).mime_type("inode/directory");
            child = parent;
        }
    }

    /// What lists say of a `SKILL.md`.
    fn name(&mut self, entry: &SkillEntry, skill: &Skill) {
        let known = self.directories.get_mut(entry.root()).and_then(|children| children.get_mut(&entry.uri));
        if let Some(resource) = known {
            resource.name.clone_from(&skill.name);
            resource.description = Some(entry.description().to_owned());
        }
    }
}

fn entry_of(root: &str, skill: &Skill, files: &[(&str, &[u8])]) -> SkillEntry {
    let files = Files::of(files.iter().copied()).files.into_iter().map(|file| SkillResource {
        uri: format!("{root}/{}", uri::escape(&file.path)),
        digest: file.digest,
        size: file.size,
    });
    SkillEntry {
        uri: format!("{root}/{SKILL_MD}"),
        frontmatter: skill.frontmatter.clone(),
        resources: Manifest::Listed(files.collect()),
    }
}

/// The outermost directories with a `SKILL.md`, sorted. Links are not followed.
fn skills_below(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![(root.to_path_buf(), 0)]);
    while let Some((directory, depth)) = open.pop() {
        if directory.join(SKILL_MD).is_file() {
            found.push(directory);
            continue;
        }
        let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let visible = directories.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
        open.extend(visible.filter(|_| depth < 16).map(|entry| (entry.path(), depth + 1)));
    }
    found.sort();
    found
}
