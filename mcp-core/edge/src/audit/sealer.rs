//! Numbers and chains entries on their way to a store.

use super::chain::{self, Hash, Link};
use super::{AuditError, ChainKey, Entry, Store};

/// Lines that are chained and not kept yet.
#[derive(Default)]
pub(super) struct Queue {
    lines: Vec<u8>,
    /// For each its number, where it ends, and its hash.
    entries: Vec<(u64, usize, Hash)>,
}

impl Queue {
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.entries.clear();
    }

    /// Adds an entry that follows the one with hash `prev`.
    pub(super) fn add(&mut self, key: &ChainKey, seq: u64, prev: &Hash, body: &[u8]) -> Hash {
        let hash = chain::seal(&mut self.lines, key, seq, prev, body);
        self.entries.push((seq, self.lines.len(), hash));
        hash
    }
}

pub(super) struct Sealer {
    pub(super) store: Box<dyn Store>,
    pub(super) key: ChainKey,
    /// The last entry that was kept.
    pub(super) seq: u64,
    prev: Hash,
    /// What [`keep`](Self::keep) keeps.
    pub(super) queue: Queue,
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
        let mut sealer =
            Self { store, key, seq: 0, prev: chain::START, queue: Queue::default(), doubtful: true };
        sealer.end()?;
        Ok(sealer)
    }

    /// The last entry that the store has.
    pub(super) fn end(&mut self) -> Result<(u64, Hash), AuditError> {
        if self.doubtful {
            (self.seq, self.prev) = (0, chain::START);
            if let Some(last) = self.store.last()? {
                let link = Link::parse(&last, 0)?;
                (self.seq, self.prev) = (link.seq, link.hash);
            }
            self.doubtful = false;
        }
        Ok((self.seq, self.prev))
    }

    /// Keeps what is queued behind the [`end`](Self::end), all or nothing.
    pub(super) fn keep(&mut self) -> Result<(), AuditError> {
        let Some((seq, _, hash)) = self.queue.entries.last().copied() else { return Ok(()) };
        // What is written into entries is text.
        let lines = std::str::from_utf8(&self.queue.lines).unwrap_or_default();
        let mut start = 0;
        let mut entry = |(seq, end, hash): &(u64, usize, Hash)| {
            let line = lines.get(start..*end).unwrap_or_default();
            start = *end;
            Entry::new(*seq, "", line, *hash)
        };
        self.doubtful = true;
        let kept = match &*self.queue.entries {
            [only] => self.store.append(&[entry(only)]),
            all => self.store.append(&all.iter().map(entry).collect::<Vec<_>>()),
        };
        self.queue.clear();
        kept?;
        self.doubtful = false;
        (self.seq, self.prev) = (seq, hash);
        Ok(())
    }

    /// Keeps one entry.
    pub(super) fn append(&mut self, org: &str, body: Vec<u8>) -> Result<u64, AuditError> {
        self.append_all(&[Draft { org: org.into(), body }])
    }

    /// Keeps several entries at once.
    pub(super) fn append_all(&mut self, drafts: &[Draft]) -> Result<u64, AuditError> {
        let (mut seq, mut prev) = self.end()?;
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
