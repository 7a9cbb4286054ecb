//! Changes that are under way: sent, and not yet answered.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio_postgres::{Client, Error as Cause, Statement};

use super::connect::wait;
use crate::store::sql::Value;

/// How many may be under way: their answers are kept until somebody asks.
const MOST: usize = 1_024;

type Answer = Pin<Box<dyn Future<Output = Result<u64, Cause>> + Send>>;

/// What was sent to a server, in that order. A server that is a millisecond away is waited for once, and not once per row.
#[derive(Default)]
pub(super) struct Pending(VecDeque<Answer>);

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.0.len()).finish()
    }
}

impl Pending {
    /// Sends a change. What became of it, [`settle`](Self::settle) tells.
    pub(super) fn send(
        &mut self,
        client: &Arc<Client>,
        statement: Statement,
        values: &[Value<'_>],
    ) -> Result<(), Cause> {
        if self.0.len() >= MOST {
            self.settle()?;
        }
        let client = Arc::clone(client);
        let values: Vec<Owned> = values.iter().map(Owned::of).collect();
        self.sent(Box::pin(
            async move { client.execute_raw(&statement, values.iter().map(Owned::value)).await },
        ))
    }

    /// Sends what has to be said before the next change, if there is anything.
    pub(super) fn say(&mut self, client: &Arc<Client>, text: String) -> Result<(), Cause> {
        if text.is_empty() {
            return Ok(());
        }
        let client = Arc::clone(client);
        self.sent(Box::pin(async move { client.batch_execute(&text).await.map(|()| 0) }))
    }

    fn sent(&mut self, mut answer: Answer) -> Result<(), Cause> {
        // INVARIANT: it is sent when it is first looked at, so before anything that is sent after this.
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer.map(drop),
            Poll::Pending => {
                self.0.push_back(answer);
                Ok(())
            }
        }
    }

    /// Waits for all that was sent; the first failure is the one that the others come from.
    pub(super) fn settle(&mut self) -> Result<(), Cause> {
        while let Some(answer) = self.0.pop_front() {
            if let Err(error) = wait(answer) {
                self.0.clear();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Nobody wants to know: all of it is undone.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

/// A value that outlives its statement.
enum Owned {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    fn of(value: &Value<'_>) -> Self {
        match *value {
            Value::Null => Self::Null,
            Value::Integer(number) => Self::Integer(number),
            Value::Text(text) => Self::Text(text.to_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}
