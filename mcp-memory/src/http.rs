//! Calling servers.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderValue, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::MemoryError;

/// No server may make a caller wait longer than this before it is asked again.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A call that failed, and how long to wait before the next, if that may help.
pub(crate) struct Attempt<E> {
    pub(crate) failed: E,
    pub(crate) again: Option<Duration>,
}

/// Makes a call, and makes it again where that may help: each time is told how long to wait where nobody says.
pub(crate) fn repeated<T, E: fmt::Display>(
    retries: u32,
    mut back_off: Duration,
    mut attempt: impl FnMut(Duration) -> Result<T, Attempt<E>>,
) -> Result<T, E> {
    let mut left = retries;
    loop {
        let Attempt { failed, again } = match attempt(back_off) {
            Ok(answer) => return Ok(answer),
            Err(attempt) => attempt,
        };
        let Some(wait) = again.filter(|_| left > 0) else { return Err(failed) };
        tracing::debug!(error = %failed, ?wait, "a call is made again");
        thread::sleep(wait);
        left -= 1;
        back_off = back_off.saturating_mul(2).min(LONGEST_WAIT);
    }
}

/// The header that authorizes by a secret, which is never shown.
pub(crate) fn bearer(field: &'static str, secret: &str) -> Result<HeaderValue, MemoryError> {
    let header = HeaderValue::try_from(format!("Bearer {secret}"));
    let mut header =
        header.map_err(|_| MemoryError::invalid(field, "has characters that a header cannot carry"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Calls an address; `https` ones by the roots that are trusted.
pub(crate) fn agent(uri: &Uri, timeout: Duration, roots: &[Certificate<'static>]) -> Agent {
    // A redirect would lead the key and the texts somewhere else.
    let config =
        Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false).max_redirects(0);
    let config = config.max_redirects_will_error(false);
    // What listens on this machine is reached without a proxy.
    let host = uri.host().unwrap_or_default();
    let local = ["localhost", "[::1]"].contains(&host) || host.starts_with("127.");
    let config = if local { config.proxy(None) } else { config };
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(RootCerts::new_with_certs(roots));
    config.tls_config(tls.build()).build().new_agent()
}

/// The roots that the system trusts; none where they are not needed.
pub(crate) fn roots(uri: &Uri) -> Result<Vec<Certificate<'static>>, MemoryError> {
    if uri.scheme_str() != Some("https") {
        return Ok(Vec::new());
    }
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        let problem = "this system has no root certificates, without which no `https` server can be trusted: install them";
        return Err(MemoryError::invalid("url", problem));
    }
    Ok(found.iter().map(|root| Certificate::from_der(root).to_owned()).collect())
}

/// How long a server wants to be left alone: seconds, or until a date.
pub(crate) fn wanted(header: &HeaderValue) -> Option<Duration> {
    let text = header.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = until.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}
