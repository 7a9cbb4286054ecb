//! Who calls, told to services that are processes of their own.
//!
//! The process that callers reach verifies them and signs who they are; the services behind it believe that signature and nothing else, so that a way to
//! their sockets is no way to be somebody. The key is made at each start and handed over through a pipe: no file, command line or environment has it.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::task::{Context, Poll};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use mcp_core::protocol::{ErrorCode, Method, Params, RawJson, RpcError};
use mcp_core::service::{BoxError, McpService, Principal, Request, Response, ResponseFuture, SharedService};
use serde::{Deserialize, Serialize};
use tower_service::Service;

use crate::secret::Secret;

/// The member of `_meta` that says who calls. Nobody else may write it: what a caller puts there is replaced.
pub(crate) const CALLER: &str = "mcp-workbench/caller";
/// Bytes of a key.
const KEY: usize = 32;
/// What tells nothing of anybody, and is asked when a connection begins.
const OPEN: [Method; 8] = [
    Method::Initialize,
    Method::Ping,
    Method::Discover,
    Method::ToolsList,
    Method::PromptsList,
    Method::ResourcesList,
    Method::ResourceTemplatesList,
    Method::Listen,
];

/// The key that a stack and its services share.
#[derive(Debug, Clone)]
pub struct Voucher(Secret);

#[derive(Serialize, Deserialize)]
struct Claims {
    /// Nobody where the stack asks for no credentials.
    caller: Option<Principal>,
}

impl Voucher {
    /// A new key.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new() -> io::Result<Self> {
        let mut key = [0; KEY];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self(Secret::new(key.iter().map(|byte| format!("{byte:02x}")).collect::<String>())))
    }

    /// The key as it is handed over: a line of text.
    #[must_use]
    pub fn line(&self) -> Secret {
        Secret::new(format!("{}\n", self.0.expose()))
    }

    /// Takes the key that was handed over.
    ///
    /// # Errors
    /// There is none: this is for services that a stack starts.
    pub fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let key = line.trim_end();
        let is_key = key.len() == 2 * KEY && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_key.then(|| Self(Secret::new(key))).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "standard input must begin with the key of the stack: `mcp up --processes` hands it over",
            )
        })
    }

    /// Says who calls, so that services believe it.
    #[must_use]
    pub fn sign(&self, caller: Option<&Principal>) -> String {
        let (claims, key) = (Claims { caller: caller.cloned() }, self.0.expose().as_bytes());
        // INVARIANT: names of people can be written, and any key can sign by HMAC. An empty text is believed by nobody.
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key)).unwrap_or_default()
    }

    /// Who calls, if it was signed with this key.
    fn verify(&self, text: &str) -> Option<Option<Principal>> {
        // The key lives as long as the stack, and so does what it signed.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let key = DecodingKey::from_secret(self.0.expose().as_bytes());
        decode::<Claims>(text, &key, &validation).ok().map(|token| token.claims.caller)
    }

    /// What stands for a service, and tells it who calls.
    #[must_use]
    pub fn signing(&self, inner: impl McpService) -> SharedService {
        SharedService::new(Signing { voucher: self.clone(), inner: SharedService::new(inner) })
    }

    /// A service that believes who calls if it was signed, and answers nobody else.
    #[must_use]
    pub fn trusting(&self, inner: impl McpService) -> SharedService {
        SharedService::new(Trusting { voucher: self.clone(), inner: SharedService::new(inner) })
    }
}

/// The same parameters, with who calls among their `_meta` in place of whatever a caller wrote there.
fn told(params: &Params, who: &str) -> Option<Params> {
    let mut members: BTreeMap<String, RawJson> = serde_json::from_str(params.as_str()).ok()?;
    let mut meta: BTreeMap<String, RawJson> = match members.get("_meta") {
        Some(meta) => serde_json::from_str(meta.get()).ok()?,
        None => BTreeMap::new(),
    };
    meta.insert(CALLER.to_owned(), RawJson::from_serialize(who).ok()?);
    members.insert("_meta".to_owned(), RawJson::from_serialize(&meta).ok()?);
    Params::from_json(&serde_json::to_vec(&members).ok()?.into()).ok()
}

#[derive(Debug, Clone)]
struct Signing {
    voucher: Voucher,
    inner: SharedService,
}

impl Service<Request> for Signing {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> ResponseFuture {
        let who = self.voucher.sign(request.peer.principal.as_deref());
        match told(&request.params, &who) {
            Some(params) => request.params = params,
            // What cannot be read cannot be signed either, and must not go on as the caller wrote it.
            None => return refused(RpcError::invalid_params("`_meta` must be an object")),
        }
        self.inner.handle(request)
    }
}

#[derive(Debug, Clone)]
struct Trusting {
    voucher: Voucher,
    inner: SharedService,
}

impl Service<Request> for Trusting {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> ResponseFuture {
        let said = request.params.meta_str(CALLER);
        match said.as_deref().and_then(|said| self.voucher.verify(said)) {
            Some(caller) => request.peer.principal = caller.map(Into::into),
            None if request.id.is_none() || (said.is_none() && OPEN.contains(&request.method)) => {}
            None => {
                let text = "this service answers only the stack that started it";
                return refused(RpcError::new(ErrorCode::UNAUTHENTICATED, text));
            }
        }
        drop(said);
        self.inner.handle(request)
    }
}

fn refused(error: RpcError) -> ResponseFuture {
    ResponseFuture::ready(Response::error(error))
}

#[cfg(test)]
mod tests {
    use mcp_core::Server;
    use mcp_core::service::Outcome;
    use mcp_core::tool;
    use serde_json::{Value, json};

    use super::*;

    fn ann() -> Principal {
        let mut ann = Principal::new("acme", "ann");
        ann.scopes.insert("memory:org".to_owned());
        ann
    }

    fn service(voucher: &Voucher) -> SharedService {
        let who = async |who: Option<Principal>| match who {
            Some(who) => format!("{}/{} {:?}", who.org, who.user, who.scopes),
            None => "nobody".to_owned(),
        };
        voucher.trusting(Server::builder("s", "1").tool(tool("who", who)).build().unwrap())
    }

    async fn asked(service: &SharedService, caller: Option<Principal>, meta: Value) -> String {
        let params = json!({ "name": "who", "arguments": {}, "_meta": meta }).to_string();
        let mut request = Request::new(1, Method::ToolsCall, Params::from_json(&params.into()).unwrap());
        request.peer.principal = caller.map(Into::into);
        match service.handle(request).await.unwrap().outcome {
            Outcome::Result(bytes) => {
                let result: Value = serde_json::from_slice(&bytes).unwrap();
                result["content"][0]["text"].as_str().unwrap().to_owned()
            }
            Outcome::Error(error) => error.message.to_string(),
            _ => unreachable!(),
        }
    }

    #[tokio::test]
    async fn only_what_the_stack_signed_is_believed() {
        let (ours, theirs) = (Voucher::new().unwrap(), Voucher::new().unwrap());
        let service = service(&ours);
        let refused = "this service answers only the stack that started it";
        for forged in [
            json!({}),
            json!({ CALLER: "" }),
            json!({ CALLER: { "org": "acme", "user": "ann" } }),
            json!({ CALLER: theirs.sign(Some(&ann())) }),
            json!({ CALLER: format!("{}x", ours.sign(Some(&ann()))) }),
        ] {
            assert_eq!(asked(&service, None, forged.clone()).await, refused, "{forged}");
            assert_eq!(
                asked(&service, Some(ann()), forged.clone()).await,
                refused,
                "a socket has no principal: {forged}"
            );
        }
        let signed = json!({ CALLER: ours.sign(Some(&ann())) });
        assert_eq!(asked(&service, None, signed).await, r#"acme/ann {"memory:org"}"#);
        assert_eq!(asked(&service, Some(ann()), json!({ CALLER: ours.sign(None) })).await, "nobody");
    }

    #[tokio::test]
    async fn what_a_caller_writes_is_replaced_by_who_they_are() {
        let voucher = Voucher::new().unwrap();
        let front = voucher.signing(service(&voucher));
        // Even what was once signed for somebody else.
        let stolen = json!({ CALLER: voucher.sign(Some(&ann())), "other": 1 });
        let eve = Principal::new("other", "eve");
        assert_eq!(asked(&front, Some(eve), stolen.clone()).await, "other/eve {}");
        assert_eq!(asked(&front, None, stolen).await, "nobody");
        assert_eq!(asked(&front, Some(ann()), json!({})).await, r#"acme/ann {"memory:org"}"#);
    }

    #[test]
    fn a_key_is_handed_over_as_a_line_and_never_shown() {
        let voucher = Voucher::new().unwrap();
        let line = voucher.line();
        let read = Voucher::read(&mut line.expose().as_bytes()).unwrap();
        assert_eq!(read.verify(&voucher.sign(Some(&ann()))), Some(Some(ann())));
        assert_eq!(format!("{voucher:?}"), "Voucher(Secret)");
        for wrong in ["", "abc\n", &"g".repeat(64)] {
            assert!(Voucher::read(&mut wrong.as_bytes()).is_err());
        }
    }

    #[test]
    fn everything_else_of_the_parameters_stays() {
        let text = r#"{"name":"x","arguments":{"n":1.50,"deep":[{"_meta":1}]},"_meta":{"traceparent":"00-1","progressToken":7}}"#;
        let params = Params::from_json(&text.into()).unwrap();
        let signed = told(&params, "w").unwrap();
        assert_eq!(signed.get("arguments"), params.get("arguments"));
        assert_eq!(
            (signed.meta("progressToken"), signed.meta_str(CALLER).as_deref()),
            (Some("7"), Some("w"))
        );
        assert!(told(&Params::from_json(&"{}".into()).unwrap(), "w").unwrap().has_meta());
    }
}
