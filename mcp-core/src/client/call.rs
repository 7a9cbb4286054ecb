//! A call of a tool.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::connection::{Link, Watch};
use super::{Draft, Error, ServerNotification};
use crate::protocol::{CallToolResult, LogMessage, Method, Progress, RawJson, decode};

/// A call of a tool: set what you need and await it.
///
/// ```
/// # use mcp_core::{Server, client::Client, tool};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Server::builder("s", "1.0.0").tool(tool("report", async || "done")).build()?;
/// # let client = Client::connect(server).await?;
/// let report: String = client
///     .call("report", ())
///     .progress(|progress| println!("{} of {:?}", progress.progress, progress.total))
///     .timeout(std::time::Duration::from_secs(300))
///     .await?;
/// # assert_eq!(report, "done");
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// Dropping the future gives the call up, and the server is told so. What the tool did until then
/// stays done.
#[must_use = "nothing is called before it is awaited"]
pub struct Call<Out> {
    link: Arc<Link>,
    draft: Result<Draft, Error>,
    patience: Option<Duration>,
    rounds: u32,
    progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    log: Option<Arc<dyn Fn(LogMessage) + Send + Sync>>,
    out: PhantomData<fn() -> Out>,
}

/// What a call yields.
pub trait CallOutput: sealed::Output {}

mod sealed {
    use super::{Bytes, Error};

    pub trait Output {
        type Value;
        fn read(result: &Bytes) -> Result<Self::Value, Error>;
    }
}

/// The result as data of a type; a failure of the tool is an error.
#[derive(Debug)]
pub struct Decoded<T>(PhantomData<T>);

/// The result as it is, a failure of the tool included.
#[derive(Debug)]
pub struct Whole;

impl<T: DeserializeOwned> CallOutput for Decoded<T> {}
impl CallOutput for Whole {}

impl<T: DeserializeOwned> sealed::Output for Decoded<T> {
    type Value = T;

    fn read(result: &Bytes) -> Result<T, Error> {
        if let Some(value) = lean(result) {
            return Ok(value);
        }
        data(whole(result)?)
    }
}

impl sealed::Output for Whole {
    type Value = CallToolResult;

    fn read(result: &Bytes) -> Result<CallToolResult, Error> {
        whole(result)
    }
}

impl<Out: CallOutput> Call<Out> {
    pub(crate) fn new(
        link: &Arc<Link>,
        name: &str,
        arguments: &impl Serialize,
        patience: Option<Duration>,
        rounds: u32,
    ) -> Self {
        let (link, out) = (Arc::clone(link), PhantomData);
        let draft = draft(name, arguments);
        Self { link, draft, patience, rounds, progress: None, log: None, out }
    }

    /// Calls `told` with every progress that the tool reports.
    pub fn progress(mut self, told: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(told));
        if let Ok(draft) = &mut self.draft {
            draft.progress = true;
        }
        self
    }

    /// Calls `told` with every log message that comes on the call's own stream. On a connection that
    /// all calls share, messages belong to none: set a handler when building the client.
    pub fn log(mut self, told: impl Fn(LogMessage) + Send + Sync + 'static) -> Self {
        self.log = Some(Arc::new(told));
        self
    }

    /// How long nothing may come from the server: neither the answer nor progress.
    pub const fn timeout(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Adds a member to `_meta`, such as a trace context.
    pub fn meta(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Ok(draft) = &mut self.draft {
            draft.push_meta(key, &value.into());
        }
        self
    }

    async fn run(self) -> Result<Bytes, Error> {
        let draft = self.draft?;
        let route = (self.progress.is_some() || self.log.is_some()).then(|| {
            let (progress, log) = (self.progress, self.log);
            Arc::new(move |notification: &ServerNotification| match notification.method {
                Method::Progress => tell(progress.as_deref(), notification),
                Method::LogMessage => tell(log.as_deref(), notification),
                _ => {}
            }) as super::inbox::Route
        });
        let watch = Watch { route, patience: self.patience };
        self.link.resolve(&draft, &watch, self.rounds).await
    }
}

impl<Out: CallOutput + 'static> IntoFuture for Call<Out> {
    type Output = Result<Out::Value, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Out::read(&self.run().await?) })
    }
}

fn draft(name: &str, arguments: &impl Serialize) -> Result<Draft, Error> {
    let mut draft = Draft::with_room(Method::ToolsCall, 64 + name.len());
    draft.push("name", name);
    draft.name = Some(name.to_owned());
    draft.push_arguments(arguments)?;
    Ok(draft)
}

fn tell<T: DeserializeOwned>(told: Option<&(dyn Fn(T) + Send + Sync)>, notification: &ServerNotification) {
    if let Some(told) = told {
        match decode(notification.params.as_str()) {
            Ok(details) => told(details),
            Err(error) => tracing::warn!(%error, "a notification cannot be read"),
        }
    }
}

/// What most results are, read without building the rest: structured content, or one text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lean<'a> {
    #[serde(borrow, default)]
    structured_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Vec<LeanBlock<'a>>,
    #[serde(default)]
    is_error: bool,
}

#[derive(Deserialize)]
struct LeanBlock<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
}

/// The data of a result that is as most are; none sends the reader the long way.
fn lean<T: DeserializeOwned>(result: &Bytes) -> Option<T> {
    // One look at all of the text instead of one at each string in it.
    let lean: Lean<'_> = serde_json::from_str(std::str::from_utf8(result).ok()?).ok()?;
    match (lean.is_error, lean.structured_content, lean.content.as_slice()) {
        (false, Some(structured), _) => serde_json::from_str(structured.get()).ok(),
        (false, None, [LeanBlock { text: Some(text) }]) => {
            let json = may_be_json(text).then(|| serde_json::from_str(text).ok()).flatten();
            json.or_else(|| T::deserialize(text.as_ref().into_deserializer() as StrDeserializer<'_>).ok())
        }
        _ => None,
    }
}

/// Whether a text begins as JSON does: most are prose, and a failed attempt to read them costs more.
fn may_be_json(text: &str) -> bool {
    text.trim_ascii_start().bytes().next().is_some_and(|byte| b"{[\"-0123456789tfn".contains(&byte))
}

type StrDeserializer<'a> = serde::de::value::StrDeserializer<'a, serde_json::Error>;

fn whole(result: &Bytes) -> Result<CallToolResult, Error> {
    let text = std::str::from_utf8(result).unwrap_or_default();
    decode(text).map_err(|source| Error::Decode { method: Method::ToolsCall, source })
}

/// The data in a result: structured if there is any, else its text, as JSON or as it is.
fn data<T: DeserializeOwned>(result: CallToolResult) -> Result<T, Error> {
    if result.is_error {
        return Err(Error::Tool(Box::new(result)));
    }
    let fail = |source| Error::Decode { method: Method::ToolsCall, source };
    if let Some(structured) = &result.structured_content {
        return decode(structured.get()).or_else(|error| {
            // Until 2025-11-25 only objects could travel: other values came wrapped.
            let wrapped = decode::<std::collections::HashMap<String, RawJson>>(structured.get());
            match wrapped {
                Ok(members) if members.len() == 1 && members.contains_key("result") => {
                    decode(members.get("result").map_or("null", RawJson::get)).map_err(fail)
                }
                _ => Err(fail(error)),
            }
        });
    }
    let text = result.content.iter().filter_map(|block| block.as_text()).collect::<Vec<_>>().join("\n");
    decode(&text)
        .or_else(|error| serde_json::from_value(Value::String(text)).map_err(|_| error))
        .or_else(|error| if result.content.is_empty() { decode("null") } else { Err(error) })
        .map_err(fail)
}

impl<Out> fmt::Debug for Call<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("draft", &self.draft.as_ref().map(|draft| &draft.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_is_found_wherever_it_is() {
        fn check<T: DeserializeOwned + PartialEq + fmt::Debug>(result: &Value, expect: &T) {
            let result = Bytes::from(result.to_string());
            assert_eq!(data::<T>(whole(&result).unwrap()).unwrap(), *expect);
        }
        let text = |text: &str| json!({ "content": [{ "type": "text", "text": text }] });
        check(&json!({ "content": [], "structuredContent": { "a": 1 } }), &json!({ "a": 1 }));
        check(&json!({ "content": [], "structuredContent": { "result": [1, 2] } }), &vec![1, 2]);
        check(&text("5"), &5);
        check(&text("5"), &"5".to_owned());
        check(&text("hello"), &"hello".to_owned());
        check(&text(r#"{"a":1}"#), &json!({ "a": 1 }));
        check(&json!({ "content": [] }), &());
    }

    #[test]
    fn failures_are_told_as_such() {
        let failed = Bytes::from_static(br#"{"content":[{"type":"text","text":"no disk"}],"isError":true}"#);
        let error = data::<String>(whole(&failed).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the tool failed: no disk");
        let odd = Bytes::from_static(br#"{"content":[{"type":"text","text":"x"}]}"#);
        assert!(matches!(data::<i64>(whole(&odd).unwrap()), Err(Error::Decode { .. })));
        assert!(matches!(draft("t", &[1]), Err(Error::Params { .. })));
    }
}
