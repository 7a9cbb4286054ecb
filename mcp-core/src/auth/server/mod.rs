//! Who calls: access tokens, API keys and client certificates, in front of an HTTP endpoint.
//!
//! A [`ResourceServer`] is given to [`Http::authenticate`](crate::transport::http::Http::authenticate). From
//! then on every route refuses requests without credentials, but for health and the metadata that says where
//! credentials come from. Handlers find the caller in [`Context::principal`](crate::Context::principal).
//!
//! Three kinds of credentials come with it; [`Authenticate`] is the seam for others.
//!
//! | kind | sent as | checked |
//! |---|---|---|
//! | [`Verifier`] | `Authorization: Bearer` or `DPoP`, a JSON web token | signature by secret, PEM or key set; `iss`, `aud`, `exp`, `nbf`, `iat`; bound keys and certificates |
//! | [`ApiKeys`] | `Authorization: Bearer mcpk_…` or `X-API-Key` | keyed hash, expiry, revocation |
//! | [`Certificates`] | the certificate of a TLS client | chain and revocation by the listener; alternative names |
//!
//! What a token says becomes a [`Principal`](crate::service::Principal): `orgId`, `userId` (or `sub`), `role`,
//! `plan` and `scope`. `docs/security/AUTH_STRATEGY.md` has the schema.

mod api_key;
mod authenticate;
mod certificate;
mod claims;
mod credential;
mod dpop;
mod keys;
mod rejection;
mod resource;
mod token;
mod verifier;

#[cfg(feature = "sqlite")]
pub use api_key::SqliteApiKeys;
pub use api_key::{ApiKeyError, ApiKeyRecord, ApiKeyStore, ApiKeys, MemoryApiKeys, NewApiKey};
pub use authenticate::Authenticate;
pub use certificate::{CertificateNames, Certificates, PeerCertificate};
pub use claims::ClaimNames;
pub use keys::{Keys, KeysError, RemoteKeys};
pub use rejection::{Reason, Rejection};
pub use resource::{Refused, ResourceError, ResourceServer};
pub use verifier::{Lookups, Verifier, VerifierBuilder};
