//! Callers that are known by their certificate: the TLS listener has checked it, its names say who they are.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::request::Parts;
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::{Authenticate, Rejection};
use crate::service::Principal;

/// The certificate that the client of a connection showed, and that was found good. The TLS listener puts
/// it into the extensions of each request; behind a proxy that ends TLS, a layer of yours may.
#[derive(Clone)]
pub struct PeerCertificate(Arc<Shown>);

/// A certificate, read once for all requests of its connection.
struct Shown {
    der: Bytes,
    names: OnceLock<CertificateNames>,
}

/// Who a certificate says its owner is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateNames {
    /// Alternative names that are URIs, such as SPIFFE identifiers.
    pub uris: Vec<String>,
    /// Alternative names that are host names.
    pub hosts: Vec<String>,
}

impl PeerCertificate {
    /// A certificate in DER.
    #[must_use]
    pub fn new(der: impl Into<Bytes>) -> Self {
        Self(Arc::new(Shown { der: der.into(), names: OnceLock::new() }))
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &Bytes {
        &self.0.der
    }

    /// Its SHA-256, as tokens that are bound to it say (`cnf.x5t#S256`, RFC 8705).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.0.der))
    }

    /// The names in it. Common names are none: they were given up long ago (RFC 9525).
    #[must_use]
    pub fn names(&self) -> &CertificateNames {
        self.0.names.get_or_init(|| CertificateNames::read(&self.0.der))
    }
}

impl CertificateNames {
    fn read(der: &[u8]) -> Self {
        let der = CertificateDer::from(der);
        let Ok(certificate) = EndEntityCert::try_from(&der) else { return Self::default() };
        Self { uris: named(certificate.valid_uri_names()), hosts: named(certificate.valid_dns_names()) }
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate").field("names", self.names()).finish()
    }
}

/// A name that is empty names nobody.
fn named<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

type Map = dyn Fn(&CertificateNames) -> Option<Principal> + Send + Sync;

/// Makes a caller of a client's certificate.
pub struct Certificates(Box<Map>);

impl Certificates {
    /// Callers are services of one organisation, named by the first URI in their certificate, else by the
    /// first host name.
    #[must_use]
    pub fn of_org(org: impl Into<String>) -> Self {
        let org = org.into();
        Self::new(move |names| {
            let name = names.uris.first().or_else(|| names.hosts.first())?;
            let mut principal = Principal::new(org.clone(), name);
            principal.issuer = "certificate".to_owned();
            principal.role = Some("service".to_owned());
            Some(principal)
        })
    }

    /// A function says who the owner of these names is; none for strangers.
    pub fn new(who: impl Fn(&CertificateNames) -> Option<Principal> + Send + Sync + 'static) -> Self {
        Self(Box::new(who))
    }
}

#[async_trait::async_trait]
impl Authenticate for Certificates {
    async fn authenticate(&self, request: &Parts) -> Result<Option<Arc<Principal>>, Rejection> {
        let Some(certificate) = request.extensions.get::<PeerCertificate>() else { return Ok(None) };
        match (self.0)(certificate.names()) {
            Some(principal) => Ok(Some(Arc::new(principal))),
            None => Err(Rejection::invalid("the certificate's owner is not known here")),
        }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}
