//! Apps (`io.modelcontextprotocol/ui`): pages that a host shows beside a conversation.
//!
//! A page is a resource under a `ui://` address; a tool names the page that shows its results.
//!
//! ```
//! use mcp_core::extension::apps::{App, AppTool, Apps};
//! use mcp_core::{Server, tool};
//!
//! let face = App::new("ui://clock/face", "clock", async || "<!doctype html><title>Clock</title>")
//!     .connects_to("https://time.example.com")
//!     .prefers_border(true);
//!
//! let server = Server::builder("clock", "1.0.0")
//!     .tool(tool("now", async || "12:00").app("ui://clock/face"))
//!     .tool(tool("tick", async || "12:01").app("ui://clock/face").app_only())
//!     .resource(face.build().description("A clock face."))
//!     .extension(Apps)
//!     .build()?;
//! # Ok::<(), mcp_core::server::BuildError>(())
//! ```
//!
//! A host that shows no pages reads the text of the result: let it say enough. [`can_show`] tells
//! which kind of host asks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Extension;
use crate::protocol::{Meta, ReadResourceResult};
use crate::server::{
    Context, Handler, IntoResource, Needs, Rejection, ResourceEntry, ResourceError, ToolEntry, resource,
};
use crate::service::Request;

/// The identifier of the extension.
pub const ID: &str = "io.modelcontextprotocol/ui";

/// The media type of pages.
pub const MIME_TYPE: &str = "text/html;profile=mcp-app";

/// The scheme of pages.
const SCHEME: &str = "ui://";

/// The member of `_meta` where pages and tools say what a host needs to know.
const UI: &str = "ui";

/// Where hosts from before [`UI`] look for a tool's page.
const FLAT: &str = "ui/resourceUri";

/// The apps extension, for [`ServerBuilder::extension`](crate::server::ServerBuilder::extension).
#[derive(Debug, Clone, Copy, Default)]
pub struct Apps;

impl Extension for Apps {
    fn id(&self) -> &'static str {
        ID
    }
}

/// Whether the host that sent a request shows pages.
#[must_use]
pub fn can_show(request: &Request) -> bool {
    #[derive(Deserialize)]
    struct Settings {
        #[serde(rename = "mimeTypes")]
        mime_types: Vec<String>,
    }
    request.client().with_capabilities(|capabilities| {
        let settings = capabilities.extensions.get(ID).and_then(|raw| raw.parse::<Settings>().ok());
        settings.is_some_and(|settings| settings.mime_types.iter().any(|kind| kind == MIME_TYPE))
    })
}

/// A page, on its way to be a resource. Without further words it reaches nothing outside of itself.
#[must_use = "a page is served when it is built and given to the server"]
pub struct App {
    ui: Map<String, Value>,
    entry: Box<dyn FnOnce(Map<String, Value>) -> ResourceEntry + Send>,
}

/// Something that a page may ask the browser for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permission {
    /// To see.
    Camera,
    /// To hear.
    Microphone,
    /// To know the place.
    Geolocation,
    /// To write to the clipboard.
    ClipboardWrite,
}

impl App {
    /// A page under a `ui://` address, which is added where it is missing. The handler gives the
    /// HTML document, as handlers of resources do.
    pub fn new<M, H>(uri: impl Into<String>, name: impl Into<String>, handler: H) -> Self
    where
        M: 'static,
        H: Handler<M>,
        H::Output: IntoResource + Send,
    {
        let (uri, name) = (page_uri(uri.into()), name.into());
        let entry = move |ui: Map<String, Value>| {
            let page = Page { handler, ui: Arc::new(ui.clone()) };
            let entry = resource(uri, name, page).mime_type(MIME_TYPE);
            if ui.is_empty() { entry } else { entry.meta(UI, ui) }
        };
        Self { ui: Map::new(), entry: Box::new(entry) }
    }

    /// An origin that the page may call: `https://api.example.com`, `wss://…`.
    pub fn connects_to(self, origin: impl Into<String>) -> Self {
        self.csp("connectDomains", origin.into())
    }

    /// An origin that the page may load scripts, styles, pictures, fonts and media from.
    pub fn loads_from(self, origin: impl Into<String>) -> Self {
        self.csp("resourceDomains", origin.into())
    }

    /// An origin that the page may show in a frame.
    pub fn frames(self, origin: impl Into<String>) -> Self {
        self.csp("frameDomains", origin.into())
    }

    /// An origin that the page's base address may have.
    pub fn based_on(self, origin: impl Into<String>) -> Self {
        self.csp("baseUriDomains", origin.into())
    }

    fn csp(mut self, kind: &str, origin: String) -> Self {
        let csp = self.ui.entry("csp").or_insert_with(|| json!({}));
        match csp.get_mut(kind).and_then(Value::as_array_mut) {
            Some(origins) => origins.push(origin.into()),
            None => csp[kind] = json!([origin]),
        }
        self
    }

    /// Something that the page would like to do. It has to work without, too.
    pub fn asks_for(mut self, permission: Permission) -> Self {
        let name = match permission {
            Permission::Camera => "camera",
            Permission::Microphone => "microphone",
            Permission::Geolocation => "geolocation",
            Permission::ClipboardWrite => "clipboardWrite",
        };
        self.ui.entry("permissions").or_insert_with(|| json!({}))[name] = json!({});
        self
    }

    /// The origin that the page wants for itself; which ones there are is up to the host.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.ui.insert("domain".to_owned(), domain.into().into());
        self
    }

    /// Whether the host should draw a border and a background.
    pub fn prefers_border(mut self, border: bool) -> Self {
        self.ui.insert("prefersBorder".to_owned(), border.into());
        self
    }

    /// The resource.
    pub fn build(self) -> ResourceEntry {
        (self.entry)(self.ui)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("ui", &self.ui).finish_non_exhaustive()
    }
}

fn page_uri(uri: String) -> String {
    if uri.starts_with(SCHEME) { uri } else { format!("{SCHEME}{uri}") }
}

/// The handler of a page: hosts take the rules for a page from what is read, so they are put there.
struct Page<H> {
    handler: H,
    ui: Arc<Map<String, Value>>,
}

type PageFuture = Pin<Box<dyn Future<Output = Result<ReadResourceResult, ResourceError>> + Send>>;

impl<M: 'static, H: Handler<M>> Handler<M> for Page<H>
where
    H::Output: IntoResource + Send,
{
    type Output = Result<ReadResourceResult, ResourceError>;
    type Future = PageFuture;

    fn call(&self, context: &Context) -> Result<PageFuture, Rejection> {
        let (reading, ui) = (self.handler.call(context)?, Arc::clone(&self.ui));
        Ok(Box::pin(async move {
            let mut read = reading.await.into_resource()?;
            for contents in read.contents.iter_mut().filter(|_| !ui.is_empty()) {
                let meta = contents.meta.get_or_insert_with(Meta::default);
                // What the handler says itself goes before what was said of all.
                if meta.get(UI).is_none() {
                    meta.insert(UI, Value::Object((*ui).clone()));
                }
            }
            Ok(read)
        }))
    }

    fn needs() -> Needs {
        H::needs()
    }
}

/// Who may call a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The model.
    Model,
    /// Pages of the same server.
    App,
}

/// Gives tools a page.
pub trait AppTool: Sized {
    /// Shows results in the page with this address; `ui://` is added where it is missing.
    #[must_use]
    fn app(self, uri: impl Into<String>) -> Self;

    /// Says who may call the tool. Hosts see to it; without a word, model and pages may.
    #[must_use]
    fn visible_to(self, audience: &[Audience]) -> Self;

    /// For pages alone: the model does not see the tool.
    #[must_use]
    fn app_only(self) -> Self {
        self.visible_to(&[Audience::App])
    }
}

impl AppTool for ToolEntry {
    fn app(self, uri: impl Into<String>) -> Self {
        let uri = page_uri(uri.into());
        set(self, "resourceUri", uri.as_str().into()).meta(FLAT, uri)
    }

    fn visible_to(self, audience: &[Audience]) -> Self {
        let names = audience.iter().map(|who| match who {
            Audience::Model => "model",
            Audience::App => "app",
        });
        set(self, "visibility", names.collect())
    }
}

/// Sets a member of a tool's `_meta.ui` and keeps the others.
fn set(tool: ToolEntry, name: &str, value: Value) -> ToolEntry {
    let ui = tool.definition().meta.as_ref().and_then(|meta| meta.get(UI)).and_then(Value::as_object);
    let mut ui = ui.cloned().unwrap_or_default();
    ui.insert(name.to_owned(), value);
    tool.meta(UI, ui)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::protocol::{Frame, ResourceContents};
    use crate::server::{Server, tool};

    async fn ask(server: &Server, method: &str, params: Value) -> Value {
        let result = server.handle(request(method, params)).await.unwrap().into_result().unwrap();
        serde_json::from_slice(&result).unwrap()
    }

    fn request(method: &str, params: Value) -> Request {
        let mut frame = json!({ "jsonrpc": "2.0", "id": 1, "method": method });
        frame["params"] = params;
        let frame = Frame::parse(&Bytes::from(frame.to_string()), crate::protocol::DEFAULT_DEPTH).unwrap();
        let Frame::Request { id, method, params } = frame else { panic!("a request was written") };
        Request::new(id, method, params)
    }

    fn server() -> Server {
        let full = App::new("ui://w/full", "full", async || "<!doctype html>")
            .connects_to("https://a.example")
            .connects_to("wss://b.example")
            .loads_from("https://*.c.example")
            .frames("https://d.example")
            .based_on("https://e.example")
            .asks_for(Permission::Camera)
            .asks_for(Permission::ClipboardWrite)
            .domain("w.host.example")
            .prefers_border(false);
        let own = App::new("w/own", "own", async || {
            let mut meta = Meta::default();
            meta.insert(UI, json!({ "prefersBorder": true }));
            ResourceContents::text("", "x").meta(meta)
        })
        .prefers_border(false);
        let plain = App::new("ui://w/plain", "plain", async || Some("<p>"));
        Server::builder("w", "0")
            .tool(tool("a", async || "a").meta("x/y", 1).app("w/full"))
            .tool(tool("b", async || "b").app_only().app("ui://w/full"))
            .tool(tool("c", async || "c").visible_to(&[Audience::Model, Audience::App]))
            .resource(full.build().description("All of it."))
            .resource(own.build())
            .resource(plain.build())
            .extension(Apps)
            .build()
            .unwrap()
    }

    #[tokio::test]
    async fn pages_say_what_they_need_where_hosts_look() {
        let server = server();
        let ui = json!({
            "csp": {
                "connectDomains": ["https://a.example", "wss://b.example"],
                "resourceDomains": ["https://*.c.example"],
                "frameDomains": ["https://d.example"],
                "baseUriDomains": ["https://e.example"],
            },
            "permissions": { "camera": {}, "clipboardWrite": {} },
            "domain": "w.host.example",
            "prefersBorder": false,
        });
        let listed = ask(&server, "resources/list", json!({})).await;
        let expect = json!({
            "uri": "ui://w/full", "name": "full", "description": "All of it.", "mimeType": MIME_TYPE,
            "_meta": { "ui": ui },
        });
        assert_eq!(listed["resources"][0], expect);
        let read = async |uri: &str| {
            let read = ask(&server, "resources/read", json!({ "uri": uri })).await;
            read["contents"].clone()
        };
        let expect = json!([{
            "uri": "ui://w/full", "mimeType": MIME_TYPE, "text": "<!doctype html>", "_meta": { "ui": ui },
        }]);
        assert_eq!(read("ui://w/full").await, expect);
        assert_eq!(read("ui://w/own").await[0]["_meta"], json!({ "ui": { "prefersBorder": true } }));
        let plain = json!([{ "uri": "ui://w/plain", "mimeType": MIME_TYPE, "text": "<p>" }]);
        assert_eq!(read("ui://w/plain").await, plain);
    }

    #[tokio::test]
    async fn tools_name_their_page_for_hosts_old_and_new() {
        let tools = ask(&server(), "tools/list", json!({})).await["tools"].clone();
        let meta = |i: usize| tools[i]["_meta"].clone();
        let page = "ui://w/full";
        assert_eq!(meta(0), json!({ "x/y": 1, "ui": { "resourceUri": page }, "ui/resourceUri": page }));
        let both = json!({ "visibility": ["app"], "resourceUri": page });
        assert_eq!(meta(1), json!({ "ui": both, "ui/resourceUri": page }));
        assert_eq!(meta(2), json!({ "ui": { "visibility": ["model", "app"] } }));
    }

    #[test]
    fn the_extension_is_declared_and_known_in_clients() {
        assert_eq!(server().capabilities().extensions[ID].get(), "{}");
        let check = |settings: Value, expect: bool| {
            let capabilities = json!({ "extensions": { ID: settings } });
            let meta = json!({ crate::protocol::meta::CLIENT_CAPABILITIES: capabilities });
            assert_eq!(can_show(&request("tools/call", json!({ "_meta": meta }))), expect);
        };
        check(json!({ "mimeTypes": ["text/x", MIME_TYPE] }), true);
        check(json!({ "mimeTypes": ["text/html"] }), false);
        check(json!({}), false);
        assert!(!can_show(&request("tools/call", json!({}))));
    }
}
