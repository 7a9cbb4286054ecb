//! TLS on listeners: only 1.3 unless told, certificates of clients, and certificates that change.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mcp_core::auth::server::Certificates;
use mcp_core::transport::http::{Http, Listener, Pem, ServerTls};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;

use super::guard;

/// An authority, in PEM and as what signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: SanType, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::default();
        params.subject_alt_names.push(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }

    fn server(&self) -> Identity {
        self.issue(SanType::IpAddress([127, 0, 0, 1].into()), |_| {})
    }

    fn client(&self, uri: &str) -> Identity {
        self.issue(SanType::URI(uri.try_into().unwrap()), |params| {
            params.serial_number = Some(SerialNumber::from(7))
        })
    }

    fn revoke(&self, serial: u64) -> String {
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2096, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date_time_ymd(2026, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

struct Secured {
    address: std::net::SocketAddr,
    _stop: oneshot::Sender<()>,
}

async fn serve(tls: ServerTls, http: impl FnOnce(Http) -> Http) -> Secured {
    let (server, _said) = crate::support::server::server();
    let listener = Listener::bind("127.0.0.1:0").await.unwrap().tls(tls);
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let http = http(Http::new(server));
    tokio::spawn(listener.serve(http, async { _ = stopped.await }));
    Secured { address, _stop: stop }
}

fn connector(
    root: &str,
    identity: Option<&Identity>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        Some(identity) => {
            let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    TlsConnector::from(Arc::new(config))
}

/// Sends `whoami` and yields the response as text, or the alert.
async fn ask(server: &Secured, connector: &TlsConnector) -> Result<String, String> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
    let body = r#"{"name":"whoami","arguments":{}}"#;
    let request = format!(
        "POST /mcp/v1/tools/call HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.map_err(|error| error.to_string())?;
    Ok(String::from_utf8(text).unwrap())
}

fn text(pem: &str) -> Pem {
    Pem::Text(pem.to_owned())
}

#[tokio::test]
async fn only_tls_1_3_is_spoken_unless_1_2_is_allowed() {
    let authority = Authority::new("servers");
    let identity = authority.server();
    let builder = || ServerTls::builder(text(&identity.certificate), text(&identity.key));
    let strict = serve(builder().build().unwrap(), |http| http).await;
    let lenient = serve(builder().allow_tls12().build().unwrap(), |http| http).await;
    let (new, old) = (
        connector(&authority.pem, None, &[&rustls::version::TLS13]),
        connector(&authority.pem, None, &[&rustls::version::TLS12]),
    );
    assert!(ask(&strict, &new).await.unwrap().contains("anonymous"));
    assert!(ask(&strict, &old).await.unwrap_err().contains("ProtocolVersion"));
    assert!(ask(&lenient, &old).await.unwrap().contains("anonymous"));
}

#[tokio::test]
async fn the_certificate_matrix() {
    let (servers, clients, strangers) =
        (Authority::new("servers"), Authority::new("clients"), Authority::new("clients"));
    let identity = servers.server();
    let tls = ServerTls::builder(text(&identity.certificate), text(&identity.key))
        .require_clients(text(&clients.pem))
        .revoked(text(&clients.revoke(66)))
        .build()
        .unwrap();
    let server = serve(tls, |http| http.authenticate(guard().accept(Certificates::of_org("acme")))).await;
    let uri = "spiffe://acme/worker";
    let with =
        |change: fn(&mut CertificateParams)| clients.issue(SanType::URI(uri.try_into().unwrap()), change);
    let cases = [
        ("right", Some(clients.client(uri)), Ok(uri)),
        ("none", None, Err("CertificateRequired")),
        ("wrong authority", Some(strangers.client(uri)), Err("DecryptError|UnknownCA")),
        (
            "expired",
            Some(with(|params| params.not_after = date_time_ymd(2020, 1, 1))),
            Err("CertificateExpired"),
        ),
        (
            "not yet",
            Some(with(|params| params.not_before = date_time_ymd(2090, 1, 1))),
            Err("BadCertificate|CertificateExpired"),
        ),
        (
            "revoked",
            Some(with(|params| params.serial_number = Some(SerialNumber::from(66)))),
            Err("CertificateRevoked"),
        ),
        ("a server's own authority", Some(servers.client(uri)), Err("UnknownCA")),
    ];
    for (name, identity, expect) in cases {
        let found =
            ask(&server, &connector(&servers.pem, identity.as_ref(), &[&rustls::version::TLS13])).await;
        match expect {
            Ok(user) => assert!(
                found.as_ref().is_ok_and(|text| text.contains("200 OK") && text.contains(user)),
                "{name}: {found:?}"
            ),
            Err(alerts) => {
                let alert = found.expect_err(name);
                assert!(alerts.split('|').any(|expected| alert.contains(expected)), "{name}: {alert}");
            }
        }
    }
}

#[tokio::test]
async fn clients_without_a_certificate_may_bring_other_credentials_where_they_are_only_asked() {
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let identity = servers.server();
    let tls = ServerTls::builder(text(&identity.certificate), text(&identity.key))
        .ask_clients(text(&clients.pem))
        .build()
        .unwrap();
    let who = |names: &mcp_core::auth::server::CertificateNames| {
        (names.hosts == ["worker.acme.example"]).then(|| mcp_core::service::Principal::new("acme", "worker"))
    };
    let server = serve(tls, |http| http.authenticate(guard().accept(Certificates::new(who)))).await;
    let version = [&rustls::version::TLS13];
    let host = |name: &str| clients.issue(SanType::DnsName(name.try_into().unwrap()), |_| {});
    let ask = async |identity: Option<&Identity>| {
        ask(&server, &connector(&servers.pem, identity, &version)).await.unwrap()
    };
    assert!(ask(Some(&host("worker.acme.example"))).await.contains("worker by nobody"));
    assert!(ask(Some(&host("stranger.example"))).await.contains("the certificate's owner is not known here"));
    assert!(ask(None).await.starts_with("HTTP/1.1 401"));
}

#[tokio::test]
async fn certificates_that_change_are_used_without_a_restart() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |identity: &Identity| {
        std::fs::write(path("cert.pem"), &identity.certificate).unwrap();
        std::fs::write(path("key.pem"), &identity.key).unwrap();
    };
    write(&first.server());
    let tls = ServerTls::builder(Pem::File(path("cert.pem")), Pem::File(path("key.pem")))
        .reload_every(Duration::from_millis(20))
        .build()
        .unwrap();
    let server = serve(tls.clone(), |http| http).await;
    let version = [&rustls::version::TLS13];
    let (old, new) = (connector(&first.pem, None, &version), connector(&second.pem, None, &version));
    assert!(ask(&server, &old).await.is_ok() && ask(&server, &new).await.is_err());
    // What cannot be used changes nothing.
    std::fs::write(path("key.pem"), "nonsense").unwrap();
    assert!(tls.reload().unwrap_err().to_string().contains("the private key is no PEM text with a key"));
    assert!(ask(&server, &old).await.is_ok());
    write(&second.server());
    let changed = async {
        while ask(&server, &new).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), changed).await.expect("the listener looks by itself");
    assert!(ask(&server, &old).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let identity = Authority::new("a").server();
    let other = Authority::new("b").server();
    let problem =
        |builder: mcp_core::transport::http::ServerTlsBuilder| builder.build().unwrap_err().to_string();
    let missing = Pem::File(Path::new("/nowhere/cert.pem").to_owned());
    assert_eq!(
        problem(ServerTls::builder(missing, text(&identity.key))),
        "cannot read the certificate from `/nowhere/cert.pem`"
    );
    assert_eq!(
        problem(ServerTls::builder(text("x"), text(&identity.key))),
        "the certificate is no PEM text with a certificate"
    );
    assert_eq!(
        problem(ServerTls::builder(text(&identity.certificate), text(&other.key))),
        "certificate and key cannot be used together"
    );
    let builder = ServerTls::builder(text(&identity.certificate), text(&identity.key));
    assert_eq!(
        problem(builder.clone().require_clients(text(""))),
        "the clients' authorities is no PEM text with a certificate"
    );
    assert!(!format!("{builder:?}").contains("BEGIN"));
}

#[tokio::test]
async fn addresses_that_others_can_reach_want_tls_and_credentials() {
    let (server, _said) = crate::support::server::server();
    let refused = async |http: Http, tls: Option<ServerTls>| {
        let mut listener = Listener::bind("0.0.0.0:0").await.unwrap();
        if let Some(tls) = tls {
            listener = listener.tls(tls);
        }
        // It ends at once where it serves.
        listener.serve(http, std::future::ready(())).await.err().map(|error| error.to_string())
    };
    let identity = Authority::new("a").server();
    let tls = || Some(ServerTls::builder(text(&identity.certificate), text(&identity.key)).build().unwrap());
    let http = || Http::new(server.clone());
    let without_tls = refused(http(), None).await.unwrap();
    assert!(without_tls.contains("serve it with TLS (`Listener::tls`)"), "{without_tls}");
    assert!(refused(http().authenticate(guard()), None).await.unwrap().contains("TLS"));
    let anonymous = refused(http(), tls()).await.unwrap();
    assert!(anonymous.contains("say who may call (`Http::authenticate`)"), "{anonymous}");
    assert_eq!(refused(http().authenticate(guard()), tls()).await, None);
    assert_eq!(refused(http().allow_plain().allow_anonymous(), None).await, None);
}
