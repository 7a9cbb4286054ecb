//! Texts without what was found in them.
//!
//! A text may come in parts: what is held back is what a finding might still begin in, so that a secret that is split over two parts is
//! caught. What comes out does not depend on how the text was split.
//!
//! ```
//! use std::sync::Arc;
//! use mcp_guardrails::detect::PersonalData;
//! use mcp_guardrails::detect::redact::{Mode, Redactor, SessionVault};
//!
//! let vault = Arc::new(SessionVault::default());
//! let redactor = Redactor::new(vec![Arc::new(PersonalData::default())]).mode(Mode::Vault(vault));
//! let clean = redactor.redact("write to ann@example.org");
//! assert_eq!(clean.text, "write to [pii.email:1]");
//! assert_eq!(redactor.restore(&clean.text), "write to ann@example.org");
//! ```

mod stream;
#[cfg(test)]
mod tests;
mod vault;

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

pub use self::stream::Stream;
pub use self::vault::{SessionVault, Vault};
use super::{Detector, Finding, Kind};

/// What stands instead of what was found.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Mode {
    /// Its kind: `[secret.github-token]`.
    #[default]
    Mask,
    /// Stars and its last four characters, where those are at most a third of it.
    Partial,
    /// Its kind and a number that is the same for the same value, as long as the redactor lives.
    Hash,
    /// Its kind and a number by which a vault knows it: see [`Redactor::restore`].
    Vault(Arc<dyn Vault>),
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mask => "Mask",
            Self::Partial => "Partial",
            Self::Hash => "Hash",
            Self::Vault(_) => "Vault",
        })
    }
}

/// A text and what was taken out of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Redacted {
    /// What is left.
    pub text: String,
    /// What was found, where it was in the original.
    pub findings: Vec<Finding>,
}

/// Takes out of texts what detectors find.
#[derive(Clone)]
pub struct Redactor {
    detectors: Vec<Arc<dyn Detector>>,
    mode: Mode,
    min_score: f32,
    /// The key of [`Mode::Hash`]: nobody without it can try values.
    key: RandomState,
}

impl Redactor {
    /// Takes out what these detectors find, masked, from a score of .5 on. Detectors that judge a text as a whole are of no use here.
    pub fn new(detectors: Vec<Arc<dyn Detector>>) -> Self {
        Self { detectors, mode: Mode::default(), min_score: 0.5, key: RandomState::new() }
    }

    /// What stands instead.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// How sure a detector has to be.
    #[must_use]
    pub fn min_score(mut self, score: f32) -> Self {
        self.min_score = score;
        self
    }

    /// Redacts a whole text.
    pub fn redact(&self, text: &str) -> Redacted {
        let mut stream = self.stream();
        let mut clean = stream.push(text);
        let (rest, findings) = stream.finish();
        clean.push_str(&rest);
        Redacted { text: clean, findings }
    }

    /// Redacts a text that comes in parts.
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }

    /// Puts back what a vault keeps; with other modes, and for numbers that the vault does not know, the text stays as it is.
    pub fn restore(&self, text: &str) -> String {
        let Mode::Vault(vault) = &self.mode else { return text.to_owned() };
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('[') {
            out.push_str(before);
            let known = after.split_once(']').filter(|(name, _)| name.len() < 80);
            match known.and_then(|(name, tail)| Some((vault.value(name)?, tail))) {
                Some((value, tail)) => {
                    out.push_str(&value);
                    rest = tail;
                }
                None => {
                    out.push('[');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }

    fn replacement(&self, kind: Kind, value: &str) -> String {
        match &self.mode {
            Mode::Mask => format!("[{kind}]"),
            Mode::Partial => {
                let all = value.chars().count();
                let kept = if all >= 12 { 4 } else { 0 };
                value
                    .chars()
                    .enumerate()
                    .map(|(at, c)| if at + kept < all && c.is_alphanumeric() { '*' } else { c })
                    .collect()
            }
            Mode::Hash => format!("[{kind}#{:016x}]", self.key.hash_one(value)),
            Mode::Vault(vault) => format!("[{}]", vault.keep(kind, value)),
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.detectors.iter().map(|detector| detector.name()).collect();
        f.debug_struct("Redactor")
            .field("detectors", &names)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
