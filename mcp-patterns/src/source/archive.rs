//! Entries from an archive, zip or tar.gz, read in memory and never unpacked.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::files::{LARGEST, Texts};
use super::{Format, Loaded, Problem, Source, read};
use crate::PatternError;

/// How many bytes all texts of an archive have together, at most.
const MOST: u64 = 64 << 20;
/// How many bytes a tar.gz has once it is unpacked, at most: all of it has to be passed to find what is wanted.
const UNPACKED: u64 = 1 << 30;
/// How many members are looked at.
const MEMBERS: usize = 100_000;
/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An archive of one of the formats: zip or tar.gz, whatever it is called.
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
        let failed = |source: io::Error| PatternError::Read { path: self.path.clone(), source };
        let name = self.name();
        let mut members = Members {
            name: &name,
            format: self.format,
            texts: Texts::new(),
            problems: Vec::new(),
            total: 0,
            seen: 0,
        };
        let mut file = BufReader::new(File::open(&self.path).map_err(failed)?);
        let mut begins = [0; 2];
        let gzip = file.read_exact(&mut begins).is_ok() && begins == GZIP;
        file.rewind().map_err(failed)?;
        if gzip { members.tar(file) } else { members.zip(file) }.map_err(failed)?;
        let mut loaded = read::entries(self.format, &name, &members.texts);
        members.problems.append(&mut loaded.problems);
        loaded.problems = members.problems;
        Ok(loaded)
    }
}

/// What is read of an archive.
struct Members<'a> {
    name: &'a str,
    format: Format,
    texts: Texts,
    problems: Vec<Problem>,
    total: u64,
    seen: usize,
}

impl Members<'_> {
    fn zip(&mut self, file: BufReader<File>) -> io::Result<()> {
        let mut archive = ZipArchive::new(file).map_err(io::Error::other)?;
        for at in 0..archive.len() {
            // What is encrypted or packed in another way is not read: it is told if it is wanted.
            let member = match archive.by_index(at) {
                Ok(member) => member,
                Err(error) => {
                    self.wrong(self.name, format!("member {at}: {error}"));
                    continue;
                }
            };
            let path = member.enclosed_name().filter(|_| member.is_file()).and_then(|path| inside(&path));
            if !self.take(path, member) {
                break;
            }
        }
        Ok(())
    }

    fn tar(&mut self, file: BufReader<File>) -> io::Result<()> {
        let mut archive = tar::Archive::new(MultiGzDecoder::new(file).take(UNPACKED));
        for member in archive.entries()? {
            // Nothing can be found behind what is broken.
            let member = match member {
                Ok(member) => member,
                Err(error) => {
                    self.wrong(
                        self.name,
                        format!("{error}: the rest is left out; at most {UNPACKED} bytes are unpacked"),
                    );
                    break;
                }
            };
            let path = member.path().ok().filter(|_| member.header().entry_type().is_file());
            let path = path.and_then(|path| inside(&path));
            if !self.take(path, member) {
                break;
            }
        }
        Ok(())
    }

    fn wrong(&mut self, place: &str, message: String) {
        self.problems.push(Problem::error(place, None, message));
    }

    /// Reads a member if it is wanted. False if no more may be read.
    fn take(&mut self, path: Option<String>, member: impl Read) -> bool {
        self.seen += 1;
        if self.seen > MEMBERS {
            self.wrong(self.name, format!("more than {MEMBERS} members: the rest is left out"));
            return false;
        }
        let Some(path) = path.filter(|path| read::wanted(self.format, path)) else { return true };
        let place = format!("{}/{path}", self.name);
        let mut bytes = Vec::new();
        // What a member says of its size may be a lie.
        let read = member.take(LARGEST + 1).read_to_end(&mut bytes);
        self.total += bytes.len() as u64;
        if self.total > MOST {
            self.wrong(&place, format!("more than {MOST} bytes: the rest is left out"));
            return false;
        }
        match (read, String::from_utf8(bytes)) {
            (Err(error), _) => self.wrong(&place, error.to_string()),
            (Ok(many), _) if many as u64 > LARGEST => {
                self.wrong(&place, format!("has more than {LARGEST} bytes"));
            }
            (_, Err(_)) => self.wrong(&place, "is not UTF-8".to_owned()),
            (_, Ok(text)) => _ = self.texts.insert(path, text),
        }
        true
    }
}

/// A path with `/`, if it stays inside of the archive.
fn inside(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(parts.join("/"))
}
