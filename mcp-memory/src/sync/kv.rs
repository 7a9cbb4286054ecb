//! Cloudflare's Workers KV by its REST API.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{HeaderValue, Method, Request, Uri};

use super::remote::{Entry, Put, Remote, RemoteError};
use crate::MemoryError;
use crate::http::{Attempt, LONGEST_WAIT, agent, bearer, repeated, roots, wanted};

const API: &str = "https://api.cloudflare.com/client/v4/accounts/";
/// Entries that one call takes: what the API allows, and less than 100 MB.
const WRITE: usize = 1_000;
const READ: usize = 100;
const REMOVE: usize = 10_000;
/// Bytes of an answer.
const LARGEST: u64 = 128 << 20;
const RETRIES: u32 = 3;
const BACK_OFF: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_mins(1);

/// A namespace of Cloudflare's Workers KV (<https://developers.cloudflare.com/kv/>). It is consistent after a minute or so: what one place
/// sends another sees then.
///
/// ```no_run
/// use mcp_memory::sync::CloudflareKv;
/// use mcp_memory::{Access, MasterKey, Memory, Scope};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let kv = CloudflareKv::builder("your account", "your namespace").token(std::env::var("CLOUDFLARE_API_TOKEN")?).build()?;
/// let key = MasterKey::from_hex(&std::env::var("MEMORY_SYNC_KEY")?)?;
/// let ann = Memory::open("memory")?.of(Access::new("acme", "ann"));
/// let synced = ann.sync(&Scope::Private, &kv, &key)?;
/// println!("{} came, {} went", synced.pulled, synced.pushed);
/// # Ok(()) }
/// ```
pub struct CloudflareKv {
    agent: Agent,
    /// The address of the namespace.
    url: String,
    token: Option<HeaderValue>,
    /// Whether many entries are not written at once: what stands for the API in tests may not have that.
    is_single: AtomicBool,
}

/// How a namespace is to be reached.
#[must_use = "a builder does nothing until it builds"]
pub struct CloudflareKvBuilder {
    namespace: String,
    api: String,
    token: Option<String>,
}

impl CloudflareKv {
    /// A namespace of an account, by their identifiers.
    pub fn builder(account: impl fmt::Display, namespace: impl Into<String>) -> CloudflareKvBuilder {
        CloudflareKvBuilder { namespace: namespace.into(), api: format!("{API}{account}"), token: None }
    }

    fn call(
        &self,
        doing: &'static str,
        method: &Method,
        path: &str,
        body: Body<'_>,
    ) -> Result<Answer, RemoteError> {
        repeated(RETRIES, BACK_OFF, |back_off| match self.attempt(doing, method, path, body) {
            Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                let wait = answer.wait.unwrap_or(back_off);
                let again = (wait <= LONGEST_WAIT).then_some(wait);
                Err(Attempt { failed: self.refused(doing, &answer), again })
            }
            Ok(answer) => Ok(answer),
            // To write the same again does no harm.
            Err(failed) => Err(Attempt { failed, again: Some(back_off) }),
        })
    }

    fn attempt(
        &self,
        doing: &'static str,
        method: &Method,
        path: &str,
        Body { kind, bytes }: Body<'_>,
    ) -> Result<Answer, RemoteError> {
        let broken = |problem: &str, source: Option<Box<dyn std::error::Error + Send + Sync>>| RemoteError {
            remote: self.url.clone(),
            doing,
            problem: problem.to_owned(),
            source,
        };
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let request = request.body(bytes).map_err(|error| broken("a key is wrong", Some(error.into())))?;
        let unreachable = |error: ureq::Error| broken("it cannot be reached", Some(error.into()));
        let mut response = self.agent.run(request).map_err(unreachable)?;
        let (status, wait) =
            (response.status().as_u16(), response.headers().get("retry-after").and_then(wanted));
        let body = response.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(unreachable)?;
        Ok(Answer { status, wait, body })
    }

    fn refused(&self, doing: &'static str, answer: &Answer) -> RemoteError {
        let said: Option<Refusal> = serde_json::from_slice(&answer.body).ok();
        let said: Vec<String> =
            said.into_iter().flat_map(|said| said.errors).map(|error| error.message).collect();
        let help = match answer.status {
            401 | 403 => "; check the token: it must allow to edit Workers KV",
            404 => "; check the account and the namespace",
            429 => "; the account's limit is reached: try again later",
            _ => "",
        };
        let problem = format!("status {} {}{help}", answer.status, said.join(", "));
        RemoteError { remote: self.url.clone(), doing, problem, source: None }
    }

    /// The answer to a call that must succeed, as JSON.
    fn json<T: for<'de> Deserialize<'de>>(
        &self,
        doing: &'static str,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<T, RemoteError> {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let kind = if body.is_null() { "" } else { "application/json" };
        let answer = self.call(doing, method, path, Body { kind, bytes: &bytes })?;
        if !(200..300).contains(&answer.status) {
            return Err(self.refused(doing, &answer));
        }
        serde_json::from_slice(&answer.body).map_err(|error| RemoteError {
            remote: self.url.clone(),
            doing,
            problem: "the answer is none of the API's".to_owned(),
            source: Some(error.into()),
        })
    }

    fn write_one(&self, put: &Put) -> Result<(), RemoteError> {
        // What is in the parts is JSON and base64, in which no line begins so.
        const BETWEEN: &str = "--mcp-memory-part";
        let mark = json!({ "mark": put.entry.mark });
        let value = STANDARD.encode(&put.value);
        let part = |name: &str, text: &str| {
            format!("{BETWEEN}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
        };
        let body = part("value", &value) + &part("metadata", &mark.to_string()) + BETWEEN + "--\r\n";
        let kind = "multipart/form-data; boundary=mcp-memory-part";
        let path = format!("/values/{}", escaped(&put.entry.key));
        let answer = self.call("written", &Method::PUT, &path, Body { kind, bytes: body.as_bytes() })?;
        if (200..300).contains(&answer.status) { Ok(()) } else { Err(self.refused("written", &answer)) }
    }

    /// Does many at once, or says that this cannot be had.
    fn at_once(
        &self,
        doing: &'static str,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<bool, RemoteError> {
        if self.is_single.load(Relaxed) {
            return Ok(false);
        }
        let bytes = body.to_string().into_bytes();
        let answer = self.call(doing, method, path, Body { kind: "application/json", bytes: &bytes })?;
        match answer.status {
            200..300 => Ok(true),
            404 | 405 => {
                self.is_single.store(true, Relaxed);
                Ok(false)
            }
            _ => Err(self.refused(doing, &answer)),
        }
    }
}

impl Remote for CloudflareKv {
    fn name(&self) -> &str {
        &self.url
    }

    fn list(&self, prefix: &str) -> Result<Vec<Entry>, RemoteError> {
        let (mut entries, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/keys?limit=1000&prefix={}&cursor={}", escaped(prefix), escaped(&cursor));
            let page: Page = self.json("listed", &Method::GET, &path, &Value::Null)?;
            // Who noted nothing did not come from us.
            let entry = |name: Name| Some(Entry { key: name.name, mark: name.metadata?.mark? });
            entries.extend(page.result.into_iter().filter_map(entry));
            cursor = page.result_info.cursor;
            if cursor.is_empty() {
                return Ok(entries);
            }
        }
    }

    fn read(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, RemoteError> {
        let mut values = Vec::with_capacity(keys.len());
        for keys in keys.chunks(READ) {
            let body = json!({ "keys": keys, "type": "text" });
            let mut answer: Values = self.json("read", &Method::POST, "/bulk/get", &body)?;
            let value = |key: &String| STANDARD.decode(answer.result.values.remove(key)??).ok();
            values.extend(keys.iter().map(value));
        }
        Ok(values)
    }

    fn write(&self, entries: &[Put]) -> Result<(), RemoteError> {
        for puts in entries.chunks(WRITE) {
            let pair = |put: &Put| {
                let mark = json!({ "mark": put.entry.mark });
                json!({ "key": put.entry.key, "value": STANDARD.encode(&put.value), "metadata": mark })
            };
            let body = puts.iter().map(pair).collect();
            if !self.at_once("written", &Method::PUT, "/bulk", &body)? {
                puts.iter().try_for_each(|put| self.write_one(put))?;
            }
        }
        Ok(())
    }

    fn remove(&self, keys: &[String]) -> Result<(), RemoteError> {
        for keys in keys.chunks(REMOVE) {
            if !self.at_once("removed from", &Method::POST, "/bulk/delete", &json!(keys))? {
                for key in keys {
                    let path = format!("/values/{}", escaped(key));
                    let _: Value = self.json("removed from", &Method::DELETE, &path, &Value::Null)?;
                }
            }
        }
        Ok(())
    }
}

impl CloudflareKvBuilder {
    /// Authorizes by a token, which no error and no log repeats. It must allow to edit Workers KV.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Calls another address than Cloudflare's: up to, and without, `/storage/kv`.
    pub fn api(mut self, url: impl Into<String>) -> Self {
        self.api = url.into();
        self
    }

    /// Makes it. Nothing is called.
    ///
    /// # Errors
    /// A member is wrong.
    pub fn build(self) -> Result<CloudflareKv, MemoryError> {
        let is_name = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name(&self.namespace) {
            return Err(MemoryError::invalid(
                "namespace",
                "must be the identifier of a namespace: letters and digits",
            ));
        }
        let url = format!("{}/storage/kv/namespaces/{}", self.api.trim_end_matches('/'), self.namespace);
        let uri: Uri = url
            .parse()
            .map_err(|_| MemoryError::invalid("account", "must be the identifier of an account"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.authority().is_none() {
            return Err(MemoryError::invalid(
                "api",
                "must be an address such as `https://api.cloudflare.com/client/v4/accounts/…`",
            ));
        }
        Ok(CloudflareKv {
            agent: agent(&uri, TIMEOUT, &roots(&uri)?),
            url,
            token: self.token.as_deref().map(|token| bearer("token", token)).transpose()?,
            is_single: AtomicBool::new(false),
        })
    }
}

impl fmt::Debug for CloudflareKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudflareKv").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for CloudflareKvBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudflareKvBuilder").field("api", &self.api).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
struct Body<'a> {
    kind: &'a str,
    bytes: &'a [u8],
}

struct Answer {
    status: u16,
    wait: Option<Duration>,
    body: Vec<u8>,
}

#[derive(Deserialize)]
struct Page {
    result: Vec<Name>,
    #[serde(default)]
    result_info: Info,
}

#[derive(Deserialize, Default)]
struct Info {
    #[serde(default)]
    cursor: String,
}

#[derive(Deserialize)]
struct Name {
    name: String,
    metadata: Option<Noted>,
}

#[derive(Deserialize)]
struct Noted {
    mark: Option<String>,
}

#[derive(Deserialize)]
struct Values {
    result: Found,
}

#[derive(Deserialize)]
struct Found {
    values: std::collections::HashMap<String, Option<String>>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    message: String,
}

/// As a part of an address.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut to, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            to.push(char::from(byte));
        } else {
            to.push_str(&format!("%{byte:02X}"));
        }
        to
    })
}
