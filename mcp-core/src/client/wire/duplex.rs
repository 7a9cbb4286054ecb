//! One channel that all messages share: a child process, a socket, memory.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::{Answer, Outgoing};
use crate::client::{Error, Inbox};
use crate::protocol::{Frame, Incoming, Method, RequestId, RpcError, json};

/// Frames that may wait to be written.
const QUEUE: usize = 64;
/// Questions of the server that may be open at once.
const QUESTIONS: usize = 64;
/// How deep a message of a server may nest.
pub(crate) const DEPTH: u32 = crate::protocol::json::MAX_DEPTH;

/// Reads messages.
pub(crate) trait Source: Send + 'static {
    /// The next message; none at the end.
    fn next(&mut self) -> impl Future<Output = Option<io::Result<Bytes>>> + Send;
}

/// Writes messages.
pub(crate) trait Sink: Send + 'static {
    /// Writes a message, and those that came meanwhile. Tells of those that were refused while the
    /// channel itself is sound. An error is the end of the channel.
    fn write(&mut self, frames: Vec<Bytes>) -> impl Future<Output = io::Result<Vec<Refused>>> + Send;
    /// Says that nothing more will come.
    fn end(&mut self) -> impl Future<Output = ()> + Send;
}

/// A message that the other side did not take.
pub(crate) struct Refused {
    pub(crate) frame: Bytes,
    pub(crate) error: RpcError,
}

/// What stands behind a channel, to be ended with it.
pub(crate) trait Owner: Send + Sync {
    /// Waits for the end, and enforces it.
    fn ended(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>>;
    /// What there is to say when the channel broke.
    fn last_words(&self) -> String;
}

/// The client's end of a channel.
pub(crate) struct Duplex {
    shared: Arc<Shared>,
    writer: Mutex<Option<mpsc::Sender<Bytes>>>,
    owner: Option<Box<dyn Owner>>,
    tasks: [JoinHandle<()>; 2],
}

struct Shared {
    waiting: Mutex<Waiting>,
    inbox: Arc<Inbox>,
}

#[derive(Default)]
struct Waiting {
    requests: HashMap<i64, oneshot::Sender<Answer>>,
    ended: Option<String>,
}

impl Duplex {
    /// Starts reading and writing.
    pub(crate) fn new(
        source: impl Source,
        sink: impl Sink,
        owner: Option<Box<dyn Owner>>,
        inbox: Arc<Inbox>,
    ) -> Self {
        let (tx, rx) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared { waiting: Mutex::default(), inbox });
        let writing = tokio::spawn(write(sink, rx, Arc::clone(&shared)));
        let reading = tokio::spawn(read(source, Arc::clone(&shared), tx.downgrade()));
        Self { shared, writer: Mutex::new(Some(tx)), owner, tasks: [writing, reading] }
    }

    pub(crate) async fn request(&self, outgoing: Outgoing<'_>) -> Result<Answer, Error> {
        let Some(writer) = self.writer.lock().clone() else { return Err(self.closed(false)) };
        let (tx, rx) = oneshot::channel();
        {
            let mut waiting = self.shared.waiting.lock();
            if waiting.ended.is_some() {
                drop(waiting);
                return Err(self.closed(false));
            }
            waiting.requests.insert(outgoing.id, tx);
        }
        let mut guard = Guard { id: outgoing.id, shared: &self.shared, writer: &writer, sent: false };
        if writer.send(outgoing.frame).await.is_err() {
            return Err(self.closed(false));
        }
        guard.sent = true;
        let answer = rx.await;
        guard.sent = false;
        match answer {
            Ok(answer) => Ok(answer),
            Err(_) => {
                // Whoever is behind the channel may have something to say about its end.
                if let Some(owner) = &self.owner {
                    owner.ended().await;
                }
                Err(self.closed(true))
            }
        }
    }

    pub(crate) async fn send(&self, frame: Bytes) -> Result<(), Error> {
        let Some(writer) = self.writer.lock().clone() else { return Err(self.closed(false)) };
        writer.send(frame).await.map_err(|_| self.closed(false))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.waiting.lock().ended.is_some() || self.writer.lock().is_none()
    }

    pub(crate) async fn close(&self) {
        drop(self.writer.lock().take());
        if let Some(owner) = &self.owner {
            owner.ended().await;
        }
        self.shared.end("the client closed it");
    }

    fn closed(&self, sent: bool) -> Error {
        let reason = self.shared.waiting.lock().ended.clone();
        let stderr = self.owner.as_ref().map(|owner| owner.last_words()).unwrap_or_default();
        Error::Closed { reason: reason.unwrap_or_else(|| "the client closed it".to_owned()), stderr, sent }
    }
}

impl Drop for Duplex {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Tells the server when nobody waits for an answer any more.
struct Guard<'a> {
    id: i64,
    shared: &'a Shared,
    writer: &'a mpsc::Sender<Bytes>,
    sent: bool,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.shared.waiting.lock().requests.remove(&self.id);
        if self.sent {
            // A queue that is full belongs to a server that does not read.
            _ = self.writer.try_send(cancelled(self.id));
        }
    }
}

/// The frame that gives a request up.
pub(crate) fn cancelled(id: i64) -> Bytes {
    let mut frame = br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"#.to_vec();
    json::write_i64(&mut frame, id);
    frame.extend_from_slice(b"}}");
    frame.into()
}

impl Shared {
    /// Tells whoever waits for an answer to a message that there will be none.
    fn refuse(&self, Refused { frame, error }: Refused) {
        let waiting = match Frame::parse(&frame, DEPTH) {
            Ok(Frame::Request { id: RequestId::Number(id), .. }) => self.waiting.lock().requests.remove(&id),
            _ => None,
        };
        match waiting {
            Some(waiting) => drop(waiting.send(Err(error))),
            None => tracing::warn!(%error, "the server refused a message that nobody waits for"),
        }
    }

    fn end(&self, reason: impl Into<String>) {
        let mut waiting = self.waiting.lock();
        waiting.ended.get_or_insert(reason.into());
        // Dropping the senders tells all who wait.
        let forgotten = std::mem::take(&mut waiting.requests);
        drop(waiting);
        drop(forgotten);
    }
}

async fn write(mut sink: impl Sink, mut frames: mpsc::Receiver<Bytes>, shared: Arc<Shared>) {
    let mut batch = Vec::new();
    while frames.recv_many(&mut batch, QUEUE).await > 0 {
        match sink.write(std::mem::take(&mut batch)).await {
            Ok(refused) => refused.into_iter().for_each(|refused| shared.refuse(refused)),
            Err(error) => {
                shared.end(format!("it cannot be written to: {error}"));
                return;
            }
        }
    }
    sink.end().await;
}

async fn read(mut source: impl Source, shared: Arc<Shared>, writer: mpsc::WeakSender<Bytes>) {
    // Dropped with this task: questions end with their connection.
    let mut questions = JoinSet::new();
    let reason = loop {
        match source.next().await {
            Some(Ok(message)) => shared.take(&message, &mut questions, &writer),
            Some(Err(error)) => break format!("it cannot be read from: {error}"),
            None => break "the server closed it".to_owned(),
        }
        while questions.try_join_next().is_some() {}
    };
    shared.end(reason);
}

impl Shared {
    fn take(
        self: &Arc<Self>,
        message: &Bytes,
        questions: &mut JoinSet<()>,
        writer: &mpsc::WeakSender<Bytes>,
    ) {
        match Incoming::parse(message, DEPTH) {
            Ok(Incoming::One(frame)) => self.frame(frame, questions, writer),
            Ok(Incoming::Batch(frames)) => {
                frames.into_iter().flatten().for_each(|frame| self.frame(frame, questions, writer));
            }
            // Servers that print to standard output are common; what they print is theirs.
            Err(error) => tracing::warn!(%error, "the server sent something that is no message"),
        }
    }

    fn frame(self: &Arc<Self>, frame: Frame, questions: &mut JoinSet<()>, writer: &mpsc::WeakSender<Bytes>) {
        match frame {
            Frame::Response { id, outcome } => {
                let waiting = id.and_then(|id| match id {
                    RequestId::Number(id) => self.waiting.lock().requests.remove(&id),
                    RequestId::String(_) => None,
                });
                match waiting {
                    // Whoever waited may be gone.
                    Some(waiting) => drop(waiting.send(outcome)),
                    None => tracing::debug!("an answer to nothing that was asked"),
                }
            }
            Frame::Notification { method, params } => self.inbox.notification(method, params, None),
            Frame::Request { id, method, params } => {
                let Some(writer) = writer.upgrade() else { return };
                if questions.len() >= QUESTIONS && method != Method::Ping {
                    let error =
                        RpcError::new(crate::protocol::ErrorCode::OVERLOADED, "too many questions are open");
                    _ = writer.try_send(crate::service::error_frame(Some(&id), &error).into());
                    return;
                }
                let inbox = Arc::clone(&self.inbox);
                questions.spawn(async move {
                    let frame = inbox.question(id, method, params).await;
                    _ = writer.send(frame.into()).await;
                });
            }
        }
    }
}
