//! What a genuine token says, and who that makes the caller.

use serde_json::{Map, Value};

use super::{Reason, Rejection};
use crate::service::Principal;

/// The names of the claims that make a principal.
#[derive(Debug, Clone)]
pub struct ClaimNames {
    /// The organisation; `orgId` unless set.
    pub org: String,
    /// The person or service; `userId` unless set. Where a token has no such claim, `sub` counts.
    pub user: String,
    /// The role; `role` unless set.
    pub role: String,
    /// The plan; `plan` unless set.
    pub plan: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self { org: "orgId".into(), user: "userId".into(), role: "role".into(), plan: "plan".into() }
    }
}

/// What must hold at which time.
pub(super) struct Rules<'a> {
    pub(super) issuer: &'a str,
    pub(super) audiences: &'a [String],
    /// Seconds since 1970.
    pub(super) now: u64,
    /// Seconds that clocks may differ.
    pub(super) leeway: u64,
    pub(super) names: &'a ClaimNames,
    pub(super) default_org: Option<&'a str>,
}

/// A caller, as long as the token is good.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) principal: Principal,
    /// From when on, and until when; seconds since 1970.
    pub(super) not_before: u64,
    pub(super) expires: u64,
    /// The key that must prove possession (`cnf.jkt`).
    pub(super) key: Option<String>,
    /// The certificate that must be shown (`cnf.x5t#S256`).
    pub(super) certificate: Option<String>,
}

impl Rules<'_> {
    /// Checks the claims of a token whose signature is good.
    pub(super) fn check(&self, claims: &Map<String, Value>) -> Result<Established, Rejection> {
        if text(claims, "iss")? != Some(self.issuer) {
            return Err(Rejection::invalid("the token is from another issuer"));
        }
        if !is_for(claims.get("aud"), self.audiences) {
            return Err(Rejection::invalid("the token is for another audience"));
        }
        let expires = seconds(claims, "exp")?.ok_or_else(|| Rejection::invalid("the token has no `exp`"))?;
        let not_before = seconds(claims, "nbf")?.unwrap_or_default();
        let principal = self.principal(claims)?;
        let whose = |reason| Rejection::of(&principal.org, &principal.user, reason);
        in_time(not_before, expires, self.now, self.leeway).map_err(whose)?;
        if seconds(claims, "iat")?.is_some_and(|issued| issued > self.now.saturating_add(self.leeway)) {
            return Err(whose(Reason::Invalid("the token is from the future".into())));
        }
        let bound = |name: &str| {
            let confirmation = claims.get("cnf")?.as_object()?;
            confirmation.get(name)?.as_str().map(str::to_owned)
        };
        let (key, certificate) = (bound("jkt"), bound("x5t#S256"));
        if claims.contains_key("cnf") && key.is_none() && certificate.is_none() {
            return Err(whose(Reason::Invalid("the token is bound in a way that is not known here".into())));
        }
        Ok(Established { principal, not_before, expires, key, certificate })
    }

    fn principal(&self, claims: &Map<String, Value>) -> Result<Principal, Rejection> {
        let names = self.names;
        let org = text(claims, &names.org)?.filter(|org| !org.is_empty()).or(self.default_org);
        let Some(org) = org else {
            return Err(Rejection::invalid(format!("the token has no claim `{}`", names.org)));
        };
        let user = text(claims, &names.user)?.or(text(claims, "sub")?).filter(|user| !user.is_empty());
        let Some(user) = user else {
            return Err(Rejection::invalid(format!("the token has neither `{}` nor `sub`", names.user)));
        };
        let mut principal = Principal::new(org, user);
        principal.issuer = self.issuer.to_owned();
        principal.role = text(claims, &names.role)?.map(str::to_owned);
        principal.plan = text(claims, &names.plan)?.map(str::to_owned);
        principal.scopes = scopes(claims)?;
        Ok(principal)
    }
}

/// Whether a token is good at a time; all in seconds, `leeway` for clocks that differ.
pub(super) fn in_time(not_before: u64, expires: u64, now: u64, leeway: u64) -> Result<(), Reason> {
    if expires.saturating_add(leeway) <= now {
        return Err(Reason::Expired);
    }
    if not_before > now.saturating_add(leeway) {
        return Err(Reason::Invalid("the token is not good yet".into()));
    }
    Ok(())
}

/// A claim that is a string if it is there.
fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Rejection> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Rejection::malformed(format!("the claim `{name}` is no string"))),
    }
}

/// A claim that is a time if it is there. Fractions are cut off.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, Rejection> {
    let time = match claims.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_u64().or_else(|| {
            // A float keeps whole seconds exactly far beyond any date.
            value.as_f64().filter(|time| (0.0..9e15).contains(time)).map(|time| time as u64)
        }),
    };
    match time {
        Some(time) => Ok(Some(time)),
        None => Err(Rejection::malformed(format!("the claim `{name}` is no time"))),
    }
}

/// Whether one of the audiences is ours.
fn is_for(audience: Option<&Value>, ours: &[String]) -> bool {
    let is_ours = |value: &Value| value.as_str().is_some_and(|name| ours.iter().any(|known| known == name));
    match audience {
        Some(Value::Array(all)) => all.iter().any(is_ours),
        Some(one) => is_ours(one),
        None => false,
    }
}

/// Scopes: `scope` with spaces (RFC 9068), or `scp` as some issuers write it.
fn scopes(claims: &Map<String, Value>) -> Result<std::collections::BTreeSet<String>, Rejection> {
    let words = |text: &str| text.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut found = Vec::new();
    for name in ["scope", "scp"] {
        match claims.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => found.extend(words(text)),
            Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
                found.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Some(_) => {
                return Err(Rejection::malformed(format!("the claim `{name}` is no list of scopes")));
            }
        }
    }
    Ok(found.into_iter().collect())
}
