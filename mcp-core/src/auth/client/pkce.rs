//! Proof Key for Code Exchange (RFC 7636): only who began an authorization can finish it.

use super::{AuthError, Secret, ServerMetadata, random};

/// The pair of one authorization.
#[derive(Debug)]
pub(super) struct Pkce {
    /// Goes to the token endpoint.
    pub(super) verifier: Secret,
    /// Goes to the authorization endpoint.
    pub(super) challenge: String,
}

impl Pkce {
    /// A fresh pair of 256 bits.
    pub(super) fn new() -> Result<Self, AuthError> {
        Ok(Self::of(random::token::<32>()?))
    }

    fn of(verifier: String) -> Self {
        Self { challenge: random::sha256(&verifier), verifier: verifier.into() }
    }
}

/// Refuses a server that does not say that it checks S256.
pub(super) fn check(server: &ServerMetadata) -> Result<(), AuthError> {
    let methods = server.code_challenge_methods_supported.as_deref().unwrap_or_default();
    // A server of 2025-03-26 without metadata cannot say it; that revision demands PKCE of all servers.
    if server.assumed || methods.iter().any(|method| method == "S256") {
        return Ok(());
    }
    Err(AuthError::NoPkce { issuer: server.issuer.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_comes_out() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn pairs_are_fresh_and_long_enough() {
        let (one, two) = (Pkce::new().unwrap(), Pkce::new().unwrap());
        assert_eq!(one.verifier.expose().len(), 43);
        assert_ne!(one.verifier.expose(), two.verifier.expose());
        assert!(!format!("{one:?}").contains(one.verifier.expose()));
    }

    #[test]
    fn servers_without_s256_are_refused() {
        let check = |methods: &str, ok: bool| {
            let server = ServerMetadata::parse(format!(r#"{{"issuer":"https://a"{methods}}}"#).as_bytes());
            assert_eq!(super::check(&server.unwrap()).is_ok(), ok, "{methods}");
        };
        check("", false);
        check(r#","code_challenge_methods_supported":null"#, false);
        check(r#","code_challenge_methods_supported":[]"#, false);
        check(r#","code_challenge_methods_supported":["plain"]"#, false);
        check(r#","code_challenge_methods_supported":["plain","S256"]"#, true);
    }
}
