//! Files of JSON lines in a folder.
//!
//! A file is named after its first entry. Beside them stand `head`, the checkpoint, which is written after each sync, and `lock`,
//! which keeps a second process out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::chain::{Link, unhex};
use super::{Entry, Head, Store, StoreError, Sync, VerifyError};
use crate::json;

const HEAD: &str = "head";

pub(super) struct Folder {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    most: u64,
    head: Option<Head>,
    _lock: File,
    line: Vec<u8>,
}

impl Folder {
    pub(super) fn open(path: PathBuf, most: u64) -> Result<Self, StoreError> {
        Self::try_open(path, most).map_err(StoreError::doing("opened"))
    }

    fn try_open(path: PathBuf, most: u64) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join("lock"))?;
        lock.try_lock().map_err(|_| io::Error::other("another process has it open"))?;
        let last = segments(&path)?.pop().unwrap_or_else(|| path.join(name(1)));
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(last)?;
        let length = mend(&mut file)?;
        Ok(Self { path, file: Arc::new(file), length, most, head: None, _lock: lock, line: Vec::new() })
    }

    fn write(&mut self, entries: &[Entry<'_>]) -> io::Result<()> {
        self.line.clear();
        for entry in entries {
            self.line.extend_from_slice(entry.line.as_bytes());
            self.line.push(b'\n');
        }
        if let Err(error) = (&*self.file).write_all(&self.line) {
            // What was written in part must not stand before what comes next.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += self.line.len() as u64;
        if let Some(last) = entries.last() {
            self.head = Some(Head { seq: last.seq, hash: last.hash });
            if self.length >= self.most {
                self.rotate(last.seq + 1)?;
            }
        }
        Ok(())
    }

    /// Begins the next file.
    fn rotate(&mut self, first: u64) -> io::Result<()> {
        self.file.sync_data()?;
        let next = self.path.join(name(first));
        self.file = Arc::new(OpenOptions::new().create(true).read(true).append(true).open(next)?);
        self.length = 0;
        File::open(&self.path)?.sync_all()
    }

    fn try_replace(&mut self, entries: &[Entry<'_>]) -> io::Result<()> {
        let Some(last) = self.last_line()? else { return Ok(()) };
        let Ok(link) = Link::parse(&last, 0) else { return Err(io::ErrorKind::InvalidData.into()) };
        // The file that grows is left alone.
        self.rotate(link.seq + 1)?;
        let new: std::collections::HashMap<u64, &str> =
            entries.iter().map(|entry| (entry.seq, entry.line)).collect();
        for segment in segments(&self.path)? {
            let mut changed = false;
            let mut out = Vec::new();
            for line in BufReader::new(File::open(&segment)?).lines() {
                let line = line?;
                let seq =
                    Link::parse(&line, 0).map(|link| link.seq).map_err(|_| io::ErrorKind::InvalidData)?;
                let put = new.get(&seq).copied();
                changed |= put.is_some();
                out.extend_from_slice(put.unwrap_or(&line).as_bytes());
                out.push(b'\n');
            }
            if changed {
                let beside = segment.with_extension("new");
                let mut file = File::create(&beside)?;
                file.write_all(&out)?;
                file.sync_all()?;
                fs::rename(&beside, &segment)?;
            }
        }
        File::open(&self.path)?.sync_all()
    }

    fn last_line(&self) -> io::Result<Option<String>> {
        for segment in segments(&self.path)?.into_iter().rev() {
            if let Some(line) = tail(&segment)? {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

impl Store for Folder {
    fn last(&mut self) -> Result<Option<String>, StoreError> {
        self.last_line().map_err(StoreError::doing("opened"))
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
        self.write(entries).map_err(StoreError::doing("written"))
    }

    fn sync(&mut self) -> Sync {
        let (file, head, path) = (Arc::clone(&self.file), self.head, self.path.join(HEAD));
        Box::new(move || {
            let done = || {
                file.sync_data()?;
                head.map_or(Ok(()), |head| write_head(&path, &head))
            };
            done().map_err(StoreError::doing("synced"))
        })
    }

    fn read(&mut self, visit: &mut dyn FnMut(&str) -> Result<(), StoreError>) -> Result<(), StoreError> {
        read(&self.path, visit)
    }

    fn replace(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
        self.try_replace(entries).map_err(StoreError::doing("shortened"))
    }

    fn checkpoint(&mut self) -> Result<Option<Head>, VerifyError> {
        checkpoint(&self.path)
    }
}

/// Visits all lines of a folder in order.
pub(super) fn read(
    path: &Path,
    visit: &mut dyn FnMut(&str) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let failed = StoreError::doing("read");
    for segment in segments(path).map_err(&failed)? {
        let mut reader = BufReader::new(File::open(segment).map_err(&failed)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).map_err(&failed)? > 0 {
            // Without its end it is no line; a carriage return would be one byte more.
            let text = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
            visit(text.unwrap_or_default())?;
            line.clear();
        }
    }
    Ok(())
}

/// The checkpoint of a folder.
pub(super) fn checkpoint(path: &Path) -> Result<Option<Head>, VerifyError> {
    let Ok(text) = fs::read(path.join(HEAD)) else { return Ok(None) };
    let parse = |text: &[u8]| {
        let (seq, rest) = text.split_at_checked(20)?;
        let hash = unhex(rest.strip_prefix(b" ")?.strip_suffix(b"\n")?)?;
        Some(Head { seq: std::str::from_utf8(seq).ok()?.parse().ok()?, hash })
    };
    parse(&text).map(Some).ok_or(VerifyError::Checkpoint)
}

/// Writes the checkpoint: always as long, so that it is replaced in one piece.
fn write_head(path: &Path, head: &Head) -> io::Result<()> {
    let mut text = format!("{:020} ", head.seq).into_bytes();
    json::hex_bytes(&mut text, &head.hash);
    text.push(b'\n');
    OpenOptions::new().create(true).truncate(false).write(true).open(path)?.write_all(&text)
}

fn name(first: u64) -> String {
    format!("audit-{first:020}.jsonl")
}

fn segments(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?.path();
        let is_segment = |name: &str| name.starts_with("audit-") && name.ends_with(".jsonl");
        if entry.file_name().and_then(|name| name.to_str()).is_some_and(is_segment) {
            found.push(entry);
        }
    }
    found.sort();
    Ok(found)
}

/// Cuts off a line that a crash left unfinished; its call was never answered. Returns the length.
fn mend(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let whole = last_break(file, length)?.map_or(0, |at| at + 1);
    if whole < length {
        tracing::warn!(
            bytes = length - whole,
            "the audit log ended within an entry: a process died while writing it"
        );
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok(whole)
}

/// Where the last line break before `end` is.
fn last_break(file: &mut File, end: u64) -> io::Result<Option<u64>> {
    const BLOCK: u64 = 64 * 1024;
    let mut end = end;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        (&*file).take(end - start).read_to_end(&mut block)?;
        if let Some(at) = memchr::memrchr(b'\n', &block) {
            return Ok(Some(start + at as u64));
        }
        end = start;
    }
    Ok(None)
}

/// The last line of a file.
fn tail(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let Some(end) = last_break(&mut file, length)? else { return Ok(None) };
    let start = last_break(&mut file, end)?.map_or(0, |at| at + 1);
    file.seek(SeekFrom::Start(start))?;
    let mut line = String::new();
    file.take(end - start).read_to_string(&mut line)?;
    Ok(Some(line))
}
