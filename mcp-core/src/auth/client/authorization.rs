//! Step 4: a person agrees (OAuth 2.1, 4.1; RFC 9207).

use url::Url;

use super::error::quote;
use super::pkce::Pkce;
use super::{AuthError, ResponseError, Secret, ServerMetadata, random, scope};

/// One authorization: what was sent, and what the answer is checked against.
#[derive(Debug)]
pub(super) struct Authorization {
    /// Where the person goes.
    pub(super) url: Url,
    pub(super) pkce: Pkce,
    state: Secret,
    /// Who was asked: recorded before anybody leaves.
    issuer: String,
    /// Whether the server promises to say who answers.
    says_issuer: bool,
}

/// What an authorization is for.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) endpoint: Url,
    pub(super) client: &'a str,
    pub(super) redirect: &'a Url,
    pub(super) resource: &'a str,
    pub(super) scopes: &'a [String],
    /// The name of the key that the token is to be bound to.
    pub(super) thumbprint: Option<String>,
}

impl Authorization {
    pub(super) fn begin(request: Request<'_>, server: &ServerMetadata) -> Result<Self, AuthError> {
        let (pkce, state) = (Pkce::new()?, random::token::<32>()?);
        let mut url = request.endpoint;
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", request.client)
                .append_pair("redirect_uri", request.redirect.as_str())
                .append_pair("code_challenge", &pkce.challenge)
                .append_pair("code_challenge_method", "S256")
                .append_pair("state", &state)
                .append_pair("resource", request.resource);
            if !request.scopes.is_empty() {
                query.append_pair("scope", &request.scopes.join(" "));
            }
            if request.scopes.iter().any(|known| known == scope::OFFLINE) {
                // OpenID Connect ignores that scope otherwise.
                query.append_pair("prompt", "consent");
            }
            if let Some(thumbprint) = &request.thumbprint {
                query.append_pair("dpop_jkt", thumbprint);
            }
        }
        Ok(Self {
            url,
            pkce,
            state: state.into(),
            issuer: server.issuer.clone(),
            says_issuer: server.authorization_response_iss_parameter_supported == Some(true),
        })
    }

    /// The code of a redirect, if it answers this authorization. Errors are believed only if they do too.
    pub(super) fn accept(&self, redirect: &Url) -> Result<Secret, AuthError> {
        let state = parameter(redirect, "state")?.unwrap_or_default();
        if !self.state.matches(&state) {
            return Err(ResponseError::State.into());
        }
        self.check_issuer(parameter(redirect, "iss")?)?;
        if let Some(code) = parameter(redirect, "error")? {
            let description = parameter(redirect, "error_description")?;
            let description = description.as_deref().map(quote);
            return Err(AuthError::Denied { code: quote(&code), description });
        }
        let code = parameter(redirect, "code")?.filter(|code| !code.is_empty());
        Ok(code.ok_or(ResponseError::NoCode)?.into())
    }

    /// Simple comparison of what was decoded once: nothing is normalized.
    fn check_issuer(&self, found: Option<String>) -> Result<(), ResponseError> {
        match found {
            Some(found) if found == self.issuer => Ok(()),
            Some(found) => Err(ResponseError::Issuer { expected: self.issuer.clone(), found: quote(&found) }),
            None if self.says_issuer => Err(ResponseError::NoIssuer),
            None => Ok(()),
        }
    }
}

fn parameter(url: &Url, name: &'static str) -> Result<Option<String>, ResponseError> {
    let mut found = url.query_pairs().filter(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    let first = found.next();
    if found.next().is_some() {
        return Err(ResponseError::Twice(name));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(promises: &str, scopes: &[&str], thumbprint: Option<&str>) -> Authorization {
        let server = format!(
            r#"{{"issuer":"https://as.example/a","authorization_response_iss_parameter_supported":{promises}}}"#
        );
        let scopes: Vec<_> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let request = Request {
            endpoint: Url::parse("https://as.example/authorize?tenant=1").unwrap(),
            client: "me",
            redirect: &Url::parse("http://127.0.0.1:9/callback").unwrap(),
            resource: "https://mcp.example/mcp",
            scopes: &scopes,
            thumbprint: thumbprint.map(str::to_owned),
        };
        Authorization::begin(request, &ServerMetadata::parse(server.as_bytes()).unwrap()).unwrap()
    }

    fn answer(authorization: &Authorization, query: &str) -> String {
        let state = authorization.state.expose();
        let url = format!("http://127.0.0.1:9/callback?{}", query.replace("STATE", state));
        match authorization.accept(&Url::parse(&url).unwrap()) {
            Ok(code) => format!("code {}", code.expose()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_url_says_what_is_wanted() {
        let check = |authorization: &Authorization, expect: &[(&str, &str)]| {
            let found: Vec<(String, String)> = authorization.url.query_pairs().into_owned().collect();
            let state = authorization.state.expose();
            let fixed = [
                ("tenant", "1"),
                ("response_type", "code"),
                ("client_id", "me"),
                ("redirect_uri", "http://127.0.0.1:9/callback"),
                ("code_challenge", &*authorization.pkce.challenge),
                ("code_challenge_method", "S256"),
                ("state", state),
                ("resource", "https://mcp.example/mcp"),
            ];
            let expect: Vec<_> =
                fixed.iter().chain(expect).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(found, expect);
        };
        check(&begin("true", &[], None), &[]);
        check(&begin("true", &["a", "b"], Some("print")), &[("scope", "a b"), ("dpop_jkt", "print")]);
        let offline = [("scope", "a offline_access"), ("prompt", "consent")];
        check(&begin("true", &["a", "offline_access"], None), &offline);
    }

    #[test]
    fn who_answers_is_compared_as_it_is() {
        let check = |promises: &str, iss: &str, expect: &str| {
            let found = answer(&begin(promises, &[], None), &format!("code=c&state=STATE{iss}"));
            assert_eq!(found, expect, "{promises} {iss}");
        };
        let right = "&iss=https%3A%2F%2Fas.example%2Fa";
        let missing = "the redirect is not accepted: its `iss` is \
                       missing";
        let missing = missing.replace(
            "its `iss` is missing",
            "it has no `iss`, although the authorization server promises one",
        );
        check("true", right, "code c");
        check("true", "", &missing);
        check("false", right, "code c");
        check("false", "", "code c");
        check("null", right, "code c");
        check("null", "", "code c");
        for promises in ["true", "false", "null"] {
            for wrong in [
                "https://evil.example",
                "https://as.example/a/",
                "https://AS.example/a",
                "https://as.example:443/a",
                "https://as.example/%61",
                "",
            ] {
                let encoded: String = url::form_urlencoded::byte_serialize(wrong.as_bytes()).collect();
                let expect = format!(
                    "the redirect is not accepted: its `iss` is `{wrong}`, not `https://as.example/a`"
                );
                check(promises, &format!("&iss={encoded}"), &expect);
            }
        }
    }

    #[test]
    fn errors_are_believed_only_if_they_are_for_us() {
        let check = |query: &str, expect: &str| {
            assert_eq!(answer(&begin("true", &[], None), query), expect, "{query}");
        };
        let iss = "iss=https://as.example/a";
        check(
            &format!("{iss}&state=STATE&error=access_denied"),
            "authorization was refused: `access_denied`",
        );
        check(
            &format!("{iss}&state=STATE&error=access_denied&error_description=not%0Atoday"),
            "authorization was refused: `access_denied`, nottoday",
        );
        let forged = "the redirect is not accepted: its `state` is not the one that was sent";
        check(&format!("{iss}&state=other&error=access_denied"), forged);
        check(&format!("{iss}&error=access_denied"), forged);
        check(
            "iss=https://evil.example&state=STATE&error=access_denied&error_description=call+me",
            "the redirect is not accepted: its `iss` is `https://evil.example`, not `https://as.example/a`",
        );
        check(&format!("{iss}&state=STATE"), "the redirect is not accepted: it has no `code`");
        check(&format!("{iss}&state=STATE&code="), "the redirect is not accepted: it has no `code`");
        check(
            &format!("{iss}&state=STATE&code=a&code=b"),
            "the redirect is not accepted: it has more than one `code`",
        );
        check(
            &format!("{iss}&state=STATE&state=STATE&code=a"),
            "the redirect is not accepted: it has more than one `state`",
        );
    }
}
