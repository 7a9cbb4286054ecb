//! One authorization, from what is missing to a token in use.

use std::sync::Arc;

use super::challenge::Challenges;
use super::credentials::{Client, Source, now};
use super::current::{Current, Origin};
use super::discovery::{Discovered, discover};
use super::oauth::Inner;
use super::scope::{self, Choice};
use super::settings::GrantKind;
use super::store::{Grant, Kind, Saved};
use super::token::{TokenEndpoint, TokenResponse};
use super::{AuthError, Registered};

/// What is missing.
#[derive(Debug)]
pub(super) enum Need {
    /// The token is about to end.
    Renew,
    /// There is no token, or it is no longer taken.
    Token {
        challenges: Challenges,
        /// Whether the request was sent with a token that was just got for it.
        again: bool,
    },
    /// The token is not enough.
    Scope {
        challenges: Challenges,
        /// What it is not enough for.
        operation: String,
    },
}

/// What authorizations share. Whoever holds it is the only one at work.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) saved: Saved,
    discovered: Option<Discovered>,
    /// What came of the last authorization.
    pub(super) last: Result<(), Arc<AuthError>>,
}

impl Default for Session {
    fn default() -> Self {
        Self { saved: Saved::default(), discovered: None, last: Ok(()) }
    }
}

impl Inner {
    /// Gets what is missing.
    pub(super) async fn obtain(&self, session: &mut Session, need: Need) -> Result<(), AuthError> {
        let none = Challenges::default();
        let (challenges, step_up) = match &need {
            Need::Renew => (&none, None),
            Need::Token { challenges, .. } => (challenges, None),
            Need::Scope { challenges, operation } => (challenges, Some(operation)),
        };
        // After a start, only a challenge says for sure who issues tokens: the token is sent as it is.
        if matches!(need, Need::Renew) && session.discovered.is_none() {
            return Ok(());
        }
        let challenged = challenges.scopes();
        if let Some(operation) = step_up {
            self.check_step_up(operation, &challenged)?;
        }
        let found = self.discovered(session, &need, challenges).await?;
        self.check_issuer(&session.saved, &found.server.issuer)?;
        if step_up.is_none() && self.refreshed(session, &found, &need, &challenged).await? {
            return Ok(());
        }
        let scopes = self.scopes(&session.saved, &found, &challenged);
        self.issued(session, &found, &scopes).await?;
        if let Some(operation) = step_up {
            self.step_ups.lock().record(operation, &challenged);
        }
        Ok(())
    }

    fn check_step_up(&self, operation: &str, challenged: &[String]) -> Result<(), AuthError> {
        let tried = self.step_ups.lock().exhausted(operation, challenged);
        // What the platform of a workload says does not change with what we ask for.
        let hopeless = matches!(self.settings.grant, GrantKind::Workload(_)).then_some(0);
        match tried.or(hopeless) {
            Some(attempts) => Err(AuthError::ScopeRefused { scopes: challenged.to_vec(), attempts }),
            None => Ok(()),
        }
    }

    /// Who issues tokens. A server that takes no token may have moved to somebody else.
    async fn discovered(
        &self,
        session: &mut Session,
        need: &Need,
        challenges: &Challenges,
    ) -> Result<Discovered, AuthError> {
        if let (Some(known), false) = (&session.discovered, matches!(need, Need::Token { .. })) {
            return Ok(known.clone());
        }
        let registered = self.registered().and_then(|client| client.issuer.as_deref());
        let current = session.saved.current().map(|grant| &*grant.issuer);
        let preferred: Vec<_> = registered.into_iter().chain(current).collect();
        let settings = &self.settings;
        let found = discover(&settings.web, &settings.server, challenges, &preferred).await?;
        Ok(session.discovered.insert(found).clone())
    }

    fn registered(&self) -> Option<&Registered> {
        self.settings.registration.registered.as_ref()
    }

    /// Credentials that the application gave are for one authorization server.
    fn check_issuer(&self, saved: &Saved, found: &str) -> Result<(), AuthError> {
        let Some(registered) = self.registered() else { return Ok(()) };
        let bound = match &registered.issuer {
            Some(issuer) => Some(&**issuer),
            None => saved.issuer_of(&registered.id, found),
        };
        match bound {
            Some(bound) if bound != found => {
                Err(AuthError::IssuerChanged { registered: bound.to_owned(), found: found.to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn scopes(&self, saved: &Saved, found: &Discovered, challenged: &[String]) -> Vec<String> {
        let current = saved.current().filter(|grant| grant.resource == found.resource);
        let scopes = Choice {
            challenged,
            configured: &self.settings.scopes,
            requested: current.map(|grant| &*grant.scopes).unwrap_or_default(),
            supported: &found.scopes,
        }
        .select();
        let offline = self.settings.offline && matches!(self.settings.grant, GrantKind::Code(_));
        if offline { scope::offline(scopes, &found.server) } else { scopes }
    }

    /// Gets a token by the grant of the application. A registration that is no longer known is renewed once.
    async fn issued(
        &self,
        session: &mut Session,
        found: &Discovered,
        scopes: &[String],
    ) -> Result<(), AuthError> {
        let known = session.saved.of(&found.server.issuer).and_then(|grant| grant.client.clone());
        let known = known.filter(|client| client.source == Source::Dynamic);
        let (client, response) = match self.request(found, known.as_ref(), scopes).await {
            Err(error) if known.is_some() && error.is_refused_with("invalid_client") => {
                session.saved.forget_client(&found.server.issuer);
                self.request(found, None, scopes).await?
            }
            outcome => outcome?,
        };
        let grant = self.grant(found, client, scopes.to_vec(), &response);
        self.install(session, grant, Origin::Issued).await;
        Ok(())
    }

    pub(super) fn endpoint<'a>(
        &'a self,
        found: &'a Discovered,
        client: Option<&'a Client>,
    ) -> TokenEndpoint<'a> {
        TokenEndpoint { web: &self.settings.web, server: &found.server, client, proofs: self.proofs() }
    }

    pub(super) const fn kind(&self) -> Kind {
        if self.settings.dpop { Kind::DPoP } else { Kind::Bearer }
    }

    pub(super) fn grant(
        &self,
        found: &Discovered,
        client: Option<Client>,
        scopes: Vec<String>,
        response: &TokenResponse,
    ) -> Grant {
        Grant {
            issuer: found.server.issuer.clone(),
            client,
            resource: found.resource.clone(),
            scopes,
            kind: self.kind(),
            access: Some(response.access_token.clone()),
            expires_at: response.expires_in.map(|seconds| now().saturating_add(seconds)),
            refresh: response.refresh_token.clone(),
        }
    }

    pub(super) async fn install(&self, session: &mut Session, grant: Grant, origin: Origin) {
        let current = Current::of(&grant, origin);
        session.saved.put(grant);
        self.replace(current);
        if let Err(error) = self.settings.store.save(&self.settings.key, &session.saved).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a token is in use but could not be stored"
            );
        }
    }
}
