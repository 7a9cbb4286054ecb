//! Opening a connection: which transport, which revision.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::connection::{Connection, ServerInfo};
use super::draft::Replies;
use super::target::{Kind, Target};
use super::wire::duplex::Duplex;
use super::wire::{Answer, Outgoing, Wire};
use super::{Draft, Error, Inbox};
use crate::protocol::{
    ClientCapabilities, DiscoverResult, ErrorCode, Implementation, LogLevel, Method, ProtocolVersion,
    RpcError, ServerCapabilities, decode, meta,
};

/// How long a server of an unknown revision may keep silent before it is greeted as an old one.
const PROBE: Duration = Duration::from_secs(3);

/// All that is needed to open connections.
pub(crate) struct Opener {
    pub(crate) target: Target,
    pub(crate) info: Implementation,
    pub(crate) capabilities: ClientCapabilities,
    /// The only revision to speak, if one is asked for.
    pub(crate) version: Option<ProtocolVersion>,
    pub(crate) log_level: Option<LogLevel>,
    /// How long the handshake may take.
    pub(crate) patience: Duration,
    /// The most bytes of a message.
    pub(crate) limit: usize,
    #[cfg(feature = "http-client")]
    pub(crate) http: super::http::HttpClient,
    #[cfg(feature = "http-client")]
    pub(crate) headers: http::HeaderMap,
    #[cfg(feature = "http-client")]
    pub(crate) authorize: Option<Arc<dyn super::http::Authorize>>,
}

/// A connection that is being opened.
struct Opening<'a> {
    opener: &'a Opener,
    inbox: &'a Arc<Inbox>,
    next: &'a AtomicI64,
}

/// What the first question showed.
enum Era {
    Modern(Box<DiscoverResult>),
    /// Sessions, with the revision to ask for.
    Legacy(ProtocolVersion),
}

/// What the handshake led to.
struct Agreed {
    server: ServerInfo,
    standard: String,
}

impl Agreed {
    fn on(self, wire: Wire) -> Connection {
        Connection { wire, server: Arc::new(self.server), standard: self.standard }
    }
}

/// Opens a connection, within the time for it.
pub(crate) async fn open(opener: &Opener, inbox: &Arc<Inbox>, next: &AtomicI64) -> Result<Connection, Error> {
    let opening = Opening { opener, inbox, next };
    match tokio::time::timeout(opener.patience, opening.open()).await {
        Ok(connection) => connection,
        Err(_) => Err(Error::Timeout { method: Method::Discover, after: opener.patience }),
    }
}

impl Opening<'_> {
    async fn open(&self) -> Result<Connection, Error> {
        #[cfg(feature = "http-client")]
        if let Kind::Url(url) = &self.opener.target.0
            && matches!(url.scheme(), "http" | "https")
        {
            return self.open_http(url).await;
        }
        let wire = Wire::Duplex(self.duplex().await?);
        match self.greet(&wire).await {
            Ok(agreed) => Ok(agreed.on(wire)),
            // Some old servers end at a request that they do not expect, at once or with the next one.
            Err(Error::Closed { .. }) if self.opener.version.is_none() => {
                let wire = Wire::Duplex(self.duplex().await?);
                let agreed = self.shake_hands(&wire, Era::Legacy(ProtocolVersion::LATEST_LEGACY)).await?;
                Ok(agreed.on(wire))
            }
            Err(error) => Err(error),
        }
    }

    /// Finds the revision of a server on a channel, and shakes hands. One that keeps silent may not know
    /// the question, or may still be starting: it is greeted as an old one too, and what it answers first
    /// counts.
    async fn greet(&self, wire: &Wire) -> Result<Agreed, Error> {
        let mut probe = std::pin::pin!(self.probe(wire));
        if self.opener.version.is_some() {
            return self.shake_hands(wire, probe.await?).await;
        }
        if let Ok(era) = tokio::time::timeout(PROBE, &mut probe).await {
            return self.shake_hands(wire, era?).await;
        }
        let old = Era::Legacy(ProtocolVersion::LATEST_LEGACY);
        let mut greeting = std::pin::pin!(self.shake_hands(wire, old));
        tokio::select! {
            biased;
            era = &mut probe => match era? {
                era @ Era::Modern(_) => self.shake_hands(wire, era).await,
                Era::Legacy(_) => greeting.await,
            },
            agreed = &mut greeting => agreed,
        }
    }

    async fn duplex(&self) -> Result<Duplex, Error> {
        let inbox = Arc::clone(self.inbox);
        match &self.opener.target.0 {
            #[cfg(feature = "stdio")]
            Kind::Program(program) => super::wire::child::start(program, self.opener.limit, inbox),
            #[cfg(all(feature = "stdio", unix))]
            Kind::Unix(path) => {
                use super::wire::lines::{LineSink, LineSource};
                let stream = tokio::net::UnixStream::connect(path).await.map_err(|error| Error::Connect {
                    address: self.opener.target.name(),
                    source: error.into(),
                })?;
                let (input, output) = stream.into_split();
                let source = LineSource::new(input, self.opener.limit);
                Ok(Duplex::new(source, LineSink(output), None, inbox))
            }
            #[cfg(all(feature = "http-client", feature = "ws"))]
            Kind::Url(url) if matches!(url.scheme(), "ws" | "wss") => {
                super::wire::ws::connect(self.opener, url, inbox).await
            }
            #[cfg(feature = "http-client")]
            Kind::Url(_) => Err(Error::Target {
                target: self.opener.target.name(),
                problem: "the scheme of the URL is none that a client of this build speaks",
            }),
            Kind::Service(service) => {
                let channel = crate::transport::memory::connect(service.clone());
                Ok(Duplex::new(channel.rx, channel.tx, None, inbox))
            }
        }
    }

    #[cfg(feature = "http-client")]
    async fn open_http(&self, url: &url::Url) -> Result<Connection, Error> {
        use super::wire::http::{HttpTarget, HttpWire};
        let target = HttpTarget {
            client: self.opener.http.clone(),
            url: url.clone(),
            headers: self.opener.headers.clone(),
            authorize: self.opener.authorize.clone(),
            limit: self.opener.limit,
        };
        let http = HttpWire::new(target.clone(), Arc::clone(self.inbox));
        http.speak(ProtocolVersion::LATEST);
        let wire = Wire::Http(Box::new(http));
        let era = self.probe(&wire).await?;
        if let Era::Modern(_) = era {
            return Ok(self.shake_hands(&wire, era).await?.on(wire));
        }
        // A new wire: nothing of the probe is in its headers.
        let wire = Wire::Http(Box::new(HttpWire::new(target.clone(), Arc::clone(self.inbox))));
        match self.shake_hands(&wire, era).await {
            Err(error @ Error::Status { status, .. })
                if matches!(status.as_u16(), 400 | 404 | 405) && self.speaks_old_sse() =>
            {
                let Some(duplex) = super::wire::old_sse::connect(&target, Arc::clone(self.inbox)).await
                else {
                    return Err(error);
                };
                let wire = Wire::Duplex(duplex);
                let agreed = self.shake_hands(&wire, Era::Legacy(ProtocolVersion::LATEST_LEGACY)).await?;
                Ok(agreed.on(wire))
            }
            other => Ok(other?.on(wire)),
        }
    }

    #[cfg(feature = "http-client")]
    fn speaks_old_sse(&self) -> bool {
        self.opener.version.is_none_or(|version| version == ProtocolVersion::V2024_11_05)
    }

    /// Finds out whether the server has sessions.
    async fn probe(&self, wire: &Wire) -> Result<Era, Error> {
        if let Some(version) = self.opener.version.filter(|version| !version.is_modern()) {
            return Ok(Era::Legacy(version));
        }
        let legacy = Era::Legacy(ProtocolVersion::LATEST_LEGACY);
        let (draft, standard) = (Draft::bare(Method::Discover), self.standard());
        let era = match self.request(wire, &draft, &standard).await {
            Ok(answer) => self.judge(answer)?,
            // Credentials are missing, or are too many requests: no sign of age.
            Err(Error::Status { status, body }) if matches!(status.as_u16(), 401 | 403 | 429) => {
                return Err(Error::Status { status, body });
            }
            Err(Error::Status { .. } | Error::Malformed { .. }) => legacy,
            Err(error) => return Err(error),
        };
        match (&era, self.opener.version) {
            (Era::Legacy(_), Some(version)) => {
                tracing::debug!(%version, "the server does not speak the only revision asked for");
                Err(Error::UnsupportedVersion { offered: vec!["older revisions".to_owned()] })
            }
            _ => Ok(era),
        }
    }

    /// Reads the answer to `server/discover`, or what came instead.
    fn judge(&self, answer: Answer) -> Result<Era, Error> {
        #[derive(Deserialize)]
        struct Supported {
            #[serde(default)]
            supported: Vec<String>,
        }
        let legacy = Era::Legacy(ProtocolVersion::LATEST_LEGACY);
        let offered = match answer {
            Ok(result) => {
                let text = std::str::from_utf8(&result).unwrap_or_default();
                // Without the list of revisions, something else has answered.
                let Ok(discovered) = decode::<DiscoverResult>(text) else { return Ok(legacy) };
                if discovered.supported_versions.iter().any(|v| v == ProtocolVersion::LATEST.as_str()) {
                    return Ok(Era::Modern(Box::new(discovered)));
                }
                discovered.supported_versions
            }
            Err(RpcError { code: ErrorCode::UNSUPPORTED_VERSION, data, .. }) => {
                serde_json::from_value::<Supported>(data.unwrap_or_default())
                    .map_or_else(|_| Vec::new(), |data| data.supported)
            }
            Err(error)
                if matches!(
                    error.code,
                    ErrorCode::HEADER_MISMATCH | ErrorCode::MISSING_CLIENT_CAPABILITY
                ) =>
            {
                return Err(Error::Rpc(error));
            }
            Err(_) => return Ok(legacy),
        };
        let known = offered.iter().filter_map(|version| version.parse::<ProtocolVersion>().ok());
        match known.max() {
            // It speaks the revision after all: it just will not be discovered with it.
            Some(version) if version.is_modern() => Ok(Era::Modern(Box::default())),
            Some(version) => Ok(Era::Legacy(version)),
            None if offered.is_empty() => Ok(legacy),
            None => Err(Error::UnsupportedVersion { offered }),
        }
    }

    async fn shake_hands(&self, wire: &Wire, era: Era) -> Result<Agreed, Error> {
        match era {
            Era::Modern(discovered) => {
                let info = discovered.meta.as_ref().and_then(|meta| meta.get(meta::SERVER_INFO));
                let server = ServerInfo {
                    version: ProtocolVersion::LATEST,
                    info: info.and_then(|info| serde_json::from_value(info.clone()).ok()),
                    capabilities: discovered.capabilities,
                    instructions: discovered.instructions,
                };
                Ok(Agreed { server, standard: self.standard() })
            }
            Era::Legacy(version) => self.initialize(wire, version).await,
        }
    }

    /// Opens a session.
    async fn initialize(&self, wire: &Wire, version: ProtocolVersion) -> Result<Agreed, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Initialize<'a> {
            protocol_version: &'static str,
            capabilities: &'a ClientCapabilities,
            client_info: &'a Implementation,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Welcome {
            protocol_version: String,
            #[serde(default)]
            capabilities: ServerCapabilities,
            #[serde(default)]
            server_info: Option<Implementation>,
            #[serde(default)]
            instructions: Option<String>,
        }
        let initialize = Initialize {
            protocol_version: version.as_str(),
            capabilities: &self.opener.capabilities,
            client_info: &self.opener.info,
        };
        let draft = Draft::new(Method::Initialize, &initialize)?;
        let result = self.request(wire, &draft, "").await??;
        let text = std::str::from_utf8(&result).unwrap_or_default();
        let welcome: Welcome =
            decode(text).map_err(|source| Error::Decode { method: Method::Initialize, source })?;
        let agreed = welcome.protocol_version.parse().ok().filter(|v: &ProtocolVersion| !v.is_modern());
        let Some(agreed) = agreed else {
            return Err(Error::UnsupportedVersion { offered: vec![welcome.protocol_version] });
        };
        #[cfg(feature = "http-client")]
        if let Wire::Http(http) = wire {
            http.speak(agreed);
        }
        wire.notify(Draft::bare(Method::Initialized).notification("")).await?;
        #[cfg(feature = "http-client")]
        if let Wire::Http(http) = wire {
            http.listen();
        }
        let server = ServerInfo {
            version: agreed,
            info: welcome.server_info,
            capabilities: welcome.capabilities,
            instructions: welcome.instructions,
        };
        if let Some(level) = self.opener.log_level.filter(|_| server.capabilities.logging) {
            let draft = Draft::new(Method::SetLogLevel, &json!({ "level": level.as_str() }))?;
            if let Err(error) = self.request(wire, &draft, "").await? {
                tracing::debug!(%error, "the server did not take the log level");
            }
        }
        Ok(Agreed { server, standard: String::new() })
    }

    async fn request(&self, wire: &Wire, draft: &Draft, standard: &str) -> Result<Answer, Error> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let frame: Bytes = draft.frame(id, standard, &Replies::default());
        wire.request(Outgoing { id, draft, frame, mirrored: Vec::new() }).await
    }

    /// The members of `_meta` that every request of the newest revision carries.
    fn standard(&self) -> String {
        let mut all = json!({
            meta::PROTOCOL_VERSION: ProtocolVersion::LATEST.as_str(),
            meta::CLIENT_INFO: self.opener.info,
            meta::CLIENT_CAPABILITIES: self.opener.capabilities,
        });
        if let (Some(level), Value::Object(all)) = (self.opener.log_level, &mut all) {
            all.insert(meta::LOG_LEVEL.to_owned(), level.as_str().into());
        }
        let text = all.to_string();
        text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default().to_owned()
    }
}
