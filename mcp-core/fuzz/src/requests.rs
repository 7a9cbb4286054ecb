//! HTTP requests written down as text, so that seeds can be read and a mutation stays a request.
//!
//! ```text
//! POST /mcp
//! host: localhost
//! mcp-session-id: {session}
//!
//! {"jsonrpc":"2.0","method":"ping","id":1}
//! %%
//! GET /mcp
//! ```

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use mcp_core::protocol::header::MCP_SESSION_ID;
use mcp_core::transport::http::{HttpService, ResponseBody};
use tower_service::Service;

/// Stands for the session that an earlier response opened.
const SESSION: &[u8] = b"{session}";

/// Requests of one input; more find nothing new and take time.
const MOST: usize = 8;
/// Longer than any silence of the server, so that its keep-alive is seen too.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request and what came back: as much of the body as came before the server fell silent.
#[derive(Debug)]
pub struct Exchange {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether the body came to its end.
    pub ended: bool,
}

/// The texts of the requests of an input.
#[must_use]
pub fn texts(input: &[u8]) -> Vec<&[u8]> {
    let mut texts = split(input, b"\n%%\n");
    texts.truncate(MOST);
    texts
}

fn split<'a>(mut input: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = input.windows(separator.len()).position(|window| window == separator) {
        parts.push(&input[..at]);
        input = &input[at + separator.len()..];
    }
    parts.push(input);
    parts
}

/// Reads a request, in which `{session}` alone in a header stands for `session`; none if it is no HTTP at all.
#[must_use]
pub fn parse(text: &[u8], session: &[u8]) -> Option<Request<Full<Bytes>>> {
    let mut lines = text.splitn(2, |byte| *byte == b'\n');
    let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let mut rest = lines.next().unwrap_or_default();
    let mut request = Request::builder().method(method).uri(target);
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let value = line[colon + 1..].trim_ascii();
        let value = if value == SESSION { session } else { value };
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request = request.header(name, HeaderValue::from_bytes(value).ok()?);
    }
    request.body(Full::new(Bytes::copy_from_slice(rest))).ok()
}

/// Sends a request.
///
/// # Panics
/// When no answer comes, or its body breaks.
pub async fn send(service: &mut HttpService, request: Request<Full<Bytes>>) -> Exchange {
    let shown = format!("{} {}", request.method(), request.uri());
    let answer = tokio::time::timeout(PATIENCE, service.call(request)).await;
    let Ok(Ok(response)) = answer else { panic!("no answer to {shown}") };
    let (parts, body) = response.into_parts();
    let (body, ended) = collect(body).await;
    Exchange { status: parts.status, headers: parts.headers, body, ended }
}

async fn collect(mut body: ResponseBody) -> (Bytes, bool) {
    let mut whole = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame;
            whole.extend(frame.into_data().unwrap_or_default());
        }
    })
    .await
    .is_ok();
    (whole.into(), ended)
}

impl Exchange {
    /// The session that the response opened.
    #[must_use]
    pub fn session(&self) -> Option<&[u8]> {
        self.headers.get(MCP_SESSION_ID).map(HeaderValue::as_bytes)
    }

    /// The media type, without parameters.
    #[must_use]
    pub fn media_type(&self) -> &str {
        self.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
