//! The log as programs use it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::front::{Batch, Put, Shared};
use super::sealer::{Draft, Sealer};
use super::{AuditError, ChainKey, Redaction, Store, StoreError, entry};
use crate::{CallRecord, Clock, json};

/// How often a call lets others run before it waits for whoever writes.
const TURNS: usize = 100;
/// Entries that may wait for a store with a thread of its own.
const QUEUE: usize = 10_000;
const BATCH: usize = 256;

/// Credentials that were refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefusedLogin<'a> {
    /// Why, in a word or a few. It must not hold the credentials.
    pub reason: &'a str,
    /// The organisation, where a genuine credential names it.
    pub org: Option<&'a str>,
    /// The user, where a genuine credential names them.
    pub user: Option<&'a str>,
    /// Where the request was sent.
    pub path: Option<&'a str>,
    /// What the client calls the request.
    pub correlation: Option<&'a str>,
}

/// A hash-chained log. Clones are the same log; the last one that is dropped syncs and closes it.
#[derive(Clone)]
pub struct AuditLog(Arc<Inner>);

pub(super) struct Settings {
    pub(super) redaction: Redaction,
    pub(super) strict: bool,
    pub(super) clock: Clock,
}

struct Inner {
    settings: Settings,
    key: ChainKey,
    shared: Arc<Shared>,
    writer: Writer,
    thread: Option<thread::JoinHandle<()>>,
}

enum Writer {
    /// Callers write themselves: a line in a file is a matter of microseconds.
    Inline,
    /// A thread writes for them, many entries at once.
    Queue(tokio::sync::mpsc::Sender<Job>),
}

enum Job {
    Append(Draft, oneshot::Sender<Result<(), AuditError>>),
    Run(Box<dyn FnOnce(&mut Sealer) + Send>),
}

impl AuditLog {
    /// A log whose callers write themselves; a thread syncs.
    pub(super) fn inline(sealer: Sealer, settings: Settings) -> Result<Self, AuditError> {
        let key = sealer.key.clone();
        let shared = Shared::new(Some(sealer));
        let (own, strict) = (Arc::clone(&shared), settings.strict);
        let thread = thread::Builder::new()
            .name("audit-sync".into())
            .spawn(move || own.sync(strict))
            .map_err(StoreError::doing("opened"))?;
        Ok(Self(Arc::new(Inner { settings, key, shared, writer: Writer::Inline, thread: Some(thread) })))
    }

    /// A log with a thread that opens the store and writes.
    pub(super) fn queued(
        open: impl FnOnce() -> Result<Box<dyn Store>, AuditError> + Send + 'static,
        key: ChainKey,
        settings: Settings,
    ) -> Result<Self, AuditError> {
        let shared = Shared::new(None);
        let (tx, rx) = tokio::sync::mpsc::channel(QUEUE);
        let (opened, is_open) = std::sync::mpsc::channel();
        let (own, thread_key) = (Arc::clone(&shared), key.clone());
        let run = move || match open().and_then(|store| Sealer::new(store, thread_key)) {
            Ok(sealer) => {
                drop(opened.send(Ok(())));
                serve(sealer, rx, &own);
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let thread =
            thread::Builder::new().name("audit".into()).spawn(run).map_err(StoreError::doing("opened"))?;
        is_open.recv().map_err(|_| AuditError::Unavailable)??;
        Ok(Self(Arc::new(Inner { settings, key, shared, writer: Writer::Queue(tx), thread: Some(thread) })))
    }

    /// Appends the entry of a call. When the returned future is ready the entry is in the hands of the operating system or the
    /// database; on the disk, where the log is strict. The entry is appended even if the future is dropped.
    pub fn append(&self, record: &CallRecord<'_>) -> Appended {
        let org = record.principal.map_or("", |who| who.org.as_str());
        json::with_scratch(|body| {
            entry::call(body, record, &self.0.key, &self.0.settings.redaction);
            self.keep(org, body)
        })
    }

    /// Appends an entry about credentials that were refused.
    pub fn append_refused_login(&self, refused: &RefusedLogin<'_>) -> Appended {
        let mut body = Vec::with_capacity(256);
        entry::login(&mut body, self.0.settings.clock.wall(), refused);
        let appended = self.keep(refused.org.unwrap_or_default(), &body);
        // Whoever refuses may not wait for it.
        self.0.shared.flush();
        appended
    }

    fn keep(&self, org: &str, body: &[u8]) -> Appended {
        match &self.0.writer {
            Writer::Inline => self.keep_inline(body),
            Writer::Queue(jobs) => {
                let (done, is_done) = oneshot::channel();
                let full =
                    jobs.try_send(Job::Append(Draft { org: org.into(), body: body.to_vec() }, done)).is_err();
                if full {
                    self.0.shared.healthy.store(false, Relaxed);
                }
                Appended(if full {
                    State::Ready(Some(Err(AuditError::Unavailable)))
                } else {
                    State::Sent(is_done)
                })
            }
        }
    }

    fn keep_inline(&self, body: &[u8]) -> Appended {
        let shared = &self.0.shared;
        let strict = self.0.settings.strict;
        Appended(match shared.put(&self.0.key, body) {
            Ok(Put::Written(seq)) if strict => State::Syncing(Box::pin(synced(Arc::clone(shared), seq))),
            Ok(Put::Written(_)) => State::Ready(Some(Ok(()))),
            Ok(Put::Queued(seq, batch)) => {
                State::Queued { shared: Arc::clone(shared), batch, seq: strict.then_some(seq), turns: 0 }
            }
            Err(error) => State::Ready(Some(Err(error))),
        })
    }

    /// Whether the last entry could be kept. While it could not, nothing should be served; appending is how to find out whether it
    /// can be again.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.0.shared.healthy.load(Relaxed)
    }

    pub(super) fn key(&self) -> &ChainKey {
        &self.0.key
    }

    pub(super) fn now(&self) -> Duration {
        self.0.settings.clock.wall()
    }

    /// Does something with the store while nobody appends. Blocks.
    pub(super) fn with<R: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Sealer) -> R + Send + 'static,
    ) -> Result<R, AuditError> {
        match &self.0.writer {
            Writer::Inline => self.0.shared.with(act),
            Writer::Queue(jobs) => {
                let (done, is_done) = std::sync::mpsc::channel();
                let mut job = Job::Run(Box::new(move |sealer| drop(done.send(act(sealer)))));
                // The queue is bounded: wait for room without a runtime.
                while let Err(error) = jobs.try_send(job) {
                    match error {
                        tokio::sync::mpsc::error::TrySendError::Full(back) => job = back,
                        tokio::sync::mpsc::error::TrySendError::Closed(_) => {
                            return Err(AuditError::Unavailable);
                        }
                    }
                    thread::yield_now();
                }
                is_done.recv().map_err(|_| AuditError::Unavailable)
            }
        }
    }
}

/// Waits until an entry is on the disk.
async fn synced(shared: Arc<Shared>, seq: u64) -> Result<(), AuditError> {
    let mut seen = shared.synced.subscribe();
    seen.wait_for(|synced| *synced >= seq).await.map(drop).map_err(|_| AuditError::Unavailable)?;
    if shared.healthy.load(Relaxed) { Ok(()) } else { Err(AuditError::Unavailable) }
}

/// Writes what callers queue, many at once.
fn serve(mut sealer: Sealer, mut jobs: tokio::sync::mpsc::Receiver<Job>, shared: &Shared) {
    let (mut batch, mut drafts, mut waiting) = (Vec::with_capacity(BATCH), Vec::new(), Vec::new());
    while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
        for job in batch.drain(..) {
            match job {
                Job::Append(draft, done) => {
                    drafts.push(draft);
                    waiting.push(done);
                }
                Job::Run(act) => {
                    settle(&mut sealer, &mut drafts, &mut waiting, shared);
                    act(&mut sealer);
                }
            }
        }
        settle(&mut sealer, &mut drafts, &mut waiting, shared);
    }
    if let Err(error) = sealer.store.sync()() {
        tracing::error!(%error, "the audit log is not on the disk");
    }
}

fn settle(
    sealer: &mut Sealer,
    drafts: &mut Vec<Draft>,
    waiting: &mut Vec<oneshot::Sender<Result<(), AuditError>>>,
    shared: &Shared,
) {
    if drafts.is_empty() {
        return;
    }
    let kept = sealer.append_all(drafts);
    shared.healthy.store(kept.is_ok(), Relaxed);
    if let Err(error) = &kept {
        tracing::error!(%error, entries = drafts.len(), "entries of the audit log are lost");
    }
    drafts.clear();
    for done in waiting.drain(..) {
        drop(done.send(if kept.is_ok() { Ok(()) } else { Err(AuditError::Unavailable) }));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.close();
        // The channel closes with its sender.
        self.writer = Writer::Inline;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        self.shared.closed();
    }
}

/// Resolves when an entry is where it has to be before the answer leaves.
#[must_use = "an answer must not leave before its entry is kept"]
pub struct Appended(State);

enum State {
    Ready(Option<Result<(), AuditError>>),
    Sent(oneshot::Receiver<Result<(), AuditError>>),
    Queued { shared: Arc<Shared>, batch: Arc<Batch>, seq: Option<u64>, turns: usize },
    Syncing(Pin<Box<dyn Future<Output = Result<(), AuditError>> + Send>>),
}

impl Future for Appended {
    type Output = Result<(), AuditError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                State::Ready(result) => return Poll::Ready(result.take().unwrap_or(Ok(()))),
                State::Sent(done) => {
                    return Pin::new(done).poll(cx).map(|done| done.unwrap_or(Err(AuditError::Unavailable)));
                }
                State::Syncing(synced) => return synced.as_mut().poll(cx),
                State::Queued { shared, batch, seq, turns } => match (batch.outcome(), *seq) {
                    (Some(Ok(())), Some(seq)) => {
                        self.0 = State::Syncing(Box::pin(synced(Arc::clone(shared), seq)));
                    }
                    (Some(kept), _) => return Poll::Ready(kept),
                    (None, _) if *turns < TURNS => {
                        *turns += 1;
                        shared.try_flush();
                        if batch.outcome().is_none() {
                            // Whoever writes is done in a few microseconds, in which others can run.
                            cx.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                    }
                    (None, _) => shared.flush(),
                },
            }
        }
    }
}

impl fmt::Debug for Appended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Appended")
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog")
            .field("healthy", &self.is_healthy())
            .field("strict", &self.0.settings.strict)
            .finish_non_exhaustive()
    }
}
