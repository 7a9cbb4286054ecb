//! Which certificates are trusted.

use std::sync::Arc;

use bytes::Bytes;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

use crate::service::BoxError;

/// TLS with the roots of the system and those given as PEM.
pub(super) fn config(extra: &[Bytes]) -> Result<ClientConfig, BoxError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "a root certificate of the system cannot be loaded");
    }
    roots.add_parsable_certificates(system.certs);
    for pem in extra {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate?)?;
        }
    }
    // Never the provider of the process: other crates may have chosen another one, or none.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
