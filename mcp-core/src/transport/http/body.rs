//! Bodies of HTTP responses.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The body of a response: one JSON text in one write, or a stream of events.
pub struct ResponseBody(Kind);

enum Kind {
    Empty,
    Full(Bytes),
    /// A frame around bytes that are shared by many answers, and therefore not copied into it.
    Parts(std::array::IntoIter<Bytes, 3>),
    Stream(Pin<Box<dyn Chunks>>),
}

/// A source of text for an event stream.
pub(crate) trait Chunks: Send {
    /// The next text to write; none at the end. Dropping the source means that the client is gone.
    fn poll_chunk(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>>;

    /// Whether nothing will come any more.
    fn is_over(&self) -> bool {
        false
    }
}

impl ResponseBody {
    pub(crate) const fn empty() -> Self {
        Self(Kind::Empty)
    }

    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Full(bytes.into()))
    }

    pub(crate) fn parts(parts: [Bytes; 3]) -> Self {
        Self(Kind::Parts(parts.into_iter()))
    }

    pub(crate) fn stream(chunks: impl Chunks + 'static) -> Self {
        Self(Kind::Stream(Box::pin(chunks)))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut self.0 {
            Kind::Empty => None,
            Kind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Kind::Empty;
                Some(bytes)
            }
            Kind::Parts(parts) => parts.next(),
            Kind::Stream(chunks) => match chunks.as_mut().poll_chunk(cx) {
                Poll::Ready(next) => next,
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(_) => false,
            Kind::Parts(parts) => parts.len() == 0,
            Kind::Stream(chunks) => chunks.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Parts(parts) => {
                SizeHint::with_exact(parts.as_slice().iter().map(|part| part.len() as u64).sum())
            }
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Empty => "ResponseBody::Empty",
            Kind::Full(_) | Kind::Parts(_) => "ResponseBody::Json",
            Kind::Stream(_) => "ResponseBody::Stream",
        })
    }
}
