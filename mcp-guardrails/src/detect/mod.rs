//! What is in a text: secrets, personal data, injected instructions, poisoned tool descriptions, dangerous commands.
//!
//! A detector says where something is, what kind it is and how sure it is; what follows from that is for rules to say. Detectors
//! are pure and never fail, and what one of them finds in a normalised view is reported in the original text.
//!
//! ```
//! use mcp_guardrails::detect::{Detector as _, Secrets};
//! use mcp_guardrails::text::Text;
//!
//! let text = format!("deploy with ghp_{}", "9aK3vQ7xT2mB8nL4pR6sW1yZ5cD0eF3gH7jU");
//! let mut found = Vec::new();
//! Secrets::default().scan(&Text::new(&text), &mut found);
//! assert_eq!(found[0].kind.to_string(), "secret.github-token");
//! assert!(text[found[0].span.clone()].starts_with("ghp_"));
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, reason = "a text from outside must not make anything panic")
)]

mod command;
mod finding;
pub mod injection;
mod kind;
mod pattern;
mod pii;
mod poison;
pub(crate) mod prefilter;
pub mod redact;
pub mod secret;

use std::sync::Arc;

pub use self::command::Commands;
pub use self::finding::{Detector, Finding};
pub use self::injection::{EmbeddedRequests, Injection};
pub use self::kind::Kind;
pub use self::pii::{Locale, PersonalData};
pub use self::poison::ToolPoisoning;
pub use self::secret::Secrets;

/// The detectors that need no configuration, by their names: `secrets`, `pii`, `injection`, `embedded-request`, `tool-poisoning`, `commands`.
pub fn standard() -> Vec<Arc<dyn Detector>> {
    vec![
        Arc::new(Secrets::default()),
        Arc::new(PersonalData::default()),
        Arc::new(Injection::default()),
        Arc::new(EmbeddedRequests::default()),
        Arc::new(ToolPoisoning::default()),
        Arc::new(Commands::default()),
    ]
}
