//! Time that passes only when nothing else can happen.

use std::future::Future;

/// Runs a future on a runtime of its own, so that one input leaves nothing behind for the next. Timers fire at once
/// when all tasks wait: a keep-alive of 15 s costs nothing, and what never ends is found by a time-out.
///
/// # Panics
/// When no runtime can be made.
pub fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O can always be made").block_on(future)
}
