//! One call, passed on: questions come back to our caller, and its answers go to the upstream.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::error::Failure;
use super::source::Source;
use crate::client::relay::{Draft, Exchanged, Replies, Route, Speaker};
use crate::client::{Client, ServerNotification};
use crate::protocol::{
    CacheHint, Capability, InputRequest, InputRequests, InputResponses, LogMessage, Meta, Method, Progress,
    RawJson, RpcError, decode, meta,
};
use crate::server::{Ask, Body, Context, Inquiry};

/// How often an upstream may ask before it answers.
const ROUNDS: u32 = 16;
/// Where the round is kept while our caller answers.
const MEMO: &str = "upstream";

/// The questions that were asked last. Answers of several rounds lie side by side: their keys bear the
/// number of the round.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Round {
    number: u32,
    /// The upstream's keys of the questions.
    keys: Vec<String>,
    /// What the upstream wants to see again.
    state: Option<String>,
}

/// A question of the upstream.
struct Forwarded(InputRequest);

impl Inquiry for Forwarded {
    type Answer = RawJson;

    fn capability(&self) -> Capability {
        self.0.capability()
    }

    fn request(&self) -> InputRequest {
        self.0.clone()
    }

    fn read(&self, answer: &RawJson) -> Result<RawJson, String> {
        Ok(answer.clone())
    }
}

/// Sends the request until the upstream asks no more.
pub(super) async fn pass(source: &Source, context: &Context, draft: &Draft) -> Result<Bytes, Failure> {
    let board = context.board();
    let mut round = board.memo::<Round>(MEMO)?.unwrap_or_default();
    // Our caller may have left questions open: the upstream asks those again.
    let mut replies = round.replies(|key| board.answer(key).and_then(Result::ok));
    while round.number <= ROUNDS {
        let (questions, state) = match exchange(source, context, draft, &replies).await? {
            Exchanged::Complete(result) => return Ok(result),
            Exchanged::Asked { questions, state } => (questions, state),
        };
        round = Round { number: round.number + 1, keys: questions.keys().cloned().collect(), state };
        board.remember(MEMO, &round)?;
        let answers = ask(context, &round, questions).await?;
        replies = round.replies(|key| answers.get(key).cloned());
    }
    Err(Failure::Rpc(RpcError::internal("the upstream server asked and asked and did not answer")))
}

impl Round {
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.number)
    }

    /// What goes to the upstream with the next request.
    fn replies(&self, answer: impl Fn(&str) -> Option<RawJson>) -> Replies {
        let answers: InputResponses =
            self.keys.iter().filter_map(|key| Some((key.clone(), answer(&self.key(key))?))).collect();
        Replies { answers: Some(answers).filter(|_| !self.keys.is_empty()), state: self.state.clone() }
    }
}

/// Puts questions to our caller, all at once.
async fn ask(context: &Context, round: &Round, questions: InputRequests) -> Result<InputResponses, Failure> {
    let mut open: Vec<(String, Ask<Forwarded>)> = questions
        .into_iter()
        .map(|(key, question)| (round.key(&key), question))
        .map(|(key, question)| (key.clone(), context.ask(key, Forwarded(question))))
        .collect();
    let mut answers = InputResponses::default();
    std::future::poll_fn(|cx| {
        let mut failed = None;
        open.retain_mut(|(key, ask)| match Pin::new(ask).poll(cx) {
            Poll::Pending => true,
            Poll::Ready(Ok(answer)) => {
                answers.insert(key.clone(), answer);
                false
            }
            Poll::Ready(Err(error)) => {
                failed.get_or_insert(error);
                false
            }
        });
        match failed {
            Some(error) => Poll::Ready(Err(Failure::Ask(error))),
            None if open.is_empty() => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    })
    .await?;
    Ok(answers)
}

async fn exchange(
    source: &Source,
    context: &Context,
    draft: &Draft,
    replies: &Replies,
) -> Result<Exchanged, Failure> {
    let client = context.client();
    let speaker = Speaker {
        capabilities: if context.board().allows() {
            client.with_capabilities(Clone::clone)
        } else {
            crate::protocol::ClientCapabilities::default()
        },
        log_level: crate::protocol::LogLevel::ALL.into_iter().find(|level| client.wants_log(*level)),
    };
    let teller = context.clone();
    let route: Route = Arc::new(move |notification| tell(&teller, notification));
    let work = async |client: Client| client.relay(draft.clone(), &speaker, replies, route).await;
    Ok(source.run(work).await?)
}

/// Passes on what the upstream tells while it works.
fn tell(context: &Context, notification: &ServerNotification) {
    let params = notification.params.as_str();
    match notification.method {
        Method::Progress => {
            if let Ok(Progress { progress, total, message }) = decode(params) {
                context.progress(progress, total, message.as_deref());
            }
        }
        Method::LogMessage => {
            if let Ok(LogMessage { level, logger, data }) = decode(params) {
                context.log(level, logger.as_deref(), data);
            }
        }
        _ => {}
    }
}

/// The upstream's result as ours. What says who answered is replaced by what says that we did.
pub(super) fn body(result: &Bytes) -> Result<Body, RpcError> {
    let unreadable = || RpcError::internal("the upstream server gave an answer that cannot be passed on");
    let mut members: IndexMap<String, RawJson> = serde_json::from_slice(result).map_err(|_| unreadable())?;
    members.shift_remove("resultType");
    let mut meta: Option<Meta> = members.shift_remove("_meta").and_then(|raw| raw.parse().ok());
    if let Some(meta) = &mut meta {
        meta.remove(meta::SERVER_INFO);
    }
    let (ttl, scope) = (members.shift_remove("ttlMs"), members.shift_remove("cacheScope"));
    let cache = ttl.and_then(|ttl| ttl.parse().ok()).map(|ttl_ms| CacheHint {
        ttl_ms,
        scope: scope.and_then(|scope| scope.parse().ok()).unwrap_or_default(),
    });
    let members = RawJson::from_serialize(&members).map_err(|_| unreadable())?;
    Ok(Body::Relayed { members, meta, cache })
}
