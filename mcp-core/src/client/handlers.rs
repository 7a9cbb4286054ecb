//! What the program behind the client does when a server asks or tells something.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Error;
use crate::protocol::{
    Capability, ClientCapabilities, CreateMessage, CreateMessageResult, ElicitAction, ElicitResult,
    Elicitation, InputRequest, ListRootsResult, LogMessage, Method, Params, RawJson, Root, validate_answer,
};
use crate::service::BoxError;

type Answering<A, R> = Arc<dyn Fn(A) -> Pin<Box<dyn Future<Output = R> + Send>> + Send + Sync>;
type Told<A> = Arc<dyn Fn(A) + Send + Sync>;

/// A form that a server wants a person to fill in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FormQuestion {
    /// What is asked.
    pub message: String,
    /// A flat JSON Schema of the answer.
    pub schema: RawJson,
}

/// An address that a server wants a person to go to. Show the whole address and ask before you open
/// it, in a browser that the client cannot see into.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UrlQuestion {
    /// Why.
    pub message: String,
    /// Where.
    pub url: String,
}

/// A notification from the server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerNotification {
    /// What happened.
    pub method: Method,
    /// Details.
    pub params: Params,
}

/// Handlers by what they handle. What has none, the client does not offer.
#[derive(Clone, Default)]
pub(crate) struct Handlers {
    pub(crate) form: Option<Answering<FormQuestion, Result<ElicitResult, BoxError>>>,
    pub(crate) url: Option<Answering<UrlQuestion, Result<ElicitAction, BoxError>>>,
    pub(crate) sample: Option<Answering<CreateMessage, Result<CreateMessageResult, BoxError>>>,
    pub(crate) sampling_tools: bool,
    pub(crate) roots: Option<Vec<Root>>,
    pub(crate) log: Option<Told<LogMessage>>,
    pub(crate) notification: Option<Told<ServerNotification>>,
}

/// Forgets the type of a handler's future.
pub(crate) fn answering<A, R, F>(handler: impl Fn(A) -> F + Send + Sync + 'static) -> Answering<A, R>
where
    F: Future<Output = R> + Send + 'static,
{
    Arc::new(move |question| Box::pin(handler(question)))
}

impl Handlers {
    /// What the client offers, given its handlers.
    pub(crate) fn capabilities(&self, mut declared: ClientCapabilities) -> ClientCapabilities {
        let offered = [
            (self.form.is_some(), Capability::ElicitationForm),
            (self.url.is_some(), Capability::ElicitationUrl),
            (self.sample.is_some(), Capability::Sampling),
            (self.sample.is_some() && self.sampling_tools, Capability::SamplingTools),
            (self.roots.is_some(), Capability::Roots),
        ];
        for (_, capability) in offered.iter().filter(|(offered, _)| *offered) {
            declared = declared.with(capability);
        }
        declared
    }

    /// The answer to a question.
    pub(crate) async fn answer(&self, question: InputRequest) -> Result<RawJson, Error> {
        let method = question.method();
        let none = Error::NoHandler { method };
        match question {
            InputRequest::Elicit(Elicitation::Form { message, requested_schema: schema }) => {
                let handler = self.form.as_ref().ok_or(none)?;
                let answer = handler(FormQuestion { message, schema: schema.clone() }).await;
                encode(&complete(&schema, answer.map_err(Error::Handler)?)?)
            }
            InputRequest::Elicit(Elicitation::Url { message, url }) => {
                let handler = self.url.as_ref().ok_or(none)?;
                let action = handler(UrlQuestion { message, url }).await.map_err(Error::Handler)?;
                encode(&ElicitResult::bare(action))
            }
            InputRequest::Sample(request) => {
                let handler = self.sample.as_ref().ok_or(none)?;
                encode(&handler(request).await.map_err(Error::Handler)?)
            }
            InputRequest::Roots => {
                let roots = self.roots.clone().ok_or(none)?;
                encode(&ListRootsResult { roots, ..ListRootsResult::default() })
            }
        }
    }
}

fn encode(answer: &impl serde::Serialize) -> Result<RawJson, Error> {
    RawJson::from_serialize(answer).map_err(|error| Error::Handler(error.into()))
}

/// Fills in the defaults of fields that an accepted form leaves open, and checks it.
fn complete(schema: &RawJson, mut answer: ElicitResult) -> Result<ElicitResult, Error> {
    if answer.action != ElicitAction::Accept {
        answer.content = None;
        return Ok(answer);
    }
    let content = answer.content.get_or_insert_with(Map::new);
    let schema_value = schema.to_value().unwrap_or_default();
    let fields = schema_value.get("properties").and_then(Value::as_object);
    for (name, field) in fields.into_iter().flatten() {
        if let Some(default) = field.get("default")
            && !content.contains_key(name)
        {
            content.insert(name.clone(), default.clone());
        }
    }
    validate_answer(schema, content).map_err(|error| Error::Handler(error.into()))?;
    Ok(answer)
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handlers")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn defaults_are_filled_in_and_answers_are_checked() {
        let schema = RawJson::from(json!({
            "type": "object",
            "properties": { "name": { "type": "string", "default": "Ada" }, "age": { "type": "integer", "minimum": 1 } },
            "required": ["name"],
        }));
        let answer_with = |content: Value| {
            let content = content.as_object().cloned().unwrap_or_default();
            let handlers = Handlers {
                form: Some(answering(move |_: FormQuestion| {
                    let content = content.clone();
                    async move { Ok(ElicitResult::accept(content)) }
                })),
                ..Handlers::default()
            };
            let question = InputRequest::Elicit(Elicitation::form("?", schema.clone()));
            async move { handlers.answer(question).await }
        };
        let answer = answer_with(json!({})).await.unwrap();
        assert_eq!(answer.get(), r#"{"action":"accept","content":{"name":"Ada"}}"#);
        let answer = answer_with(json!({"name": "Bo", "age": 2})).await.unwrap();
        assert_eq!(answer.get(), r#"{"action":"accept","content":{"name":"Bo","age":2}}"#);
        assert!(matches!(answer_with(json!({"age": 0})).await, Err(Error::Handler(_))));
        let none = Handlers::default().answer(InputRequest::Roots).await;
        assert!(matches!(none, Err(Error::NoHandler { method: "roots/list" })));
    }

    #[test]
    fn only_what_is_handled_is_offered() {
        let none = Handlers::default().capabilities(ClientCapabilities::default());
        assert_eq!(none, ClientCapabilities::default());
        let handlers = Handlers { roots: Some(Vec::new()), ..Handlers::default() };
        assert!(handlers.capabilities(ClientCapabilities::default()).has(&Capability::Roots));
    }
}
