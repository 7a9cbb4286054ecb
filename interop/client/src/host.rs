//! The client's side of what servers ask and tell.

use std::sync::Arc;

use mcp_core::client::{Client, ClientBuilder};
use mcp_core::protocol::{CreateMessageResult, ElicitAction, ElicitResult, LogLevel, Root};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::plan::Plan;

/// What a server asked and told.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    questions: Vec<Value>,
    logs: Vec<Value>,
    notifications: Vec<String>,
}

impl Heard {
    pub(crate) fn to_json(&self) -> Value {
        let inner = self.0.lock();
        json!({ "questions": inner.questions, "logs": inner.logs, "notifications": inner.notifications })
    }
}

/// A client with the handlers that a plan asks for.
pub(crate) fn builder(plan: &Plan, heard: &Heard) -> ClientBuilder {
    let mut builder = Client::builder("interop-client", env!("CARGO_PKG_VERSION"));
    if let Some(version) = plan.version.as_deref().and_then(|version| version.parse().ok()) {
        builder = builder.version(version);
    }
    if let Some(form) = plan.form.clone() {
        let heard = heard.clone();
        builder = builder.on_form(move |question| {
            heard.0.lock().questions.push(json!({ "form": question.message, "schema": question.schema }));
            let form = form.clone();
            async move { Ok(ElicitResult::accept(form)) }
        });
    }
    if plan.url {
        let heard = heard.clone();
        builder = builder.on_url(move |question| {
            heard.0.lock().questions.push(json!({ "url": question.url }));
            async { Ok(ElicitAction::Accept) }
        });
    }
    if let Some(said) = plan.sample.clone() {
        let heard = heard.clone();
        builder = builder.on_sample(move |question| {
            heard.0.lock().questions.push(json!({ "sample": question.messages }));
            let answer = json!({ "role": "assistant", "model": "canned", "content": { "type": "text", "text": said } });
            async move { Ok(serde_json::from_value::<CreateMessageResult>(answer)?) }
        });
    }
    if let Some(roots) = &plan.roots {
        builder = builder.roots(roots.iter().map(Root::new));
    }
    if let Some(level) = plan.log.as_deref().and_then(|level| level.parse::<LogLevel>().ok()) {
        let heard = heard.clone();
        builder = builder.on_log(level, move |message| {
            let message = json!({ "level": message.level, "logger": message.logger, "data": message.data });
            heard.0.lock().logs.push(message);
        });
    }
    let heard = heard.clone();
    builder.on_notification(move |told| heard.0.lock().notifications.push(told.method.as_str().to_owned()))
}
