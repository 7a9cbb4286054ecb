//! TLS on the way to PostgreSQL: a real server behind something that ends TLS for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use mcp_memory::{Access, Draft, Memory, MemoryError, Postgres, Scope, Search};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::postgres::{Schema, url};

/// What a client says that wants TLS: the length of the message and the number that stands for it.
const WANTS_TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A server for `localhost` that speaks TLS, and passes on to PostgreSQL what is inside; or says that it has none.
struct Front {
    port: u16,
    root: PathBuf,
    inside: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

fn front(has_tls: bool) -> Front {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let behind: tokio_postgres::Config = url().parse().unwrap();
    let tokio_postgres::config::Host::Tcp(host) = behind.get_hosts()[0].clone() else {
        unreachable!("tests reach PostgreSQL by TCP");
    };
    let behind = (host, behind.get_ports().first().copied().unwrap_or(5432));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let inside = Arc::new(AtomicUsize::new(0));
    let counted = inside.clone();
    runtime.spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let (acceptor, behind, counted) = (acceptor.clone(), behind.clone(), counted.clone());
            tokio::spawn(async move {
                let mut said = [0; 8];
                let wants = caller.read_exact(&mut said).await.is_ok() && said == WANTS_TLS;
                let answer: &[u8] = if has_tls { b"S" } else { b"N" };
                if !wants || caller.write_all(answer).await.is_err() || !has_tls {
                    return;
                }
                // Who does not trust us goes away.
                if let Ok(mut caller) = acceptor.accept(caller).await {
                    counted.fetch_add(1, SeqCst);
                    let mut server = TcpStream::connect(behind).await.unwrap();
                    drop(copy_bidirectional(&mut caller, &mut server).await);
                }
            });
        }
    });
    Front { port, root, inside, folder, _runtime: runtime }
}

impl Front {
    /// The same database, by TLS.
    fn url(&self, host: &str, parameters: &str) -> String {
        let behind: tokio_postgres::Config = url().parse().unwrap();
        let (user, database) = (behind.get_user().unwrap(), behind.get_dbname().unwrap_or("postgres"));
        let password = behind.get_password().map(|word| format!(":{}", String::from_utf8_lossy(word)));
        format!(
            "postgres://{user}{}@{host}:{}/{database}?{parameters}",
            password.unwrap_or_default(),
            self.port
        )
    }

    fn open(&self, postgres: Postgres, schema: &str) -> Result<Memory, MemoryError> {
        let memory =
            Memory::builder(self.folder.path().join(schema)).postgres(postgres.schema(schema)).open()?;
        let ann = memory.of(Access::new("acme", "ann"));
        ann.store(&Scope::Private, Draft::new("the harbour opens at six"))?;
        assert_eq!(ann.search(&Search::new("harbour"))?.hits.len(), 1);
        Ok(memory)
    }
}

#[test]
fn what_goes_by_tls_goes_to_whom_is_trusted_alone() {
    if !Schema::is_there() {
        return;
    }
    let schema = Schema::new();
    let front = front(true);
    let root = front.root.to_str().unwrap();
    // Both ways to name whom to trust.
    let postgres = Postgres::new(front.url("localhost", "sslmode=require")).root_certificate(root);
    drop(front.open(postgres, &schema.0).unwrap());
    let named = front.url("localhost", &format!("sslmode=verify-full&sslrootcert={root}"));
    drop(front.open(Postgres::new(&named), &schema.0).unwrap());
    let inside = front.inside.load(SeqCst);
    assert!(inside > 1, "{inside} connections came by TLS");

    let refused = |postgres: Postgres, reason: &str| {
        let said = why(&front.open(postgres, &schema.0).unwrap_err());
        assert!(said.contains(reason), "{said}");
    };
    // Nobody vouches for it; or it is somebody else.
    refused(Postgres::new(front.url("localhost", "sslmode=require")), "UnknownIssuer");
    let other = Postgres::new(front.url("127.0.0.1", "sslmode=require")).root_certificate(root);
    refused(other, "certificate not valid for name");
    assert_eq!(front.inside.load(SeqCst), inside, "nobody went in");
}

#[test]
fn a_server_without_tls_is_told_nothing() {
    if !Schema::is_there() {
        return;
    }
    let front = front(false);
    let postgres = Postgres::new(front.url("localhost", "sslmode=require")).root_certificate(&front.root);
    let said = why(&front.open(postgres, "never_made").unwrap_err());
    assert!(said.contains("TLS"), "{said}");
}

/// What an operator reads: an error and what it comes from.
fn why(error: &MemoryError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {source}")
}
