//! Requests passed on for somebody else: a proxy's caller speaks, and answers.

use indexmap::IndexMap;

pub(crate) use super::draft::{Draft, Replies};
pub(crate) use super::inbox::Route;
pub(crate) use super::rounds::Exchanged;

use super::connection::Watch;
use super::{Client, Error};
use crate::protocol::{ClientCapabilities, LogLevel, RawJson, meta};

/// For whom a request is passed on.
#[derive(Debug, Default)]
pub(crate) struct Speaker {
    /// What the caller can do: only that is declared.
    pub(crate) capabilities: ClientCapabilities,
    /// The least severe messages that the caller wants.
    pub(crate) log_level: Option<LogLevel>,
}

impl Client {
    /// Sends a request for somebody else, once, and answers no questions itself.
    pub(crate) async fn relay(
        &self,
        mut draft: Draft,
        speaker: &Speaker,
        replies: &Replies,
        route: Route,
    ) -> Result<Exchanged, Error> {
        let connection = self.link().connection().await?;
        draft.standard = standard(&connection.standard, speaker);
        let watch = Watch { route: Some(route), patience: self.patience() };
        self.link().once(&draft, replies, &watch).await
    }
}

/// The members of `_meta` that every request carries, with what `speaker` can do instead of what the
/// client itself can. Extensions stay the client's: it is the one that speaks them.
fn standard(own: &str, speaker: &Speaker) -> Option<String> {
    if own.is_empty() {
        return None;
    }
    let mut members: IndexMap<String, RawJson> = serde_json::from_str(&format!("{{{own}}}")).ok()?;
    let declared: ClientCapabilities = members.get(meta::CLIENT_CAPABILITIES)?.parse().ok()?;
    let theirs = &speaker.capabilities;
    let capabilities = ClientCapabilities {
        roots: theirs.roots,
        sampling: theirs.sampling,
        elicitation: theirs.elicitation,
        ..declared
    };
    members.insert(meta::CLIENT_CAPABILITIES.to_owned(), RawJson::from_serialize(&capabilities).ok()?);
    if let Some(level) = speaker.log_level {
        members.insert(meta::LOG_LEVEL.to_owned(), RawJson::from_serialize(level.as_str()).ok()?);
    }
    let text = serde_json::to_string(&members).ok()?;
    Some(text.strip_prefix('{')?.strip_suffix('}')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Capability;

    #[test]
    fn the_speaker_says_what_it_can_do_and_extensions_stay() {
        let own = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots":{},"extensions":{"x/y":{}}}"#;
        let mut speaker = Speaker { log_level: Some(LogLevel::Error), ..Speaker::default() };
        speaker.capabilities = speaker.capabilities.with(&Capability::Sampling);
        assert_eq!(
            standard(own, &speaker).unwrap(),
            r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"sampling":{},"extensions":{"x/y":{}}},"io.modelcontextprotocol/logLevel":"error""#
        );
        assert_eq!(standard("", &speaker), None, "older revisions have none");
    }
}
