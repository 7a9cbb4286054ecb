//! A call while it runs, and whoever drives it.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Sleep;

use super::ask::Manner;
use super::body::Body;
use super::handler::BodyFuture;
use super::{Context, Questions, Server};
use crate::protocol::{ErrorCode, InputRequests, RpcError};
use crate::service::{Event, Question, Reply, Response};

/// Counts a call among those in flight while it exists.
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Slot {
    pub(crate) fn take(counter: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        if counter.fetch_add(1, Ordering::Relaxed) >= limit {
            counter.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Self(Arc::clone(counter)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A handler that has been called and not finished. Dropping it cancels the call.
pub struct RunningCall {
    future: BodyFuture,
    context: Context,
    finished: bool,
    _slot: Slot,
}

/// What a running call came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// It is done.
    Done(Result<Body, RpcError>),
    /// It waits for answers to these questions.
    Asked(InputRequests),
    /// It wants to go on as a task.
    Detach,
}

impl RunningCall {
    pub(crate) fn new(future: BodyFuture, context: Context, slot: Slot) -> Self {
        Self { future, context, finished: false, _slot: slot }
    }

    /// The context that the handler was called with.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Makes the call a task: from now on its questions are answered through
    /// [`questions`](Self::questions), and it sends nothing by itself.
    pub fn mark_detached(&self) {
        self.context.board().detached();
    }

    /// The questions of the call, for whoever answers them while somebody else drives it.
    #[must_use]
    pub fn questions(&self) -> Questions {
        Questions::of(&self.context)
    }

    /// Runs the handler until it is done or needs something.
    ///
    /// A panic of the handler is an error of this call and of nothing else.
    pub fn poll_step(&mut self, cx: &mut TaskContext<'_>) -> Poll<Step> {
        if self.context.board().wishes_to_detach() {
            return Poll::Ready(Step::Detach);
        }
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Ready(result)) => {
                self.finished = true;
                Poll::Ready(Step::Done(result))
            }
            Ok(Poll::Pending) => {
                if self.context.board().wishes_to_detach() {
                    return Poll::Ready(Step::Detach);
                }
                let asked = self.context.board().take_open();
                if asked.is_empty() { Poll::Pending } else { Poll::Ready(Step::Asked(asked)) }
            }
            Err(panic) => {
                self.finished = true;
                Poll::Ready(Step::Done(Err(panicked(&self.context, &*panic))))
            }
        }
    }
}

/// Logs the panic of a handler; the client learns no details.
pub(crate) fn panicked(context: &Context, panic: &(dyn Any + Send)) -> RpcError {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    tracing::error!(request = ?context.request(), panic = text, "a handler panicked");
    RpcError::internal("the handler failed unexpectedly")
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        if !self.finished {
            self.context.cancel();
        }
    }
}

impl fmt::Debug for RunningCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningCall").field("context", &self.context).finish_non_exhaustive()
    }
}

/// Drives a call to its response.
pub(crate) struct CallFuture {
    server: Server,
    state: State,
    deadline: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

enum State {
    Running(RunningCall),
    /// An extension takes the call over.
    Adopting(super::AdoptFuture),
    Over,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputRequired<'a> {
    input_requests: &'a InputRequests,
    request_state: String,
}

impl CallFuture {
    pub(crate) fn new(server: Server, call: RunningCall, deadline: Option<Duration>) -> Self {
        Self { server, state: State::Running(call), deadline, timer: None }
    }

    pub(crate) fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Response> {
        loop {
            match &mut self.state {
                State::Running(call) => match call.poll_step(cx) {
                    Poll::Ready(Step::Done(result)) => {
                        self.state = State::Over;
                        return Poll::Ready(self.answer(result));
                    }
                    Poll::Ready(Step::Asked(questions)) => {
                        if let Some(response) = self.ask(&questions) {
                            self.state = State::Over;
                            return Poll::Ready(response);
                        }
                    }
                    Poll::Ready(Step::Detach) => self.adopt(),
                    Poll::Pending => return self.wait(cx),
                },
                State::Adopting(future) => {
                    let Poll::Ready(adopted) = future.as_mut().poll(cx) else { return Poll::Pending };
                    self.state = State::Over;
                    return Poll::Ready(match adopted {
                        Ok((result_type, handle)) => {
                            Response::result(self.server.writer().result(&result_type, &handle, None, None))
                        }
                        Err(error) => Response::error(error),
                    });
                }
                State::Over => return Poll::Ready(Response::error(RpcError::internal("the call is over"))),
            }
        }
    }

    fn answer(&self, result: Result<Body, RpcError>) -> Response {
        match result {
            Ok(body) => Response::result(body.write(self.server.writer(), self.server.cache_hint())),
            Err(error) => Response::error(error),
        }
    }

    /// Does with new questions what the revision wants; a response if that ends the call.
    fn ask(&self, questions: &InputRequests) -> Option<Response> {
        let State::Running(call) = &self.state else { return None };
        let context = call.context();
        match context.board().manner() {
            Manner::RoundTrips => Some(match self.server.seal_state(context) {
                Ok(request_state) => {
                    let body = InputRequired { input_requests: questions, request_state };
                    Response::result(self.server.writer().result("input_required", &body, None, None))
                }
                Err(error) => Response::error(error),
            }),
            Manner::Session | Manner::Task => {
                for (key, request) in questions {
                    let (key, asker) = (key.clone(), context.clone());
                    let reply = Reply::new(move |answer| {
                        asker.board().deliver(&key, answer);
                    });
                    if let Some(outbound) = &context.request().outbound {
                        outbound
                            .send(Event::Question(Question { request: Box::new(request.clone()), reply }));
                    }
                }
                None
            }
            // `Ask` never registers a question here.
            Manner::Never(reason) => Some(Response::error(RpcError::internal(reason))),
        }
    }

    fn adopt(&mut self) {
        if let State::Running(call) = std::mem::replace(&mut self.state, State::Over) {
            self.state = State::Adopting(self.server.adopt(call));
        }
    }

    /// The handler waits: watch its deadline. Calls that finish at once never touch a timer.
    fn wait(&mut self, cx: &mut TaskContext<'_>) -> Poll<Response> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(deadline)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.state = State::Over;
        let message = format!("the call took longer than {} ms", deadline.as_millis());
        Poll::Ready(Response::error(RpcError::new(ErrorCode::DEADLINE_EXCEEDED, message)))
    }
}

/// Whether a task is finished before anybody waits for it.
pub(crate) fn noop_waker() -> Waker {
    Waker::noop().clone()
}
