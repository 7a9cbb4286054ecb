//! A request of its own: answered by one JSON text, or by a stream that begins with the first event.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep};

use super::body::Chunks;
use super::reply::{self, HttpResponse};
use super::sse;
use crate::protocol::{ProtocolVersion, RequestId};
use crate::service::Event;
use crate::transport::exchange::{Exchange, Item};

/// How long a handler may be silent before its answer becomes a stream.
const SILENCE: Duration = Duration::from_secs(5);

/// What an exchange came to first.
pub(crate) enum First {
    Item(Item),
    /// Nothing for [`SILENCE`].
    Silence,
}

/// Waits for the first thing an exchange has to say. No timer is made for answers that are there at
/// once.
pub(crate) async fn first(exchange: &mut Exchange) -> First {
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|cx| {
        if let Poll::Ready(item) = exchange.poll_next(cx) {
            return Poll::Ready(First::Item(item));
        }
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(SILENCE)));
        timer.as_mut().poll(cx).map(|()| First::Silence)
    })
    .await
}

/// Answers a request that nobody can resume: when the client goes, the request is cancelled.
pub(crate) async fn respond(
    version: ProtocolVersion,
    id: RequestId,
    mut exchange: Exchange,
    force: bool,
) -> HttpResponse {
    let first = match first(&mut exchange).await {
        First::Item(Item::Response(response)) if !force => return reply::answer(version, &id, &response),
        First::Item(item) => Some(item),
        First::Silence => None,
    };
    let alive = Box::pin(tokio::time::sleep(sse::KEEP_ALIVE));
    reply::stream(CallStream { id, exchange, first, alive, over: false })
}

struct CallStream {
    id: RequestId,
    exchange: Exchange,
    first: Option<Item>,
    alive: Pin<Box<Sleep>>,
    over: bool,
}

impl CallStream {
    /// Writes one item; true if it was the last.
    fn write(&mut self, out: &mut Vec<u8>, item: Item) -> bool {
        match item {
            Item::Event(Event::Notification(notification)) => {
                sse::write_event(out, None, &notification.to_frame())
            }
            // Questions are for sessions, and there is nothing to come back for.
            Item::Event(_) => {}
            Item::Response(response) => {
                if let Some(frame) = response.to_frame(Some(&self.id)) {
                    sse::write_event(out, None, &frame);
                }
                return true;
            }
        }
        false
    }
}

impl Chunks for CallStream {
    fn poll_chunk(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.over {
            return Poll::Ready(None);
        }
        // Everything that is there goes out in one write.
        let mut out = Vec::new();
        while !self.over {
            let item = match self.first.take() {
                Some(item) => item,
                None => match self.exchange.poll_next(cx) {
                    Poll::Ready(item) => item,
                    Poll::Pending => break,
                },
            };
            self.over = self.write(&mut out, item);
        }
        if out.is_empty() && !self.over && self.alive.as_mut().poll(cx).is_ready() {
            out.extend_from_slice(sse::COMMENT);
        }
        if out.is_empty() {
            return if self.over { Poll::Ready(None) } else { Poll::Pending };
        }
        if !self.over {
            self.alive.as_mut().reset(Instant::now() + sse::KEEP_ALIVE);
            // Registers the timer with this task.
            let _ = self.alive.as_mut().poll(cx);
        }
        Poll::Ready(Some(out.into()))
    }

    fn is_over(&self) -> bool {
        self.over
    }
}
