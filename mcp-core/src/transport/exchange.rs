//! One request on its way: its events, then its response.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::mailbox::Mailbox;
use crate::protocol::RpcError;
use crate::service::{Event, Response, ResponseFuture};

/// A request that is being served, polled in place by its transport. Dropping it cancels it.
pub(crate) struct Exchange {
    future: Option<ResponseFuture>,
    response: Option<Response>,
    mailbox: Arc<Mailbox>,
}

/// What comes out of an exchange.
#[derive(Debug)]
pub(crate) enum Item {
    /// Something before the answer.
    Event(Event),
    /// The answer; nothing comes after it.
    Response(Response),
}

impl Exchange {
    pub(crate) fn new(future: ResponseFuture, mailbox: Arc<Mailbox>) -> Self {
        Self { future: Some(future), response: None, mailbox }
    }

    /// Runs the request until it has something to say. Events always come before the answer.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        if let Some(future) = &mut self.future
            && let Poll::Ready(result) = Pin::new(future).poll(cx)
        {
            self.future = None;
            self.response = Some(result.unwrap_or_else(|error| {
                tracing::error!(%error, "the path to a handler broke");
                Response::error(RpcError::internal("the server could not serve the request"))
            }));
        }
        if self.response.is_some() {
            let event = self.mailbox.try_next().map(Item::Event);
            let item = event.or_else(|| self.response.take().map(Item::Response));
            return item.map_or(Poll::Pending, Poll::Ready);
        }
        if self.future.is_none() {
            return Poll::Pending;
        }
        self.mailbox.poll_next(cx).map(Item::Event)
    }

    /// Whether the answer has been taken.
    pub(crate) const fn is_over(&self) -> bool {
        self.future.is_none() && self.response.is_none()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange")
    }
}
