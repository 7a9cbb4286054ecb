//! What `mcp up` and `mcp serve` listen on, and how they keep up with files.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use mcp_core::auth::server::ResourceServer;
use mcp_core::transport::http::{Http, Listener, Pem, ServerTls};
use mcp_workbench::config::Config;
use mcp_workbench::reload::Reload;
use mcp_workbench::token;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// Listens, and tells the URL without a path. What other machines can reach has credentials and TLS, or its owner said that it is meant to go without.
pub(crate) async fn listen(config: &Config, at: &str) -> anyhow::Result<(Listener, String)> {
    let bind = || format!("cannot listen on {at}: choose another address with --listen");
    let mut listener = Listener::bind(at).await.with_context(bind)?;
    let address = listener.local_addr()?;
    let secured = config.auth.jwt_secret.is_some() && config.server.tls.is_some();
    ensure!(
        address.ip().is_loopback() || config.server.insecure || secured,
        "{address} can be reached from other machines, and there are no credentials, so that everybody there would be you: listen on 127.0.0.1, set \
         auth.jwt_secret and server.tls, or say --insecure"
    );
    if let Some(tls) = &config.server.tls {
        let pem = |path: &Path| Pem::File(path.to_owned());
        listener = listener.tls(ServerTls::builder(pem(&tls.certificate), pem(&tls.key)).build()?);
    }
    if let Some(most) = config.limits.max_connections {
        listener = listener.max_connections(most);
    }
    if config.server.insecure {
        listener = listener.allow_plain();
    }
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    Ok((listener, format!("{scheme}://{address}")))
}

/// The settings of each endpoint.
pub(crate) fn with(config: &Config, url: &str) -> impl Fn(Http) -> Http {
    move |http| {
        let mut http = http.correlation(true).max_body(config.limits.max_body_bytes);
        if config.server.insecure || config.server.tls.is_some() {
            http = http.allow_any_host();
        }
        // INVARIANT: the secret was found long enough when the configuration was read, and the URL is one of ours.
        let guard =
            ResourceServer::new(&format!("{url}/mcp")).ok().zip(token::verifier(&config.auth).ok().flatten());
        match guard {
            Some((guard, tokens)) => http.authenticate(guard.accept(tokens)),
            None if config.server.insecure => http.allow_anonymous(),
            None => http,
        }
    }
}

/// Keeps up with files: now and then, and at once on SIGHUP, of which others may be told. It is heard from here on.
pub(crate) fn keep_up(
    reload: Reload,
    also: impl Fn() + Send + Sync + 'static,
) -> anyhow::Result<impl Future<Output = ()> + Send> {
    let mut hangup = signal(SignalKind::hangup())?;
    let asked = Arc::new(Notify::new());
    Ok(async move {
        let hear = async {
            while hangup.recv().await.is_some() {
                asked.notify_one();
                also();
            }
        };
        tokio::join!(reload.run(Arc::clone(&asked)), hear);
    })
}
