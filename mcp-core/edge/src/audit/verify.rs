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
    let mut walk = Walk::new(key.unwrap_or(&keyless));
    folder::read(path.as_ref(), &mut |line| walk.visit(line))?;
    if checkpoint.is_none() && walk.seq > 0 {
        return Err(walk.failed.take().unwrap_or(VerifyError::Checkpoint));
    }
    walk.end(checkpoint.as_ref())
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
            let mut walk = Walk::new(&key);
            sealer.store.read(&mut |line| walk.visit(line))?;
            if let Some(known) = &known {
                walk.meets(known)?;
            }
            Ok(walk.end(checkpoint.as_ref())?)
        })?
    }
}

/// A walk along the chain.
struct Walk<'a> {
    key: &'a ChainKey,
    seq: u64,
    prev: Hash,
    /// Hashes by entry, to compare with checkpoints.
    hashes: Vec<Hash>,
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
    fn new(key: &'a ChainKey) -> Self {
        let (erased, permitted) = (HashMap::new(), HashMap::new());
        Self { key, seq: 0, prev: chain::START, hashes: Vec::new(), erased, permitted, failed: None }
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
        self.hashes.push(link.hash);
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

    /// Whether an entry that somebody knows is there.
    fn meets(&self, known: &Head) -> Result<(), VerifyError> {
        let at = usize::try_from(known.seq).unwrap_or(usize::MAX);
        match at.checked_sub(1).map(|at| self.hashes.get(at)) {
            None => Ok(()),
            Some(None) => Err(VerifyError::Truncated { last: self.seq, expected: known.seq }),
            Some(Some(hash)) if *hash == known.hash => Ok(()),
            Some(Some(_)) => Err(VerifyError::Broken {
                seq: known.seq,
                problem: "it is not the entry that the checkpoint knows",
            }),
        }
    }

    fn end(mut self, checkpoint: Option<&Head>) -> Result<Report, VerifyError> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        if let Some(checkpoint) = checkpoint {
            self.meets(checkpoint)?;
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
