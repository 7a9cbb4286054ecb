//! Numbers and chains entries on their way to a store.

use super::chain::{self, Hash, Link};
use super::{AuditError, ChainKey, Entry, Store};

pub(super) struct Sealer {
    pub(super) store: Box<dyn Store>,
    pub(super) key: ChainKey,
    /// The last entry that was kept.
    pub(super) seq: u64,
    prev: Hash,
    scratch: Vec<u8>,
    /// An entry failed: what the store kept of it is not known.
    doubtful: bool,
}

/// Something to be kept.
pub(super) struct Draft {
    pub(super) org: Box<str>,
    pub(super) body: Vec<u8>,
}

impl Sealer {
    pub(super) fn new(store: Box<dyn Store>, key: ChainKey) -> Result<Self, AuditError> {
        let mut sealer = Self { store, key, seq: 0, prev: chain::START, scratch: Vec::new(), doubtful: true };
        sealer.find_end()?;
        Ok(sealer)
    }

    /// Goes on behind what the store has.
    fn find_end(&mut self) -> Result<(), AuditError> {
        if self.doubtful {
            (self.seq, self.prev) = (0, chain::START);
            if let Some(last) = self.store.last()? {
                let link = Link::parse(&last, 0)?;
                (self.seq, self.prev) = (link.seq, link.hash);
            }
            self.doubtful = false;
        }
        Ok(())
    }

    /// Keeps one entry; the fast way.
    pub(super) fn append(&mut self, org: &str, body: &[u8]) -> Result<u64, AuditError> {
        self.find_end()?;
        self.scratch.clear();
        let seq = self.seq + 1;
        let hash = chain::seal(&mut self.scratch, &self.key, seq, &self.prev, body);
        // What is written into entries is text.
        let line = std::str::from_utf8(&self.scratch).unwrap_or_default();
        self.doubtful = true;
        self.store.append(&[Entry::new(seq, org, line)])?;
        self.doubtful = false;
        (self.seq, self.prev) = (seq, hash);
        Ok(seq)
    }

    /// Keeps several entries at once.
    pub(super) fn append_all(&mut self, drafts: &[Draft]) -> Result<u64, AuditError> {
        self.find_end()?;
        let (mut seq, mut prev) = (self.seq, self.prev);
        let mut lines = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let mut line = Vec::with_capacity(draft.body.len() + 180);
            seq += 1;
            prev = chain::seal(&mut line, &self.key, seq, &prev, &draft.body);
            lines.push((seq, String::from_utf8(line).unwrap_or_default()));
        }
        let entries: Vec<_> = drafts
            .iter()
            .zip(&lines)
            .map(|(draft, (seq, line))| Entry::new(*seq, &draft.org, line))
            .collect();
        self.doubtful = true;
        self.store.append(&entries)?;
        self.doubtful = false;
        (self.seq, self.prev) = (seq, prev);
        Ok(seq)
    }
}
