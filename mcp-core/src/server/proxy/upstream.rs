//! The components of an upstream, as entries of ours. Each keeps the name that the upstream knows.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::error::{Failure, refusal};
use super::pass::{self, pass};
use super::source::Source;
use crate::client::Client;
use crate::client::relay::Draft;
use crate::protocol::{
    CompleteParams, CompletionReference, Method, Prompt, RawJson, Resource, ResourceTemplate, RpcError, Tool,
};
use crate::server::handler::ErasedHandler;
use crate::server::{Body, BuildError, Context, PromptEntry, ResourceEntry, TemplateEntry, ToolEntry};
use crate::server::{ToolError, prompt};

/// Marks entries as the upstream's, among others that the server may have been given.
pub(super) const ORIGIN: u64 = u64::MAX;

/// The upstream, and what its components are called here.
pub(super) struct Upstream {
    pub(super) source: Source,
    pub(super) namespace: Option<String>,
}

impl Upstream {
    /// A name for here: behind the namespace, plain, and not `taken`.
    pub(super) fn name(&self, name: &str, taken: &mut HashSet<String>) -> String {
        const LONGEST: usize = 120;
        let plain = |c: char| if c.is_ascii_alphanumeric() || "_-./:".contains(c) { c } else { '_' };
        let prefix = self.namespace.iter().map(|namespace| format!("{namespace}_")).collect::<String>();
        let name: String = prefix.chars().chain(name.chars().map(plain)).take(LONGEST).collect();
        let mut free = name.clone();
        let mut count = 1u32;
        while !taken.insert(free.clone()) {
            count += 1;
            free = format!("{name}_{count}");
        }
        free
    }

    pub(super) fn tool(self: &Arc<Self>, mut tool: Tool, name: String) -> Result<ToolEntry, BuildError> {
        let theirs = std::mem::replace(&mut tool.name, name);
        let handler = self.handler(Method::ToolsCall, move |_| theirs.clone(), true);
        ToolEntry::foreign(tool, handler, ORIGIN)
    }

    pub(super) fn prompt(self: &Arc<Self>, mut prompt: Prompt, name: String, completes: bool) -> PromptEntry {
        let theirs = std::mem::replace(&mut prompt.name, name);
        let reference = CompletionReference::Prompt { name: theirs.clone(), title: None };
        let arguments: Vec<_> = prompt.arguments.iter().map(|argument| argument.name.clone()).collect();
        let handler = self.handler(Method::PromptsGet, move |_| theirs.clone(), false);
        let mut entry = PromptEntry::foreign(prompt, handler, ORIGIN);
        if completes {
            let completer = self.completer(reference);
            entry.completers.extend(arguments.into_iter().map(|name| (name, Arc::clone(&completer))));
        }
        entry
    }

    pub(super) fn resource(self: &Arc<Self>, resource: Resource) -> ResourceEntry {
        ResourceEntry::foreign(resource, self.handler(Method::ResourcesRead, asked_for, false), ORIGIN)
    }

    pub(super) fn template(self: &Arc<Self>, template: ResourceTemplate, completes: bool) -> TemplateEntry {
        let reference = CompletionReference::Resource { uri: template.uri_template.clone() };
        let variables = crate::protocol::UriTemplate::parse(&template.uri_template);
        let handler = self.handler(Method::ResourcesRead, asked_for, false);
        let mut entry = TemplateEntry::foreign(template, handler, ORIGIN);
        if let Some(variables) = variables.ok().filter(|_| completes) {
            let completer = self.completer(reference);
            let names = variables.variables().map(str::to_owned);
            entry.completers.extend(names.map(|name| (name, Arc::clone(&completer))));
        }
        entry
    }

    /// Passes a call on under the name that the upstream knows.
    fn handler(
        self: &Arc<Self>,
        method: Method,
        name: impl Fn(&Context) -> String + Send + Sync + 'static,
        is_tool: bool,
    ) -> ErasedHandler {
        let upstream = Arc::clone(self);
        Arc::new(move |context| {
            let (upstream, context) = (Arc::clone(&upstream), context.clone());
            let draft = draft(&method, &name(&context), &context);
            Ok(Box::pin(async move {
                match pass(
                    &upstream.source,
                    &context,
                    &draft.map_err(|error| RpcError::internal(error.to_string()))?,
                )
                .await
                {
                    Ok(result) => pass::body(&result),
                    Err(Failure::Rpc(error)) => Err(error),
                    // The model can go another way where a tool could not ask.
                    Err(Failure::Ask(error)) if is_tool => {
                        ToolError::from(error).into_result().map(Body::Tool)
                    }
                    Err(Failure::Ask(error)) => Err(prompt::rpc_error(error)),
                }
            }))
        })
    }

    fn completer(self: &Arc<Self>, reference: CompletionReference) -> ErasedHandler {
        let upstream = Arc::clone(self);
        Arc::new(move |context| {
            let (upstream, reference) = (Arc::clone(&upstream), reference.clone());
            let params: Result<CompleteParams, RpcError> = context.request().params.parse();
            Ok(Box::pin(async move {
                let CompleteParams { argument, context, .. } = params?;
                let work = async |client: Client| client.complete(reference, argument, context).await;
                let result = upstream.source.run(work).await.map_err(refusal)?;
                let members = RawJson::from(serde_json::json!({ "completion": result.completion }));
                Ok(Body::Relayed { members, meta: result.meta, cache: None })
            }))
        })
    }
}

/// The URI that the caller named.
fn asked_for(context: &Context) -> String {
    context.request().params.get_str("uri").unwrap_or_default().into_owned()
}

/// The caller's request, under the upstream's name, with what is the caller's in `_meta`.
fn draft(method: &Method, name: &str, context: &Context) -> Result<Draft, crate::client::Error> {
    let params = &context.request().params;
    let mut draft = Draft::bare(method.clone());
    draft.push(method.mirrored_member().unwrap_or("name"), name);
    draft.name = Some(name.to_owned());
    let arguments = params.get("arguments").filter(|raw| *raw != "null");
    if let Some(arguments) = arguments.and_then(|raw| RawJson::from_string(raw.to_owned()).ok()) {
        draft.push_arguments(&arguments)?;
    }
    let meta: IndexMap<String, RawJson> =
        params.get("_meta").and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
    for (key, value) in &meta {
        use crate::protocol::meta::{BAGGAGE, TRACEPARENT, TRACESTATE, is_reserved};
        if !is_reserved(key) || [BAGGAGE, TRACEPARENT, TRACESTATE].contains(&key.as_str()) {
            draft.push_meta(key, value);
        }
    }
    draft.progress = meta.contains_key(crate::protocol::meta::PROGRESS_TOKEN);
    Ok(draft)
}
