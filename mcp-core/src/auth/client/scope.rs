//! Which scopes to ask for.

use super::ServerMetadata;

/// Asks for a token that outlives the person's presence.
pub(super) const OFFLINE: &str = "offline_access";

/// The scopes of a space-separated list, each once.
pub(super) fn split(list: &str) -> Vec<String> {
    union(&[], list.split_ascii_whitespace())
}

/// Both, in order, each once.
pub(super) fn union<'a>(known: &[String], more: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut all = known.to_vec();
    for scope in more {
        if !all.iter().any(|known| known == scope) {
            all.push(scope.to_owned());
        }
    }
    all
}

/// Whether all scopes of `wanted` are among `known`.
pub(super) fn covers(known: &[String], wanted: &[String]) -> bool {
    wanted.iter().all(|scope| known.contains(scope))
}

/// What is known when scopes are chosen.
#[derive(Debug, Default)]
pub(super) struct Choice<'a> {
    /// What the server's challenge names: authoritative for the request at hand.
    pub(super) challenged: &'a [String],
    /// What the application always wants.
    pub(super) configured: &'a [String],
    /// What was asked for before: kept, so that nothing is lost.
    pub(super) requested: &'a [String],
    /// What the resource says is enough for basic use.
    pub(super) supported: &'a [String],
}

impl Choice<'_> {
    /// The scopes to ask for; none leaves the choice to the authorization server.
    pub(super) fn select(&self) -> Vec<String> {
        let mut all = union(self.requested, self.challenged.iter().map(String::as_str));
        all.retain(|scope| scope != OFFLINE || self.challenged.contains(scope));
        let mut all = union(&all, self.configured.iter().map(String::as_str));
        if all.is_empty() {
            all = union(&[], self.supported.iter().map(String::as_str));
        }
        all
    }
}

/// Adds `offline_access` where the authorization server knows it. Alone it is not asked for: that would
/// replace the scopes the server grants by default.
pub(super) fn offline(mut scopes: Vec<String>, server: &ServerMetadata) -> Vec<String> {
    let known = server.scopes_supported.iter().flatten().any(|scope| scope == OFFLINE);
    if known && !scopes.is_empty() && !scopes.iter().any(|scope| scope == OFFLINE) {
        scopes.push(OFFLINE.to_owned());
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_goes_first_and_nothing_is_lost() {
        let check = |[challenged, configured, requested, supported]: [&str; 4], expect: &str| {
            let [challenged, configured, requested, supported] =
                [challenged, configured, requested, supported].map(split);
            let choice = Choice {
                challenged: &challenged,
                configured: &configured,
                requested: &requested,
                supported: &supported,
            };
            assert_eq!(choice.select().join(" "), expect);
        };
        check(["", "", "", ""], "");
        check(["", "", "", "a b a"], "a b");
        check(["c", "", "", "a b"], "c");
        check(["c", "d", "", "a b"], "c d");
        check(["", "d", "", "a b"], "d");
        check(["write", "", "read", "profile"], "read write");
        check(["", "", "read", "profile"], "read");
        check(["write", "", "read offline_access", ""], "read write");
        check(["offline_access", "", "", ""], "offline_access");
    }

    #[test]
    fn offline_access_is_asked_for_where_it_is_known() {
        let check = |supported: &str, scopes: &str, expect: &str| {
            let server = format!(r#"{{"issuer":"https://a","scopes_supported":{supported}}}"#);
            let server = ServerMetadata::parse(server.as_bytes()).unwrap();
            assert_eq!(offline(split(scopes), &server).join(" "), expect);
        };
        check("null", "a", "a");
        check(r#"["a"]"#, "a", "a");
        check(r#"["a","offline_access"]"#, "a", "a offline_access");
        check(r#"["a","offline_access"]"#, "offline_access a", "offline_access a");
        check(r#"["a","offline_access"]"#, "", "");
    }
}
