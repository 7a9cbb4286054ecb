//! Tasks whose end can be waited for.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::Notify;

/// Counts tasks while they run. `tokio-util` has the like, at the price of five more crates for every server.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Arc<Running>);

#[derive(Debug, Default)]
struct Running {
    count: AtomicUsize,
    none: Notify,
}

/// Counts a task until it is done, dropped or has panicked.
struct Ticket(Arc<Running>);

impl Tasks {
    /// Runs a task.
    pub(crate) fn spawn_on(&self, task: impl Future<Output = ()> + Send + 'static, runtime: &Handle) {
        self.0.count.fetch_add(1, Ordering::AcqRel);
        let ticket = Ticket(Arc::clone(&self.0));
        runtime.spawn(async move {
            let _ticket = ticket;
            task.await;
        });
    }

    /// How many tasks run.
    pub(crate) fn len(&self) -> usize {
        self.0.count.load(Ordering::Acquire)
    }

    /// Waits until no task runs.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped.
    pub(crate) async fn wait(&self) {
        loop {
            let mut none = pin!(self.0.none.notified());
            // INVARIANT: listen before looking, or the last task could end in between.
            none.as_mut().enable();
            if self.len() == 0 {
                return;
            }
            none.await;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_last_task_is_waited_for() {
        let tasks = Tasks::default();
        tasks.wait().await;
        let (first, until_first) = oneshot::channel::<()>();
        let (second, until_second) = oneshot::channel::<()>();
        tasks.spawn_on(async move { _ = until_first.await }, &Handle::current());
        tasks.spawn_on(async move { _ = until_second.await }, &Handle::current());
        drop(first);
        let early = tokio::time::timeout(Duration::from_secs(1), tasks.wait()).await;
        assert!(early.is_err(), "one task runs still");
        assert_eq!(tasks.len(), 1);
        drop(second);
        tasks.wait().await;
        assert_eq!(tasks.len(), 0);
    }

    #[test]
    fn a_task_that_is_dropped_with_its_runtime_counts_no_more() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let tasks = Tasks::default();
        tasks.spawn_on(std::future::pending(), runtime.handle());
        assert_eq!(tasks.len(), 1);
        drop(runtime);
        assert_eq!(tasks.len(), 0);
    }
}
