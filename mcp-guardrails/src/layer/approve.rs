//! A person is asked whether a call may be made: by the client of any revision that can, or later by an operator.

use std::collections::BTreeMap;

use bytes::Bytes;
use mcp_core::protocol::{InputRequest, Params, RawJson};
use mcp_core::server::{Elicit, Elicited, Inquiry};
use mcp_core::service::{Event, Question, Reply, Request, Response};
use serde::Deserialize;
use tokio::sync::oneshot;

use super::Guardrails;
use super::judge::Ask;
use crate::Reason;
use crate::state::{Digest, Pending, StoreError};

/// What the question and its answer are called.
const KEY: &str = "guardrails-approval";
/// How our request state begins. What follows is bound to the call by the store.
const STATE: &str = "guardrails.";
/// More of the arguments are not shown.
const SHOWN: usize = 600;
#[derive(Deserialize, schemars::JsonSchema)]
struct Approval {
    /// Whether the call may be made, once.
    approve: bool,
}

/// An approval did not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotPending {
    /// Nothing of that name waits.
    #[error("no call waits under `{digest}`: it was approved already, took too long, or was never made")]
    Unknown {
        /// The name.
        digest: Digest,
    },
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

/// How a question ended.
pub(super) enum Answered {
    /// A person approved the call, and the store knows.
    Approved,
    /// A person said no, or nothing.
    Declined,
    /// The client is asked by this answer, and comes back.
    Ask(Response),
    /// The client cannot be asked.
    Impossible,
}

/// What a client brought back to our question, taken out of its request.
pub(super) struct Brought {
    nonce: String,
    answer: RawJson,
}

/// Takes our question's answer and state out of a request; others', which belong to the service, stay.
pub(super) fn take_answer(request: &mut Request) -> Option<Brought> {
    let state = request.params.get_str("requestState").map(std::borrow::Cow::into_owned);
    let ours = state.as_deref().and_then(|state| state.strip_prefix(STATE)).map(str::to_owned);
    let answers = request.params.get("inputResponses").unwrap_or_default();
    if ours.is_none() && !answers.contains(KEY) {
        return None;
    }
    let mut members: BTreeMap<String, RawJson> = serde_json::from_str(request.params.as_str()).ok()?;
    let mut answers: BTreeMap<String, RawJson> = serde_json::from_str(answers).unwrap_or_default();
    let answer = answers.remove(KEY);
    if ours.is_some() {
        members.remove("requestState");
    }
    members.remove("inputResponses");
    if !answers.is_empty() {
        members.insert("inputResponses".to_owned(), RawJson::from_serialize(&answers).ok()?);
    }
    let text = serde_json::to_vec(&members).ok()?;
    request.params = Params::from_json(&Bytes::from(text)).ok()?;
    Some(Brought { nonce: ours?, answer: answer? })
}

impl Guardrails {
    /// Asks the client's person.
    pub(super) async fn ask(
        &self,
        request: &Request,
        brought: Option<Brought>,
        ask: &Ask,
        reason: &Reason,
        digest: Digest,
    ) -> Answered {
        let inquiry = Elicit::form::<Approval>(self.question(ask, reason));
        if !request.client().can(&inquiry.capability()) {
            return self.wait(ask, reason, digest).await;
        }
        let answer = if request.peer.version.is_modern() {
            match brought {
                Some(brought) if self.asked(digest, &brought.nonce).await => brought.answer,
                _ => {
                    return match self.come_back(inquiry.request(), digest).await {
                        Some(question) => question,
                        None => self.wait(ask, reason, digest).await,
                    };
                }
            }
        } else {
            match self.put(request, inquiry.request()).await {
                Some(answer) => answer,
                None => return self.wait(ask, reason, digest).await,
            }
        };
        match inquiry.read(&answer) {
            Ok(Elicited::Accepted(Approval { approve: true })) => {
                let granted =
                    self.run(0, move |inner| inner.guard.approve(digest, inner.now(), inner.approval)).await;
                if matches!(granted, Ok(Ok(()))) { Answered::Approved } else { Answered::Impossible }
            }
            _ => Answered::Declined,
        }
    }

    /// What the person reads.
    fn question(&self, ask: &Ask, reason: &Reason) -> String {
        let arguments = ask.arguments.as_ref().map_or_else(String::new, |arguments| arguments.to_string());
        let mut shown = self.0.clean(&arguments);
        if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
            shown.truncate(end);
            shown.push('…');
        }
        let why = if reason.message.is_empty() { String::new() } else { format!(": {}", reason.message) };
        format!("The rule `{}` wants your approval{why}. Call `{}` with {shown}?", reason.rule, ask.tool)
    }

    /// Whether a client was asked this about this call. It counts once.
    async fn asked(&self, digest: Digest, nonce: &str) -> bool {
        let bound = digest.with(nonce.as_bytes());
        matches!(self.run(0, move |inner| inner.guard.take(bound, inner.now())).await, Ok(Ok(true)))
    }

    /// Asks by an answer (2026-07-28); nothing where that cannot be remembered.
    async fn come_back(&self, question: InputRequest, digest: Digest) -> Option<Answered> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes).ok()?;
        let nonce: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let bound = digest.with(nonce.as_bytes());
        let kept = self.run(0, move |inner| inner.guard.approve(bound, inner.now(), inner.approval)).await;
        let question = RawJson::from_serialize(&question).ok()?.to_value().ok()?;
        let answer = serde_json::json!({
            "resultType": "input_required",
            "inputRequests": { KEY: question },
            "requestState": format!("{STATE}{nonce}"),
        });
        matches!(kept, Ok(Ok(()))).then(|| Answered::Ask(Response::result(answer.to_string())))
    }

    /// Asks on the session and waits (until 2025-11-25); nothing where no answer comes.
    async fn put(&self, request: &Request, question: InputRequest) -> Option<RawJson> {
        let session = request.peer.session.as_ref().filter(|session| session.can_be_asked);
        let outbound = session.and(request.outbound.as_ref())?;
        let (tx, rx) = oneshot::channel();
        // Nobody listens any more where the call was given up.
        let reply = Reply::new(move |answer| drop(tx.send(answer)));
        outbound.send(Event::Question(Question { request: Box::new(question), reply }));
        tokio::time::timeout(self.0.approval, rx).await.ok()?.ok()?.ok()
    }

    /// Leaves it to an operator.
    async fn wait(&self, ask: &Ask, reason: &Reason, digest: Digest) -> Answered {
        let valid = u64::try_from(self.0.approval.as_millis()).unwrap_or(u64::MAX);
        let pending = Pending {
            digest,
            tool: self.0.clean(&ask.tool),
            rule: reason.rule.to_string(),
            message: reason.message.clone(),
            until: self.0.now().saturating_add(valid),
        };
        let kept = self.run(0, move |inner| inner.guard.wait(&pending)).await;
        if !matches!(kept, Ok(Ok(()))) {
            // Whoever is told the digest may still approve it.
            tracing::error!(%digest, "guardrails: a call that waits for approval is not listed");
        }
        Answered::Impossible
    }
}
