//! Access tokens that are JSON web tokens (RFC 9068): verified once, then known by their digest.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use http::request::Parts;
use quick_cache::sync::Cache;

use super::certificate::PeerCertificate;
use super::claims::{ClaimNames, Established, Rules, in_time};
use super::credential::{self, Scheme};
use super::dpop::{ProofSettings, Proofs};
use super::token::Token;
use super::{Authenticate, Keys, Rejection};
use crate::service::Principal;

/// Tokens that are remembered.
const REMEMBERED: usize = 10_000;
/// Seconds that the clocks of issuer and server may differ.
const LEEWAY: u64 = 30;
/// Keys that are tried where a token names none.
const TRIES: usize = 8;

type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Verifies access tokens: signature, issuer, audience, time, and possession where a token demands it.
///
/// ```
/// use mcp_core::auth::server::{Keys, Verifier};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let secret = "0123456789abcdef0123456789abcdef";
/// let verifier = Verifier::builder("https://mcp.example.com/mcp")
///     .issuer("https://auth.example.com", Keys::of_issuer("https://auth.example.com"))
///     .issuer("https://tools.example.com", Keys::secret(secret.as_bytes())?)
///     .build();
/// # Ok(()) }
/// ```
///
/// A token is checked in full once, and known by its SHA-256 from then on, until it expires or the keys
/// of its issuer change.
pub struct Verifier {
    issuers: Vec<Issuer>,
    audiences: Vec<String>,
    names: ClaimNames,
    default_org: Option<String>,
    leeway: u64,
    clock: Clock,
    proofs: Proofs,
    known: Cache<[u8; 32], Arc<Known>>,
    lookups: [AtomicU64; 2],
}

/// How often tokens were known already, and how often they had to be verified in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Lookups {
    /// Known by their digest.
    pub known: u64,
    /// Verified in full, with whatever result.
    pub anew: u64,
}

struct Issuer {
    name: String,
    keys: Keys,
}

/// A token that was good.
struct Known {
    issuer: usize,
    /// The key set that it was verified with.
    generation: u64,
    principal: Arc<Principal>,
    not_before: u64,
    expires: u64,
    key: Option<String>,
    certificate: Option<String>,
}

/// Settings of a [`Verifier`].
#[must_use = "settings do nothing until they are built"]
pub struct VerifierBuilder {
    issuers: Vec<Issuer>,
    audiences: Vec<String>,
    names: ClaimNames,
    default_org: Option<String>,
    leeway: u64,
    clock: Clock,
    proofs: ProofSettings,
    remembered: usize,
}

impl Verifier {
    /// Begins with the audience that tokens must be for: the server's identifier, most often its URL.
    pub fn builder(audience: impl Into<String>) -> VerifierBuilder {
        VerifierBuilder {
            issuers: Vec::new(),
            audiences: vec![audience.into()],
            names: ClaimNames::default(),
            default_org: None,
            leeway: LEEWAY,
            clock: Arc::new(now),
            proofs: ProofSettings::default(),
            remembered: REMEMBERED,
        }
    }

    /// The caller that a token stands for, without proofs of possession: for transports that carry none.
    ///
    /// # Errors
    /// The token is not good, or is bound to a key or certificate.
    pub async fn verify(&self, token: &str) -> Result<Arc<Principal>, Rejection> {
        let known = self.known(token).await?;
        if known.key.is_some() || known.certificate.is_some() {
            return Err(Rejection::proof("the token is bound to a key, of which there is no proof"));
        }
        Ok(Arc::clone(&known.principal))
    }

    /// How well tokens are remembered, since the start. For metrics: keep the verifier in an `Arc`, and give
    /// a clone of that to [`ResourceServer::accept`](super::ResourceServer::accept).
    #[must_use]
    pub fn lookups(&self) -> Lookups {
        let [known, anew] = self.lookups.each_ref().map(|count| count.load(Ordering::Relaxed));
        Lookups { known, anew }
    }

    /// Forgets the tokens that were good: each is verified again when it comes.
    pub fn forget(&self) {
        self.known.clear();
    }

    async fn known(&self, token: &str) -> Result<Arc<Known>, Rejection> {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        if let Some(known) = self.known.get(&key)
            && self
                .issuers
                .get(known.issuer)
                .is_some_and(|issuer| issuer.keys.generation() == known.generation)
        {
            self.lookups[0].fetch_add(1, Ordering::Relaxed);
            self.check_time(&known)?;
            return Ok(known);
        }
        self.lookups[1].fetch_add(1, Ordering::Relaxed);
        let known = Arc::new(self.verify_anew(token).await?);
        self.known.insert(key, Arc::clone(&known));
        Ok(known)
    }

    fn check_time(&self, known: &Known) -> Result<(), Rejection> {
        let Principal { org, user, .. } = &*known.principal;
        in_time(known.not_before, known.expires, (self.clock)(), self.leeway)
            .map_err(|reason| Rejection::of(org, user, reason))
    }

    async fn verify_anew(&self, token: &str) -> Result<Known, Rejection> {
        let token = Token::parse(token)?;
        // Other kinds of signed JSON, such as proofs and identity tokens, must not pass for access tokens.
        let typ = token.header.typ.as_deref().unwrap_or("JWT");
        let typ = typ.strip_prefix("application/").unwrap_or(typ);
        if !["JWT", "at+jwt"].iter().any(|known| known.eq_ignore_ascii_case(typ)) {
            return Err(Rejection::invalid("the token is of another kind"));
        }
        let algorithm = token.algorithm()?;
        let claims = token.claims()?;
        // Only to choose the keys: it counts when the signature is good.
        let said = claims.get("iss").and_then(serde_json::Value::as_str).unwrap_or_default();
        let found = self.issuers.iter().enumerate().find(|(_, issuer)| issuer.name == said);
        let Some((at, issuer)) = found else {
            return Err(Rejection::invalid("the token is from another issuer"));
        };
        // Before the keys: a set that changes meanwhile makes this verification count as old.
        let generation = issuer.keys.generation();
        let id = token.header.kid.as_deref();
        let set = issuer.keys.set(id, algorithm).await?;
        let mut candidates = set.candidates(id, algorithm).take(TRIES).peekable();
        if candidates.peek().is_none() {
            return Err(Rejection::invalid(
                "the token is signed with a key that its issuer does not publish",
            ));
        }
        if !candidates.any(|key| token.is_signed_by(key, algorithm)) {
            return Err(Rejection::invalid("the token's signature is wrong"));
        }
        let rules = Rules {
            issuer: &issuer.name,
            audiences: &self.audiences,
            now: (self.clock)(),
            leeway: self.leeway,
            names: &self.names,
            default_org: self.default_org.as_deref(),
        };
        let Established { principal, not_before, expires, key, certificate } = rules.check(&claims)?;
        let principal = Arc::new(principal);
        Ok(Known { issuer: at, generation, principal, not_before, expires, key, certificate })
    }

    /// Whether the caller has what the token is bound to.
    fn check_possession(
        &self,
        known: &Known,
        scheme: Scheme,
        token: &str,
        request: &Parts,
    ) -> Result<(), Rejection> {
        if let Some(bound) = &known.certificate {
            let shown = request.extensions.get::<PeerCertificate>().map(PeerCertificate::thumbprint);
            if shown.as_ref() != Some(bound) {
                return Err(Rejection::proof("the token is bound to a certificate, which was not shown"));
            }
        }
        match (&known.key, scheme) {
            (Some(bound), Scheme::Dpop) => self.proofs.check(request, token, bound, (self.clock)()),
            (Some(_), Scheme::Bearer) => {
                Err(Rejection::proof("the token is bound to a key: send it as `DPoP`, with a proof"))
            }
            (None, Scheme::Dpop) => {
                Err(Rejection::proof("the token is bound to no key: send it as `Bearer`"))
            }
            (None, Scheme::Bearer) => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl Authenticate for Verifier {
    async fn authenticate(&self, request: &Parts) -> Result<Option<Arc<Principal>>, Rejection> {
        let Some((scheme, token)) = credential::token(&request.headers)? else { return Ok(None) };
        // What has no three parts is for somebody else.
        if memchr::memchr_iter(b'.', token.as_bytes()).count() != 2 {
            return Ok(None);
        }
        let known = self.known(token).await?;
        self.check_possession(&known, scheme, token, request)?;
        Ok(Some(Arc::clone(&known.principal)))
    }
}

impl VerifierBuilder {
    /// Accepts tokens of an issuer (`iss`, compared byte by byte) that are signed with these keys.
    pub fn issuer(mut self, name: impl Into<String>, keys: impl Into<Keys>) -> Self {
        self.issuers.push(Issuer { name: name.into(), keys: keys.into() });
        self
    }

    /// Accepts tokens for another audience too.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Reads the caller from claims of other names.
    pub fn claims(mut self, names: ClaimNames) -> Self {
        self.names = names;
        self
    }

    /// The organisation of callers whose token names none. Without this such tokens are refused: their
    /// callers would share what belongs to an organisation.
    pub fn default_org(mut self, org: impl Into<String>) -> Self {
        self.default_org = Some(org.into());
        self
    }

    /// How many seconds the clocks of issuer and server may differ; 30 unless set.
    pub const fn leeway(mut self, seconds: u64) -> Self {
        self.leeway = seconds;
        self
    }

    /// Where the server is for its clients, e.g. `https://mcp.example.com`: proofs of possession name the
    /// URL. Needed where something in front changes `Host`.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.proofs.origin = Some(origin.into().trim_end_matches('/').to_owned());
        self
    }

    /// Demands that proofs carry a nonce of ours, so that none can be made in advance.
    pub const fn dpop_nonces(mut self) -> Self {
        self.proofs.nonces = true;
        self
    }

    /// How many tokens are remembered; 10,000 unless set.
    pub const fn remembered(mut self, tokens: usize) -> Self {
        self.remembered = tokens;
        self
    }

    /// What time it is, in seconds since 1970. For tests.
    pub fn clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The verifier.
    #[must_use]
    pub fn build(self) -> Verifier {
        Verifier {
            issuers: self.issuers,
            audiences: self.audiences,
            names: self.names,
            default_org: self.default_org,
            leeway: self.leeway,
            clock: self.clock,
            proofs: Proofs::new(self.proofs),
            known: Cache::new(self.remembered.max(1)),
            lookups: Default::default(),
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<_> = self.issuers.iter().map(|issuer| &issuer.name).collect();
        f.debug_struct("Verifier")
            .field("issuers", &issuers)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierBuilder").field("audiences", &self.audiences).finish_non_exhaustive()
    }
}
