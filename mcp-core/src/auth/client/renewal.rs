//! Another token without asking again, where that can be.

use super::credentials::{Client, Source};
use super::current::{Current, Origin};
use super::discovery::Discovered;
use super::oauth::Inner;
use super::refresh::{self, Refreshed};
use super::session::{Need, Session};
use super::store::Grant;
use super::{AuthError, scope};

impl Inner {
    /// Tries to do without asking again. False if that cannot be.
    pub(super) async fn refreshed(
        &self,
        session: &mut Session,
        found: &Discovered,
        need: &Need,
        challenged: &[String],
    ) -> Result<bool, AuthError> {
        let issuer = &found.server.issuer;
        let usable = |grant: &&Grant| grant.issuer == *issuer && grant.kind == self.kind();
        let Some(grant) = session.saved.current().filter(usable).cloned() else { return Ok(false) };
        let enough = scope::covers(&grant.scopes, challenged);
        match self.fresh(need) {
            Some(Origin::Issued) if enough => {
                let server = super::web::shown(&self.settings.server);
                return Err(AuthError::TokenRejected { server, issuer: grant.issuer });
            }
            Some(Origin::Refreshed | Origin::Issued) => return Ok(false),
            Some(Origin::Stored) | None => {}
        }
        let Some(token) = grant.refresh.as_ref().filter(|_| enough) else { return Ok(false) };
        if self.adopted(session, &grant).await? {
            return Ok(true);
        }
        let client = grant.client.clone().map(|client| self.with_credentials(client));
        let outcome = refresh::request(self.endpoint(found, client.as_ref()), token, &grant.resource).await?;
        match outcome {
            Refreshed::Token(response) => {
                let refresh = response.refresh_token.clone().or(grant.refresh.clone());
                let grant = Grant { refresh, ..self.grant(found, client, grant.scopes, &response) };
                self.install(session, grant, Origin::Refreshed).await;
                return Ok(true);
            }
            Refreshed::Unknown(error) if client.as_ref().is_some_and(Client::is_given) => return Err(error),
            Refreshed::Unknown(_) => session.saved.forget_client(&grant.issuer),
            Refreshed::Ended => session.saved.forget_refresh(&grant.issuer),
        }
        Ok(false)
    }

    /// Where a token comes from that is new and not taken: it tells how far to go.
    fn fresh(&self, need: &Need) -> Option<Origin> {
        let Need::Token { again, .. } = need else { return None };
        let current = self.current.load();
        current.as_ref().filter(|current| current.is_fresh(*again)).map(|current| current.origin)
    }

    /// Another program that shares the store may have refreshed meanwhile: its token is ours as well, and
    /// our refresh token is no longer good.
    async fn adopted(&self, session: &mut Session, ours: &Grant) -> Result<bool, AuthError> {
        let Some(saved) = self.settings.store.load(&self.settings.key).await? else { return Ok(false) };
        let refresh = |grant: &Grant| grant.refresh.as_ref().map(|token| token.expose().to_owned());
        let theirs = saved.current().filter(|theirs| {
            theirs.issuer == ours.issuer && theirs.kind == ours.kind && refresh(theirs) != refresh(ours)
        });
        let proofs = |key: Option<&super::Secret>| key.map(|key| key.expose().to_owned());
        let current = theirs.and_then(|theirs| Current::of(theirs, Origin::Stored));
        match current.filter(|current| !current.is_due()) {
            Some(current) if proofs(saved.proof_key.as_ref()) == proofs(session.saved.proof_key.as_ref()) => {
                session.saved = saved;
                self.replace(Some(current));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The credentials of a client that was stored: those that the application gives are not stored.
    fn with_credentials(&self, client: Client) -> Client {
        let registration = &self.settings.registration;
        match (client.source, &registration.registered, &registration.document) {
            (Source::Registered, Some(registered), _) if registered.id == client.id => {
                Client::registered(registered)
            }
            (Source::Document, _, Some((_, key))) => Client { key: key.clone(), ..client },
            _ => client,
        }
    }
}
