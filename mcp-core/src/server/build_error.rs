//! What can be wrong with a server before it runs.

use super::Needs;
use super::state::StateMap;

/// A server cannot be built from what the builder was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A tool cannot be served.
    #[error("tool `{name}`: {problem}")]
    Tool {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A resource or template cannot be served.
    #[error("resource `{uri}`: {problem}")]
    Resource {
        /// Its URI or URI template.
        uri: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A prompt cannot be served.
    #[error("prompt `{name}`: {problem}")]
    Prompt {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Something of this kind and name exists already.
    #[error("{kind} `{name}` exists already: names must be unique, rename one or mount it under a namespace")]
    Duplicate {
        /// What kind of component.
        kind: &'static str,
        /// Its name or URI.
        name: String,
    },
    /// A server cannot be mounted.
    #[error("server `{server}` cannot be mounted: {problem}")]
    Mount {
        /// Its name.
        server: String,
        /// Why.
        problem: &'static str,
    },
    /// The server needs random numbers and the system gives none.
    #[error("the system gives no random numbers")]
    Random,
}

/// Names go into headers, logs and prompts: they must be plain.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
    if name.is_empty() || name.len() > 128 || !name.chars().all(plain) {
        return Err("names have 1 to 128 characters out of A-Z a-z 0-9 _ - . / :".into());
    }
    Ok(())
}

pub(crate) fn check_states(needs: &Needs, state: &StateMap) -> Result<(), String> {
    match needs.states.iter().find(|(id, _)| !state.contains(*id)) {
        Some((_, name)) => {
            Err(format!("the handler takes `State<{name}>`: give the builder such a value with `.state(…)`"))
        }
        None => Ok(()),
    }
}
