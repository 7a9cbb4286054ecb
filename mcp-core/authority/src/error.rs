//! What goes wrong: for clients, for operators, and at build time.

use std::borrow::Cow;

use http::StatusCode;

use crate::people::PeopleError;
use crate::store::StoreError;

/// An answer of an endpoint that is no success (RFC 6749, 5.2 and its kin). Everything in it may be seen by the client.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) description: Cow<'static, str>,
    /// Seconds after which it is worth another try.
    pub(crate) retry_after: Option<u64>,
    /// Whether the client tried `Authorization: Basic`, and has to be told so.
    pub(crate) basic: bool,
    /// What the next proof of possession has to contain.
    pub(crate) nonce: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description,
            retry_after: None,
            basic: false,
            nonce: None,
        }
    }

    pub(crate) fn request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    /// The code or refresh token is not good. One text for all reasons that a thief could learn from.
    pub(crate) fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(crate) fn client(description: &'static str, basic: bool) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, basic, ..Self::new("invalid_client", description) }
    }

    pub(crate) fn too_often(seconds: u64) -> Self {
        let text = format!("too many attempts; try again in {seconds} seconds");
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self { status, retry_after: Some(seconds), ..Self::new("temporarily_unavailable", text) }
    }
}

impl From<Internal> for Refusal {
    fn from(error: Internal) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a request could not be answered");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, ..Self::new("server_error", "the authorization server failed; try again later") }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self {
                status: StatusCode::TOO_MANY_REQUESTS,
                retry_after: Some(3600),
                ..Self::new("temporarily_unavailable", "there are as many clients as this server keeps")
            },
            error => Internal::Store(error).into(),
        }
    }
}

/// The server itself failed. Clients see only that it did.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Internal {
    #[error("the system has no random bytes")]
    Random,
    #[error("a token could not be signed")]
    Sign,
    #[error("a stored key cannot be read")]
    Key,
    #[error("a key could not be sealed")]
    Seal,
    #[error("the signing key `{key}` is sealed with the store key `{store_key}`, which is not here")]
    NoStoreKey { key: String, store_key: String },
    #[error("authentication of the signing key `{key}` under the store key `{store_key}` failed")]
    NotAuthentic { key: String, store_key: String },
    #[error("a stored client cannot be read")]
    Client(#[source] serde_json::Error),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the people could not be asked")]
    People(#[from] PeopleError),
}

/// An authorization server that cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The issuer cannot be one.
    #[error("the issuer `{issuer}` cannot be used: {why}")]
    Issuer {
        /// What was given.
        issuer: String,
        /// What is wrong with it, and what would be right.
        why: &'static str,
    },
    /// A resource cannot be one.
    #[error("the resource `{resource}` cannot be used: {why}")]
    Resource {
        /// What was given.
        resource: String,
        /// What is wrong with it, and what would be right.
        why: &'static str,
    },
    /// There is nothing to issue tokens for.
    #[error("no resource was named: add `resource(\"https://your.server/mcp\")`")]
    NoResource,
    /// A scope cannot be one.
    #[error(
        "the scope `{scope}` cannot be used: it is empty or has characters other than printable ASCII without space, `\"` and `\\`"
    )]
    Scope {
        /// What was given.
        scope: String,
    },
    /// A client is wrong.
    #[error("the client `{client}` cannot be used: {why}")]
    Client {
        /// Its identifier.
        client: String,
        /// What is wrong with it, and what would be right.
        why: &'static str,
    },
    /// A key for the store is wrong.
    #[error("the store key `{id}` cannot be used: {why}")]
    StoreKey {
        /// Its name.
        id: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A signing key was encrypted under a store key that was not given.
    #[error(
        "the signing key `{key}` is encrypted under the store key `{store_key}`: add that with `store_key`, after the one that encrypts from now on"
    )]
    NoStoreKey {
        /// The name of the signing key.
        key: String,
        /// The name of the store key.
        store_key: String,
    },
    /// A signing key is not what was encrypted.
    #[error(
        "authentication of the signing key `{key}` under the store key `{store_key}` failed: that is another key of the same name, or what is stored was changed"
    )]
    NotAuthentic {
        /// The name of the signing key.
        key: String,
        /// The name of the store key.
        store_key: String,
    },
    /// The keys of the store cannot be read, or a new one cannot be written.
    #[error("the signing keys cannot be loaded")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl BuildError {
    /// What keeps the signing keys from being loaded.
    pub(crate) fn of_keys(error: Internal) -> Self {
        match error {
            Internal::NoStoreKey { key, store_key } => Self::NoStoreKey { key, store_key },
            Internal::NotAuthentic { key, store_key } => Self::NotAuthentic { key, store_key },
            error => Self::Keys(error.into()),
        }
    }
}
