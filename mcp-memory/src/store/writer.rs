//! One thread that writes for all callers of a process, with one commit for all that wait.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::sql::{self, Db, For, Sight, Transaction};
use crate::MemoryError;
use parking_lot::Mutex;

/// Changes that one commit takes at most.
const BATCH: usize = 256;

/// Why a transaction failed: all that were in it are told.
type Cause = Arc<sql::Error>;
type Act = Box<dyn FnOnce(Result<&Transaction<'_>, Cause>) -> Done + Send>;
/// Tells the caller, once it is known whether the commit succeeded.
type Done = Box<dyn FnOnce(Result<(), Cause>) + Send>;

enum Job {
    Within(Act),
    Outside(Box<dyn FnOnce(&Db) + Send>),
}

/// Writes to the store. Dropped, it finishes what was begun.
pub(crate) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(db: Db) -> Result<Self, MemoryError> {
        let (jobs, todo) = channel();
        let thread = thread::Builder::new()
            .name("memory-writer".into())
            .spawn(move || run(&db, &todo))
            .map_err(MemoryError::doing("opened"))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Some(thread) })
    }

    /// Does something to what may be seen of the store. When it returns, what was done is on the disk; if `act` fails, nothing was done.
    pub(crate) fn write<R: Send + 'static>(
        &self,
        sight: Sight,
        act: impl FnOnce(&Transaction<'_>) -> Result<R, MemoryError> + Send + 'static,
    ) -> Result<R, MemoryError> {
        let (tell, told) = channel();
        let act: Act = Box::new(move |transaction| {
            let done = transaction
                .map_err(MemoryError::doing("written"))
                .and_then(|transaction| within(transaction, &sight, act));
            Box::new(move |committed| {
                let done =
                    done.and_then(|done| committed.map(|()| done).map_err(MemoryError::doing("written")));
                // A caller that is gone does not want to know.
                drop(tell.send(done));
            })
        });
        self.send(Job::Within(act))?;
        told.recv().map_err(|_| MemoryError::Closed)?
    }

    /// Does something to the store between transactions.
    pub(crate) fn outside<R: Send + 'static>(
        &self,
        act: impl FnOnce(&Db) -> Result<R, MemoryError> + Send + 'static,
    ) -> Result<R, MemoryError> {
        let (tell, told) = channel();
        self.send(Job::Outside(Box::new(move |db| drop(tell.send(act(db))))))?;
        told.recv().map_err(|_| MemoryError::Closed)?
    }

    fn send(&self, job: Job) -> Result<(), MemoryError> {
        let jobs = self.jobs.lock().clone().ok_or(MemoryError::Closed)?;
        jobs.send(job).map_err(|_| MemoryError::Closed)
    }
}

/// Runs a part of a transaction that is undone if it fails.
fn within<R>(
    transaction: &Transaction<'_>,
    sight: &Sight,
    act: impl FnOnce(&Transaction<'_>) -> Result<R, MemoryError>,
) -> Result<R, MemoryError> {
    let failed = MemoryError::doing("written");
    let run = |statement: &str| transaction.execute(statement, &[]);
    // What another part saw is no business of this one.
    transaction.see(sight).map_err(&failed)?;
    run("SAVEPOINT part").map_err(&failed)?;
    let done = act(transaction).and_then(|done| transaction.settle().map(|()| done).map_err(&failed));
    let undone = if done.is_err() { run("ROLLBACK TO part") } else { Ok(0) };
    match undone.and_then(|_| run("RELEASE part")) {
        Err(error) if done.is_ok() => Err(failed(error)),
        // Where it could not be undone alone, the rest is not committed either.
        _ => done,
    }
}

fn run(db: &Db, todo: &Receiver<Job>) {
    let mut next = None;
    while let Some(job) = next.take().or_else(|| todo.recv().ok()) {
        let first = match job {
            Job::Within(act) => act,
            Job::Outside(act) => {
                act(db);
                continue;
            }
        };
        let transaction = match db.begin(For::Writing) {
            Ok(transaction) => transaction,
            Err(error) => {
                let cause = Arc::new(error);
                first(Err(Arc::clone(&cause)))(Err(cause));
                continue;
            }
        };
        let mut waiting = vec![first(Ok(&transaction))];
        while waiting.len() < BATCH && next.is_none() {
            match todo.try_recv() {
                Ok(Job::Within(act)) => waiting.push(act(Ok(&transaction))),
                Ok(other) => next = Some(other),
                Err(_) => break,
            }
        }
        let committed = transaction.commit().map_err(Arc::new);
        for done in waiting {
            done(committed.clone());
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        *self.jobs.lock() = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
