//! What can go wrong on the way to a token.

use http::StatusCode;

use super::store::StoreError;
use crate::client::http::HttpError;
use crate::service::BoxError;

/// No token can be had. Its texts name what to mend and hold no secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A URL that a server or the application gave is not safe to use.
    #[error("{what} `{url}` is not used: {why}")]
    Url {
        /// Which URL.
        what: &'static str,
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A server could not be asked.
    #[error("{what} could not be asked")]
    Http {
        /// Who.
        what: &'static str,
        /// Why.
        source: HttpError,
    },
    /// A server answered with a status that says no.
    #[error("{what} answered {status} at `{url}`")]
    Status {
        /// Who.
        what: &'static str,
        /// Where.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// A document makes no sense.
    #[error("{what} at `{url}` is not valid")]
    Document {
        /// Which document.
        what: &'static str,
        /// Where it came from.
        url: String,
        /// What is wrong with it.
        source: DocumentError,
    },
    /// The metadata is about another server.
    #[error(
        "the metadata at `{url}` is for the resource `{found}`, not for `{expected}`: do not connect, or mend its `resource`"
    )]
    ResourceMismatch {
        /// The server the client talks to.
        expected: String,
        /// The `resource` of the document.
        found: String,
        /// Where the document came from.
        url: String,
    },
    /// The resource names nobody who issues tokens.
    #[error("the metadata at `{url}` names no server in `authorization_servers`")]
    NoAuthorizationServer {
        /// Where the document came from.
        url: String,
    },
    /// An authorization server has no metadata.
    #[error("the authorization server `{issuer}` has no metadata at its well-known URLs")]
    NoServerMetadata {
        /// The authorization server.
        issuer: String,
    },
    /// An authorization server calls itself otherwise than it was called.
    #[error("the metadata at `{url}` is of the issuer `{found}`, not of `{expected}`")]
    IssuerMismatch {
        /// Who was looked for.
        expected: String,
        /// The `issuer` of the document.
        found: String,
        /// Where the document came from.
        url: String,
    },
    /// An authorization server does not protect codes.
    #[error("the authorization server `{issuer}` does not list `S256` in `code_challenge_methods_supported`")]
    NoPkce {
        /// The authorization server.
        issuer: String,
    },
    /// An authorization server lacks what the grant needs.
    #[error("the metadata of `{issuer}` has no `{name}`")]
    NoEndpoint {
        /// The authorization server.
        issuer: String,
        /// The field.
        name: &'static str,
    },
    /// An authorization server does not know the grant.
    #[error("the authorization server `{issuer}` does not list `{grant}` in `grant_types_supported`")]
    GrantUnsupported {
        /// The authorization server.
        issuer: String,
        /// The grant.
        grant: &'static str,
    },
    /// The client and the authorization server have no way to authenticate in common.
    #[error("the authorization server `{issuer}` takes {supported:?}, and the client has {have}")]
    MethodUnsupported {
        /// The authorization server.
        issuer: String,
        /// Its `token_endpoint_auth_methods_supported`.
        supported: Vec<String>,
        /// What the client could do.
        have: &'static str,
    },
    /// There is no way to get a client identifier.
    #[error(
        "`{issuer}` knows no client of ours: register one and pass it with `registered`, or pass `client_id_metadata`"
    )]
    NoRegistration {
        /// The authorization server.
        issuer: String,
    },
    /// The authorization server does not want the client.
    #[error("`{endpoint}` refused to register the client ({status}){}", said(code, description.as_deref()))]
    RegistrationRefused {
        /// Where the client wanted to register.
        endpoint: String,
        /// The status.
        status: StatusCode,
        /// The error code, if there is one.
        code: String,
        /// What the server says about it.
        description: Option<String>,
    },
    /// Credentials of one authorization server must not go to another.
    #[error(
        "the client is registered with `{registered}`, but the server now wants tokens of `{found}`: register there"
    )]
    IssuerChanged {
        /// Whose the credentials are.
        registered: String,
        /// Who is named now.
        found: String,
    },
    /// A person is needed, and there is no way to ask one.
    #[error("a person has to agree, but there is no `consent`")]
    NoConsent,
    /// Asking the person failed.
    #[error("the person could not be asked")]
    Consent(#[source] BoxError),
    /// The person did not answer in time.
    #[error("nobody agreed within {0:?}")]
    ConsentTimeout(std::time::Duration),
    /// The redirect is not the answer to our question.
    #[error("the redirect is not accepted: {0}")]
    Response(#[from] ResponseError),
    /// The authorization server or the person said no.
    #[error("authorization was refused{}", said(code, description.as_deref()))]
    Denied {
        /// The error code.
        code: String,
        /// What the server says about it.
        description: Option<String>,
    },
    /// The token endpoint said no.
    #[error("`{endpoint}` gave no token ({status}){}", said(code, description.as_deref()))]
    TokenRefused {
        /// The token endpoint.
        endpoint: String,
        /// The status.
        status: StatusCode,
        /// The error code.
        code: String,
        /// What the server says about it.
        description: Option<String>,
    },
    /// The token is of a kind that is not used.
    #[error("`{endpoint}` gave a token of the type `{found}`, and `{wanted}` is wanted")]
    TokenType {
        /// The token endpoint.
        endpoint: String,
        /// The type of the token.
        found: String,
        /// The type that is wanted.
        wanted: &'static str,
    },
    /// The authorization server cannot check our proofs.
    #[error(
        "the authorization server `{issuer}` does not list `ES256` in `dpop_signing_alg_values_supported`"
    )]
    NoDpop {
        /// The authorization server.
        issuer: String,
    },
    /// More scopes were asked for, in vain.
    #[error("the server still wants the scopes `{}` after {attempts} authorizations", scopes.join(" "))]
    ScopeRefused {
        /// What it wants.
        scopes: Vec<String>,
        /// How often they were asked for.
        attempts: u32,
    },
    /// The server takes no token of its own authorization server.
    #[error("`{server}` rejects the token that `{issuer}` just issued for it")]
    TokenRejected {
        /// The server.
        server: String,
        /// Who issued the token.
        issuer: String,
    },
    /// The application gave no assertion.
    #[error("there is no identity assertion")]
    Assertion(#[source] BoxError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Tokens cannot be read.
    #[error("the token store cannot be read")]
    Store(#[from] StoreError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] BoxError),
    /// The client was dropped meanwhile.
    #[error("authorization was stopped")]
    Stopped,
}

impl AuthError {
    /// Whether the token endpoint answered with this error code.
    #[must_use]
    pub fn is_refused_with(&self, wanted: &str) -> bool {
        matches!(self, Self::TokenRefused { code, .. } if code == wanted)
    }
}

/// Why a redirect is not the answer to our question.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// It belongs to another authorization, or is forged.
    #[error("its `state` is not the one that was sent")]
    State,
    /// It could come from another authorization server.
    #[error("it has no `iss`, although the authorization server promises one")]
    NoIssuer,
    /// It comes from another authorization server.
    #[error("its `iss` is `{found}`, not `{expected}`")]
    Issuer {
        /// Who was asked.
        expected: String,
        /// Who answered.
        found: String,
    },
    /// It has neither a code nor an error.
    #[error("it has no `code`")]
    NoCode,
    /// It says something twice.
    #[error("it has more than one `{0}`")]
    Twice(&'static str),
}

/// A document is no JSON, or lacks a field.
#[derive(Debug, thiserror::Error)]
#[error("the document cannot be read")]
pub struct DocumentError(#[source] pub(super) BoxError);

/// A private key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text is no private key that is known here.
    #[error("the private key is not PEM of a P-256, P-384, RSA or Ed25519 key")]
    Unreadable,
    /// The key cannot sign with this algorithm.
    #[error("the private key cannot sign with `{0}`")]
    Algorithm(String),
    /// Signing failed.
    #[error("the private key cannot sign")]
    Sign,
}

/// What a server said, cut short and without control characters.
pub(super) fn quote(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn said(code: &str, description: Option<&str>) -> String {
    match (code, description) {
        ("", None) => String::new(),
        (code, None) => format!(": `{code}`"),
        (code, Some(description)) => format!(": `{code}`, {description}"),
    }
}
