//! TLS for listeners: 1.3 unless you say otherwise, certificates that are read again when they change.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs};
use tokio_rustls::TlsAcceptor;

/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(60);

/// Where a PEM text is.
#[derive(Clone)]
pub enum Pem {
    /// Here.
    Text(String),
    /// In a file, which is read again when it changes.
    File(PathBuf),
}

/// The certificate of a listener, and what it asks of its clients.
///
/// ```no_run
/// # async fn run(server: mcp_core::Server) -> Result<(), Box<dyn std::error::Error>> {
/// use mcp_core::transport::http::{Http, Listener, Pem, ServerTls};
///
/// let tls = ServerTls::builder(Pem::File("server.pem".into()), Pem::File("server.key".into()))
///     .require_clients(Pem::File("clients-ca.pem".into()))
///     .build()?;
/// let listener = Listener::bind("0.0.0.0:8443").await?.tls(tls);
/// listener.serve(Http::new(server), std::future::pending()).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ServerTls(Arc<Inner>);

struct Inner {
    settings: ServerTlsBuilder,
    config: ArcSwap<ServerConfig>,
    /// What the texts were when the configuration was made.
    read: parking_lot::Mutex<Texts>,
}

/// Settings of a [`ServerTls`].
#[derive(Clone)]
#[must_use = "settings do nothing until they are built"]
pub struct ServerTlsBuilder {
    certificate: Pem,
    key: Pem,
    clients: Option<Pem>,
    optional: bool,
    revoked: Vec<Pem>,
    tls12: bool,
    every: Duration,
}

/// What the sources hold at one time.
#[derive(PartialEq, Eq)]
struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
    clients: Option<Vec<u8>>,
    revoked: Vec<Vec<u8>>,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {what} from `{}`", path.display())]
    Read {
        /// What is in it.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A text does not hold what it should.
    #[error("{what} is no PEM text with {wanted}")]
    Pem {
        /// Which text.
        what: &'static str,
        /// What was looked for.
        wanted: &'static str,
    },
    /// Certificate and key do not fit, or cannot be used.
    #[error("certificate and key cannot be used together")]
    Identity(#[source] rustls::Error),
    /// The authority of the clients, or its list of revoked certificates, cannot be used.
    #[error("the clients' authority cannot be used: {0}")]
    Clients(String),
}

impl ServerTls {
    /// Begins with the certificate, followed by those that lead to its root, and its private key.
    pub const fn builder(certificate: Pem, key: Pem) -> ServerTlsBuilder {
        ServerTlsBuilder {
            certificate,
            key,
            clients: None,
            optional: false,
            revoked: Vec::new(),
            tls12: false,
            every: EVERY,
        }
    }

    /// Reads the files again. Connections that come from now on get the new certificates; whether anything
    /// changed. The listener does this by itself, once a minute.
    ///
    /// # Errors
    /// What the files hold now cannot be used. The old stays in use.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let texts = self.0.settings.read()?;
        let mut read = self.0.read.lock();
        if *read == texts {
            return Ok(false);
        }
        self.0.config.store(Arc::new(self.0.settings.config(&texts)?));
        *read = texts;
        Ok(true)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.config.load_full())
    }

    /// Looks after the files for ever.
    pub(super) async fn watch(&self) {
        loop {
            tokio::time::sleep(self.0.settings.every).await;
            let tls = self.clone();
            // Files may be on a disk that is slow or gone.
            match tokio::task::spawn_blocking(move || tls.reload()).await {
                Ok(Ok(true)) => tracing::info!("new certificates are in use"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "certificates could not be read again; the old stay in use");
                }
                Err(error) => tracing::error!(%error, "certificates could not be read again"),
            }
        }
    }
}

impl ServerTlsBuilder {
    /// Lets in only clients whose certificate leads to one of these authorities.
    pub fn require_clients(mut self, authorities: Pem) -> Self {
        self.clients = Some(authorities);
        self.optional = false;
        self
    }

    /// Asks clients for a certificate, and lets in those without one too; one that is shown must be good.
    pub fn ask_clients(mut self, authorities: Pem) -> Self {
        self.clients = Some(authorities);
        self.optional = true;
        self
    }

    /// Refuses clients whose certificate is on this list of their authority.
    pub fn revoked(mut self, list: Pem) -> Self {
        self.revoked.push(list);
        self
    }

    /// Speaks TLS 1.2 as well, for clients that cannot do better.
    pub const fn allow_tls12(mut self) -> Self {
        self.tls12 = true;
        self
    }

    /// How often files are looked at; once a minute unless set.
    pub const fn reload_every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// Reads everything, and checks that it fits.
    ///
    /// # Errors
    /// It does not.
    pub fn build(self) -> Result<ServerTls, TlsError> {
        let read = self.read()?;
        let config = self.config(&read)?;
        let inner = Inner { settings: self, config: ArcSwap::from_pointee(config), read: read.into() };
        Ok(ServerTls(Arc::new(inner)))
    }

    fn read(&self) -> Result<Texts, TlsError> {
        let revoked = self.revoked.iter().map(|list| list.read("the list of revoked certificates"));
        Ok(Texts {
            certificate: self.certificate.read("the certificate")?,
            key: self.key.read("the private key")?,
            clients: self.clients.as_ref().map(|pem| pem.read("the clients' authorities")).transpose()?,
            revoked: revoked.collect::<Result<_, _>>()?,
        })
    }

    fn config(&self, texts: &Texts) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&texts.certificate, "the certificate")?;
        let no_key = TlsError::Pem { what: "the private key", wanted: "a key" };
        let key = PrivateKeyDer::from_pem_slice(&texts.key).map_err(|_| no_key)?;
        // Never the provider of the process: other crates may have chosen another one, or none.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions: &[_] = if self.tls12 { &[&TLS13, &TLS12] } else { &[&TLS13] };
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(TlsError::Identity)?;
        let builder = match &texts.clients {
            Some(authorities) => {
                builder.with_client_cert_verifier(self.verifier(authorities, &texts.revoked)?)
            }
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Identity)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn verifier(
        &self,
        authorities: &[u8],
        revoked: &[Vec<u8>],
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let mut roots = RootCertStore::empty();
        for authority in certificates(authorities, "the clients' authorities")? {
            roots.add(authority).map_err(|error| TlsError::Clients(error.to_string()))?;
        }
        let mut lists = Vec::new();
        for text in revoked {
            let before = lists.len();
            for list in CertificateRevocationListDer::pem_slice_iter(text) {
                lists.push(list.map_err(|error| TlsError::Clients(error.to_string()))?);
            }
            if lists.len() == before {
                return Err(TlsError::Pem {
                    what: "the list of revoked certificates",
                    wanted: "an `X509 CRL`",
                });
            }
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if !lists.is_empty() {
            builder = builder.with_crls(lists).only_check_end_entity_revocation();
        }
        if self.optional {
            builder = builder.allow_unauthenticated();
        }
        builder.build().map_err(|error| TlsError::Clients(error.to_string()))
    }
}

impl Pem {
    fn read(&self, what: &'static str) -> Result<Vec<u8>, TlsError> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::File(path) => {
                std::fs::read(path).map_err(|source| TlsError::Read { what, path: path.clone(), source })
            }
        }
    }
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = || TlsError::Pem { what, wanted: "a certificate" };
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if all.is_empty() { Err(wrong()) } else { Ok(all) }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It may be a private key.
            Self::Text(_) => f.write_str("Pem::Text"),
            Self::File(path) => f.debug_tuple("Pem::File").field(path).finish(),
        }
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServerTls").field(&self.0.settings).finish()
    }
}

impl fmt::Debug for ServerTlsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTlsBuilder")
            .field("certificate", &self.certificate)
            .field("clients", &self.clients)
            .field("tls12", &self.tls12)
            .finish_non_exhaustive()
    }
}
