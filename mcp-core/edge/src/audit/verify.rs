//! Whether a log is what was written.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::chain::{self, Hash, Link};
use super::{AuditError, AuditLog, ChainKey, Head, StoreError, VerifyError, folder};

/// What a sound log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many entries it has.
    pub entries: u64,
    /// How many of them retention took the content of.
    pub erased: u64,
    /// The last one.
    pub head: Option<Head>,
}

/// Verifies the files of a folder, whether a process is writing to it or not.
///
/// # Errors
/// The log is not what was written, or cannot be read.
pub fn verify_folder(path: impl AsRef<Path>, key: Option<&ChainKey>) -> Result<Report, VerifyError> {
    // The checkpoint first: while the log is read it may go on.
    let checkpoint = folder::checkpoint(path.as_ref())?;
    let keyless = ChainKey::default();
    let mut walk = Walk::new(key.unwrap_or(&keyless), checkpoint);
    folder::read(path.as_ref(), &mut |line| walk.visit(line))?;
    if checkpoint.is_none() && walk.seq > 0 {
        return Err(walk.failed.take().unwrap_or(VerifyError::Checkpoint));
    }
    walk.end()
}

impl AuditLog {
    /// Verifies the whole log. Blocks, and keeps others from appending meanwhile. `known` is a head that was kept elsewhere.
    ///
    /// # Errors
    /// The log is not what was written, or cannot be read.
    pub fn verify(&self, known: Option<Head>) -> Result<Report, AuditError> {
        let key = self.key().clone();
        self.with(move |sealer| {
            let checkpoint = sealer.store.checkpoint()?;
            let mut walk = Walk::new(&key, checkpoint.into_iter().chain(known));
            sealer.store.read(&mut |line| walk.visit(line))?;
            Ok(walk.end()?)
        })?
    }
}

/// A walk along the chain.
struct Walk<'a> {
    key: &'a ChainKey,
    seq: u64,
    prev: Hash,
    /// Entries that somebody knows.
    known: Vec<Head>,
    erased: HashMap<u64, Vec<u64>>,
    permitted: HashMap<u64, Vec<(u64, u64)>>,
    failed: Option<VerifyError>,
}

#[derive(Deserialize)]
struct Permission {
    event: String,
    #[serde(default)]
    ranges: Vec<(u64, u64)>,
}

impl<'a> Walk<'a> {
    fn new(key: &'a ChainKey, known: impl IntoIterator<Item = Head>) -> Self {
        let (erased, permitted) = (HashMap::new(), HashMap::new());
        let known = known.into_iter().collect();
        Self { key, seq: 0, prev: chain::START, known, erased, permitted, failed: None }
    }

    fn visit(&mut self, line: &str) -> Result<(), StoreError> {
        if self.failed.is_none() {
            self.failed = self.step(line).err();
        }
        Ok(())
    }

    fn step(&mut self, line: &str) -> Result<(), VerifyError> {
        let expected = self.seq + 1;
        let link = Link::parse(line, expected)?;
        link.check(expected, &self.prev, self.key)?;
        (self.seq, self.prev) = (expected, link.hash);
        if self.known.iter().any(|known| known.seq == expected && known.hash != link.hash) {
            let problem = "it is not the entry that the checkpoint knows";
            return Err(VerifyError::Broken { seq: expected, problem });
        }
        match link.erased_by {
            Some(by) => self.erased.entry(by).or_default().push(expected),
            None if line.contains(r#""event":"retention""#) => {
                let said: Option<Permission> = serde_json::from_str(line).ok();
                if let Some(said) = said.filter(|said| said.event == "retention") {
                    self.permitted.insert(expected, said.ranges);
                }
            }
            None => {}
        }
        Ok(())
    }

    fn end(mut self) -> Result<Report, VerifyError> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        if let Some(known) = self.known.iter().find(|known| known.seq > self.seq) {
            return Err(VerifyError::Truncated { last: self.seq, expected: known.seq });
        }
        let mut count = 0;
        for (by, erased) in &self.erased {
            let ranges = self.permitted.get(by).map(Vec::as_slice).unwrap_or_default();
            for seq in erased {
                if !ranges.iter().any(|(first, last)| (first..=last).contains(&seq)) {
                    return Err(VerifyError::Broken {
                        seq: *seq,
                        problem: "its content is gone, and no entry says why",
                    });
                }
                count += 1;
            }
        }
        let head = (self.seq > 0).then_some(Head { seq: self.seq, hash: self.prev });
        Ok(Report { entries: self.seq, erased: count, head })
    }
}
