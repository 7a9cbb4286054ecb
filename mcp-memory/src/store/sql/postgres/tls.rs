//! TLS on the way to a server: when, and whom it trusts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::MemoryError;

/// A URL without what only libpq knows, and the file of roots that it named: `sslrootcert` is taken out, and `sslmode=verify-ca` and
/// `verify-full` become `require`, since certificates and names are always verified here.
pub(super) fn understood(url: &str) -> Result<(String, Option<PathBuf>), MemoryError> {
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let (before, parameters, separator) = match url.split_once('?') {
        Some((before, parameters)) if is_url => (format!("{before}?"), parameters, '&'),
        _ if is_url => return Ok((url.to_owned(), None)),
        _ => (String::new(), url, ' '),
    };
    let mut root = None;
    let mut kept = Vec::new();
    for parameter in parameters.split(separator) {
        match parameter.split_once('=') {
            Some(("sslrootcert", path)) if path.contains(['%', '\'', '\\']) => {
                let problem = "`sslrootcert` must be a path without `%`, quotes and backslashes";
                return Err(MemoryError::invalid("postgres", problem));
            }
            Some(("sslrootcert", path)) => root = Some(PathBuf::from(path)),
            Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
            _ => kept.push(parameter),
        }
    }
    Ok((before + &kept.join(&separator.to_string()), root))
}

/// Trusts the roots in a file of PEM, or those of the system.
pub(super) fn trusting(root: Option<&Path>) -> Result<MakeRustlsConnect, MemoryError> {
    let mut roots = RootCertStore::empty();
    match root {
        Some(path) => {
            let wrong = |problem: String| {
                MemoryError::invalid("root_certificate", format!("`{}` {problem}", path.display()))
            };
            let found = CertificateDer::pem_file_iter(path)
                .map_err(|error| wrong(format!("cannot be read: {error}")))?;
            for certificate in found {
                let certificate =
                    certificate.map_err(|error| wrong(format!("is no file of PEM certificates: {error}")))?;
                roots.add(certificate).map_err(|error| wrong(format!("has a bad certificate: {error}")))?;
            }
            if roots.is_empty() {
                return Err(wrong("has no certificate in PEM".to_owned()));
            }
        }
        None => {
            // A system may have roots that cannot be read among many that can.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                let problem =
                    "is missing, and this system has no root certificates: name a file of PEM certificates";
                return Err(MemoryError::invalid("root_certificate", problem));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(MemoryError::doing("opened"))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_libpq_knows_is_understood() {
        let check = |url: &str, left: &str, root: Option<&str>| {
            assert_eq!(understood(url).unwrap(), (left.to_owned(), root.map(PathBuf::from)), "{url}");
        };
        check("postgres://a:b@c/d", "postgres://a:b@c/d", None);
        check(
            "postgres://c/d?sslmode=verify-full&sslrootcert=/etc/ca.pem&application_name=x",
            "postgres://c/d?sslmode=require&application_name=x",
            Some("/etc/ca.pem"),
        );
        check("postgresql://c?sslrootcert=a", "postgresql://c?", Some("a"));
        check("host=c sslmode=verify-ca sslrootcert=a user=b", "host=c sslmode=require user=b", Some("a"));
        check("host=c password='a?sslmode=verify-ca'", "host=c password='a?sslmode=verify-ca'", None);
        check("postgres://c?sslmode=disable", "postgres://c?sslmode=disable", None);
        assert!(understood("postgres://c?sslrootcert=a%20b").is_err());
    }

    #[test]
    fn files_that_are_no_roots_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let said = || trusting(Some(&path)).err().unwrap().to_string();
        assert!(said().contains("roots.pem` cannot be read"), "{}", said());
        std::fs::write(&path, "nothing").unwrap();
        assert!(said().contains("roots.pem` has no certificate in PEM"), "{}", said());
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(said().contains("roots.pem` has a bad certificate"), "{}", said());
    }
}
