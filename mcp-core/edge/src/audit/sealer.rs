//! Numbers and chains entries on their way to a store.

use super::chain::{self, Hash, Link};
use super::{AuditError, ChainKey, Entry, Store};

pub(super) struct Sealer {
    pub(super) store: Box<dyn Store>,
    pub(super) key: ChainKey,
    /// The last entry that was kept.
    pub(super) seq: u64,
    prev: Hash,
    /// Lines that are chained and not kept yet; for each its number, where it ends, and its hash.
    lines: Vec<u8>,
    queued: Vec<(u64, usize, Hash)>,
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
        let mut sealer = Self {
            store,
            key,
            seq: 0,
            prev: chain::START,
            lines: Vec::new(),
            queued: Vec::new(),
            doubtful: true,
        };
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

    /// Numbers and chains an entry; [`flush`](Self::flush) keeps it.
    pub(super) fn queue(&mut self, body: &[u8]) -> Result<u64, AuditError> {
        if self.queued.is_empty() {
            self.find_end()?;
        }
        self.seq += 1;
        self.prev = chain::seal(&mut self.lines, &self.key, self.seq, &self.prev, body);
        self.queued.push((self.seq, self.lines.len(), self.prev));
        Ok(self.seq)
    }

    /// Keeps what was queued, all or nothing.
    pub(super) fn flush(&mut self) -> Result<(), AuditError> {
        if self.queued.is_empty() {
            return Ok(());
        }
        // What is written into entries is text.
        let lines = std::str::from_utf8(&self.lines).unwrap_or_default();
        let mut start = 0;
        let entries: Vec<_> = self
            .queued
            .iter()
            .map(|(seq, end, hash)| {
                let line = lines.get(start..*end).unwrap_or_default();
                start = *end;
                Entry::new(*seq, "", line, *hash)
            })
            .collect();
        self.doubtful = true;
        let kept = self.store.append(&entries);
        self.doubtful = kept.is_err();
        self.lines.clear();
        self.queued.clear();
        Ok(kept?)
    }

    /// Keeps one entry.
    pub(super) fn append(&mut self, org: &str, body: Vec<u8>) -> Result<u64, AuditError> {
        self.flush()?;
        self.append_all(&[Draft { org: org.into(), body }])
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
            lines.push((seq, String::from_utf8(line).unwrap_or_default(), prev));
        }
        let entries: Vec<_> = drafts
            .iter()
            .zip(&lines)
            .map(|(draft, (seq, line, hash))| Entry::new(*seq, &draft.org, line, *hash))
            .collect();
        self.doubtful = true;
        self.store.append(&entries)?;
        self.doubtful = false;
        (self.seq, self.prev) = (seq, prev);
        Ok(seq)
    }
}
