//! The files of a skill: what there is, how large, and its digest.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::SKILL_MD;

/// How much a skill may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Files, `SKILL.md` included.
    pub files: usize,
    /// Bytes in all files together.
    pub bytes: u64,
}

impl Default for Limits {
    /// What every host accepts: 512 files, 16 MiB.
    fn default() -> Self {
        Self { files: 512, bytes: 16 << 20 }
    }
}

/// A file of a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkillFile {
    /// The path below the skill's directory, with `/` between its parts.
    pub path: String,
    /// `sha256:` and 64 hexadecimal digits in lower case, of the raw bytes.
    pub digest: String,
    /// The number of bytes.
    pub size: u64,
}

/// Why the files of a skill cannot be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// A link might lead out of the directory.
    #[error("`{}` is a symbolic link; put the file itself there", path.display())]
    Link {
        /// Where.
        path: PathBuf,
    },
    /// Neither a file nor a directory.
    #[error("`{}` is neither a file nor a directory", path.display())]
    Special {
        /// Where.
        path: PathBuf,
    },
    /// A name that is not UTF-8 or holds control characters or a backslash.
    #[error("`{}` has a name that cannot be told to clients", path.display())]
    Name {
        /// Where.
        path: PathBuf,
    },
    /// More files than allowed.
    #[error("the skill has more than {limit} files")]
    TooMany {
        /// How many are allowed.
        limit: usize,
    },
    /// More bytes than allowed.
    #[error("the files of the skill have more than {limit} bytes")]
    TooLarge {
        /// How many are allowed.
        limit: u64,
    },
    /// More levels of directories than allowed.
    #[error("`{}` lies deeper than {limit} directories", path.display())]
    TooDeep {
        /// Where.
        path: PathBuf,
        /// How many are allowed.
        limit: usize,
    },
    /// Reading failed.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Directories within directories.
const DEEPEST: usize = 32;

/// The files of a skill, sorted by path. Names that begin with a dot are left out: they are of tools, not of skills.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Files {
    /// Each file once, those of nested skills included.
    pub files: Vec<SkillFile>,
}

impl Files {
    /// Lists a directory, reading every file once.
    ///
    /// # Errors
    /// A link, a special file, a name that cannot be told, more than the limits allow, or reading failed.
    pub fn list(directory: &Path, limits: Limits) -> Result<Self, FilesError> {
        let mut files = Vec::new();
        visit(directory, limits, |file, _| files.push(file))?;
        Ok(Self::sorted(files))
    }

    /// Lists a directory and keeps what is in the files, in the order of the list.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn read(directory: &Path, limits: Limits) -> Result<(Self, Vec<Vec<u8>>), FilesError> {
        let mut all = Vec::new();
        visit(directory, limits, |file, bytes| all.push((file, bytes)))?;
        all.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let (files, contents) = all.into_iter().unzip();
        Ok((Self { files }, contents))
    }

    /// The list of files that are given as they are.
    pub fn of<'f>(files: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Self {
        let entry = |(path, bytes): (&str, &[u8])| file(path.to_owned(), bytes);
        Self::sorted(files.into_iter().map(entry).collect())
    }

    fn sorted(mut files: Vec<SkillFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files }
    }

    /// A file by its path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&SkillFile> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }

    /// Bytes in all files together.
    #[must_use]
    pub fn total_size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The directories of skills within this one, by path.
    pub fn nested(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter_map(|file| file.path.strip_suffix(SKILL_MD)?.strip_suffix('/'))
    }

    /// One digest of all paths and contents: it changes when any of them does.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for file in &self.files {
            // Neither a path nor a digest holds a line break.
            hash.update(format!("{}\n{}\n", file.path, file.digest));
        }
        text(&hash.finalize())
    }
}

/// The digest of a file's bytes, as it is written: `sha256:` and 64 hexadecimal digits.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> String {
    text(&Sha256::digest(bytes))
}

fn text(digest: &[u8]) -> String {
    digest.iter().fold("sha256:".to_owned(), |mut out, byte| {
        out.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        out
    })
}

fn file(path: String, bytes: &[u8]) -> SkillFile {
    SkillFile { path, digest: digest_of(bytes), size: bytes.len() as u64 }
}

fn visit(root: &Path, limits: Limits, mut found: impl FnMut(SkillFile, Vec<u8>)) -> Result<(), FilesError> {
    let (mut count, mut total) = (0, 0);
    let mut open = vec![(root.to_path_buf(), String::new(), 0)];
    while let Some((directory, prefix, depth)) = open.pop() {
        let failed = |source| FilesError::Io { path: directory.clone(), source };
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let name = entry.file_name();
            let name = name
                .to_str()
                .filter(|name| !name.contains(['\\', '/']) && !name.chars().any(char::is_control));
            let Some(name) = name else { return Err(FilesError::Name { path }) };
            if name.starts_with('.') {
                continue;
            }
            // The type of the entry itself: links are not followed.
            let kind = entry.file_type().map_err(|source| FilesError::Io { path: path.clone(), source })?;
            let relative = format!("{prefix}{name}");
            if kind.is_symlink() {
                return Err(FilesError::Link { path });
            } else if kind.is_dir() {
                if depth == DEEPEST {
                    return Err(FilesError::TooDeep { path, limit: DEEPEST });
                }
                open.push((path, format!("{relative}/"), depth + 1));
            } else if kind.is_file() {
                count += 1;
                if count > limits.files {
                    return Err(FilesError::TooMany { limit: limits.files });
                }
                let bytes = read_at_most(&path, limits.bytes - total)
                    .map_err(|source| FilesError::Io { path: path.clone(), source })?
                    .ok_or(FilesError::TooLarge { limit: limits.bytes })?;
                total += bytes.len() as u64;
                found(file(relative, &bytes), bytes);
            } else {
                return Err(FilesError::Special { path });
            }
        }
    }
    Ok(())
}

/// The bytes of a file, unless there are more than `limit`.
fn read_at_most(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
