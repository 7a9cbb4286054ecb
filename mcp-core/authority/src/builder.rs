//! How an authority is put together.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use url::Url;

use crate::authority::{Authority, Inner, Throttles};
use crate::client::{Client, Documents};
use crate::clock::Clock;
use crate::error::BuildError;
use crate::event::{Log, Observer};
use crate::jose::Algorithm;
use crate::keys::Keys;
use crate::people::{Login, People, Person};
use crate::replay::Replay;
use crate::scope::{Scopes, is_scope};
use crate::seal::StoreKeys;
use crate::store::{MemoryStore, Store};
use crate::throttle::Throttle;
use crate::ticket::TicketKey;
use crate::token::Proofs;

const DAY: u64 = 24 * 3600;

/// Settings. Times are in seconds.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) resources: Vec<String>,
    /// Scopes, what they let a client do, and whether they are given to who asks for none.
    pub(crate) scopes: BTreeMap<String, (String, bool)>,
    pub(crate) access: u64,
    pub(crate) code: u64,
    pub(crate) consent: u64,
    pub(crate) refresh: u64,
    pub(crate) grant: u64,
    pub(crate) grace: u64,
    pub(crate) rotate: u64,
    pub(crate) algorithm: Algorithm,
    pub(crate) registration: bool,
    pub(crate) most_clients: usize,
    pub(crate) registrations: u32,
    pub(crate) public_clients: bool,
    pub(crate) nonces: bool,
}

impl Settings {
    pub(crate) fn default_scopes(&self) -> Scopes {
        self.scopes.iter().filter(|(_, (_, default))| *default).map(|(scope, _)| scope.clone()).collect()
    }
}

/// Builds an [`Authority`].
#[must_use]
pub struct AuthorityBuilder {
    issuer: String,
    settings: Settings,
    clients: Vec<Client>,
    login: Login,
    store: Arc<dyn Store>,
    store_keys: StoreKeys,
    observers: Vec<Box<dyn Observer>>,
    clock: Clock,
    loopback_documents: bool,
    document_roots: Vec<String>,
}

impl AuthorityBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        let settings = Settings {
            resources: Vec::new(),
            scopes: BTreeMap::new(),
            access: 600,
            code: 60,
            consent: 600,
            refresh: 30 * DAY,
            grant: 180 * DAY,
            grace: 10,
            rotate: 30 * DAY,
            algorithm: Algorithm::default(),
            registration: false,
            most_clients: 10_000,
            registrations: 20,
            public_clients: true,
            nonces: false,
        };
        Self {
            issuer,
            settings,
            clients: Vec::new(),
            login: Login::Nobody,
            store: Arc::new(MemoryStore::new()),
            store_keys: StoreKeys::default(),
            observers: Vec::new(),
            clock: Clock::default(),
            loopback_documents: false,
            document_roots: Vec::new(),
        }
    }

    /// Adds an MCP server that tokens are issued for, by its canonical URL (RFC 8707). A client that names none gets
    /// tokens for the first.
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.settings.resources.push(url.into());
        self
    }

    /// Adds a scope that clients may ask for, and what it lets them do, in words for people: "Read your notes".
    pub fn scope(mut self, scope: impl Into<String>, what: impl Into<String>) -> Self {
        self.settings.scopes.insert(scope.into(), (what.into(), false));
        self
    }

    /// As [`scope`](Self::scope); a client that asks for no scope gets it as well.
    pub fn default_scope(mut self, scope: impl Into<String>, what: impl Into<String>) -> Self {
        self.settings.scopes.insert(scope.into(), (what.into(), true));
        self
    }

    /// Adds a client.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Who may log in. Unless set, nobody can, and only clients that act for themselves get tokens.
    pub fn people(mut self, people: impl People) -> Self {
        self.login = Login::People(Box::new(people));
        self
    }

    /// Takes whoever comes for this person, without a password. For development and tests; the page says so, and so
    /// does the log.
    pub fn development(mut self, person: Person) -> Self {
        self.login = Login::Development(person);
        self
    }

    /// Where clients, grants and keys are kept; in memory unless set.
    pub fn store(self, store: impl Store) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// As [`store`](Self::store), for one that others have as well.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Encrypts the signing keys in the store (AES-256-GCM) under a key of 256 random bits and of this name. The first one
    /// encrypts, all of them decrypt: to change it, put the new one first. What was stored under another one, or as it is,
    /// is encrypted anew when the authority is built; then the others are not needed any more.
    ///
    /// The key belongs where the store and its backups are not. Without one, whoever can read the store can make tokens;
    /// that is logged as a warning.
    pub fn store_key(mut self, id: impl Into<String>, key: &[u8; 32]) -> Self {
        self.store_keys.add(id.into(), key);
        self
    }

    /// Who is told of events, beside others; the log unless there is one.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Lets clients register themselves (RFC 7591). Off unless set: metadata documents need no registration.
    pub const fn registration(mut self, on: bool) -> Self {
        self.settings.registration = on;
        self
    }

    /// How many clients may have registered themselves at a time (10,000 unless set).
    pub const fn max_registered_clients(mut self, most: usize) -> Self {
        self.settings.most_clients = most;
        self
    }

    /// How many clients may register from one address in an hour (20 unless set).
    pub const fn max_registrations_per_hour(mut self, most: u32) -> Self {
        self.settings.registrations = most;
        self
    }

    /// Whether clients without a secret or a key are served (yes unless set).
    pub const fn public_clients(mut self, on: bool) -> Self {
        self.settings.public_clients = on;
        self
    }

    /// Fetches metadata documents of clients from this machine as well, also without TLS. For development and tests.
    pub const fn loopback_documents(mut self, on: bool) -> Self {
        self.loopback_documents = on;
        self
    }

    /// Trusts the certificates in this PEM text when it fetches documents, as well as those of the system.
    pub fn document_root(mut self, pem: impl Into<String>) -> Self {
        self.document_roots.push(pem.into());
        self
    }

    /// Wants a nonce of ours in proofs of possession (RFC 9449, 8). Off unless set.
    pub const fn dpop_nonces(mut self, on: bool) -> Self {
        self.settings.nonces = on;
        self
    }

    /// How access tokens are signed (ES256 unless set).
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.settings.algorithm = algorithm;
        self
    }

    /// How long an access token is good (10 minutes unless set). Nothing ends it earlier for who does not ask.
    pub const fn access_token_ttl(mut self, ttl: Duration) -> Self {
        self.settings.access = ttl.as_secs();
        self
    }

    /// How long a refresh token is good that is not used (30 days unless set).
    pub const fn refresh_token_ttl(mut self, ttl: Duration) -> Self {
        self.settings.refresh = ttl.as_secs();
        self
    }

    /// How long what a person allowed lasts, however often it is refreshed (180 days unless set).
    pub const fn grant_ttl(mut self, ttl: Duration) -> Self {
        self.settings.grant = ttl.as_secs();
        self
    }

    /// How long a used refresh token is taken again, while none of its successors was used (10 seconds unless set). It
    /// helps clients whose requests overlap, or which lost an answer. Zero is the strictest.
    pub const fn refresh_grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace.as_secs();
        self
    }

    /// How old a signing key gets (30 days unless set).
    pub const fn rotate_keys_after(mut self, age: Duration) -> Self {
        self.settings.rotate = age.as_secs();
        self
    }

    /// What time it is. For tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// Checks everything, and loads or makes the signing key.
    ///
    /// # Errors
    /// A setting is wrong, or the store failed.
    pub async fn build(self) -> Result<Authority, BuildError> {
        let (issuer, base) = issuer(&self.issuer)?;
        check(&self.settings)?;
        let mut clients = HashMap::new();
        for client in self.clients {
            let wrong = |why| BuildError::Client { client: client.id.clone(), why };
            client.check().map_err(wrong)?;
            let unknown =
                |scopes: &Scopes| scopes.iter().any(|scope| !self.settings.scopes.contains_key(scope));
            if client.scopes.as_ref().is_some_and(unknown) {
                return Err(wrong("it has a scope that the authority does not know: add it with `scope`"));
            }
            if clients.contains_key(&client.id) {
                return Err(wrong("there are two with this identifier"));
            }
            clients.insert(client.id.clone(), client);
        }
        if let Login::Development(person) = &self.login {
            tracing::warn!(
                org = person.org,
                user = person.user,
                "DEVELOPMENT MODE: everybody who can reach this server gets tokens of this person, without a password"
            );
        }
        self.store_keys.check()?;
        if self.store.is_durable() && self.store_keys.is_empty() {
            tracing::warn!(
                "signing keys are stored as they are: encrypt them with a key of yours (`store_key`)"
            );
        }
        let keys = Keys::load(&*self.store, self.store_keys, &self.settings, self.clock.now());
        let keys = keys.await.map_err(BuildError::of_keys)?;
        let mut observers = self.observers;
        if observers.is_empty() {
            observers.push(Box::new(Log));
        }
        let tickets = TicketKey::new().map_err(|error| BuildError::Keys(error.into()))?;
        let inner = Inner {
            proofs: Proofs::new(self.settings.nonces),
            throttles: Throttles {
                clients: Throttle::new(10, 300),
                logins: Throttle::new(10, 300),
                places: Throttle::new(100, 300),
                names: Throttle::new(100, 300),
                registrations: Throttle::new(self.settings.registrations, 3600),
                documents: Throttle::new(60, 60),
            },
            issuer,
            base,
            settings: self.settings,
            clients,
            documents: Documents::new(self.loopback_documents, self.document_roots),
            login: self.login,
            store: self.store,
            keys,
            clock: self.clock,
            observers,
            assertions: Replay::new(700),
            tickets,
            swept: AtomicU64::new(0),
        };
        Ok(Authority(Arc::new(inner)))
    }
}

/// The issuer without a slash at its end, and its path.
fn issuer(text: &str) -> Result<(String, String), BuildError> {
    let wrong = |why| BuildError::Issuer { issuer: text.to_owned(), why };
    let url = Url::parse(text).map_err(|_| wrong("it is not a URL"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has user info"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(wrong("`http` is for 127.0.0.1, [::1] and localhost only: use https")),
        _ => return Err(wrong("it is not an https URL")),
    }
    let (text, base) = (text.trim_end_matches('/'), url.path().trim_end_matches('/'));
    if url.as_str().trim_end_matches('/') != text {
        return Err(wrong(
            "it is not in its normal form (lower-case host, no default port, no dot segments)",
        ));
    }
    Ok((text.to_owned(), base.to_owned()))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn check(settings: &Settings) -> Result<(), BuildError> {
    if settings.resources.is_empty() {
        return Err(BuildError::NoResource);
    }
    for resource in &settings.resources {
        let wrong = |why| BuildError::Resource { resource: resource.clone(), why };
        let url = Url::parse(resource).map_err(|_| wrong("it is not an absolute URL"))?;
        if url.fragment().is_some() {
            return Err(wrong("it has a fragment"));
        }
    }
    match settings.scopes.keys().find(|scope| !is_scope(scope)) {
        Some(scope) => Err(BuildError::Scope { scope: scope.clone() }),
        None => Ok(()),
    }
}

impl fmt::Debug for AuthorityBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorityBuilder")
            .field("issuer", &self.issuer)
            .field("settings", &self.settings)
            .field("clients", &self.clients)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}
